"""The CSV splitter against a plain model of the dialect, written from the specification."""

from dataclasses import dataclass, field
from itertools import permutations

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accelerator._native import CsvSplitter, split_fields

NONE, BOTH = -1, -2


@dataclass
class Dialect:
    separator: int = ord(",")
    newline: int = NONE
    comment: int = NONE
    quote: int = NONE
    skip_lines: int = 0
    skip_empty_lines: bool = False
    allow_extra_empty: bool = False
    label_lines: int = 0


@dataclass
class Split:
    good: list = field(default_factory=list)  # (line number, fields)
    bad: list = field(default_factory=list)  # (line number, line)
    skipped: list = field(default_factory=list)


def model_lines(data, newline):
    """First byte and text of physical lines: the last one need not be terminated."""
    end = b"\n" if newline == NONE else bytes([newline])
    parts = data.split(end)
    last = parts.pop()
    lines = [((p + end)[0], p.removesuffix(b"\r") if newline == NONE else p) for p in parts]
    return lines + ([(last[0], last)] if last else [])


def model_fields(line, separator, quote):
    """All fields of a line, or None when the quotes are wrong."""
    quotes = {NONE: b"", BOTH: b"'\""}.get(quote, bytes([quote]) if quote >= 0 else b"")
    fields, pos = [], 0
    while True:
        if pos < len(line) and line[pos] in quotes:
            mark, value = line[pos], bytearray()
            pos += 1
            while True:
                if pos == len(line):
                    return None
                if line[pos] != mark:
                    value.append(line[pos])
                    pos += 1
                elif pos + 1 == len(line) or line[pos + 1] == separator:
                    pos += 1
                    break
                elif line[pos + 1] == mark:
                    value.append(mark)
                    pos += 2
                else:
                    return None
            fields.append(bytes(value))
        else:
            stop = line.find(separator, pos) if separator != NONE else -1
            stop = len(line) if stop < 0 else stop
            fields.append(line[pos:stop])
            pos = stop
        if pos == len(line):
            return fields
        pos += 1


def model(data, dialect, columns):
    out = Split()
    skip, labels = dialect.skip_lines, dialect.label_lines
    for lineno, (first, line) in enumerate(model_lines(data, dialect.newline), 1):
        if skip or first == dialect.comment or (dialect.skip_empty_lines and not line):
            skip = max(skip - 1, 0)
            out.skipped.append((lineno, line))
        elif labels:
            labels -= 1
        else:
            fields = model_fields(line, dialect.separator, dialect.quote)
            if fields and dialect.allow_extra_empty and not any(fields[columns:]):
                fields = fields[:columns]
            if fields is None or len(fields) != columns:
                out.bad.append((lineno, line))
            else:
                out.good.append((lineno, fields))
    return out


def pylist(array):
    return pa.array(array).to_pylist()


def split(data, dialect, columns, blocks=(), sliceno=0, slices=1, **extra):
    splitter = CsvSplitter(
        columns,
        list(range(columns)),
        lineno=True,
        keep_skipped=True,
        sliceno=sliceno,
        slices=slices,
        **vars(dialect),
        **extra,
    )
    out = Split()

    def take():
        values, lineno, _ = splitter.take()
        rows = zip(*map(pylist, values), strict=True)
        out.good.extend(zip(pylist(lineno), map(list, rows), strict=True))
        out.bad.extend(zip(*map(pylist, splitter.take_bad()), strict=True))
        out.skipped.extend(zip(*map(pylist, splitter.take_skipped()), strict=True))

    pos = 0
    for block in blocks:
        splitter.feed(data[pos : pos + block])
        pos += block
        take()
    splitter.feed(data[pos:])
    splitter.finish()
    take()
    assert (splitter.good, splitter.bad, splitter.skipped) == (len(out.good), len(out.bad), len(out.skipped))
    return out


# Few different bytes, so that everything meets everything.
HOSTILE = st.lists(st.sampled_from(list(b",;\"'\n\r\0a x#\xff")), max_size=60).map(bytes)
CHAR = st.sampled_from([ord(c) for c in ",;\"'\n\r\0a #"] + [255])
DIALECTS = st.builds(
    Dialect,
    separator=st.one_of(st.just(NONE), CHAR),
    newline=st.one_of(st.just(NONE), CHAR),
    comment=st.one_of(st.just(NONE), CHAR),
    quote=st.one_of(st.just(NONE), st.just(BOTH), CHAR),
    skip_lines=st.integers(0, 3),
    skip_empty_lines=st.booleans(),
    allow_extra_empty=st.booleans(),
    label_lines=st.integers(0, 2),
)


@settings(max_examples=1500, deadline=None)
@given(HOSTILE, DIALECTS, st.integers(1, 4), st.lists(st.integers(0, 9), max_size=9))
@example(b'"a""b",c\n"x"y,z\n', Dialect(quote=34), 2, [3])
@example(b"a,b\r\r\nc,d\r", Dialect(), 2, [4])
@example(b"a\n\r\n\n\rb\n", Dialect(comment=13), 1, [2])
@example(b"a\n\r\n\n\rb\n", Dialect(comment=10), 1, [2])
def test_same_as_the_model(data, dialect, columns, blocks):
    assert split(data, dialect, columns, blocks) == model(data, dialect, columns)


@settings(max_examples=300, deadline=None)
@given(HOSTILE, DIALECTS, st.integers(1, 3), st.integers(1, 4))
def test_lines_are_dealt_to_slices(data, dialect, columns, slices):
    whole = model(data, dialect, columns)
    parts = [split(data, dialect, columns, sliceno=s, slices=slices) for s in range(slices)]
    dealt = sorted(row[0] for row in whole.good + whole.bad)
    for sliceno, part in enumerate(parts):
        assert sorted(row[0] for row in part.good + part.bad) == dealt[sliceno::slices]
        assert part.good == [row for row in whole.good if row[0] in dealt[sliceno::slices]]
        assert part.skipped == whole.skipped[sliceno::slices]


@pytest.mark.parametrize(("separator", "newline", "comment"), list(permutations((0, 10, 13, 255), 3)))
def test_odd_characters(separator, newline, comment):
    other = ({0, 10, 13, 255} - {separator, newline, comment}).pop()
    dialect = Dialect(separator=separator, newline=newline, comment=comment)
    s, n, c = bytes([separator]), bytes([newline]), bytes([comment])
    data = b"a" + s + bytes([other]) + n + c + b"no" + n + s + c + n + b"x" + s + b"y"

    got = split(data, dialect, 2)

    assert got.good == [(1, [b"a", bytes([other])]), (3, [b"", c]), (4, [b"x", b"y"])]
    assert got.skipped == [(2, c + b"no")]


SEPARATORS = [0, 1, 9, 30, 32, 34, 39, 44, 92, 127, 155, 160, 255]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r", b"\xfe"])
@pytest.mark.parametrize(("separator", "quote"), [(s, q) for s in SEPARATORS for q in (NONE, 39, 34) if s != q])
def test_every_byte_survives(separator, newline, quote):
    char = NONE if newline.endswith(b"\n") else newline[0]
    values = [bytes([b]) for b in range(256)]
    if quote == NONE:
        values = [v for v in values if v not in {bytes([separator]), newline[-1:], b"\r"}]
        lines = [bytes([separator]).join([v, v]) for v in values]
    else:
        mark = bytes([quote])
        values = [v for v in values if v not in {newline[-1:], b"\r"}]
        lines = [bytes([separator]).join([mark + v.replace(mark, mark * 2) + mark] * 2) for v in values]

    got = split(newline.join(lines), Dialect(separator=separator, newline=char, quote=quote), 2)

    assert [row for _, row in got.good] == [[v, v] for v in values]
    assert not got.bad


def test_quotes_count_only_at_the_start_of_a_field():
    got = split(b'x"y",  "x"\n', Dialect(quote=34), 2)

    assert got.good == [(1, [b'x"y"', b'  "x"'])]


def test_either_quote_must_close_with_itself():
    got = split(b"'a\"b',\"c'd\"\n'a\",b\n", Dialect(quote=BOTH), 2)

    assert got.good == [(1, [b'a"b', b"c'd"])]
    assert got.bad == [(2, b"'a\",b")]


def test_where_the_separator_is_the_quote_none_is_doubled():
    data = b'"a""b"\n"a"b\na"b\n""\n"a""b\nc'

    for multiline in (False, True):
        got = split(data, Dialect(separator=34, quote=34), 2, [1] * len(data), multiline=multiline)

        assert got.good == [(3, [b"a", b"b"]), (5, [b"a", b"b"])]
        assert got.bad == [(1, b'"a""b"'), (2, b'"a"b'), (4, b'""'), (6, b"c")]


def test_without_separator_the_line_is_one_field():
    got = split(b'a,b\n"c,d"\n"e"f\n\n', Dialect(separator=NONE, quote=34), 1)

    assert got.good == [(1, [b"a,b"]), (2, [b"c,d"]), (4, [b""])]
    assert got.bad == [(3, b'"e"f')]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        (b"a\n", "not enough"),
        (b"\n", "not enough"),
        (b"a,b,c\n", "too many"),
        (b"a,b,\n", "too many"),
        (b'"a,b\n', "bad quote"),
        (b'"a"b,c\n', "bad quote"),
    ],
)
def test_why_a_line_is_bad(line, first):
    splitter = CsvSplitter(2, [0, 1], quote=34)
    splitter.feed(b"1,2\n" + line)
    splitter.finish()

    assert splitter.first_bad == (first, 2)


def test_multiline_records():
    data = b'a,b\r\n"x\r\ny","z"\r\n#"no\r\n1,"2""\n3"\n4,5"\n"bad"x,\n6,7\n"never,closed\n8,9'
    dialect = Dialect(quote=34, comment=35, label_lines=1)
    expected = [
        (2, [b"x\r\ny", b"z"]),
        (5, [b"1", b'2"\n3']),
        (7, [b"4", b'5"']),
        (9, [b"6", b"7"]),
        (11, [b"8", b"9"]),
    ]

    for size in (1, 2, 3, 7, 1000):
        blocks = [size] * (len(data) // size)
        got = split(data, dialect, 2, blocks, multiline=True)

        assert got.good == expected
        assert got.bad == [(8, b'"bad"x,'), (10, b'"never,closed')]
        assert got.skipped == [(4, b'#"no')]


FIELD = st.text(st.sampled_from('ab",\n\r '), max_size=8)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(FIELD, min_size=2, max_size=2), max_size=8), st.lists(st.integers(0, 9), max_size=9))
def test_multiline_reads_what_csv_writes(rows, blocks):
    data = "".join(",".join('"' + v.replace('"', '""') + '"' for v in row) + "\r\n" for row in rows).encode()

    got = split(data, Dialect(quote=34), 2, blocks, multiline=True)

    assert [row for _, row in got.good] == [[v.encode() for v in row] for row in rows]


def test_very_long_lines():
    line = b"x" * (16 << 20) + b"," + b"y" * (16 << 20)
    data = line + b"\n" + line

    got = split(data, Dialect(), 2, [1 << 20] * 70)

    assert got.good == [(n, line.split(b",")) for n in (1, 2)]


def test_finding_label_lines_stops_there():
    splitter = CsvSplitter(0, [], comment=35, label_lines=2)
    splitter.feed(b"#c\na,b\n#d\nc,")
    assert not splitter.labels_found
    splitter.feed(b"d\n1,2\n")

    assert splitter.labels_found
    assert splitter.labels == [b"a,b", b"c,d"]


def test_only_kept_fields_become_columns():
    splitter = CsvSplitter(3, [2, 0], raw=True)
    splitter.feed(b"1,2,3\n")
    columns, lineno, raw = splitter.take()

    assert [pylist(c) for c in columns] == [[b"3"], [b"1"]]
    assert lineno is None
    assert pylist(raw) == [b"1,2,3"]


@settings(max_examples=300, deadline=None)
@given(
    HOSTILE.map(lambda b: b.replace(b"\n", b"")), st.sampled_from([NONE, 44, 0, 34]), st.sampled_from([NONE, BOTH, 34])
)
def test_split_fields(line, separator, quote):
    expected = model_fields(line, separator, quote)
    if expected is None:
        with pytest.raises(ValueError, match="quotes"):
            split_fields(line, separator, quote)
    else:
        assert split_fields(line, separator, quote) == expected


@settings(max_examples=300, deadline=None)
@given(HOSTILE, DIALECTS, st.lists(st.integers(0, 9), max_size=9), st.integers(1, 3))
def test_limits_only_cut_the_rows_into_batches(data, dialect, blocks, limit):
    splitter = CsvSplitter(2, [0, 1], limit_rows=limit, **vars(dialect))
    rows = []

    def take():
        assert splitter.rows <= limit
        rows.extend(map(list, zip(*map(pylist, splitter.take()[0]), strict=True)))

    pos = 0
    for block in [*blocks, len(data)]:
        splitter.feed(data[pos : pos + block])
        pos += block
        while splitter.full:
            take()
            splitter.feed(b"")
    while not splitter.finish():
        take()
    take()

    assert rows == [row for _, row in model(data, dialect, 2).good]


def test_nonsense_is_refused():
    for bad in ({"separator": 256}, {"quote": -3}, {"sliceno": 1}, {"label_lines": -1}):
        with pytest.raises(ValueError):
            CsvSplitter(1, [0], **bad)
    with pytest.raises(ValueError):
        CsvSplitter(1, [1])
    with pytest.raises(ValueError):
        CsvSplitter(0, [])
    with pytest.raises(TypeError):
        CsvSplitter(1, [0]).feed("text")
