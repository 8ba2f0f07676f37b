import itertools
from datetime import UTC, datetime, time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accelerator._native import ColumnBuilder, Rows
from accelerator.column import COLUMN_TYPES
from accelerator.column.layout import arrow_type, join_layouts, layout_of, layout_of_type, widen

SAMPLES = {
    ("number", "int"): [1, None],
    ("number", "long"): [1, 2**53 + 1, -(2**63), None],
    ("number", "float"): [0.5, float("inf"), None],
    ("number", "exact"): [0, -0.0, 0.0, -(2**53), 2**53, 2.0**53, 1e300, None],
    ("number", "mixed"): [1, 0.5, 2**100, None],
    ("datetime", "naive"): [datetime(2000, 1, 1), None],
    ("datetime", "utc"): [datetime(2000, 1, 1, tzinfo=UTC), None],
    ("datetime", "flags"): [datetime(2000, 1, 1, fold=1), datetime(2000, 1, 1, tzinfo=UTC), None],
    ("time", "naive"): [time(1), None],
    ("time", "flags"): [time(1, fold=1), time(1, tzinfo=UTC), None],
    ("number", "none"): [None],
    ("datetime", "none"): [None],
    ("time", "none"): [None],
}


def made(coltype, values):
    builder = ColumnBuilder(coltype, True)
    for value in values:
        builder.write(value)
    return builder.layout, pa.array(builder.take())


def described(values):
    return [(repr(value), type(value), getattr(value, "fold", 0), getattr(value, "tzinfo", None)) for value in values]


def read(coltype, array):
    return list(Rows([pa.RecordBatch.from_arrays([array], ["x"])], [coltype], True))


@pytest.mark.parametrize(("coltype", "layout"), SAMPLES)
def test_layouts_are_named_as_the_kernel_names_them(coltype, layout):
    named, array = made(coltype, SAMPLES[coltype, layout])
    assert named == layout_of(coltype, array) == layout
    assert array.type == arrow_type(coltype, layout)


@pytest.mark.parametrize("coltype", COLUMN_TYPES)
def test_first_layout_is_that_of_an_empty_builder(coltype):
    layout, array = made(coltype, [])
    assert array.type == arrow_type(coltype) == arrow_type(coltype, layout)
    assert layout_of_type(coltype, array.type) in {"plain", "long", "naive"}


@pytest.mark.parametrize(
    ("coltype", "layouts", "joined"),
    [
        ("number", [], "none"),
        ("number", ["none"], "none"),
        ("number", ["none", "float", "float"], "float"),
        ("number", ["int", "float"], "exact"),
        ("number", ["int", "exact", "float", "none"], "exact"),
        ("number", ["int", "long"], "long"),
        ("number", ["long", "float"], "mixed"),
        ("number", ["long", "exact"], "mixed"),
        ("number", ["mixed", "int"], "mixed"),
        ("datetime", ["naive", "utc"], "flags"),
        ("datetime", ["utc", "none"], "utc"),
        ("time", ["naive", "flags"], "flags"),
        ("int64", [], "plain"),
        ("int64", ["plain", "plain"], "plain"),
    ],
)
def test_join(coltype, layouts, joined):
    assert join_layouts(coltype, layouts) == joined
    assert join_layouts(coltype, reversed(layouts)) == joined


@pytest.mark.parametrize(
    ("one", "other"), [pair for pair in itertools.permutations(SAMPLES, 2) if pair[0][0] == pair[1][0]]
)
def test_widening_keeps_the_values(one, other):
    coltype = one[0]
    values = SAMPLES[one]
    _, array = made(coltype, values)
    layout = join_layouts(coltype, [one[1], other[1]])
    wide = widen(coltype, array, layout)
    wide.validate(full=True)
    assert wide.type == arrow_type(coltype, layout)
    assert described(read(coltype, wide)) == described(values)
    half = widen(coltype, array[len(values) - 1 :], layout)
    assert described(read(coltype, half)) == described(values[-1:])
    assert widen(coltype, wide, layout) is wide


def test_values_are_not_squeezed():
    with pytest.raises((TypeError, KeyError)):
        widen("number", pa.array([1]), "float")
    with pytest.raises((TypeError, KeyError)):
        widen("datetime", pa.array([datetime(2000, 1, 1)], pa.timestamp("us")), "utc")


def test_dictionaries_and_marked_text():
    array = pa.array(["x", None]).dictionary_encode()
    assert layout_of("unicode", array) == "plain"
    assert widen("unicode", array, "plain") == pa.array(["x", None])
    text = pa.array(["{}"])
    assert layout_of("json", text) == "plain"
    assert read("json", widen("json", text, "plain")) == [{}]


def test_types_that_are_not_stored():
    for coltype, kind in [("int64", pa.int32()), ("unicode", pa.large_string()), ("datetime", pa.timestamp("ns"))]:
        with pytest.raises(TypeError, match=coltype):
            layout_of_type(coltype, kind)


@pytest.mark.parametrize(("coltype", "layout"), SAMPLES)
def test_layouts_survive_parquet(tmp_path, coltype, layout):
    values = SAMPLES[coltype, layout]
    _, array = made(coltype, values)
    pq.write_table(pa.table({"x": array}), tmp_path / "x.parquet")
    (back,) = pq.read_table(tmp_path / "x.parquet").column(0).chunks
    assert layout_of(coltype, back) == layout
    assert described(read(coltype, back)) == described(values)
