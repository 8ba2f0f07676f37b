"""Damaged files: an error that names dataset, column, slice and file; never other values, through no door."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from accelerator.dataset import Dataset, DatasetWriter
from accelerator.error import DatasetCorruptError, DatasetError

ROWS = [(n, None if n % 5 == 0 else n / 2, f"text {n % 3}") for n in range(40)]


@pytest.fixture
def small(current_job):
    """A dataset of one slice, in one file."""
    current_job(slices=1)
    writer = DatasetWriter({"i": "int64", "n": ("number", True), "t": "unicode"})
    writer.set_slice(0)
    for row in ROWS:
        writer.write(*row)
    return writer.finish()


def file_of(dataset):
    return next(Path(dataset.job.path, "DS", dataset.name).glob("*.parquet"))


def end_of_data(file, group=0, column=0):
    """Position of the last byte of the values of a column in a row group."""
    chunk = pq.read_metadata(file).row_group(group).column(column)
    first = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
    return first + chunk.total_compressed_size - 1


def flip(file, position):
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(data)


def rows(dataset):
    return list(dataset.iterate(0))


def by_batches(dataset):
    table = dataset.to_arrow()
    return list(zip(*(table.column(name).to_pylist() for name in "int"), strict=True))


def by_stream(dataset):
    import polars

    return polars.DataFrame(dataset.arrow).rows()


def by_sql(dataset):
    return dataset.sql("select i, n, t from ds order by i").fetchall()


def by_scan(dataset):
    return dataset.scan().select("i", "n", "t").collect().rows()


DOORS = [rows, by_batches, by_stream, by_sql, by_scan]


@pytest.mark.parametrize("door", DOORS)
def test_every_door_gives_the_values(small, door):
    assert door(small) == ROWS


@pytest.mark.slow
@pytest.mark.parametrize("door", [rows, by_batches, by_sql])
def test_no_flipped_bit_gives_other_values(small, door):
    """Each bit of the data in turn, by rows; for the slower doors and the footer, which has a digest, one in some."""
    file = file_of(small)
    good = file.read_bytes()
    refused = 0
    footer = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
    tried = 0
    for position in range(0, len(good), {rows: 1, by_batches: 2, by_sql: 11}[door]):
        for bit in range(8) if door is rows and position < footer else [position % 8]:
            tried += 1
            damaged = bytearray(good)
            damaged[position] ^= 1 << bit
            file.write_bytes(damaged)
            try:
                got = door(small)
            except Exception:  # noqa: BLE001 - each library has its own; that rows raise ours is tested below
                refused += 1
            else:
                assert got == ROWS, f"bit {bit} of byte {position}"
    assert refused > tried // 2
    file.write_bytes(good)
    assert door(small) == ROWS


@pytest.mark.parametrize("door", [rows, by_batches])
@pytest.mark.parametrize("damage", ["page", "footer", "truncated", "longer", "empty", "missing", "another"])
def test_errors_name_dataset_column_slice_and_file(small, door, damage):
    file = file_of(small)
    good = file.read_bytes()
    if damage == "page":
        flip(file, end_of_data(file))
    elif damage == "missing":
        file.unlink()
    elif damage == "another":
        other = DatasetWriter({"i": "int64", "n": ("number", True), "t": "unicode"}, name="other")
        other.set_slice(0)
        for number, decimal, text in ROWS:
            other.write(number + 1, decimal, text)
        file.write_bytes(file_of(other.finish()).read_bytes())
    else:
        file.write_bytes({
            "footer": good[:-20] + bytes([good[-20] ^ 1]) + good[-19:],
            "truncated": good[:-100],
            "longer": good + b"x",
            "empty": b"",
        }[damage])  # fmt: skip
    with pytest.raises(DatasetCorruptError) as caught:
        door(small)
    text = str(caught.value)
    assert "test1-0/default slice 0" in text
    assert str(file) in text
    if door is rows:
        for name in "int":
            assert repr(name) in text
    assert isinstance(caught.value, DatasetError)


def test_only_the_damaged_slice_and_column_are_lost(current_job):
    current_job(slices=2)
    writer = DatasetWriter({"a": "int64", "b": "unicode"})
    write = writer.get_split_write()
    for number in range(1000):
        write(number, f"long text that is not like any other: {number * 7919}")
    dataset = writer.finish()
    file = Path(dataset.job.path, "DS/default/0.parquet")
    flip(file, end_of_data(file, column=1))
    assert list(dataset.iterate(1)) == [
        (n, f"long text that is not like any other: {n * 7919}") for n in range(1, 1000, 2)
    ]
    assert list(dataset.iterate(0, "a")) == list(range(0, 1000, 2))
    with pytest.raises(DatasetCorruptError, match="slice 0 column 'b'"):
        list(dataset.iterate(None, "b"))


def test_ranges_read_only_what_they_need(current_job):
    """Row groups outside a range are not read: damage in them is not seen."""
    current_job(slices=1)
    writer = DatasetWriter({"a": "int64"})
    writer.set_slice(0)
    writer.write_batch({"a": list(range(400_000))})
    dataset = writer.finish()
    file = file_of(dataset)
    flip(file, end_of_data(file, group=1))
    with pytest.raises(DatasetCorruptError):
        list(dataset.iterate(0, "a"))
    assert list(dataset.iterate(0, "a", range={"a": (399_990, None)})) == list(range(399_990, 400_000))
    assert list(dataset.iterate(0, "a", slice=slice(0, 10))) == list(range(10))
    assert dataset.to_arrow("a", range={"a": (0, 5)}).column("a").to_pylist() == [0, 1, 2, 3, 4]
    assert isinstance(dataset, Dataset)
