import decimal
import json
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pytest

from accelerator._native import ColumnBuilder, Rows
from accelerator.column import COLUMN_TYPES
from accelerator.column.accept import from_arrow
from accelerator.column.layout import layout_of_type

NAN = float("nan")


def accepted(coltype, array):
    """Return what a column has after such an array was stored in it."""
    stored = from_arrow(coltype, array)
    stored.validate(full=True)
    layout_of_type(coltype, stored.type)
    return list(Rows([pa.RecordBatch.from_arrays([stored], ["x"])], [coltype], True))


NOON = datetime(2000, 1, 1, 12)
ACCEPTED = [
    ("int32", pa.array([1, None], pa.int64()), [1, None]),
    ("int32", pa.array([True]), [1]),
    ("int64", pa.array([1], pa.uint64()), [1]),
    ("int64", pa.array([1, 2, 1]).dictionary_encode(), [1, 2, 1]),
    ("float64", pa.array([1, None], pa.int8()), [1.0, None]),
    ("float64", pa.array([0.5], pa.float32()), [0.5]),
    ("float64", pa.array([2**62 + 1]), [float(2**62 + 1)]),
    ("float64", pa.array([decimal.Decimal("1.25")]), [1.25]),
    ("float32", pa.array([0.1, 1e300]), [0.10000000149011612, float("inf")]),
    ("number", pa.array([1], pa.uint16()), [1]),
    ("number", pa.array([2**64 - 1, 1, None], pa.uint64()), [2**64 - 1, 1, None]),
    ("number", pa.array([0.5], pa.float32()), [0.5]),
    ("number", pa.array([True, None]), [1, None]),
    ("complex64", pa.array([1, None]), [1 + 0j, None]),
    ("complex64", pa.array([{"re": 1, "im": 2}, None]), [1 + 2j, None]),
    ("complex32", pa.array([{"re": 0.5, "im": 2.0}]), [0.5 + 2j]),
    ("bool", pa.array([True, None]), [True, None]),
    ("bool", pa.array([1, 0, None], pa.int8()), [True, False, None]),
    ("bool", pa.array([None], pa.int8()), [None]),
    ("date", pa.array([date(1, 1, 1), None, date(9999, 12, 31)]), [date(1, 1, 1), None, date(9999, 12, 31)]),
    ("date", pa.array([date(2000, 1, 1)], pa.date64()), [date(2000, 1, 1)]),
    ("date", pa.array([datetime(1969, 12, 31, 23), NOON], pa.timestamp("ns")), [date(1969, 12, 31), date(2000, 1, 1)]),
    ("datetime", pa.array([NOON, None], pa.timestamp("ns")), [NOON, None]),
    ("datetime", pa.array([NOON], pa.timestamp("s")), [NOON]),
    ("datetime", pa.array([NOON], pa.timestamp("ms", "+00:00")), [NOON.replace(tzinfo=UTC)]),
    ("datetime", pa.array([NOON], pa.timestamp("us", "Etc/UTC")), [NOON.replace(tzinfo=UTC)]),
    ("time", pa.array([time(1), None], pa.time32("s")), [time(1), None]),
    ("time", pa.array([time(1, 2, 3, 4)], pa.time64("ns")), [time(1, 2, 3, 4)]),
    ("bytes", pa.array([b"\xff", None], pa.large_binary()), [b"\xff", None]),
    ("bytes", pa.array([b"ab"], pa.binary(2)), [b"ab"]),
    ("bytes", pa.array([b"ab"], pa.binary_view()), [b"ab"]),
    ("ascii", pa.array(["a", None], pa.large_string()), ["a", None]),
    ("ascii", pa.array([b"a"]), ["a"]),
    ("ascii", pa.array([], pa.string()), []),
    ("unicode", pa.array(["ä", None], pa.string_view()), ["ä", None]),
    ("unicode", pa.array(["ä", "ä"]).dictionary_encode(), ["ä", "ä"]),
    ("json", pa.array(["x", None]), ["x", None]),
    ("json", pa.array([[1, 2], None]), [[1, 2], None]),
    ("json", pa.array([{"a": 1}]), [{"a": 1}]),
    ("pickle", pa.array([1, None]), [1, None]),
]


@pytest.mark.parametrize(("coltype", "array", "expected"), ACCEPTED)
def test_accepted(coltype, array, expected):
    found = accepted(coltype, array)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]
    assert accepted(coltype, array[:0]) == []


@pytest.mark.parametrize(
    ("coltype", "array", "error"),
    [
        ("int32", pa.array([2**31]), OverflowError),
        ("int64", pa.array([2**63], pa.uint64()), OverflowError),
        ("int64", pa.array([1.0]), TypeError),
        ("int64", pa.array(["1"]), TypeError),
        ("float64", pa.array(["1"]), TypeError),
        ("number", pa.array(["1"]), ValueError),
        ("number", pa.array([decimal.Decimal(1)]), ValueError),
        ("number", pa.array([{"int": 1}]), ValueError),
        ("complex64", pa.array(["1"]), TypeError),
        ("complex64", pa.array([{"re": 1.0, "im": None}, {"re": 1.0, "im": 1.0}]), ValueError),
        ("complex64", pa.array([{"x": 1.0, "y": 1.0}]), TypeError),
        ("bool", pa.array([2]), OverflowError),
        ("bool", pa.array([-1, 1]), OverflowError),
        ("bool", pa.array([1.0]), TypeError),
        ("date", pa.array([2932897], pa.int32()).view(pa.date32()), ValueError),
        ("date", pa.array(["2000-01-01"]), ValueError),
        ("date", pa.array([NOON], pa.timestamp("us", "Asia/Tokyo")), ValueError),
        ("datetime", pa.array([date(2000, 1, 1)]), ValueError),
        ("datetime", pa.array([1], pa.timestamp("ns")), ValueError),
        ("datetime", pa.array([NOON], pa.timestamp("us", "Europe/London")), ValueError),
        ("datetime", pa.array([2**62], pa.timestamp("s")), ValueError),
        ("datetime", pa.array([2**62], pa.timestamp("us")), ValueError),
        ("time", pa.array([1], pa.time64("ns")), ValueError),
        ("time", pa.array([timedelta(1)]), ValueError),
        ("bytes", pa.array(["x"]), TypeError),
        ("ascii", pa.array(["ä"]), ValueError),
        ("ascii", pa.array([b"\xff"]), ValueError),
        ("ascii", pa.array([1]), TypeError),
        ("unicode", pa.array([b"x"]), TypeError),
        ("unicode", pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers()), ValueError),
        ("json", pa.array([b"x"]), TypeError),
        ("pickle", pa.array([b"x"]), ValueError),
    ],
)
def test_refused(coltype, array, error):
    with pytest.raises(error):
        from_arrow(coltype, array)


@pytest.mark.parametrize("coltype", COLUMN_TYPES)
def test_nothing_but_null(coltype):
    assert accepted(coltype, pa.nulls(3)) == [None, None, None]


STORED = {
    "ascii": ["a", None],
    "bool": [True, None],
    "bytes": [b"\xff", None],
    "complex32": [0.5j, None],
    "complex64": [0.1j, None],
    "date": [date(2000, 1, 1), None],
    "datetime": [NOON, None, NOON.replace(fold=1)],
    "float32": [0.5, None],
    "float64": [0.1, None],
    "int32": [1, None],
    "int64": [2**62, None],
    "json": [{"b": 1, "a": 2}, None, "x"],
    "number": [1, 0.5, 2**70, None],
    "pickle": [{1, 2}, None],
    "time": [time(1), time(1, tzinfo=UTC), None],
    "unicode": ["ä", None],
}


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize(
    "texts",
    [
        ['{"b" : 1.50, "a": [ -0 ]}', None, '"\\u00e5\\n"', "1e400", "null"],
        ['{"b":1,"b":2}', None, "1" * 400, "[" * 150 + "]" * 150],
        [],
    ],
)
def test_json_text_is_stored_as_json_reads_it(kind, texts):
    expected = [None if text is None else compact(text) for text in texts]
    for array in (pa.array(texts, kind), pa.array([None, "x", *texts], kind)[2:]):
        stored = from_arrow("json", pa.ExtensionArray.from_storage(pa.json_(kind), array))
        stored.validate(full=True)
        assert stored.storage.to_pylist() == expected


def compact(text):
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("text", ["", "nul", "[1,]", '"\t"', "'x'"])
def test_text_that_is_not_json_is_refused(text):
    array = pa.ExtensionArray.from_storage(pa.json_(), pa.array(["1", text]))
    with pytest.raises(ValueError, match="line 1 column"):
        from_arrow("json", array)


@pytest.mark.parametrize("coltype", COLUMN_TYPES)
def test_what_columns_store_is_taken_as_it_is(coltype):
    builder = ColumnBuilder(coltype, True)
    for value in STORED[coltype]:
        builder.write(value)
    array = pa.array(builder.take())
    if coltype == "json" and not isinstance(array.type, pa.BaseExtensionType):
        pytest.skip("this pyarrow has no JSON type, so that stored text cannot be told from any other")
    assert accepted(coltype, array) == STORED[coltype]
