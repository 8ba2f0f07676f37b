"""Least and greatest values of arrays."""

from datetime import UTC, date, datetime, time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder, min_max
from accelerator.dataset.arrays import extremes, storage_array
from accelerator.dataset.commit import ColumnSpec

moments = st.datetimes()
VALUES = {
    "bool": st.booleans(),
    "date": st.dates(),
    "datetime": st.sampled_from([moments, moments.map(lambda value: value.replace(tzinfo=UTC))]),
    "float64": st.floats(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "number": st.integers(),
    "time": st.times(),
    "unicode": st.text(max_size=2),
}


@pytest.mark.parametrize("coltype", VALUES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_as_the_kernel_says(coltype, data):
    strategy = VALUES[coltype]
    strategy = data.draw(strategy) if coltype == "datetime" else strategy
    builder = ColumnBuilder(coltype, True)
    for value in data.draw(st.lists(st.none() | strategy, min_size=1)):
        builder.write(value)
    array = pa.array(builder.take())
    assert list(map(repr, extremes(coltype, array))) == list(map(repr, min_max(coltype, array)))
    part = array.slice(1)
    if len(part):
        assert list(map(repr, extremes(coltype, part))) == list(map(repr, min_max(coltype, part)))


@pytest.mark.parametrize(
    "value", [2**63 - 1, -(2**63), date(9999, 12, 31), datetime(1, 1, 1, tzinfo=UTC), time(23, 59)]
)
def test_outermost(value):
    coltype = {int: "int64", date: "date", datetime: "datetime", time: "time"}[type(value)]
    builder = ColumnBuilder(coltype)
    builder.write(value)
    assert extremes(coltype, pa.array(builder.take())) == (value, value)


@pytest.mark.parametrize(
    ("coltype", "array", "error"),
    [
        ("json", pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{"])), ValueError),
        ("unicode", pa.array([b"\xff"]), (TypeError, ValueError)),
        ("int32", pa.array([2**40]), (OverflowError, ValueError)),
    ],
)
def test_what_does_not_fit_is_named(coltype, array, error):
    with pytest.raises(error, match=f"column 'c', type {coltype}, dataset dev-1/x"):
        storage_array(array, ColumnSpec("c", coltype, False, "c"), "dev-1/x")
