"""The order of values of every type, on every way to sort them, against Python's own sort."""

import math
from datetime import UTC, date, datetime, time

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelerator import UserError
from accelerator._native import ColumnBuilder
from accelerator.standard_methods import sort_order
from accelerator.standard_methods.sort_keys import key_arrays, python_keys
from accelerator.standard_methods.sort_order import order_keys, order_values

NAN = float("nan")
edges = [0.0, -0.0, 1.5, math.inf, -math.inf, NAN, 2.0**53, 2.0**63, -(2.0**63), 1e300]
whole = [0, 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63 - 2, -(2**63), 2**62]
huge = [2**63, 2**63 + 1, -(2**63) - 1, 2**64, 2**1007 - 1, -(2**1007) + 1, 2**200, 2**200 + 1, 2**200 - 2**140]
moments = (st.datetimes() | st.just(datetime.max)).flatmap(
    lambda value: st.sampled_from([value, value.replace(tzinfo=UTC)])
)

VALUES = {
    "ascii": st.text(st.characters(max_codepoint=127), max_size=4),
    "bool": st.booleans(),
    "bytes": st.binary(max_size=4),
    "date": st.dates() | st.just(date.max),
    "datetime": moments,
    "float32": st.sampled_from(edges) | st.floats(width=32),
    "float64": st.sampled_from(edges) | st.floats(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.sampled_from(whole) | st.integers(-(2**63), 2**63 - 1),
    "number": st.sampled_from([*edges, *whole, *huge]) | st.floats() | st.integers(-(2**1007) + 1, 2**1007 - 1),
    "time": st.times() | st.just(time.max),
    "unicode": st.text(max_size=4),
}


def model(coltype, value):
    """What the specification compares."""
    if value is None:
        least = {"ascii": "", "unicode": "", "bytes": b"", "bool": -1}
        greatest = {"date": date.max, "datetime": datetime.max, "time": time.max}
        if coltype in greatest:
            return greatest[coltype]
        return least.get(coltype, -math.inf)
    if isinstance(value, float) and math.isnan(value):
        value = math.inf
    if isinstance(value, datetime | time):
        value = value.replace(tzinfo=None, fold=0)
    if isinstance(value, str):
        value = value.encode("utf-8")
        return value.decode("utf-8")
    return value


def stored(coltype, values):
    builder = ColumnBuilder(coltype, True)
    for value in values:
        builder.write(value)
    return pa.array(builder.take())


@pytest.fixture(params=["kernel", "duckdb"])
def memory(request):
    return 1 << 20 if request.param == "kernel" else 0


@pytest.mark.parametrize("coltype", VALUES)
@given(data=st.data(), descending=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_is_pythons(memory, tmp_path, coltype, data, descending):
    values = data.draw(st.lists(st.none() | VALUES[coltype], max_size=30))
    array = stored(coltype, values)
    # float32 values are compared as they are stored
    kept = [value if coltype != "float32" or value is None else array[i].as_py() for i, value in enumerate(values)]
    expected = sorted(range(len(values)), key=lambda i: model(coltype, kept[i]), reverse=descending)

    # in batches of different layouts
    half = len(values) // 2
    parts = [stored(coltype, part) for part in (values[:half], values[half:]) if part]
    keys = [[key_arrays(coltype, True, part)] for part in parts]
    order = order_keys(keys, len(values), descending, 0, tmp_path, memory)

    assert order.positions.tolist() == expected
    sorted_keys = [model(coltype, kept[i]) for i in expected]
    assert order.changed.tolist() == [i == 0 or sorted_keys[i] != sorted_keys[i - 1] for i in range(len(values))]
    assert [expected.index(i) for i in range(len(values))] == order.ranks(tmp_path).tolist()


@given(
    rows=st.lists(st.tuples(st.none() | st.integers(0, 2), st.none() | st.sampled_from(["", "a", "a\0", "b"]))),
    descending=st.booleans(),
    trigger=st.sampled_from([None, 0, 1]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_several_columns(memory, tmp_path, rows, descending, trigger):
    columns = [stored("int32", [row[0] for row in rows]), stored("unicode", [row[1] for row in rows])]
    keys = [[key_arrays("int32", True, columns[0]), key_arrays("unicode", True, columns[1])]] if rows else []
    order = order_keys(keys, len(rows), descending, trigger, tmp_path, memory)

    def key(i):
        return (model("int32", rows[i][0]), model("unicode", rows[i][1]))

    expected = sorted(range(len(rows)), key=key, reverse=descending)
    assert order.positions.tolist() == expected
    if trigger is not None:
        own = [key(i)[trigger] for i in expected]
        assert order.changed.tolist() == [i == 0 or own[i] != own[i - 1] for i in range(len(rows))]


json_numbers = st.lists(st.none() | st.integers(-5, 5) | st.sampled_from([0.5, math.inf, NAN]), max_size=40)


@given(values=json_numbers, descending=st.booleans())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_is_compared_by_python_none_first(monkeypatch, tmp_path, values, descending):
    monkeypatch.setattr(sort_order, "_RUN", 7)
    keys = zip(python_keys("json", stored("json", values)), strict=True)
    order = order_values(keys, descending, 0, tmp_path)

    def key(i):
        value = values[i]
        return -math.inf if value is None else math.inf if isinstance(value, float) and math.isnan(value) else value

    expected = sorted(range(len(values)), key=key, reverse=descending)
    assert order.positions.tolist() == expected
    assert len(order.changed) == len(values)


def test_json_of_types_without_order_raises_type_error(tmp_path):
    keys = zip(python_keys("json", stored("json", [1, "a"])), strict=True)
    with pytest.raises(TypeError):
        order_values(keys, False, None, tmp_path)


def test_complex_has_no_order():
    with pytest.raises(UserError, match="complex64"):
        key_arrays("complex64", False, stored("complex64", [1j]))
