"""Values of every column type, for tests that go over all of them."""

import cmath
import math
import pickle
from datetime import UTC, date, datetime, time

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# On a busy machine, or under a sanitizer, time says nothing about the test.
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

BIG = 2**1007 - 1


def stamps(kind, low, high):
    """Dates or times with every combination of fold and UTC."""
    return st.builds(
        lambda value, fold, utc: value.replace(fold=fold, tzinfo=UTC if utc else None),
        kind(low, high),
        st.integers(0, 1),
        st.booleans(),
    )


text = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=8,
)
floats32 = st.floats(width=32)

VALUES = {
    "ascii": st.text(st.characters(max_codepoint=127)),
    "bool": st.booleans(),
    "bytes": st.binary(),
    "complex32": st.builds(complex, floats32, floats32),
    "complex64": st.complex_numbers(),
    "date": st.dates(),
    "datetime": stamps(st.datetimes, datetime.min, datetime.max),
    "float32": floats32,
    "float64": st.floats(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "json": json_values,
    "number": st.integers(-BIG, BIG) | st.integers(-(2**65), 2**65) | st.floats(),
    "pickle": st.tuples(json_values, st.sets(st.integers()), st.binary()),
    "time": stamps(st.times, time.min, time.max),
    "unicode": text,
}


def plain_strategies(name):
    """The strategies of a type whose values have several layouts, one for each layout."""
    return {
        "number": [st.integers(-(2**63), 2**63 - 1), st.floats(), st.integers(-(2**53), 2**53) | st.floats()],
        "datetime": [st.datetimes(), st.datetimes().map(lambda value: value.replace(tzinfo=UTC))],
        "time": [st.times()],
    }.get(name, [])


def same(one, other):
    """Whether two values are equal and of one type, with fold, time zone, sign of zero, and NaN equal to NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (one, math.copysign(1, one)) == (
            other,
            math.copysign(1, other),
        )
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, datetime | time):
        return (one.replace(tzinfo=None), one.fold, one.tzinfo) == (
            other.replace(tzinfo=None),
            other.fold,
            other.tzinfo,
        )
    return one == other


EXAMPLES = {
    "ascii": ["", "a", "ab", "abcdefgh", "x" * 1000, "\0", "a\0b", "\x7f"],
    "bool": [True, False],
    "bytes": [b"", b"\0", b"\xff" * 300],
    "complex32": [0j, 1 + 2j, complex("nan"), complex(float("inf"), -0.0)],
    "complex64": [0j, 1 + 2j, cmath.nanj, complex(-0.0, 1e300)],
    "date": [date.min, date.max, date(1970, 1, 1), date(2000, 2, 29), date(1900, 3, 1)],
    "datetime": [datetime.min, datetime.max, datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(2000, 1, 1)],
    "float32": [0.0, -0.0, 0.5, float("inf"), float("-inf"), float("nan")],
    "float64": [0.0, -0.0, 0.1, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")],
    "int32": [0, -1, 2**31 - 1, -(2**31)],
    "int64": [0, -1, 2**63 - 1, -(2**63)],
    "json": [{}, [], "x", "ä€😀", {"b": 1, "a": [None, True, 1.5]}, 'q"\\\n\x01'],
    "number": [0, -0.0, 1, 1.0, 2**63, -(2**63), -(2**63) - 1, BIG, -BIG, 1e300, float("nan"), 2**71, -(2**71)],
    "pickle": [{1, 2}, (1, "x"), b"", pickle.PickleBuffer],
    "time": [time.min, time.max, time(12, 30, fold=1), time(1, tzinfo=UTC)],
    "unicode": ["", "a", "ä", "aä", "€uro", "😀", "a😀b", "x" * 200 + "ä", "\0", "\u07ff\u0800\uffff"],
}
assert EXAMPLES.keys() == VALUES.keys()
