from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import inf, isnan, nan
from pathlib import Path, PosixPath, PurePath, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.job import Job, JobWithFile
from accelerator.job.restore import restore
from accelerator.method.option_values import MisfitError, convert, default, is_required, plain, typing_of
from accelerator.method.options import OptionDefault, OptionEnum, OptionFile, OptionString, RequiredOption
from accelerator.storage.dotdict import DotDict

E = OptionEnum("a b c*")
EN = OptionEnum("a b c*", none_ok=True)
DAY = date(2020, 1, 2)
MOMENT = datetime(2020, 1, 2, 3, 4, 5, 6)
NOTHING = object()


def seen(template: Any, value: Any = NOTHING) -> Any:
    """Return what a method sees of an option, by the way through the JSON form."""
    stored = default(template) if value is NOTHING else convert(template, plain(value))
    typing = list(typing_of(template, stored, ("o",)))
    return restore({"o": stored}, typing, {"JobWithFile": lambda parts: JobWithFile(*parts)})["o"]


def exactly(value: Any) -> Any:
    """Return a form that tells 1, 1.0 and True apart, at any depth, and set from list."""
    if isinstance(value, dict):
        return "dict", [(key, exactly(item)) for key, item in value.items()]
    if isinstance(value, set):
        return "set", sorted((exactly(item) for item in value), key=repr)
    if isinstance(value, list):
        return "list", [exactly(item) for item in value]
    return type(value).__name__, repr(value)


GIVEN = [
    # dicts
    ({"a": int}, {1: 2}, {"1": 2}),
    ({"a": int}, {None: 1}, {"null": 1}),
    ({"a": int}, {True: 3}, {"true": 3}),
    ({"a": int}, {1.5: 3}, {"1.5": 3}),
    ({"a": int}, {"b": 1, "a": 2}, {"a": 2, "b": 1}),
    ({"a": int}, OrderedDict([("b", 1), ("a", 2)]), {"b": 1, "a": 2}),
    ({"a": int}, DotDict([("b", 1), ("a", 2)]), {"b": 1, "a": 2}),
    ({"a": int}, {"x": None}, {"x": None}),
    ({"a": int, "b": int}, {"x": 1}, {"x": 1}),
    ({"a": int, "b": str}, {"x": 1}, {"x": 1}),
    ({"a": 1}, {"x": "3"}, {"x": 3}),
    ({"x": E}, {"y": "a"}, {"y": "a"}),
    ({}, {"x": [1, "a"], "y": {3, 1, 2}, "z": None}, {"x": [1, "a"], "y": [1, 2, 3], "z": None}),
    (dict, {"b": 1}, {"b": 1}),
    # lists, tuples, sets
    ([int], [1, None, True], [1, None, True]),
    ([1], "1, 2", [1, 2]),
    ([1], [None], [None]),
    ([str], "a, b", ["a", "b"]),
    ([], "", [""]),
    ([], {2, 1}, [1, 2]),
    ((), (1, "a"), [1, "a"]),
    ((), "a", ["a"]),
    ([int, str], [1], [1]),
    ([None], [1], [1]),
    ([{}], [{"a": 1}], [{"a": 1}]),
    (list, (1,), [1]),
    (list, {1}, [1]),
    (set(), "a, b", {"a", "b"}),
    (set(), [1, True, 1.0], {1}),
    (set(), "", {""}),
    (set(), [None], {None}),
    (set(), {3, 1, 2}, {1, 2, 3}),
    (set(), {"a", 1, None}, {"a", 1, None}),
    (set, {1}, {1}),
    ({int}, [1, 2, 2], {1, 2}),
    ({1, 2}, ["1", 1, 2.5], {1, 2}),
    ([{int}], [[1, 2, 2]], [{1, 2}]),
    ({"a": {int}}, {"x": [1, 2, 2]}, {"x": {1, 2}}),
    ({"a": [{int}]}, {"x": [[1, 1]]}, {"x": [{1}]}),
    ({"a": {"b": {int}}}, {"x": {"y": [1, 1]}}, {"x": {"y": {1}}}),
    ({date}, {DAY}, {DAY}),
    ({Path}, ["a", "a", "b"], {Path("a"), Path("b")}),
    # not restored: too deep in lists, or in tuples
    ([[{int}]], [[[1]]], [[[1]]]),
    ([[date]], [[DAY]], [[[2020, 1, 2]]]),
    ([{"a": date}], [{"a": DAY}], [{"a": [2020, 1, 2]}]),
    ([{"a": Path}], [{"x": Path("b")}], [{"x": "b"}]),
    ((date,), [DAY], [[2020, 1, 2]]),
    # strings and numbers
    (1, "3", 3),
    (1, 3.7, 3),
    (1, True, 1),
    (1, " 4 ", 4),
    (1, timedelta(seconds=5), 5),
    (1.5, 3, 3.0),
    (1.5, "inf", inf),
    ("", 5, "5"),
    ("", 1.0, "1.0"),
    ("", True, "True"),
    ("", Path("/a"), "/a"),
    (True, "", False),
    (True, "no", False),
    (False, "yes", True),
    (False, "ON", True),
    (True, 0, False),
    (False, 0.5, True),
    (OptionString, "x", "x"),
    (OptionString("example"), 5, "5"),
    ([OptionString], "a,b", ["a", "b"]),
    ([OptionString], [], []),
    ([OptionString], None, None),
    (int, True, True),
    (bool, 5, 5),
    (float, 5.5, 5.5),
    (str, Path("/a"), "/a"),
    (str, Job("test-1"), "test-1"),
    # None and anything
    (1, None, None),
    (int, None, None),
    ([int], None, None),
    (None, (1, 2), [1, 2]),
    (None, {2, 1}, [1, 2]),
    (None, DAY, [2020, 1, 2]),
    (None, MOMENT, [2020, 1, 2, 3, 4, 5, 6]),
    (None, time(1, 2), [1970, 1, 1, 1, 2, 0, 0]),
    (None, timedelta(1), 86400.0),
    (None, Path("a"), "a"),
    (None, {"b": 1, "a": {"d": 1, "c": 2}}, {"a": {"c": 2, "d": 1}, "b": 1}),
    (None, JobWithFile("test-0", "x"), ["test-0", "x", False, None]),
    (None, True, True),
    # enums
    (E, "a", "a"),
    (E, "cde", "cde"),
    (E, E.b, "b"),
    (E.a, "c", "c"),
    (EN, None, None),
    (EN, "", None),
    (EN.a, None, None),
    ([E], "a, b", ["a", "b"]),
    ([EN], [""], [None]),
    # dates, times, paths
    (datetime, MOMENT, MOMENT),
    (datetime, DAY, datetime(2020, 1, 2)),
    (datetime, [2020, 1, 2], datetime(2020, 1, 2)),
    (datetime, MOMENT.replace(tzinfo=UTC), MOMENT),
    (MOMENT, [2021, 1, 2], datetime(2021, 1, 2)),
    (date, MOMENT, DAY),
    (date, [2020, 1, 2, 3], DAY),
    (DAY, [2021, 1, 2], date(2021, 1, 2)),
    (time, MOMENT, time(3, 4, 5, 6)),
    (time, time(1, 2, 3, 4), time(1, 2, 3, 4)),
    (time, [2020, 1, 2, 3], time(3)),
    (timedelta, timedelta(1), timedelta(1)),
    (timedelta, 1.5, timedelta(seconds=1.5)),
    (timedelta(5), 5, timedelta(seconds=5)),
    (Path, "/a/../b/", Path("/a/../b")),
    (Path, "", Path()),
    (PosixPath, "/a", PosixPath("/a")),
    (PurePath, "/a", PurePath("/a")),
    (PurePosixPath, "/a", PurePosixPath("/a")),
    (Path("/a"), "b", Path("b")),
    ([date], [DAY, None], [DAY, None]),
    ([date], {DAY}, [DAY]),
    ([Path], "a, b", [Path("a"), Path("b")]),
    ([timedelta], [1, 2.5], [timedelta(seconds=1), timedelta(seconds=2.5)]),
    ({"a": datetime}, {"x": MOMENT, "y": None}, {"x": MOMENT, "y": None}),
    ({"a": {"b": date}}, {"x": {"y": DAY}}, {"x": {"y": DAY}}),
    ({"a": [date]}, {"x": [DAY]}, {"x": [DAY]}),
    # JobWithFile
    (JobWithFile, JobWithFile("test-0", "x"), JobWithFile("test-0", "x")),
    (JobWithFile, ("test-0", "x"), JobWithFile("test-0", "x")),
    (JobWithFile, ["test-0", 5, 1], JobWithFile("test-0", "5", sliced=True)),
    (JobWithFile, ["test-0", "x", True, {"a": 1}], JobWithFile("test-0", "x", True, DotDict(a=1))),
    (JobWithFile, None, None),
    ([JobWithFile], [("test-0", "x", True, [1]), None], [JobWithFile("test-0", "x", True, [1]), None]),
    ({"a": JobWithFile}, {"k": ("test-0", "x")}, {"k": JobWithFile("test-0", "x")}),
    # wrappers
    (RequiredOption(int), 4, 4),
    (RequiredOption(1), "4", 4),
    (RequiredOption(int, none_ok=True), None, None),
    (RequiredOption(date), DAY, DAY),
    ({"a": RequiredOption(int)}, {"x": 1}, {"x": 1}),
    (OptionDefault([int], [1]), None, [1]),
    (OptionDefault([int], [1]), [2], [2]),
    (OptionDefault(1, 5), "2", 2),
    (OptionDefault(date, DAY), None, DAY),
    (OptionDefault(RequiredOption(int), 3), None, 3),
    (OptionDefault(OptionString, "x"), None, "x"),
    (OptionDefault(E, "a"), "b", "b"),
    ([OptionDefault(int, 3)], [None, 4], [3, 4]),
    # files
    (OptionFile(), Path("a"), "a"),
    (OptionFile(none_ok=True), "", None),
    (OptionFile(none_ok=True), None, None),
    (OptionFile(multiple=True), ["a", Path("b")], ["a", "b"]),
    (OptionFile(multiple=True), "a*", "a*"),
    ([OptionFile()], ["a", "b"], ["a", "b"]),
]


@pytest.mark.parametrize(("template", "value", "expected"), GIVEN)
def test_given_values(template, value, expected):
    assert exactly(seen(template, value)) == exactly(expected)


def test_nan_is_a_number():
    assert isnan(seen(1.5, "nan"))
    assert isnan(seen(None, nan))
    assert seen("", nan) == "nan"
    assert isnan(seen([1.5], {nan, 1})[1])


REFUSED = [
    ({"a": int}, {"a": "3"}),
    ({"a": int}, [("a", 1)]),
    ({"a": 1, "b": "x"}, {"x": 1}),
    ({}, ""),
    ({}, []),
    ([1, "a"], [1]),
    ([int], ["1"]),
    ([int], "1"),
    ([int], [1.0]),
    ([int], 5),
    ([1], "1,,2"),
    ([date], DAY),
    (set(), [[1]]),
    (set(), [{}]),
    ({(1,)}, [[1]]),
    (set(), 5),
    ({int}, ["1"]),
    (list, "a"),
    (dict, [1]),
    (1, ""),
    (1, "x"),
    (1, inf),
    (1, nan),
    (1, [1]),
    (1, MOMENT),
    (1.5, "x"),
    (1.5, 10**400),
    ("", [1]),
    ("", DAY),
    (True, "x"),
    (True, [1]),
    (str, 5),
    (int, 5.0),
    (int, "5"),
    (float, 5),
    (float, True),
    (bool, "x"),
    (bool, 1.5),
    (OptionString, ""),
    (OptionString, None),
    (OptionString, [1]),
    ([OptionString], [""]),
    ([OptionString], [None]),
    (E, None),
    (E, ""),
    (E, "x"),
    (E, 5),
    (E.a, ""),
    (E.a, None),
    ([E], [None]),
    ([E], ""),
    (EN, "x"),
    (datetime, [2020, 1]),
    (datetime, [2020, 13, 1]),
    (datetime, "2020-01-02"),
    (datetime, [2020, 1, 2, 3, 4, 5, 6, 7]),
    (datetime, ["2020", 1, 2]),
    (date, [2020]),
    (date, 5),
    (time, 5),
    (timedelta, "5"),
    (timedelta, [1]),
    (timedelta, nan),
    (timedelta, inf),
    (Path, 5),
    (Path, ["a"]),
    (JobWithFile, ["test-0"]),
    (JobWithFile, "test-0"),
    (JobWithFile, ["test-0", "/x"]),
    (JobWithFile, ["test-0", ""]),
    (JobWithFile, ["", "x"]),
    (JobWithFile, [None, "x"]),
    (JobWithFile, ["bad", "x"]),
    (JobWithFile, ["-1", "x"]),
    (JobWithFile, [1, 2, 3, 4, 5]),
    (RequiredOption(int), None),
    (RequiredOption(int), "4"),
    (RequiredOption(OptionDefault(int, 3)), None),
    (RequiredOption(OptionString, none_ok=True), None),
    (OptionFile(), None),
    (OptionFile(), ""),
    (OptionFile(), ["a"]),
    (OptionFile(), 5),
    (OptionFile(multiple=True), []),
    (OptionFile(multiple=True), ["a", ""]),
]


@pytest.mark.parametrize(("template", "value"), REFUSED)
def test_refused_values(template, value):
    with pytest.raises(MisfitError):
        seen(template, value)


@pytest.mark.parametrize(
    "value",
    [b"x", int, object(), Decimal(1), range(3), frozenset([1]), 1j, [b"x"], {"a": int}, {(1, 2): 3}, lambda: 1],
)
def test_what_options_cannot_have_is_an_assertion_error(value):
    with pytest.raises(AssertionError, match="can"):
        plain(value)


def test_a_message_shows_the_ends_of_a_long_value():
    with pytest.raises(MisfitError) as caught:
        seen(int, list(range(100_000)))
    assert len(str(caught.value)) < 300
    assert str(caught.value).endswith("99998, 99999] is list, not int")


DEFAULTS = [
    (1, 1),
    ("", ""),
    (False, False),
    ([1, 2], [1, 2]),
    ([1, "a"], [1, "a"]),
    ({"b": 1, "a": "x"}, {"a": "x", "b": 1}),
    (OrderedDict([("b", 1), ("a", 2)]), {"b": 1, "a": 2}),
    (set(), set()),
    ({1, 2}, {1, 2}),
    ((), []),
    ((1, 2), [1, 2]),
    (Path("/a"), Path("/a")),
    (PurePath("/a"), PurePath("/a")),
    ([Path("/a")], [Path("/a")]),
    ({"a": Path("/a")}, {"a": Path("/a")}),
    (DAY, DAY),
    (MOMENT, MOMENT),
    (time(1, 2), time(1, 2)),
    (timedelta(5), timedelta(5)),
    (E.a, "a"),
    (EN.a, "a"),
    ([E.a], ["a"]),
    (None, None),
    (int, None),
    (str, None),
    (set, None),
    (tuple, None),
    (list, None),
    (dict, None),
    (datetime, None),
    (Path, None),
    (JobWithFile, None),
    (EN, None),
    (OptionFile(none_ok=True), None),
    ([int], []),
    ({int}, set()),
    ({date}, set()),
    ((int,), []),
    ({"k": int}, {}),
    ([EN], []),
    ([[int]], [[]]),
    ([{int}], [set()]),
    ({"a": {"b": int}}, {"a": {}}),
    ({"a": []}, {"a": []}),
    ({"a": set()}, {"a": set()}),
    ([int, str], [None, None]),
    ({"a": int, "b": int}, {"a": None, "b": None}),
    ([None], [None]),
    (OptionDefault(int), None),
    (OptionDefault(int, 3), 3),
    (OptionDefault([int], [1]), [1]),
    (OptionDefault(OptionString, "x"), "x"),
    (OptionDefault(E, "b"), "b"),
    (OptionDefault(date, DAY), DAY),
    (OptionDefault(date, "today"), "today"),
    (OptionDefault([date], ["today"]), ["today"]),
    (OptionDefault({"a": date}, [1]), [1]),
    (OptionDefault(timedelta, "x"), "x"),
    (OptionDefault({int}, {3, 1}), {1, 3}),
    (OptionDefault({"k": int}, {"b": 1, "a": 2}), {"a": 2, "b": 1}),
]


@pytest.mark.parametrize(("template", "expected"), DEFAULTS)
def test_defaults(template, expected):
    assert not is_required(template)
    assert exactly(seen(template)) == exactly(expected)


@pytest.mark.parametrize(
    "template",
    [
        OptionString,
        OptionString("example"),
        [OptionString],
        RequiredOption(int),
        RequiredOption(int, none_ok=True),
        RequiredOption(OptionDefault(int, 3)),
        {"a": RequiredOption(int)},
        E,
        [E],
        (E,),
        {"a": E},
        {"a": [E]},
        OptionFile(),
        [OptionFile()],
    ],
)
def test_required(template):
    assert is_required(template)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.builds(PurePath, st.text("abc/", min_size=1)),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.sets(st.one_of(st.none(), st.integers(), st.text(max_size=3)), max_size=3),
    ),
    max_leaves=6,
)


@given(VALUES)
def test_the_plain_form_is_its_own_plain_form(value):
    once = plain(value)
    # Dicts are sorted the first time, so the second changes nothing.
    assert exactly(plain(once)) == exactly(once)


TYPED = st.one_of(
    st.tuples(st.just(datetime), st.datetimes().map(lambda moment: moment.replace(fold=0))),
    st.tuples(st.just(date), st.dates()),
    st.tuples(st.just(time), st.times().map(lambda moment: moment.replace(fold=0))),
    # Seconds as a float hold microseconds for a century.
    st.tuples(st.just(timedelta), st.timedeltas(timedelta(days=-36_500), timedelta(days=36_500))),
    st.tuples(st.just(Path), st.builds(Path, st.text("abc/.", min_size=1))),
    st.tuples(st.just(PurePath), st.builds(PurePath, st.text("abc/.", min_size=1))),
    st.tuples(st.just(set()), st.sets(st.one_of(st.integers(), st.text(), st.booleans()))),
    st.tuples(st.just(1), st.integers()),
    st.tuples(st.just(1.5), st.floats(allow_nan=False)),
    st.tuples(st.just(""), st.text()),
    st.tuples(st.just(None), st.one_of(st.none(), st.integers(), st.text())),
)


@given(TYPED, st.sampled_from(["direct", "list", "dict", "dict of dicts", "dict of lists"]), st.booleans())
def test_what_is_given_is_what_the_method_sees(pair, place, by_example):
    """Write, store, restore: equal and of the same type, at every place that is restored."""
    template, value = pair
    if by_example and isinstance(template, type) and not issubclass(template, PurePath):
        template = value
    template, value = {
        "direct": (template, value),
        "list": ([template], [value]),
        "dict": ({"k": template}, {"x": value}),
        "dict of dicts": ({"k": {"k": template}}, {"x": {"y": value}}),
        "dict of lists": ({"k": [template]}, {"x": [value, value]}),
    }[place]
    assert exactly(seen(template, value)) == exactly(value)
