"""Text that comes, is stored, and goes with a dictionary."""

from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator.dataset import DatasetWriter
from accelerator.dataset.commit import ColumnSpec
from accelerator.dataset.encoding import choose
from accelerator.dataset.parquet import Pending, SliceFiles
from accelerator.dataset.reader import ROWS


def shared(texts, kind=None):
    return pa.array(texts, kind or pa.string()).dictionary_encode()


def as_stored(ds, name="a"):
    """Return how many of the batches have a column with a dictionary, and its values."""
    arrays = [batch.column(name) for batch in ds.batches(0, exact="dictionaries")]
    return sum(isinstance(array.type, pa.DictionaryType) for array in arrays), [
        value for array in arrays for value in array.to_pylist()
    ]


def write(coltype, *arrays, **keywords):
    """Write arrays one after the other to a column of the first slice."""
    writer = DatasetWriter({"a": (coltype, keywords.pop("none_support", False))}, **keywords)
    for sliceno in range(3):
        writer.set_slice(sliceno)
        for array in arrays if sliceno == 0 else ():
            writer.write_batch({"a": array})
    return writer.finish()


@pytest.mark.parametrize("coltype", ["ascii", "unicode", "bytes"])
def test_stays_with_its_dictionary(job, coltype):
    texts = ["x", "yes", "", "x"] * 10
    ds = write(coltype, shared(texts, pa.binary() if coltype == "bytes" else pa.string()))
    expected = [text.encode() for text in texts] if coltype == "bytes" else texts

    assert as_stored(ds) == (1, expected)
    assert list(ds.iterate(0, "a")) == expected
    assert ds.columns["a"].min is None


def test_read_without_dictionary_unless_asked(job):
    ds = write("ascii", shared(["x"] * 10))

    assert [batch.column("a").type for batch in ds.batches(0)] == [pa.string()]
    assert [batch.column("a").type for batch in ds.batches(0, exact=True)] == [pa.string()]


def test_arrays_with_and_without_in_one_file(job):
    """Row groups by row groups, in either order, and within one."""
    plain, distinct = pa.array(["x", "y"] * (ROWS // 2)), pa.array([f"{number}" for number in range(ROWS)])
    texts = [*plain.to_pylist(), *distinct.to_pylist()]
    for number, order in enumerate(([shared(plain), distinct], [distinct, shared(plain)])):
        ds = write("ascii", *order, name=str(number))
        assert as_stored(ds)[1] == [text for array in order for text in array.to_pylist()]
    few = [shared(plain.slice(0, 10)), distinct.slice(0, 5), shared(["z"] * 4)]
    assert as_stored(write("ascii", *few))[1] == [*texts[:10], *texts[ROWS : ROWS + 5], *"zzzz"]


def test_cut_where_row_groups_end(job):
    texts = [f"{number % 7}" for number in range(ROWS + 5)]
    ds = write("ascii", shared(texts[:10]), shared(texts[10:]))

    assert as_stored(ds) == (2, texts)


def test_dictionaries_that_do_not_pay_or_are_odd(job):
    odd = {
        "mostly unused": pa.DictionaryArray.from_arrays([0, 1, 0, 1], pa.array(list("abcdef"))),
        "twice the same": pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 2, 1, 0], pa.int32()), ["a", "a", "b"]),
        "small indices": pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, 1], pa.int8()), ["a", "b"]),
        "large texts": shared(["a", "b"] * 4, pa.large_string()),
    }
    for name, array in odd.items():
        assert as_stored(write("unicode", array, name=name))[1] == array.to_pylist(), name


def test_none_with_and_without_dictionary(job):
    indices = pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 0], pa.int32()), ["a", "b"])
    texts = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1, 0], pa.int32()), ["a", None])
    for array in (indices, texts):
        ds = write("unicode", array, none_support=True, name=str(array.null_count))
        assert list(ds.iterate(0, "a")) == array.to_pylist()


@pytest.mark.parametrize(("coltype", "text"), [("unicode", b"\xff"), ("ascii", "å".encode())])
def test_what_does_not_fit_is_refused(job, coltype, text):
    array = pa.DictionaryArray.from_arrays(pa.array([0, 0, 1, 1], pa.int32()), pa.array([b"a", text]))
    with pytest.raises((TypeError, ValueError)):
        write(coltype, array)


def test_hashed_datasets(job):
    writer = DatasetWriter({"a": "ascii"}, hashlabel="a")
    split = writer.get_split_write_batch()
    split({"a": shared(["x", "y", "z"] * 10)})
    ds = writer.finish()

    assert sorted(ds.iterate(None, "a")) == sorted("xyz" * 10)


def test_other_programs_read_one_schema(job):
    """The files say nothing of dictionaries: a column is text however it came."""
    for name, array in (("plain", pa.array(["x", "y"])), ("shared", shared(["x"] * 4))):
        write("ascii", array, name=name)
        assert pq.read_schema(f"DS/{name}/0.parquet").field("a").type == pa.string()


def files_of(directory, array):
    """Write an array as one row group; return the encodings of its column."""
    files = SliceFiles(directory, 0, [ColumnSpec("a", "ascii", False, "a")])
    for group in Pending(1 << 30).add([array]):
        files.write(group)
    files.close()
    return pq.ParquetFile(files.temporary[0]).metadata.row_group(0).column(0)


@pytest.mark.parametrize(
    ("distinct", "size", "pays"), [(40, 3, True), (1_500, 20, True), (50_000, 50, False), (100_000, 10, False)]
)
def test_a_dictionary_where_it_pays(tmp_path, distinct, size, pays):
    """Values drawn evenly, of a row group; a sixteenth of them is enough to see how often each comes."""
    texts = [f"{number * 7919 % 104_729 % distinct:0{size}}" for number in range(ROWS)]
    column = files_of(tmp_path, pa.array(texts))

    assert column.has_dictionary_page == pays
    assert ("PLAIN" in column.encodings and "RLE_DICTIONARY" not in column.encodings) != pays


def test_a_dictionary_for_what_is_sorted(tmp_path):
    assert files_of(tmp_path, pa.array([f"{number // 10}" for number in range(ROWS)])).has_dictionary_page


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from("abcdefgh"), max_size=30))
def test_few_values_are_all_looked_at(values):
    chosen = choose([ColumnSpec("a", "ascii", False, "a")], [pa.array(values, pa.string())])

    assert chosen.dictionary == (["a"] if values and len(set(values)) * 4 <= len(values) else [])


def test_rows_of_a_large_dictionary(job):
    """Larger than what is kept as strings: 20 000 texts of more than 60 bytes."""
    numbers = Random(1).choices(range(20_000), k=60_000)
    texts = [f"{number} {'ö' * 30}" for number in numbers]
    ds = write("unicode", shared(texts))

    assert as_stored(ds) == (1, texts)
    assert list(ds.iterate(0, "a")) == texts
    assert [a for a, _ in ds.iterate(0, ("a", "a"))] == texts
