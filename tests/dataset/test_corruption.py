"""Damaged files: an error that names dataset, column, slice and file; never other values, through no door."""

import os
from pathlib import Path

import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accelerator.dataset import Dataset, DatasetList, DatasetWriter
from accelerator.error import DatasetCorruptError, DatasetError

NIGHTLY = bool(os.environ.get("ACCELERATOR_NIGHTLY"))
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


def by_columns(dataset):
    return list(zip(*(list(dataset.iterate(None, name)) for name in "int"), strict=True))


def from_table(table):
    return list(zip(*(table.column(name).to_pylist() for name in "int"), strict=True))


def by_batches(dataset):
    return [row for batch in dataset.batches(0, ["i", "n", "t"]) for row in from_table(batch)]


def by_exact_batches(dataset):
    return [row for batch in dataset.batches(None, exact=True) for row in from_table(batch)]


def by_table(dataset):
    return from_table(dataset.to_arrow())


def by_stream(dataset):
    return from_table(pa.table(dataset.arrow))


def by_own_stream(dataset):
    return from_table(pa.RecordBatchReader.from_stream(dataset).read_all())


def by_polars(dataset):
    return polars.DataFrame(dataset.arrow).rows()


def by_sql(dataset):
    return dataset.sql("select i, n, t from ds order by i").fetchall()


def by_sql_stream(dataset):
    """DuckDB gets a stream of a list whose datasets do not store a column alike, not their files."""
    other = dataset.job.dataset("other")
    return dataset.sql(
        "select i, n, t from b where t is not null order by i", b=DatasetList([dataset, other])
    ).fetchall()


def by_scan(dataset):
    return dataset.scan().select("i", "n", "t").collect().rows()


def by_filtered_scan(dataset):
    return dataset.scan().filter(polars.col("i") >= 0).select("i", "n", "t").collect().rows()


# How many bytes apart the bits are that are tried, one a byte. What costs more is tried less, except at night.
DOORS = {
    rows: 1,
    by_columns: 5,
    by_batches: 3,
    by_exact_batches: 5,
    by_table: 5,
    by_stream: 5,
    by_own_stream: 5,
    by_polars: 7,
    by_sql: 31,
    by_sql_stream: 31,
    by_scan: 7,
    by_filtered_scan: 7,
}
# These end in another library, which puts the text of our error into its own.
FOREIGN = {by_stream, by_own_stream, by_polars, by_sql, by_sql_stream, by_scan, by_filtered_scan}


@pytest.fixture
def doors(small):
    """The dataset with its twin, in which a column is stored in another layout and no text is."""
    writer = DatasetWriter({"i": "int64", "n": ("number", True), "t": ("unicode", True)}, name="other")
    writer.set_slice(0)
    writer.write(-1, 1, None)
    writer.finish()
    return small


@pytest.mark.parametrize("door", DOORS)
def test_every_door_gives_the_values(doors, door):
    assert door(doors) == ROWS


@pytest.mark.slow
@pytest.mark.timeout(3600 if NIGHTLY else 120)
@pytest.mark.parametrize("door", DOORS)
def test_no_flipped_bit_gives_other_values(doors, door):
    """Each bit of the file in turn at night; otherwise one of each byte, or one of each few."""
    file = file_of(doors)
    good = file.read_bytes()
    refused = tried = 0
    for position in range(0, len(good), 1 if NIGHTLY else DOORS[door]):
        for bit in range(8) if NIGHTLY else [(position // DOORS[door]) % 8]:
            tried += 1
            damaged = bytearray(good)
            damaged[position] ^= 1 << bit
            file.write_bytes(damaged)
            try:
                got = door(doors)
            except DatasetCorruptError as error:
                check_text(error, file)
                refused += 1
            except Exception:
                if door not in FOREIGN:
                    raise
                refused += 1
            else:
                assert got == ROWS, f"bit {bit} of byte {position}"
    assert refused > tried // 2
    file.write_bytes(good)
    assert door(doors) == ROWS


def check_text(error, file):
    assert "test1-0/default slice 0" in str(error)
    assert str(file) in str(error)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("damage", ["page", "footer", "truncated", "missing"])
def test_errors_of_every_door_name_the_file(doors, door, damage):
    file = file_of(doors)
    spoil(file, damage)
    with pytest.raises(Exception, match=r"damaged|integrity") as caught:
        door(doors)
    assert door in FOREIGN or type(caught.value) is DatasetCorruptError
    # DuckDB reads the pages of a file by pyarrow, which checks them but cannot say where it was.
    if door is not by_sql or damage != "page":
        check_text(caught.value, file)


def spoil(file, damage):
    if damage == "page":
        flip(file, end_of_data(file))
    elif damage == "missing":
        file.unlink()
    else:
        good = file.read_bytes()
        file.write_bytes({
            "footer": good[:-20] + bytes([good[-20] ^ 1]) + good[-19:],
            "truncated": good[:-100],
            "longer": good + b"x",
            "empty": b"",
        }[damage])  # fmt: skip


@pytest.mark.parametrize("door", [rows, by_batches])
@pytest.mark.parametrize("damage", ["page", "footer", "truncated", "longer", "empty", "missing", "another"])
def test_errors_name_dataset_column_slice_and_file(small, door, damage):
    file = file_of(small)
    if damage == "another":
        other = DatasetWriter({"i": "int64", "n": ("number", True), "t": "unicode"}, name="other")
        other.set_slice(0)
        for number, decimal, text in ROWS:
            other.write(number + 1, decimal, text)
        file.write_bytes(file_of(other.finish()).read_bytes())
    else:
        spoil(file, damage)
    with pytest.raises(DatasetCorruptError) as caught:
        door(small)
    check_text(caught.value, file)
    if door is rows:
        for name in "int":
            assert repr(name) in str(caught.value)
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
