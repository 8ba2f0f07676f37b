from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.error import UrdError, UrdUsageError
from accelerator.urd.timestamp import Query, normalise, sort_key

DATES = st.datetimes(min_value=datetime(1, 1, 1)).flatmap(
    lambda moment: st.sampled_from([7, 10, 13, 16, 19, 20, 23, 26]).map(
        lambda length: moment.isoformat(timespec="microseconds")[:length].rstrip(".")
    )
)
INTEGERS = st.one_of(st.integers(0, 30), st.integers(0, 10**40)).map(str)
TIMESTAMPS = st.lists(st.one_of(INTEGERS, DATES), min_size=1, max_size=4).map("+".join)


def compare(one, two):
    """The order as the specification words it: part by part, integers before dates, fewer parts first."""
    parts, others = one.split("+"), two.split("+")
    for part, other in zip(parts, others, strict=False):
        is_date, other_is_date = "-" in part, "-" in other
        if is_date != other_is_date:
            return 1 if is_date else -1
        values = (part, other) if is_date else (int(part), int(other))
        if values[0] != values[1]:
            return 1 if values[0] > values[1] else -1
    return len(parts) - len(others)


@given(TIMESTAMPS, TIMESTAMPS)
def test_keys_sort_as_timestamps_do(one, two):
    order = compare(one, two)
    keys = sort_key(one), sort_key(two)

    assert (keys[0] < keys[1], keys[0] == keys[1]) == (order < 0, order == 0)


@given(st.lists(TIMESTAMPS, max_size=12, unique=True), TIMESTAMPS, st.sampled_from(["", "<", "<=", ">", ">="]))
def test_a_query_admits_what_its_operator_says(timestamps, wanted, operator):
    query = Query.parse(operator + wanted)
    expected = {
        "": lambda order: order == 0,
        "<": lambda order: order < 0,
        "<=": lambda order: order <= 0,
        ">": lambda order: order > 0,
        ">=": lambda order: order >= 0,
    }[operator]

    for timestamp in timestamps:
        longer = operator == "<=" and "-" in wanted and timestamp.startswith(wanted)
        assert query.admits(timestamp) == (longer or expected(compare(timestamp, wanted)))


@given(TIMESTAMPS)
def test_normalising_twice_changes_nothing(timestamp):
    assert normalise(normalise(timestamp)) == normalise(timestamp) == timestamp


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (0, "0"),
        ("007", "7"),
        ("007+000", "7+0"),
        ("2014-04-10 12", "2014-04-10T12"),
        ("2014-04-10T12:30:59.1", "2014-04-10T12:30:59.1"),
        ("2014", "2014"),
        ("2014-13-99", "2014-13-99"),
        (date(2014, 4, 10), "2014-04-10"),
        (datetime(2014, 4, 10, 12), "2014-04-10T12:00:00"),
        (datetime(2014, 4, 10, 12, 0, 0, 100_000), "2014-04-10T12:00:00.100000"),
        (["2014-04", 3], "2014-04+3"),
        ((1, "2+03", date(2014, 4, 10)), "1+2+3+2014-04-10"),
    ],
)
def test_spellings(given, wanted):
    assert normalise(given) == wanted


@pytest.mark.parametrize(
    "given",
    [True, False, 1.5, -1, None, timedelta(1), time(1), "", "+", "1+", "abc", "2014-4", "2014-04-1", "2014-04T12",
     "2014-04-10T1", "2014-04-10T12:00:00.1234567", "٣", b"1", [], (), [1, [2]], [b"1"], {1: 2}, "<5", "latest",
     ["latest"], datetime(2014, 4, 10, tzinfo=UTC), [True], "1 ", "-3", "2014-04-10T12:00:00Z"],
)  # fmt: skip
def test_what_is_no_timestamp_is_refused(given):
    with pytest.raises(UrdUsageError) as caught:
        normalise(given)

    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, UrdError)


@pytest.mark.parametrize(
    "given", ["<latest", "<=first", "=5", "Latest", ("<",), ("<=2014-04", 3), ("latest",), "<<5", ">"]
)
def test_what_is_no_query_is_refused(given):
    with pytest.raises(UrdUsageError):
        Query.parse(given)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("latest", Query("latest")),
        ("first", Query("first")),
        ("<= 5", Query("<=", "5")),
        (("<=", "2014-04", 3), Query("<=", "2014-04+3")),
        ([">", date(2014, 4, 10)], Query(">", "2014-04-10")),
        (5, Query("=", "5")),
    ],
)
def test_queries(given, wanted):
    assert Query.parse(given) == wanted
