"""Parquet files as one: all rows in order for every reader, and metadata as if they had been written at once."""

from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelerator.standard_methods.parquet_join import join_files

SCHEMA = pa.schema(
    [
        ("i", pa.int64()),
        ("t", pa.string()),
        ("d", pa.decimal128(10, 2)),
        ("s", pa.struct([("f", pa.float64()), ("l", pa.list_(pa.int32()))])),
        ("b", pa.bool_()),
    ],
    metadata={"who": "me"},
)


def rows(numbers):
    columns = [
        [None if n % 7 == 0 else n - 50 for n in numbers],
        [f"text {n % 3}" for n in numbers],
        [Decimal(n) for n in numbers],
        [{"f": n / 2, "l": list(range(n % 4))} for n in numbers],
        [n % 2 == 0 for n in numbers],
    ]
    return pa.table([pa.array(*pair) for pair in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA)


def write(path, groups, **how):
    with pq.ParquetWriter(path, SCHEMA, **how) as writer:
        for group in groups:
            writer.write_table(rows(group))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=20), min_size=1, max_size=4),
    how=st.fixed_dictionaries(
        {},
        optional={
            "compression": st.sampled_from(["zstd", "none", "snappy"]),
            "use_dictionary": st.booleans(),
            "write_statistics": st.booleans(),
            "write_page_checksum": st.booleans(),
            "data_page_version": st.sampled_from(["1.0", "2.0"]),
            "data_page_size": st.just(16),
        },
    ),
)
def test_join(tmp_path, files, how):
    paths = [tmp_path / f"{number}.parquet" for number in range(len(files))]
    for path, groups in zip(paths, files, strict=True):
        write(path, groups, **how)
    write(tmp_path / "all", [group for groups in files for group in groups], **how)
    join_files(paths)
    joined = pq.ParquetFile(paths[0], page_checksum_verification=how.get("write_page_checksum", False))
    expected = pq.ParquetFile(tmp_path / "all")
    assert joined.read() == expected.read()
    # To the last page: what is at which offset.
    assert joined.metadata.to_dict() == expected.metadata.to_dict()
    assert joined.schema_arrow.metadata == SCHEMA.metadata
    for number in range(joined.num_row_groups):
        assert joined.read_row_group(number) == expected.read_row_group(number)


@pytest.mark.parametrize("count", [1, 14, 15, 200])
def test_other_readers_and_many_groups(tmp_path, count):
    paths = [tmp_path / f"{number}.parquet" for number in range(3)]
    for path in paths:
        write(path, [[number] for number in range(count)])
    join_files(paths)
    numbers = [None if n % 7 == 0 else n - 50 for n in range(count)] * 3
    with duckdb.connect() as connection:
        found = connection.sql(f"select i, t from read_parquet('{paths[0]}')").fetchall()
        assert [i for i, _ in found] == numbers
        query = f"select count(*) from read_parquet('{paths[0]}') where i = -40"
        assert connection.sql(query).fetchall() == [(numbers.count(-40),)]
    assert pq.read_table(paths[0], filters=[("i", "=", -40)]).num_rows == numbers.count(-40)


def test_page_indexes_are_refused(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        write(path, [[1]], write_page_index=True)
    with pytest.raises(ValueError, match="page indexes"):
        join_files(paths)
