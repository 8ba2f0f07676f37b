"""Text of values, against Python's str."""

import json
from datetime import UTC

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder
from accelerator.column import text_array
from accelerator.standard_methods.fanout import text_values

moments = st.datetimes() | st.datetimes(allow_imaginary=True, timezones=st.just(UTC))
some_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), values, max_size=3)
    ),
    max_leaves=6,
)

VALUES = {
    "ascii": (st.text(st.characters(max_codepoint=127)), str),
    "bool": (st.booleans(), str),
    "bytes": (st.binary(), lambda value: value.decode("utf-8", "backslashreplace")),
    "complex64": (st.complex_numbers(), str),
    "date": (st.dates(), str),
    "datetime": (moments, str),
    "float64": (st.floats() | st.integers(-(10**18), 10**18).map(float) | st.floats(-1e-3, 1e-3), repr),
    "int32": (st.integers(-(2**31), 2**31 - 1), str),
    "int64": (st.integers(-(2**63), 2**63 - 1), str),
    "json": (some_json, lambda value: json.dumps(value, sort_keys=True)),
    "number": (st.integers(-(2**100), 2**100) | st.floats(), repr),
    "pickle": (st.frozensets(st.integers(0, 1)), str),
    "time": (st.times(), str),
    "unicode": (st.text(st.characters(codec="utf-8")), str),
}


def stored(coltype, values):
    builder = ColumnBuilder(coltype, True)
    for value in values:
        builder.write(value)
    return pa.array(builder.take())


@pytest.mark.parametrize("coltype", VALUES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_text_is_what_python_gives(coltype, data):
    strategy, text = VALUES[coltype]
    values = data.draw(st.lists(st.none() | strategy))
    got = text_array(coltype, stored(coltype, values)).to_pylist()
    assert got == [None if value is None else text(value) for value in values]


def test_float32_is_widened_first():
    assert text_array("float32", stored("float32", [0.1, 1.0])).to_pylist() == ["0.10000000149011612", "1.0"]


@pytest.mark.parametrize("coltype", VALUES)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_different_values_and_which_row_has_which(coltype, data):
    values = data.draw(st.lists(st.none() | VALUES[coltype][0], min_size=1))
    names, numbers = text_values(coltype, stored(coltype, values))
    assert [names[number] for number in numbers] == [str(value) for value in values]
    assert len(set(names)) == len(names)
