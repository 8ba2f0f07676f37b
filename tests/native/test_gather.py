"""Rows picked from columns in several arrays, against Arrow's take."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator._native import Gather

FIELDS = pa.struct([pa.field("value", pa.float64(), nullable=False), ("is_int", pa.bool_()), ("text", pa.binary())])
whole = st.integers(-100, 100)
VALUES = {
    pa.bool_(): st.booleans(),
    pa.int8(): whole,
    pa.uint16(): st.integers(0, 100),
    pa.int32(): whole,
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.date32(): st.dates(),
    pa.time64("us"): st.times(),
    pa.timestamp("us"): st.datetimes(),
    pa.timestamp("us", "UTC"): whole,
    pa.string(): st.text(max_size=40),
    pa.binary(): st.binary(max_size=40),
    FIELDS: st.fixed_dictionaries({"value": whole, "is_int": st.none() | st.booleans(), "text": st.binary(max_size=3)}),
}


def picked(columns, positions):
    return [pa.array(array) for array in Gather(columns).take(positions)]


def split(data, array):
    """Parts of an array, with offsets of their own."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(array)), max_size=4)))
    edges = [0, *cuts, len(array)]
    return [array.slice(start, stop - start) for start, stop in itertools.pairwise(edges)]


@pytest.mark.parametrize("kind", VALUES, ids=str)
@pytest.mark.parametrize("nulls", [False, True])
@given(data=st.data())
def test_rows_are_those_that_take_gives(kind, nulls, data):
    value = st.none() | VALUES[kind] if nulls else VALUES[kind]
    values = data.draw(st.lists(value, min_size=1, max_size=40))
    array = pa.array(values, kind)
    places = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=60))
    parts = split(data, array)
    dtype = data.draw(st.sampled_from([np.uint32, np.int64]))
    (got,) = picked([parts], np.array(places, dtype))

    got.validate(full=True)
    assert got.type == kind
    assert got.equals(array.take(pa.array(places, pa.int64())))


@pytest.mark.parametrize("kind", [pa.large_string(), pa.large_binary()])
def test_text_comes_out_with_32_bit_offsets(kind):
    array = pa.array(["a", None, "long " * 20, ""], kind)
    (got,) = picked([[array.slice(1), array.slice(0, 1)]], np.array([3, 1, 0, 2]))
    assert got.type == (pa.string() if kind == pa.large_string() else pa.binary())
    assert got.to_pylist() == array.take([0, 2, 1, 3]).to_pylist()


def test_several_columns_and_many_small_arrays():
    numbers, texts = pa.array(range(5000)), pa.array([str(i) * (i % 7) for i in range(5000)])
    lengths = [1 + i * i % 23 for i in range(5000)]
    columns, start = ([], []), 0
    while start < 5000:
        columns[0].append(numbers.slice(start, lengths[start]))
        columns[1].append(texts.slice(start, lengths[start]))
        start += lengths[start]
    places = np.random.default_rng(1).permutation(5000)
    rows = Gather(columns)
    assert len(rows) == 5000
    for part in (places, places[:0], places[4000:]):
        got = [pa.array(array) for array in rows.take(part)]
        assert got[0].to_pylist() == part.tolist()
        assert got[1].equals(texts.take(pa.array(part)))


@pytest.mark.parametrize("position", [3, -1, 2**40])
def test_rows_that_are_not_there(position):
    with pytest.raises(ValueError, match="no such row"):
        Gather([[pa.array([1, 2, 3])]]).take(np.array([0, position]))


def test_no_rows_at_all():
    (got,) = picked([[pa.array([], pa.string())]], np.empty(0, np.uint32))
    assert got.equals(pa.array([], pa.string()))


def test_more_text_than_an_array_can_have():
    rows = Gather([[pa.array(["x" * (1 << 20)])]])
    with pytest.raises(OverflowError):
        rows.take(np.zeros(1 << 12, np.int64))


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ([[pa.array([1]), pa.array(["a"])]], TypeError),
        ([[pa.array(["a"]).dictionary_encode()]], TypeError),
        ([[pa.array([[1]])]], TypeError),
        ([[pa.array([1])], [pa.array([1, 2])]], ValueError),
        ([[pa.array([1]), pa.array([2])], [pa.array([1, 2])]], ValueError),
        ([[]], ValueError),
    ],
)
def test_arrays_that_do_not_fit(columns, error):
    with pytest.raises(error):
        Gather(columns)


def test_positions_of_another_type():
    with pytest.raises(TypeError):
        Gather([[pa.array([1])]]).take(np.array([0.0]))
