"""Other data frame libraries take datasets through ``ds.arrow``, and what they hold can be written back."""

from datetime import UTC, date, datetime, time

import duckdb
import narwhals
import pandas
import polars
import pyarrow as pa
import pytest

from accelerator.dataset import DatasetList, DatasetWriter

COLUMNS = {
    "b": ("bool", True),
    "d": ("date", True),
    "f": ("float64", True),
    "i": ("int64", True),
    "m": ("datetime", True),
    "n": ("number", True),
    "o": ("time", True),
    "r": ("bytes", True),
    "s": ("unicode", True),
}
# By name of the column.
ROWS = [
    (True, date(1999, 12, 31), 0.5, -(2**63), datetime(2013, 1, 1, 5, 15), 1, time(1, 2, 3, 4), b"\0\xff", "å\0€😀"),
    (None, None, None, None, None, None, None, None, None),
    (False, date(2024, 2, 29), -0.0, 2**63 - 1, datetime(1970, 1, 1, 0, 0, 0, 1), 2**53 + 1, time(0), b"", ""),
    (True, date(1, 1, 1), float("-inf"), 0, datetime(2261, 1, 1), -7, time(23, 59, 59, 999999), b"x" * 300, "x" * 300),
]


def in_duckdb(ds):
    connection = duckdb.connect()
    view = ds.arrow  # DuckDB finds it by its name
    assert view is not None
    return connection.sql("select * from view")


def in_pandas(ds):
    return pandas.DataFrame.from_arrow(ds.arrow)


def in_narwhals(backend):
    return lambda ds: narwhals.from_arrow(ds.arrow, backend=backend)


def wrapped_by_narwhals(ds):
    return narwhals.from_native(polars.DataFrame(ds.arrow))


LIBRARIES = {
    "pyarrow": lambda ds: pa.table(ds.arrow),
    "pyarrow reader": lambda ds: pa.RecordBatchReader.from_stream(ds.arrow),
    "polars": lambda ds: polars.DataFrame(ds.arrow),
    "duckdb": in_duckdb,
    "pandas": in_pandas,
    "narwhals on pyarrow": in_narwhals("pyarrow"),
    "narwhals on polars": in_narwhals("polars"),
    "narwhals on pandas": in_narwhals("pandas"),
    "narwhals around polars": wrapped_by_narwhals,
}
# Pandas has no None of its own in columns of integers and booleans, and times of day are objects to it.
PLAIN = ["f", "m", "s"]


@pytest.fixture
def source(job):
    writer = DatasetWriter(COLUMNS, name="source")
    write = writer.get_split_write_list()
    for row in ROWS:
        write(row)
    return writer.finish()


def wanted(dataset, columns):
    """The rows as the views show them, slice after slice."""
    return list(dataset.iterate(None, columns))


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_a_library_shows(source, name):
    made = LIBRARIES[name](source)
    if name.startswith("narwhals"):
        assert isinstance(made, narwhals.DataFrame)
        assert made.columns == sorted(COLUMNS)
        assert made["i"].min() == -(2**63)
        made = made.to_arrow()
    table = made if isinstance(made, pa.Table) else pa.table(made)
    columns = PLAIN if "pandas" in name else sorted(COLUMNS)
    found = list(zip(*(table.column(column).to_pylist() for column in columns), strict=True))
    assert found == wanted(source, columns)


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("split", [False, True])
def test_what_a_library_gives_back(source, name, split):
    """The same values, of the same types, in any slice."""
    columns = PLAIN if "pandas" in name else sorted(COLUMNS)
    writer = DatasetWriter({column: COLUMNS[column] for column in columns}, name="copy", allow_missing_slices=not split)
    if split:
        writer.get_split_write_batch()(LIBRARIES[name](source))
    else:
        writer.set_slice(1)
        writer.write_batch(LIBRARIES[name](source))
    copy = writer.finish()
    found = list(copy.iterate("roundrobin" if split else 1, columns))
    assert list(map(repr, found)) == list(map(repr, wanted(source, columns)))


def test_expressions_of_narwhals(source):
    frame = narwhals.from_arrow(DatasetList([source, source]).arrow, backend="pyarrow")
    counted = frame.filter(narwhals.col("i") >= 0).group_by("b").agg(narwhals.col("f").count()).sort("b")
    assert counted.rows() == [(False, 2), (True, 2)]


def test_moments_in_utc_stay_in_utc(job, make):
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    source = make({"m": "datetime"}, [[(moment,)]], name="source")
    for name, library in LIBRARIES.items():
        writer = DatasetWriter({"m": "datetime"}, name=name)
        writer.get_split_write_batch()(library(source))
        assert list(writer.finish().iterate(None, "m")) == [moment], name
