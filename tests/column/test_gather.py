"""Rows of record batches in another order."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from accelerator.column.gather import Gathered


def test_long_rows_side_by_side_are_more_than_an_array_can_have():
    long = 1 << 28
    rows = Gathered([pa.record_batch({"t": ["x" * long]}), pa.record_batch({"t": [""] * 100_000})])

    lengths = []
    for batch in rows.batches(np.zeros(9, np.uint32)):
        assert batch.schema == rows.schema
        lengths += [len(value.as_buffer()) for value in batch.column("t")]
    assert lengths == [long] * 9


texts = st.sampled_from(["", "a", "å and more", "b" * 30])


@given(parts=st.lists(st.lists(texts, min_size=1, max_size=12), min_size=1, max_size=4), data=st.data())
def test_text_with_dictionaries_comes_out_with_those_of_its_rows(parts, data):
    every = [value for part in parts for value in part]
    kinds = data.draw(st.lists(st.sampled_from(["shared", "plain", "spare"]), min_size=len(parts), max_size=len(parts)))
    batches = []
    for part, kind in zip(parts, kinds, strict=True):
        array = pa.array(part)
        if kind == "spare":  # texts that no row has
            found = pa.array(["no row", *part]).dictionary_encode()
            array = pa.DictionaryArray.from_arrays(found.indices.slice(1), found.dictionary)
        elif kind == "shared":
            array = array.dictionary_encode()
        batches.append(pa.record_batch([array, pa.array(range(len(part)))], names=["t", "n"]))
    places = data.draw(st.lists(st.integers(0, len(every) - 1), max_size=40))
    rows = Gathered(batches)
    got = list(rows.batches(np.array(places, np.uint32)))

    assert [value for batch in got for value in batch.column(0).to_pylist()] == [every[place] for place in places]
    for batch in got:
        texts = batch.column(0)
        if "plain" in kinds:
            assert batch.schema == rows.schema
        elif isinstance(texts.type, pa.DictionaryType):
            assert sorted(texts.dictionary.to_pylist()) == sorted(set(texts.to_pylist()))
            assert len(texts.dictionary) * 2 <= len(texts)


def test_texts_that_repeat_themselves_keep_a_dictionary_and_none_does_not():
    array = pa.array(["a", "b", "a", "a"]).dictionary_encode()
    (batch,) = Gathered([pa.record_batch({"t": array})]).batches(np.array([3, 2, 1, 0]))
    assert isinstance(batch.column(0).type, pa.DictionaryType)
    with_none = pa.array(["a", None, "a", "a"]).dictionary_encode()
    (batch,) = Gathered([pa.record_batch({"t": with_none})]).batches(np.array([1, 0, 2, 3]))
    assert batch.column(0).equals(pa.array([None, "a", "a", "a"]))
