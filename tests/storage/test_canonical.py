import math
import subprocess
import sys
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path, PurePath, PurePosixPath
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.storage.canonical import encode

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters()),  # lone surrogates too
    st.binary(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.text("ab/.", max_size=4).map(PurePosixPath),
)
hashable = st.recursive(scalars, lambda inner: st.frozensets(inner, max_size=3), max_leaves=4)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
        | st.sets(hashable, max_size=4)
    ),
    max_leaves=12,
)


def same(a, b):
    """Equality by the rules of job parameters, written the slow and plain way."""
    if isinstance(a, (set, frozenset)):
        return isinstance(b, (set, frozenset)) and len(a) == len(b) and all(any(same(x, y) for y in b) for x in a)
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    if isinstance(a, (datetime, time)):
        return (a.replace(tzinfo=None), a.fold, a.tzinfo) == (b.replace(tzinfo=None), b.fold, b.tzinfo)
    return a == b


@given(values, values)
def test_equal_bytes_exactly_for_equal_values(a, b):
    assert (encode(a) == encode(b)) == same(a, b)


@given(st.lists(scalars, max_size=3), st.lists(scalars, max_size=3))
def test_neighbours_do_not_run_together(a, b):
    assert (encode(a) == encode(b)) == same(a, b)
    assert encode([a, b]) != encode([[*a, None], b])


@given(values)
def test_similar_types_are_kept_apart(value):
    assert encode([value]) != encode(value)
    assert encode({"a": value}) != encode([["a", value]])


def test_numbers_of_different_types_differ():
    forms = [encode(v) for v in (1, True, 1.0, "1", b"1", [1], {1}, 0.0, -0.0, False, None, "", [], {}, math.inf)]

    assert len(set(forms)) == len(forms)


def test_what_counts_as_equal():
    class Point(NamedTuple):
        x: int
        y: int

    class Text(str):
        __slots__ = ()

    assert encode((1, 2)) == encode([1, 2]) == encode(Point(1, 2))
    assert encode(Text("x")) == encode("x")
    assert encode({1, 2, 3}) == encode(frozenset((3, 2, 1)))
    assert encode({"a": 1, "b": 2}) != encode({"b": 2, "a": 1})
    assert encode(OrderedDict(a=1)) == encode({"a": 1})
    assert encode(float("nan")) == encode(-float("nan"))
    assert encode(Path("a")) != encode(PurePath("a"))
    assert encode(datetime(2024, 1, 1)) != encode(datetime(2024, 1, 1, fold=1))
    assert encode(datetime(2024, 1, 1)) != encode(datetime(2024, 1, 1, tzinfo=UTC))


def test_huge_numbers():
    assert encode(10**10_000) != encode(10**10_000 + 1)
    assert encode(-(10**10_000)) != encode(10**10_000)


# Keys of jobs on disk depend on these bytes: a change here makes every job be built again.
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, b"N"),
        ([True, False], b"[TF]"),
        (-12, b"i-12;"),
        (0.1, b"f0x1.999999999999ap-4;"),
        (-math.inf, b"f-inf;"),
        (math.nan, b"fnan;"),
        ("å\udc80", b"s5:\xc3\xa5\xed\xb2\x80"),
        (b"\0", b"b1:\0"),
        (datetime(2024, 2, 29, 1, 2, 3, 4), b"d2024,2,29,1,2,3,4,0;"),
        (date(2024, 2, 29), b"D2024,2,29;"),
        (time(1, 2, 3, 4), b"t1,2,3,4,0;"),
        (timedelta(seconds=-1), b"m-1,86399,0;"),
        (PurePosixPath("a/b"), b"PPurePosixPath;s3:a/b"),
        ({"b": 1, "a": {2, 1}}, b"(s1:bi1;s1:a{i1;i2;})"),
    ],
)
def test_the_form_is_frozen(value, expected):
    assert encode(value) == expected


def test_the_order_of_sets_does_not_depend_on_the_process():
    code = "from accelerator.storage.canonical import encode; print(encode({str(i) for i in range(99)}))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, env={"PYTHONHASHSEED": seed}, capture_output=True
        ).stdout
        for seed in "123"
    }
    assert len(outputs) == 1
    assert outputs != {b""}


@pytest.mark.parametrize("value", [object(), int, 1j, [lambda: 0], {"a": bytearray()}])
def test_other_types_are_refused(value):
    with pytest.raises(TypeError, match="identity"):
        encode(value)
