import gc
import weakref

import numpy
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder, Rows, RowWriter, SplitWriter, hash_value
from accelerator.error import DatasetUsageError

from .samples import VALUES, relaxed, same


class Slice:
    """Builders and a writer of one slice."""

    def __init__(self, columns, *, none=False, **keywords):
        self.types = dict(columns)
        self.builders = [ColumnBuilder(kind, none, name=name, where="dev-1/x") for name, kind in columns.items()]
        self.writer = RowWriter(self.builders, [f"arg_{name}" for name in columns], **keywords)

    def rows(self):
        arrays = [pa.array(builder.take()) for builder in self.builders]
        return list(Rows([pa.RecordBatch.from_arrays(arrays, list(self.types))], list(self.types.values())))


TWO = {"a": "int64", "b": "unicode"}


def test_the_three_ways_to_write():
    one = Slice(TWO)
    w = one.writer
    assert w.write(1, "x") is None
    assert w.write(2, arg_b="y") is None
    assert w.write(arg_b="z", arg_a=3) is None
    assert w.write_list([4, "ä", "more"]) is None
    assert w.write_list((5, "€")) is None
    assert w.write_dict({"b": "v", "a": 6, "c": 0}) is None
    assert w.count == 6
    assert one.rows() == [(1, "x"), (2, "y"), (3, "z"), (4, "ä"), (5, "€"), (6, "v")]


def test_anything_indexable():
    class Indexable:
        def __getitem__(self, key):
            return {0: 7, 1: "seven", "a": 8, "b": "eight"}[key]

    one = Slice(TWO)
    one.writer.write_list(Indexable())
    one.writer.write_dict(Indexable())
    assert one.rows() == [(7, "seven"), (8, "eight")]
    with pytest.raises(KeyError):
        Slice({"a": "int64", "zz": "int64"}).writer.write_dict(Indexable())


@relaxed
@given(st.lists(st.tuples(*(VALUES[name] for name in sorted(VALUES))), max_size=4))
def test_all_types_at_once(rows):
    one = Slice({name: name for name in sorted(VALUES)})
    for k, row in enumerate(rows):
        if k % 2:
            one.writer.write(*row)
        else:
            one.writer.write_list(list(row))
    found = one.rows()
    assert len(found) == len(rows)
    for row, expected in zip(found, rows, strict=True):
        assert all(map(same, row, expected))


PLAIN = sorted(VALUES.keys() - {"json", "pickle"})


@relaxed
@given(data=st.data(), none=st.booleans())
def test_rows_of_plain_and_of_odd_values(data, none):
    """A row is stored whole or not at all, however far the quick way through it came."""
    kinds = data.draw(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=4))
    odd = st.none() | st.just(object()) | st.sampled_from(["ä", b"\xff", 2**70, 2.5, True, numpy.int64(7), OddInt(8)])
    row = st.tuples(*(VALUES[kind] | VALUES[kind] | odd for kind in kinds))
    rows = data.draw(st.lists(row, max_size=20))
    one = Slice({f"c{k}": kind for k, kind in enumerate(kinds)}, none=none)
    singles = [ColumnBuilder(kind, none) for kind in kinds]
    expected = []
    for k, values in enumerate(rows):
        stored = [accepted(single, value) for single, value in zip(singles, values, strict=True)]
        try:
            [one.writer.write, lambda *row: one.writer.write_list(row), lambda *row: one.writer.write_list(list(row))][
                k % 3
            ](*values)
        except (TypeError, ValueError, OverflowError):
            assert None in stored
        else:
            assert None not in stored
            expected.append([value for (value,) in stored])
    assert one.writer.count == len(expected)
    low_high = [(builder.min, builder.max) for builder in one.builders]
    found = one.rows()
    assert len(found) == len(expected)
    for left, right in zip(found, expected, strict=True):
        assert all(map(same, left, right))
    for kind, (low, high), column in zip(kinds, low_high, zip(*expected, strict=True), strict=False):
        alone = ColumnBuilder(kind, none)
        for value in column:
            alone.write(value)
        assert same(low, alone.min)
        assert same(high, alone.max)


class OddInt(int):
    pass


def accepted(builder, value):
    """What a column of its own makes of a value, as a tuple; None if it refuses it."""
    try:
        builder.write(value)
    except (TypeError, ValueError, OverflowError):
        return None
    batch = pa.RecordBatch.from_arrays([pa.array(builder.take())], ["v"])
    return next(iter(Rows([batch], [builder.type])))


def test_rows_that_are_never_plain_are_all_stored():
    one = Slice({"a": "int64", "b": "number"}, none=True)
    rows = [(k, numpy.float64(k) if k % 3 else OddInt(k)) for k in range(3000)]
    for row in rows:
        one.writer.write(*row)
    assert one.rows() == rows


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((), {}),
        ((1,), {}),
        ((1, "x", 2), {}),
        ((1,), {"b": "x"}),
        ((1,), {"arg_a": 2}),
        ((1, "x"), {"arg_b": "y"}),
        ((), {"arg_a": 1}),
        ((), {"arg_a": 1, "": 2}),
    ],
)
def test_wrong_arguments(arguments, keywords):
    one = Slice(TWO)
    with pytest.raises(TypeError):
        one.writer.write(*arguments, **keywords)
    one.writer.write(arg_b="x", arg_a=1)
    with pytest.raises(TypeError):
        one.writer.write(*arguments, **keywords)
    assert one.rows() == [(1, "x")]


def test_wrong_lists_and_dicts():
    w = Slice(TWO).writer
    for bad in ([1], (), []):
        with pytest.raises(IndexError):
            w.write_list(bad)
    with pytest.raises(KeyError):
        w.write_dict({"a": 1})
    for bad in (5, None):
        with pytest.raises(TypeError):
            w.write_list(bad)
        with pytest.raises(TypeError):
            w.write_dict(bad)


def test_many_columns():
    names = {f"c{k}": "int64" for k in range(1000)}
    one = Slice(names)
    one.writer.write(*range(1000))
    one.writer.write_list(range(1000))
    one.writer.write(**{f"arg_c{k}": k for k in reversed(range(1000))})
    one.writer.write_dict({f"c{k}": k for k in range(1000)})
    assert one.rows() == [tuple(range(1000))] * 4


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_row_is_stored_whole_or_not_at_all(bad):
    one = Slice({"a": "unicode", "b": "number", "c": "json"})
    good = ["ä", 1, [1]]
    one.writer.write(*good)
    row = [*good[:bad], {0: b"x", 1: "x", 2: {1}}[bad], *good[bad + 1 :]]
    for write in (lambda: one.writer.write(*row), lambda: one.writer.write_list(row)):
        with pytest.raises((TypeError, ValueError), match=f"'{'abc'[bad]}'.*row 2.*dev-1/x"):
            write()
    one.writer.write(*good)
    assert one.rows() == [tuple(good)] * 2
    assert one.writer.count == 2


def test_values_that_write_and_change_the_row():
    one = Slice({"a": "unicode", "b": "int64"})
    row = []

    class Nasty:
        def __index__(self):
            row.clear()
            gc.collect()
            one.writer.write("inner", 1)
            return 2

    row += ["outer " * 10 + "ä", Nasty()]
    one.writer.write_list(row)
    assert one.rows() == [("inner", 1), ("outer " * 10 + "ä", 2)]


def test_a_value_that_closes_the_writer():
    one = Slice({"a": "int64"})

    class Closes:
        def __index__(self):
            one.writer.close()
            return 2

    with pytest.raises(DatasetUsageError):
        one.writer.write(Closes())
    assert one.rows() == []


def test_stale_functions_raise():
    one = Slice(TWO)
    write, write_list, write_dict = one.writer.write, one.writer.write_list, one.writer.write_dict
    write(1, "x")
    one.writer.close()
    assert one.writer.closed
    for call in (lambda: write(1, "x"), lambda: write_list([1, "x"]), lambda: write_dict({"a": 1, "b": "x"})):
        with pytest.raises(DatasetUsageError, match="dev-1/x"):
            call()
    with pytest.raises(DatasetUsageError):
        one.builders[0].write(1)
    assert one.rows() == [(1, "x")]


def test_closing_uses_the_error_asked_for():
    one = Slice(TWO, error=KeyError)
    one.writer.close()
    with pytest.raises(KeyError):
        one.writer.write(1, "x")


# ---- when a batch is full ----


def test_full_by_rows():
    parts = []
    one = Slice(
        {"a": "int64"}, limit_rows=3, on_full=lambda: parts.append(pa.array(one.builders[0].take()).to_pylist())
    )
    for k in range(8):
        one.writer.write(k)
    assert parts == [[0, 1, 2], [3, 4, 5]]
    assert one.rows() == [(6,), (7,)]


def test_full_by_bytes():
    sizes = []

    def flush():
        sizes.append(one.builders[0].nbytes)
        one.rows()

    one = Slice({"a": "unicode"}, limit_bytes=10_000, on_full=flush)
    for _ in range(1000):
        one.writer.write("x" * 92)
    assert len(sizes) == 10
    assert all(10_000 <= size <= 10_200 for size in sizes)
    one.writer.write("ä" * 100_000)
    assert len(sizes) == 11


def test_an_error_in_flushing_comes_through():
    def flush():
        raise OSError("disk full")

    one = Slice({"a": "int64"}, limit_rows=1, on_full=flush)
    with pytest.raises(OSError, match="disk full"):
        one.writer.write(1)
    assert one.rows() == [(1,)]


# ---- hashed writers ----


def hashed(kind="int64", sliceno=1, slices=3, **keywords):
    return Slice({"a": kind, "b": "unicode"}, hash_index=0, sliceno=sliceno, slices=slices, **keywords)


def test_rows_of_other_slices_are_refused():
    one = hashed()
    for value in range(20):
        belongs = hash_value("int64", value) % 3 == 1
        assert one.writer.hashcheck(value) is belongs
        if belongs:
            one.writer.write(value, "x")
        else:
            with pytest.raises(DatasetUsageError, match=f"{value}.*'a'"):
                one.writer.write(value, "x")
    assert one.rows() == [(value, "x") for value in range(20) if hash_value("int64", value) % 3 == 1]


def test_rows_of_other_slices_are_dropped():
    one = hashed()
    assert one.writer.discard is False
    one.writer.discard = True
    for value in range(20):
        one.writer.write_list([value, "x"])
        one.writer.write_dict({"a": value, "b": "y"})
    mine = [value for value in range(20) if hash_value("int64", value) % 3 == 1]
    assert one.rows() == [(value, text) for value in mine for text in "xy"]
    assert one.writer.count == 2 * len(mine)


def test_none_belongs_in_slice_zero():
    for sliceno in range(3):
        one = hashed("unicode", sliceno, none=True)
        assert one.writer.hashcheck(None) is (sliceno == 0)


def test_hashcheck_has_the_errors_of_writing():
    with pytest.raises(TypeError):
        hashed().writer.hashcheck("x")
    with pytest.raises(AttributeError):
        Slice(TWO).writer.hashcheck(1)


# ---- split writers ----


def test_round_robin_over_the_three_functions():
    slices = [Slice(TWO) for _ in range(3)]
    split = SplitWriter([each.writer for each in slices])
    split.write(0, "x")
    split.write_list([1, "x"])
    split.write_dict({"a": 2, "b": "x"})
    split.write(arg_b="x", arg_a=3)
    with pytest.raises(TypeError):
        split.write("bad", "x")
    split.write(4, "x")
    assert [[row[0] for row in each.rows()] for each in slices] == [[0, 3], [1, 4], [2]]


@pytest.mark.parametrize("kind", sorted(VALUES.keys() - {"json", "pickle"}))
@relaxed
@given(data=st.data())
def test_split_by_hash(kind, data):
    values = data.draw(st.lists(st.none() | VALUES[kind]))
    slices = [Slice({"b": "int64", "a": kind}, none=True) for _ in range(3)]
    split = SplitWriter([each.writer for each in slices], hash_index=1)
    for k, value in enumerate(values):
        split.write(k, value)
    for sliceno, each in enumerate(slices):
        expected = [(k, value) for k, value in enumerate(values) if hash_value(kind, value) % 3 == sliceno]
        found = each.rows()
        assert [row[0] for row in found] == [row[0] for row in expected]
        assert all(same(row[1], value[1]) for row, value in zip(found, expected, strict=True))


def test_the_default_decides_the_slice():
    builders = [ColumnBuilder("int64", default=5) for _ in range(3)]
    split = SplitWriter([RowWriter([builder], ["a"]) for builder in builders], hash_index=0)
    split.write("bad")
    split.write(None)
    home = hash_value("int64", 5) % 3
    assert [builder.count for builder in builders] == [2 if k == home else 0 for k in range(3)]


def test_split_functions_fail_when_closed():
    slices = [Slice(TWO) for _ in range(2)]
    for hash_index in (-1, 0):
        write = SplitWriter([each.writer for each in slices], hash_index=hash_index).write
        for each in slices:
            each.writer.close()
        with pytest.raises(DatasetUsageError):
            write(1, "x")


# ---- construction ----


@pytest.mark.parametrize(
    ("arguments", "keywords", "error"),
    [
        (([], []), {}, ValueError),
        (([1], ["a"]), {}, TypeError),
        ((None, ["a"]), {}, TypeError),
        (([ColumnBuilder("int64")], []), {}, ValueError),
        (([ColumnBuilder("int64")], [1]), {}, TypeError),
        (([ColumnBuilder("int64")], ["a"]), {"keys": ["a", "b"]}, ValueError),
        (([ColumnBuilder("int64")], ["a"]), {"hash_index": 1, "sliceno": 0, "slices": 1}, ValueError),
        (([ColumnBuilder("int64")], ["a"]), {"hash_index": 0}, ValueError),
        (([ColumnBuilder("int64")], ["a"]), {"hash_index": 0, "sliceno": 2, "slices": 2}, ValueError),
        (([ColumnBuilder("json")], ["a"]), {"hash_index": 0, "sliceno": 0, "slices": 2}, TypeError),
        (([ColumnBuilder("int64")], ["a"]), {"limit_rows": 0}, ValueError),
    ],
)
def test_bad_row_writers(arguments, keywords, error):
    with pytest.raises(error):
        RowWriter(*arguments, **keywords)


def test_bad_split_writers():
    one, other = Slice(TWO), Slice({"a": "int64", "b": "ascii"})
    for rows, hash_index, error in [
        ([], -1, ValueError),
        ([1], -1, TypeError),
        ([one.writer, other.writer], -1, ValueError),
        ([one.writer], 2, ValueError),
        ([Slice({"a": "json"}).writer], 0, TypeError),
    ]:
        with pytest.raises(error):
            SplitWriter(rows, hash_index=hash_index)


def test_a_writer_in_a_cycle_is_collected():
    class Owner:
        def flush(self):
            pass

    owner = Owner()
    owner.slice = Slice(TWO, on_full=owner.flush)
    owner.split = SplitWriter([owner.slice.writer])
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_keyword_names_made_anew_for_every_call():
    one = Slice(TWO)
    for k in range(100):
        names = ["arg_a", "arg_b"] if k % 2 else ["arg_b", "arg_a"]
        one.writer.write(**{"".join(name): k if name == "arg_a" else str(k) for name in names})
    assert one.rows() == [(k, str(k)) for k in range(100)]
