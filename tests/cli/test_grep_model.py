"""Everything that ``ax grep`` can be asked for at once, against a model that looks at one value after the other."""

import io
import json
import math
import random
import re
import sys
from collections import Counter
from datetime import date, datetime, time
from itertools import groupby

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accelerator.cli.grep.matching import Matcher
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.plan import ColumnChoice, make_plans
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.required import FOLDING, required
from accelerator.cli.grep.search import search
from accelerator.cli.grep.texts import encode_all
from accelerator.dataset import DatasetList, DatasetWriter
from accelerator.dataset.reader import SliceReader

SLICES = 3
TEXTS = [
    "",
    "a",
    "ab",
    "Ab\n",
    "b\rb",
    '"q',
    "q'",
    "a\tb",
    "ä,ß",
    "K\u212a",
    "\u017fs",
    "12",
    " 0x0C ",
    "1_2",
    "😀",
    "a b",
]
COLUMNS = {
    "text": (("unicode", True), [None, *TEXTS]),
    "word": ("ascii", ["", "a", "B", "ab ba", "12", "k", "S", "\x1c"]),
    "raw": (("bytes", True), [None, b"", b"a", b"\xff", b"a\xc3\xa4", b"\xed\xb3\xbf", b'"\n']),
    "int": (("int64", True), [None, 0, 1, -1, 12, 2**63 - 1, -(2**63)]),
    "float": (
        ("float64", True),
        [None, 0.0, -0.0, 0.1, 1e-5, 1e16, 12.0, -2.5, math.nan, math.inf, 1e15, 123456.75, 5e-324],
    ),
    "small": ("float32", [0.0, 0.1, 12.0, 1e30]),
    "number": (("number", True), [None, 1, 1.5, 10**30, 12]),
    "flag": (("bool", True), [None, True, False]),
    "day": (("date", True), [None, date(1, 1, 1), date(2020, 1, 12)]),
    "moment": ("datetime", [datetime(2020, 1, 1), datetime(2020, 1, 1, 1, 2, 3, 4), datetime(9, 1, 1, fold=1)]),
    "clock": (("time", True), [None, time(1, 2, 3), time(1, 2, 3, 450000)]),
    "often": (("unicode", True), [None, "a", "ab", "K\u212a 12"]),
    "json": ("json", [None, {"a": [1, None, math.nan]}, "ab", [1.5], 12]),
    "pickle": ("pickle", [None, date(2020, 1, 12), (1, math.nan), {1: 2.5}]),
    "complex": ("complex64", [1 + 2j, complex(math.inf, -0.0)]),
}
MISSING = {"flag", "clock"}  # in the older dataset of the chain
NAMES = sorted(COLUMNS)
PATTERNS = [
    "", "a", "A", "b$", "^a", "a.b", "[0-9]+", r"\d\d", r"\s", r"\w\b", "ä", "[^a]", "k", "s", "a|12", "(a)(?=b)",
    r"(.)\1", "\udcff", "None", "True", r"\S", "x*", "0{1,2}", "[Z-a]", "e", r"\.", r"^$", r"\Z", "n", "[ä-ö]",
    "(?i:A)", "(?x) a  b", "😀", "\n", "ks", "12[34]", "a b|20", "(?=a)ab", "0-0", "b(?!c)", "(ab|12)+", "ﬀ|a",
]  # fmt: skip
NUMBERS = [
    "",
    "12",
    "=12.0",
    "<0",
    ">=12",
    "0:12",
    "0<:=12",
    ":1e16",
    "0x0c",
    "-0.5:",
    f">={2**63 - 1}",
    f"<{10**30}",
    "nan",
    "<inf",
]


def random_rows(seed, names):
    chance = random.Random(seed)
    return [
        [tuple(chance.choice(COLUMNS[name][1]) for name in names) for _ in range(chance.choice([0, 1, 5]))]
        for _ in range(SLICES)
    ]


def write(seed, names, slices=None, **keywords):
    slices = slices or random_rows(seed, names)
    writer = DatasetWriter({name: COLUMNS[name][0] for name in names}, **keywords)
    for sliceno, rows in enumerate(slices):
        writer.set_slice(sliceno)
        for row in rows:
            writer.write_list(row)
    return writer.finish()


@pytest.fixture
def chain(current_job):
    """Two datasets, each of several small files; the second has columns in files of other lengths."""
    current_job(SLICES)
    fewer = [name for name in NAMES if name not in MISSING]
    joined = []
    for half in range(2):
        parts = DatasetList(write(10 * half + part, fewer, name=f"part{half}{part}") for part in range(3))
        joined.append(parts.concat(name=f"joined{half}", previous=joined[0] if joined else None))
    more = sorted(MISSING)
    chance = random.Random(5)
    slices = [
        [tuple(chance.choice(COLUMNS[name][1]) for name in more) for _ in range(lines)] for lines in joined[1].lines
    ]
    newest = write(0, more, slices, name="newest", parent=joined[1], previous=joined[0])
    return [joined[0], newest]


def text_of(value):
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def json_of(value):
    match value:
        case float():
            return value if math.isfinite(value) else None
        case complex():
            return [json_of(value.real), json_of(value.imag)]
        case date() | time() | bytes():
            return text_of(value)
        case dict():
            return {key: json_of(item) for key, item in value.items()}
        case list() | tuple():
            return [json_of(item) for item in value]
    return value


class Model:
    """A row by row search."""

    def __init__(self, query, choice):
        self.query, self.choice = query, choice
        fold = re.IGNORECASE if query.ignore_case else 0
        if query.mode == "numeric":
            self.numeric = Patterns(query.patterns, "numeric")
        else:
            texts = [re.escape(p) if query.mode == "fixed" else p for p in query.patterns]
            self.expressions = [re.compile(text, re.DOTALL | fold) for text in texts]

    def spans(self, text):
        if self.query.mode == "numeric":
            return set(range(len(text))) if self.numeric.matches(text) else set()
        found = [match.span() for expression in self.expressions for match in expression.finditer(text)]
        return {position for start, stop in found for position in range(start, stop)}

    def matches(self, text):
        if self.query.mode == "numeric":
            return self.numeric.matches(text)
        return any(expression.search(text) for expression in self.expressions)

    def columns(self, dataset):
        have = sorted(dataset.columns)
        shown = list(self.choice.shown) or [name for name in have if name not in self.choice.excluded]
        searched = list(self.choice.searched) or shown
        if self.choice.not_searched:
            searched = [name for name in have if name not in self.choice.not_searched]
        return [name for name in shown if name in have], [name for name in searched if name in have]

    def stream(self, dataset, sliceno):
        """Lines to show of one slice, with context: number, whether it matches, row."""
        searched = self.columns(dataset)[1]
        names = sorted(dataset.columns)
        rows = [dict(zip(names, row, strict=True)) for row in dataset.iterate(sliceno, names)]
        found = [any(self.matches(text_of(row[name])) for name in searched) != self.query.invert for row in rows]
        for number, row in enumerate(rows):
            around = range(max(number - self.query.after, 0), min(number + self.query.before + 1, len(rows)))
            if any(found[other] for other in around):
                yield number, found[number], row

    def output(self, datasets):
        """All output, line by line."""
        query = self.query
        plans = [dataset for dataset in datasets if all(self.columns(dataset))]
        slices = list(dict.fromkeys(query.slices or range(SLICES)))
        if query.max_count is not None and query.max_count < 1:
            return
        if query.names_only:
            yield from self.listing(plans, slices)
            return
        left, seen = query.max_count, set()
        for _, group in groupby(plans, lambda dataset: self.columns(dataset)[0] if query.headers else ()):
            for count, dataset in enumerate(group):
                if query.headers and not count:
                    yield self.header(self.columns(dataset)[0])
                lines = [
                    (number, order, sliceno, match, row)
                    for order, sliceno in enumerate(slices)
                    for number, match, row in self.stream(dataset, sliceno)
                ]
                if query.roundrobin:
                    lines.sort(key=lambda line: line[:2])
                last = None
                for number, _, sliceno, match, row in lines:
                    if last and (sliceno != last[0] or number > last[1] + query.after):
                        continue
                    if query.unique is not None:
                        names = sorted(set(query.unique or self.columns(dataset)[0]) & set(row))
                        values = [text_of(row[name]) for name in names]
                        key = tuple(names), tuple(value.lower() if query.ignore_case else value for value in values)
                        if key in seen:
                            continue
                        seen.add(key)
                    yield self.line(dataset, sliceno, number, row)
                    if match and left is not None and not last:
                        left -= 1
                        if not left:
                            last = sliceno, number
                if last:
                    return

    def listing(self, plans, slices):
        if self.query.headers:
            yield self.header([])
        listed = {}
        for dataset in plans:
            for sliceno in slices:
                if any(match for _, match, _ in self.stream(dataset, sliceno)):
                    prefix = {"dataset": str(dataset), **({"sliceno": sliceno} if self.query.show_slice else {})}
                    line = json.dumps(prefix) + "\n" if self.query.format == "json" else self.fields(prefix.values())
                    listed[line.encode()] = True
        yield from list(listed)[: self.query.max_count]

    def header(self, names):
        return b"" if self.query.format == "json" else self.fields([*self.query.prefixes, *names]).encode()

    def line(self, dataset, sliceno, number, row):
        query = self.query
        shown = self.columns(dataset)[0]
        prefix = {}
        if query.show_dataset:
            prefix["dataset"] = str(dataset)
        if query.show_slice:
            prefix["sliceno"] = sliceno
        if query.show_line:
            prefix["lineno"] = number
        if query.format == "json":
            if query.only_matching and query.list_matching:
                data = {name: json_of(row[name]) for name in shown if self.matches(text_of(row[name]))}
            elif query.only_matching:
                data = {name: self.part(row[name]) for name in shown}
            else:
                data = {name: json_of(row[name]) for name in shown}
            text = json.dumps({**prefix, "data": data} if prefix else data, ensure_ascii=False)
            return text.encode("utf-8", "surrogatepass") + b"\n"
        values = [self.part(row[name]) if query.only_matching else text_of(row[name]) for name in shown]
        if query.only_matching and query.list_matching:
            values = [text_of(row[name]) if self.matches(text_of(row[name])) else "" for name in shown]
        text = self.fields([*prefix.values(), *values])
        if query.format == "raw":
            return text.encode("utf-8", "surrogateescape")
        return text.encode("utf-8", "surrogatepass")

    def part(self, value):
        text = text_of(value)
        wanted = self.spans(text)
        return "".join(character for position, character in enumerate(text) if position in wanted)

    def fields(self, values):
        return self.query.separator.join(self.field(str(value)) for value in values) + "\n"

    def field(self, text):
        if self.query.format == "raw":
            return text
        separator = self.query.separator
        if text.startswith(("'", '"')) or text.endswith(("'", '"')) or (separator and separator in text):
            text = '"' + text.replace('"', '""') + '"'
        return text.replace("\n", "\\n").replace("\r", "\\r")


def found_by(query, choice, datasets):
    stream = io.BytesIO()
    plans = make_plans(datasets, choice, query)
    search(plans, Patterns(query.patterns, query.mode, ignore_case=query.ignore_case), query, stream)
    return stream.getvalue()


some_columns = st.lists(st.sampled_from(NAMES), max_size=3).map(tuple)
few_lines = st.sampled_from([0, 0, 1, 2, 4, 100])


@st.composite
def queries(draw):
    mode = draw(st.sampled_from(["regexp", "regexp", "fixed", "numeric"]))
    names_only = draw(st.sampled_from([False, False, False, True]))
    only = not names_only and draw(st.booleans())
    flag = st.booleans()
    return Query(
        patterns=tuple(
            draw(st.lists(st.sampled_from(NUMBERS if mode == "numeric" else PATTERNS), min_size=1, max_size=2))
        ),
        mode=mode,
        ignore_case=draw(flag),
        invert=draw(flag),
        only_matching=only,
        list_matching=names_only or (only and draw(flag)),
        max_count=draw(st.sampled_from([None, None, 0, 1, 3, 10])),
        before=draw(few_lines),
        after=draw(few_lines),
        headers=draw(flag),
        ordered=draw(flag),
        roundrobin=draw(st.sampled_from([False, False, True])),
        slices=draw(st.sampled_from([None, None, (2, 0), (1, 1)])),
        unique=draw(st.none() | some_columns),
        show_dataset=names_only or draw(flag),
        show_slice=draw(flag),
        show_line=not names_only and draw(flag),
        format=draw(st.sampled_from(["csv", "raw", "json"])),
        separator=draw(st.sampled_from(["\t", ",", "", "ä", "1", "||"])),
    )


@st.composite
def choices(draw):
    shown = draw(some_columns)
    searched = draw(some_columns)
    return ColumnChoice(
        shown=shown,
        excluded=() if shown else draw(some_columns),
        searched=searched,
        not_searched=() if searched else draw(some_columns),
        allow_missing=True,
    )


@pytest.mark.slow
def test_output_is_that_of_a_row_by_row_search(chain):
    @settings(
        max_examples=100,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(queries(), choices())
    def compare(query, choice):
        found = found_by(query, choice, chain)
        lines = list(Model(query, choice).output(chain))
        if query.in_order:
            assert found == b"".join(lines)
        elif query.max_count is None and query.format != "raw" and not query.headers:
            assert Counter(found.split(b"\n")[:-1]) == Counter(line[:-1] for line in lines)
        elif query.max_count is None:
            assert len(found) == sum(map(len, lines))

    compare()


# What Python warns of is matched all the same.
regexps = st.text("ab.^$[]()*+?{},|\\dswBbWSDZAk-1ä\n \u212a", max_size=8) | st.sampled_from(PATTERNS)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@settings(max_examples=400, deadline=None)
@given(regexps, st.lists(st.text("abkKsdw1 \n\x1c_-äÄ\u212a\u017f\x00", max_size=6), min_size=1), st.booleans())
def test_vectorised_matching_is_pythons(pattern, texts, ignore_case):
    try:
        expression = re.compile(pattern, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    except (re.error, OverflowError, RecursionError):
        return
    matcher = Matcher(Patterns((pattern,), ignore_case=ignore_case))

    found = matcher.values(encode_all(texts)).tolist()

    assert found == [bool(expression.search(text)) for text in texts]


@pytest.mark.filterwarnings("ignore::FutureWarning")
@settings(max_examples=400, deadline=None)
@given(regexps, st.text("abkKsdw1 \n_-äÄ\u0130\u0131\u212a\u017f", max_size=6), st.booleans())
def test_what_matches_has_what_is_required(pattern, text, ignore_case):
    try:
        expression = re.compile(pattern, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    except (re.error, OverflowError, RecursionError):
        return
    found = required([expression])
    if found is None:
        return

    def fold(text):
        return "".join(each.lower() if each.isascii() else each for each in text) if found.fold else text

    has_one = any(fold(literal) in fold(text) for literal in found.literals)
    if expression.search(text):
        assert has_one
    elif found.exact:
        assert not has_one


@pytest.mark.parametrize(
    ("patterns", "literals", "exact"),
    [
        (["abc"], {"abc"}, True),
        (["abc|xyz"], {"abc", "xyz"}, True),
        (["abc", "x"], {"abc", "x"}, True),
        (["abc", ""], None, None),
        (["(t) 123[0-9]+5$"], {"t 123"}, False),
        (["(abc|axx)+d"], {"bc", "xx"}, False),
        ([r"\bone(?=x)two"], {"onetwo"}, False),
        (["(?i)abc"], {"abc"}, True),
        (["(?i)abc", "abc"], {"abc"}, False),
        (["(?i)kit"], {"kit", *FOLDING}, False),
        (["(?i:a)bc"], {"bc"}, False),
        (["a?b*(c|)"], None, None),
    ],
)
def test_required_texts(patterns, literals, exact):
    found = required(map(re.compile, patterns))

    assert (found and found.literals, found and found.exact) == (literals, exact)


def test_letters_beyond_ascii_that_are_the_same_as_one_of_ascii():
    letters = "".join(map(chr, range(128)))
    expression = re.compile(f"[{re.escape(letters)}]", re.IGNORECASE)

    assert {chr(code) for code in range(128, sys.maxunicode + 1) if expression.match(chr(code))} == FOLDING


@pytest.mark.parametrize("name", NAMES)
def test_columns_that_cannot_match_are_left_out_rightly(name):
    kind, values = COLUMNS[name]
    for text in {text_of(value) for value in values}:
        parts = {text[start:stop] for start in range(len(text)) for stop in range(start + 1, len(text) + 1)}
        for part in parts:
            for ignore_case in (False, True):
                pattern = re.escape(part.swapcase() if ignore_case else part)
                if re.search(pattern, text, re.IGNORECASE if ignore_case else 0):
                    matcher = Matcher(Patterns((pattern,), ignore_case=ignore_case))
                    assert matcher.may_match(kind if isinstance(kind, str) else kind[0])


@pytest.mark.parametrize("pattern", ["12[.-]?", "abc?", "0-0.", "(?i)kK?", "None$", "\xff|a b$"])
def test_few_values_are_looked_at_one_by_one(chain, pattern):
    """The answer is the same as for whole columns."""
    for name in NAMES:
        kind = chain[-1].columns[name].type
        for sliceno in range(SLICES):
            expected = [bool(re.search(pattern, text_of(value))) for value in chain[-1].iterate(sliceno, name)]
            for block in SliceReader(chain[-1], sliceno, [name], shared_strings=True).blocks():
                marks = Matcher(Patterns((pattern,))).marks(kind, block.batch.column(0))
                start = block.first
                assert [*map(bool, marks)] == expected[start : start + len(marks)]


def test_many_values_are_looked_at_together():
    texts = encode_all(f"abc{number}" for number in range(9000))
    matcher = Matcher(Patterns(("abc[0-9]*7$",)))

    for part in (texts[:8000], texts[:8000], texts):  # few at first
        found = [row for row, mark in enumerate(matcher.marks("unicode", part)) if mark]
        assert found == [*range(7, len(part), 10)]


def test_numbers_hold_no_words():
    kinds = ("int32", "float64", "number", "complex64", "date", "datetime", "time", "bool")

    assert not any(Matcher(Patterns(("Smith",))).may_match(kind) for kind in kinds)
    assert [kind for kind in kinds if Matcher(Patterns(("2020-01-01 1",))).may_match(kind)] == ["datetime"]
    assert not Matcher(Patterns(("ä",))).may_match("ascii")


def test_texts_with_lone_surrogates():
    texts = encode_all(["a\udcffb", "ab", "b"])

    for pattern, expected in (
        ("a.*b", [True, True, False]),
        ("a", [True, True, False]),
        ("\udcff.", [True, False, False]),
    ):
        assert Matcher(Patterns((pattern,))).values(texts).tolist() == expected
