"""Order of rows against Python's stable sort."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator._native import row_order

KINDS = {
    pa.int8(): st.integers(-128, 127),
    pa.int32(): st.integers(-3, 3) | st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.sampled_from([0.0, -0.0, 1.5, float("inf"), -float("inf")]) | st.floats(allow_nan=False),
    # Equal beginnings, and zeros at the end, which are not the same as nothing.
    pa.binary(): st.builds(bytes.__add__, st.sampled_from([b"", b"1234567", b"12345678" * 4]), st.binary(max_size=9)),
    pa.large_binary(): st.lists(st.sampled_from([b"\0", b"a", b"\xff"]), max_size=17).map(b"".join),
}


def positions(arrays, descending=False):
    return pa.array(row_order(arrays, descending)).to_pylist()


@given(data=st.data(), descending=st.booleans())
def test_order_is_that_of_python(data, descending):
    kinds = data.draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=3))
    few = data.draw(st.booleans())
    count = data.draw(st.integers(0, 60))
    columns = []
    for kind in kinds:
        value = st.sampled_from(data.draw(st.lists(KINDS[kind], min_size=1, max_size=3))) if few else KINDS[kind]
        columns.append(data.draw(st.lists(value, min_size=count, max_size=count)))
    # Slices have offsets of their own.
    arrays = [pa.array([*col[:1], *col], kind).slice(1 if col else 0) for kind, col in zip(kinds, columns, strict=True)]
    rows = list(zip(*columns, strict=True)) if count else []
    assert positions(arrays, descending) == sorted(range(count), key=lambda i: rows[i], reverse=descending)


@pytest.mark.parametrize("count", [25, 5000, 50_000])
@pytest.mark.parametrize("descending", [False, True])
def test_many_rows(count, descending):
    rng = np.random.default_rng(count)
    numbers = rng.integers(-(2**63), 2**63 - 1, count)
    texts = [b"user%06d" % number for number in rng.integers(0, count // 5, count)]
    floats = rng.normal(size=count).round(1)
    for arrays, rows in (
        ([numbers], numbers.tolist()),
        ([texts, numbers % 10], list(zip(texts, (numbers % 10).tolist(), strict=True))),
        ([floats, texts], list(zip(floats.tolist(), texts, strict=True))),
    ):
        given = [pa.array(array, pa.binary()) if array is texts else pa.array(array) for array in arrays]
        assert positions(given, descending) == sorted(range(count), key=rows.__getitem__, reverse=descending)


def test_long_texts_that_differ_at_the_end():
    texts = [b"x" * (100_000 - number % 3) + bytes([number % 5]) for number in range(50)]
    assert positions([pa.array(texts)]) == sorted(range(50), key=texts.__getitem__)
    texts = [b"y" * number for number in range(2000)]
    assert positions([pa.array(texts)], descending=True) == list(range(1999, -1, -1))


@pytest.mark.parametrize(
    ("arrays", "error"),
    [
        ([], ValueError),
        ([pa.array([1]), pa.array([1, 2])], ValueError),
        ([pa.array(["a"])], TypeError),
        ([pa.array([True])], TypeError),
        ([pa.array([b"a"]).dictionary_encode()], TypeError),
    ],
)
def test_arrays_that_do_not_fit(arrays, error):
    with pytest.raises(error):
        row_order(arrays, False)
