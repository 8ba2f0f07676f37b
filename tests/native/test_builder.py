import decimal
import json
import math
import pickle
from datetime import UTC, date, datetime, time, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder, Rows, hash_value
from accelerator._unset import UNSET
from accelerator.error import DatasetUsageError

from .samples import BIG, EXAMPLES, VALUES, plain_strategies, relaxed, same

nan, inf = float("nan"), float("inf")


def read(coltype, array):
    """Return the values of an array as rows of one column come out."""
    return list(Rows([pa.RecordBatch.from_arrays([array], ["x"])], [coltype], True))


def stored(coltype, *values, **keywords):
    """Write values, and return what is read back."""
    builder = ColumnBuilder(coltype, **keywords)
    for value in values:
        assert builder.write(value) is True
    array = pa.array(builder.take())
    array.validate(full=True)
    return read(builder.type, array)


@pytest.mark.parametrize("coltype", sorted(VALUES))
@relaxed
@given(data=st.data())
def test_round_trip(coltype, data):
    values = data.draw(
        st.one_of([st.lists(st.none() | each) for each in [VALUES[coltype], *plain_strategies(coltype)]])
    )
    split = data.draw(st.integers(0, len(values)))
    builder = ColumnBuilder(coltype, True)
    result = []
    for part in (values[:split], values[split:]):
        for value in part:
            builder.write(value)
        array = pa.array(builder.take())
        array.validate(full=True)
        result += read(coltype, array)
    assert len(result) == len(values)
    assert all(map(same, result, values))
    assert builder.count == len(values)
    assert builder.has_none == (None in values)


@pytest.mark.parametrize("coltype", sorted(EXAMPLES))
def test_examples_round_trip(coltype):
    values = EXAMPLES[coltype]
    assert all(map(same, stored(coltype, *values), values))
    with_none = [*values, None, values[0]]
    assert all(map(same, stored(coltype, *with_none, none_support=True), with_none))


class Index:
    def __index__(self):
        return 1


class Float:
    def __float__(self):
        return 1.5


class Complex:
    def __complex__(self):
        return 2j


class MyInt(int):
    pass


class MyStr(str):
    __slots__ = ()


class MyDate(date):
    pass


@pytest.mark.parametrize(
    ("coltype", "value", "expected"),
    [
        ("int32", True, 1),
        ("int32", np.int8(-5), -5),
        ("int64", Index(), 1),
        ("int64", MyInt(7), 7),
        ("float64", 3, 3.0),
        ("float64", decimal.Decimal("1.5"), 1.5),
        ("float64", Fraction(1, 4), 0.25),
        ("float64", np.float32(0.5), 0.5),
        ("float64", Index(), 1.0),
        ("float64", Float(), 1.5),
        ("float32", 0.1, float(np.float32(0.1))),
        ("float32", 1e300, inf),
        ("float32", -1e300, -inf),
        ("number", True, 1),
        ("number", np.float64(0.5), 0.5),
        ("complex64", 1, 1 + 0j),
        ("complex64", Complex(), 2j),
        ("complex64", Float(), 1.5 + 0j),
        ("complex32", 0.1 + 1e300j, complex(np.float32(0.1), inf)),
        ("bool", 1, True),
        ("bool", np.int64(0), False),
        ("bool", Index(), True),
        ("date", datetime(2020, 1, 2, 3, tzinfo=ZoneInfo("Asia/Tokyo")), date(2020, 1, 2)),
        ("date", MyDate(2020, 1, 2), date(2020, 1, 2)),
        ("datetime", datetime(2020, 1, 1, tzinfo=timezone(timedelta(0), "zero")), datetime(2020, 1, 1, tzinfo=UTC)),
        ("datetime", datetime(2020, 1, 1, tzinfo=ZoneInfo("Europe/London")), datetime(2020, 1, 1, tzinfo=UTC)),
        ("time", time(1, tzinfo=ZoneInfo("UTC")), time(1, tzinfo=UTC)),
        ("ascii", b"abc", "abc"),
        ("ascii", MyStr("x"), "x"),
        ("json", (1, (2,)), [1, [2]]),
        ("json", {1: 2, None: 3, False: 4, 1.5: 5}, {"1": 2, "null": 3, "false": 4, "1.5": 5}),
        ("json", MyStr("x"), "x"),
        ("json", [10**30, 1e-7, inf], [10**30, 1e-7, inf]),
        ("json", "[1]", "[1]"),
        ("parsed:int32", " 007\t", 7),
        ("parsed:int64", b"-12", -12),
        ("parsed:int64", 3.9, 3),
        ("parsed:float64", " 1e3 ", 1000.0),
        ("parsed:float32", b"0.1", float(np.float32(0.1))),
        ("parsed:complex64", "1+2j", 1 + 2j),
        ("parsed:complex64", b"3", 3 + 0j),
        ("parsed:complex32", 0.5, 0.5 + 0j),
        ("parsed:number", "42", 42),
        ("parsed:number", "42.0", 42.0),
        ("parsed:number", "9" * 200, int("9" * 200)),
        ("parsed:number", decimal.Decimal("1.5"), 1),
        ("parsed:number", "inf", inf),
        ("parsed:number", 1.5, 1.5),
        ("parsed:json", '{"a": [1]}', {"a": [1]}),
        ("parsed:json", [1], [1]),
    ],
)
def test_accepted_values(coltype, value, expected):
    (result,) = stored(coltype, value)
    assert same(result, expected)


def circular():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("coltype", "value", "error"),
    [
        *((name, bad, TypeError) for name in ("int32", "int64") for bad in (1.0, "1", b"1", 1j, [], date(1, 1, 1))),
        ("int32", 2**31, OverflowError),
        ("int32", -(2**31) - 1, OverflowError),
        ("int64", 2**63, OverflowError),
        ("int64", -(2**63) - 1, OverflowError),
        *((name, bad, TypeError) for name in ("float32", "float64") for bad in ("1", 1j, [], b"1")),
        ("float64", 10**400, OverflowError),
        ("float32", 10**400, OverflowError),
        *(("number", bad, ValueError) for bad in ("1", np.int64(1), decimal.Decimal(1), 1j, [], Index())),
        ("number", 2**1007, OverflowError),
        ("number", -(2**1007), OverflowError),
        pytest.param("number", 2**20000, OverflowError, id="number-huge"),
        ("complex64", "1j", TypeError),
        ("complex32", [], TypeError),
        ("complex64", 10**400, OverflowError),
        *(("bool", bad, OverflowError) for bad in (2, -1, 2**70, np.int8(3))),
        *(("bool", bad, TypeError) for bad in (1.0, "1", "", [])),
        *(("date", bad, ValueError) for bad in ("2020-01-01", 0, time())),
        *(("datetime", bad, ValueError) for bad in (date(2020, 1, 1), 0, "", time())),
        ("datetime", datetime(2020, 7, 1, tzinfo=ZoneInfo("Europe/London")), ValueError),
        ("datetime", datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=1))), ValueError),
        *(("time", bad, ValueError) for bad in (datetime(2020, 1, 1), 0)),
        ("time", time(1, tzinfo=ZoneInfo("Europe/London")), ValueError),
        *(("bytes", bad, TypeError) for bad in ("x", bytearray(b"x"), memoryview(b"x"), 1)),
        *(("ascii", bad, TypeError) for bad in (1, bytearray(b"x"))),
        *(("ascii", bad, ValueError) for bad in ("ä", b"\x80", b"abcdefgh\xff", "€", "\x80")),
        *(("unicode", bad, TypeError) for bad in (b"x", 1)),
        *(("unicode", bad, UnicodeEncodeError) for bad in ("\ud800", "a\udfffb", "😀\udc00")),
        *(("json", bad, TypeError) for bad in (b"x", {1}, np.int64(1), {(1,): 2}, object())),
        ("json", circular(), ValueError),
        ("json", ["\ud800"], UnicodeEncodeError),
        ("json", {"\ud800": 1}, UnicodeEncodeError),
        ("pickle", (i for i in ()), TypeError),
        ("parsed:int32", "1.0", ValueError),
        ("parsed:int32", "2147483648", OverflowError),
        ("parsed:int64", nan, ValueError),
        ("parsed:int64", inf, OverflowError),
        ("parsed:int64", [], TypeError),
        ("parsed:float64", "x", ValueError),
        ("parsed:float64", [], TypeError),
        ("parsed:complex64", "x", ValueError),
        ("parsed:complex64", b"\xff", ValueError),
        ("parsed:complex64", [], TypeError),
        ("parsed:number", "x", ValueError),
        ("parsed:number", [], ValueError),
        ("parsed:number", 2**1007, OverflowError),
        ("parsed:json", "{", ValueError),
        ("parsed:json", b"1", TypeError),
    ],
)
def test_refused_values(coltype, value, error):
    builder = ColumnBuilder(coltype, name="the column", where="dev-1/set")
    with pytest.raises(error) as raised:
        builder.write(value)
    told = "\n".join([str(raised.value), *getattr(raised.value, "__notes__", [])])
    for part in ("'the column'", f"type {coltype}", "row 1", "dev-1/set"):
        assert part in told
    assert builder.count == 0
    assert builder.layout in {"plain", "none"}


def test_local_objects_are_refused_as_by_pickle():
    with pytest.raises((pickle.PicklingError, AttributeError)):
        ColumnBuilder("pickle").write(lambda: 0)


def test_an_error_of_the_value_itself_comes_through():
    class Bad:
        def __index__(self):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ColumnBuilder("int64").write(Bad())


@pytest.mark.parametrize("value", ["x" * 1000, [1] * 1000])
def test_long_values_are_shortened_in_messages(value):
    with pytest.raises(TypeError) as raised:
        ColumnBuilder("int64").write(value)
    assert len(str(raised.value)) < 250


def test_values_whose_repr_fails_are_named_by_type():
    class Bad:
        def __repr__(self):
            raise RuntimeError

    with pytest.raises(TypeError, match="<Bad>"):
        ColumnBuilder("int64").write(Bad())


# ---- None and defaults ----


@pytest.mark.parametrize("coltype", sorted(VALUES))
def test_none(coltype):
    if coltype in {"json", "pickle"}:
        assert stored(coltype, None) == [None]
    else:
        with pytest.raises(ValueError):
            ColumnBuilder(coltype).write(None)
    assert stored(coltype, None, none_support=True) == [None]


@pytest.mark.parametrize(
    ("coltype", "default", "bad", "expected"),
    [
        ("int32", 5, "x", 5),
        ("int32", 5, 2**40, 5),
        ("parsed:int64", "6", "x", 6),
        ("float64", 1, "x", 1.0),
        ("float32", 0.1, "x", float(np.float32(0.1))),
        ("number", 2**80, "x", 2**80),
        ("complex64", 1j, "x", 1j),
        ("bool", 1, 7, True),
        ("date", date(1, 1, 1), 0, date(1, 1, 1)),
        ("datetime", datetime(1, 1, 1, fold=1), 0, datetime(1, 1, 1, fold=1)),
        ("time", time(1, tzinfo=UTC), 0, time(1, tzinfo=UTC)),
        ("ascii", b"dd", "ä", "dd"),
        ("unicode", "däd", "\ud800", "däd"),
        ("bytes", b"", 0, b""),
        ("json", [1], {2}, [1]),
        ("json", None, {2}, None),
        ("parsed:json", "[1]", "{", [1]),
    ],
)
def test_default_replaces_what_cannot_be_stored(coltype, default, bad, expected):
    results = stored(coltype, bad, bad, default=default)
    assert all(same(result, expected) for result in results)
    hashed = coltype.removeprefix("parsed:")
    if hashed != "json":
        assert ColumnBuilder(coltype, default=default).hash(bad) == hash_value(hashed, expected)


def test_default_for_none():
    assert stored("int64", None, 1, default=5) == [5, 1]
    assert stored("int64", None, "x", default=5, none_support=True) == [None, 5]
    assert stored("int64", "x", default=None, none_support=True) == [None]
    assert stored("json", None, default=[1]) == [None]
    assert stored("json", None, default=[1], none_support=True) == [None]


def test_default_takes_part_in_min_and_max():
    builder = ColumnBuilder("int64", default=-3)
    builder.write(1)
    assert builder.min == 1
    builder.write("x")
    assert (builder.min, builder.max) == (-3, 1)


def test_unset_is_no_default():
    with pytest.raises(TypeError):
        ColumnBuilder("int64", default=UNSET).write("x")


@pytest.mark.parametrize(
    ("coltype", "default", "error"),
    [
        ("int64", None, ValueError),
        ("int64", "x", TypeError),
        ("int32", 2**31, OverflowError),
        ("parsed:int64", "x", ValueError),
        ("ascii", "ä", ValueError),
        ("pickle", 1, AssertionError),
        ("pickle", None, AssertionError),
        ("json", {1}, TypeError),
    ],
)
def test_default_is_checked_at_once(coltype, default, error):
    with pytest.raises(error):
        ColumnBuilder(coltype, default=default)


def test_default_does_not_hide_other_errors():
    class Bad:
        def __index__(self):
            raise KeyError

    with pytest.raises(KeyError):
        ColumnBuilder("int64", default=1).write(Bad())


# ---- layouts ----


@pytest.mark.parametrize(
    ("coltype", "batches", "layouts"),
    [
        ("number", [[None], [1], [1.5], [1]], ["none", "int", "exact", "exact"]),
        ("number", [[1], [-(2**53)], [2**53 + 1], [1]], ["int", "int", "long", "long"]),
        ("number", [[1.5, 2**53], [-(2**53) - 1], [1.5]], ["exact", "mixed", "mixed"]),
        ("number", [[2**53 + 1], [1.5]], ["long", "mixed"]),
        ("number", [[1.5, None], [2.5]], ["float", "float"]),
        ("number", [[1, 1.5]], ["exact"]),
        ("number", [[2**63 - 1, 1.5]], ["mixed"]),
        ("number", [[2**63]], ["mixed"]),
        ("number", [[1.5], [1]], ["float", "exact"]),
        ("datetime", [[None], [datetime(2000, 1, 1)]], ["none", "naive"]),
        ("datetime", [[datetime(2000, 1, 1, tzinfo=UTC)], [None]], ["utc", "utc"]),
        ("datetime", [[datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1)]], ["flags"]),
        ("datetime", [[datetime(2000, 1, 1, fold=1)]], ["flags"]),
        ("datetime", [[datetime(2000, 1, 1)], [datetime(2000, 1, 1, tzinfo=UTC)]], ["naive", "flags"]),
        ("time", [[time(1)], [time(1, fold=1)]], ["naive", "flags"]),
        ("time", [[time(1, tzinfo=UTC)]], ["flags"]),
        ("int64", [[None], [1]], ["plain", "plain"]),
    ],
)
def test_layouts_widen_and_never_narrow(coltype, batches, layouts):
    builder = ColumnBuilder(coltype, True)
    for values, layout in zip(batches, layouts, strict=True):
        for value in values:
            builder.write(value)
        assert builder.layout == layout
        assert all(map(same, read(coltype, pa.array(builder.take())), values))


def test_a_value_rolled_back_does_not_widen():
    builder = ColumnBuilder("number")
    builder.write(1)
    builder.write(1.5)
    assert builder.layout == "exact"
    builder.rollback(1)
    assert builder.layout == "int"
    assert pa.array(builder.take()) == pa.array([1])


def test_plain_arrow_types():
    expected = {
        "ascii": pa.string(),
        "bool": pa.bool_(),
        "bytes": pa.binary(),
        "complex32": pa.struct([("re", pa.float32()), ("im", pa.float32())]),
        "date": pa.date32(),
        "datetime": pa.timestamp("us"),
        "float32": pa.float32(),
        "float64": pa.float64(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "number": pa.int64(),
        "time": pa.time64("us"),
        "unicode": pa.string(),
    }
    for coltype, kind in expected.items():
        assert pa.array(ColumnBuilder(coltype).take()).type == kind


def test_json_is_compact_text_with_the_arrow_mark():
    builder = ColumnBuilder("json")
    builder.write({"b": "ä", "a": [1, None]})
    schema, array = builder.take().__arrow_c_array__()
    array = pa.Array._import_from_c_capsule(schema, array)
    text = array.storage if isinstance(array, pa.ExtensionArray) else array
    assert text.to_pylist() == ['{"b":"ä","a":[1,null]}']


@relaxed
@given(VALUES["json"] | st.text() | st.lists(st.floats() | st.text(max_size=3)))
def test_json_text_is_that_of_the_json_module(value):
    builder = ColumnBuilder("json")
    expected = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        expected.encode()
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            builder.write(value)
        return
    builder.write(value)
    array = pa.array(builder.take())
    text = array.storage if isinstance(array, pa.ExtensionArray) else array
    assert text.to_pylist() == [None if value is None else expected]


def test_deep_json():
    value = 1
    for _ in range(300):
        value = [value]
    assert stored("json", value) == [value]


# ---- min and max ----


@pytest.mark.parametrize(
    ("coltype", "values", "low", "high"),
    [
        ("int64", [3, -1, 2], -1, 3),
        ("int32", [5], 5, 5),
        ("float64", [nan, 1.5, -inf, nan], -inf, 1.5),
        ("float64", [nan, nan], nan, nan),
        ("float64", [0.0, -0.0], 0.0, 0.0),
        ("float64", [-0.0, 0.0], -0.0, -0.0),
        ("float32", [0.1, inf], float(np.float32(0.1)), inf),
        ("number", [1, 1.0], 1, 1),
        ("number", [1.0, 1], 1.0, 1.0),
        ("number", [2**63, 1e300, -BIG, 5], -BIG, 1e300),
        ("number", [2**53 + 1, float(2**53)], float(2**53), 2**53 + 1),
        ("number", [nan, 3], 3, 3),
        ("number", [nan], nan, nan),
        ("number", [inf, BIG, -inf], -inf, inf),
        ("number", [9223372036854775807, 9223372036854775808.0], 9223372036854775807, 9223372036854775808.0),
        ("bool", [True, True], True, True),
        ("bool", [True, False], False, True),
        ("date", [date(2000, 1, 1), date(1999, 1, 1)], date(1999, 1, 1), date(2000, 1, 1)),
        (
            "datetime",
            [datetime(2000, 1, 1, fold=1), datetime(2000, 1, 1, tzinfo=UTC)],
            datetime(2000, 1, 1, fold=1),
            datetime(2000, 1, 1, fold=1),
        ),
        ("time", [time(2, tzinfo=UTC), time(1), time(2)], time(1), time(2, tzinfo=UTC)),
        ("unicode", ["x"], None, None),
        ("complex64", [1j], None, None),
        ("json", [1], None, None),
        ("int64", [], None, None),
    ],
)
@pytest.mark.parametrize("none", [False, True])
@pytest.mark.parametrize("takes", [False, True])
def test_min_and_max(coltype, values, low, high, none, takes):
    builder = ColumnBuilder(coltype, none)
    for value in values:
        builder.write(value)
        if none:
            builder.write(None)
        if takes:
            builder.take()
    assert same(builder.min, low)
    assert same(builder.max, high)


@relaxed
@given(st.lists(VALUES["number"]))
def test_min_and_max_of_numbers_are_those_of_python(values):
    builder = ColumnBuilder("number")
    for value in values:
        builder.write(value)
    real = [value for value in values if not (isinstance(value, float) and math.isnan(value))]
    if real:
        assert same(builder.min, min(real))
        assert same(builder.max, max(real))


# ---- the rest ----


def test_rollback_has_limits():
    builder = ColumnBuilder("unicode")
    for value in ("a", "bä", "c"):
        builder.write(value)
    builder.rollback(2)
    assert builder.count == builder.pending == 2
    with pytest.raises(ValueError):
        builder.rollback(3)
    with pytest.raises(ValueError):
        builder.rollback(-1)
    assert stored_text(builder) == ["a", "bä"]
    with pytest.raises(ValueError):
        builder.rollback(1)
    builder.write("d")
    builder.rollback(2)
    assert builder.pending == 0


def stored_text(builder):
    return pa.array(builder.take()).to_pylist()


def test_rollback_over_none_and_flags():
    builder = ColumnBuilder("time", True)
    builder.write(time(1))
    builder.write(None)
    builder.write(time(1, fold=1))
    builder.rollback(0)
    builder.write(time(2))
    assert builder.layout == "naive"
    assert pa.array(builder.take()).to_pylist() == [time(2)]
    assert builder.has_none is False


def test_hash_column_takes_only_its_slice():
    builders = [ColumnBuilder("unicode", True, sliceno=n, slices=3) for n in range(3)]
    for value in [*EXAMPLES["unicode"], None]:
        belongs = [builder.write(value) for builder in builders]
        assert belongs == [hash_value("unicode", value) % 3 == n for n in range(3)]
    assert sum(builder.count for builder in builders) == len(EXAMPLES["unicode"]) + 1


@pytest.mark.parametrize(
    ("arguments", "keywords", "error"),
    [
        (("nonsense",), {}, ValueError),
        (("parsed:unicode",), {}, ValueError),
        ((1,), {}, ValueError),
        (("int64",), {"sliceno": 3, "slices": 3}, ValueError),
        (("int64",), {"slices": -1}, ValueError),
        (("json",), {"sliceno": 0, "slices": 1}, TypeError),
        (("int64", False, UNSET, 5), {}, TypeError),
    ],
)
def test_bad_construction(arguments, keywords, error):
    with pytest.raises(error):
        ColumnBuilder(*arguments, **keywords)


def test_json_has_no_hash():
    with pytest.raises(TypeError):
        ColumnBuilder("json").hash(1)


def test_closed():
    builder = ColumnBuilder("int64")
    builder.write(1)
    builder.close()
    with pytest.raises(DatasetUsageError):
        builder.write(2)
    assert pa.array(builder.take()).to_pylist() == [1]


def test_attributes():
    builder = ColumnBuilder("parsed:int32", True, name="n")
    assert (builder.type, builder.none_support, builder.name) == ("int32", True, "n")
    builder.write("1")
    assert builder.nbytes >= 4
    assert builder.pending == 1


def test_long_text():
    value = "ä" * 10_000_000
    assert stored("unicode", "x", value, "y") == ["x", value, "y"]


def test_a_value_that_writes_to_the_same_column():
    builder = ColumnBuilder("int64")

    class Nasty:
        def __index__(self):
            builder.write(1)
            builder.take()
            return 2

    builder.write(Nasty())
    assert pa.array(builder.take()).to_pylist() == [2]
    assert (builder.count, builder.min, builder.max) == (2, 1, 2)
