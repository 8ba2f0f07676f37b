"""Parquet files are read alike by pyarrow's reader and by ``pyarrow.parquet`` around it."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accelerator.dataset.parquet_file import open_parquet

OTHER_PYARROW = """
import sys
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow._parquet
del pyarrow._parquet.ParquetReader
from accelerator.dataset.parquet_file import open_parquet
file = open_parquet(pa.OSFile(sys.argv[1], "rb"), pre_buffer=False)
assert isinstance(file, pq.ParquetFile)
print(file.read_row_group(1, columns=["n"], use_threads=False).to_pydict())
"""


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "x.parquet"
    table = pa.table(
        {
            "n": pa.array(range(10), pa.int64()),
            "s": pa.array([{"int": number, "list": [number], "in": {"n": str(number)}} for number in range(10)]),
            "a.b": pa.array(map(str, range(10))),
        }
    )
    pq.write_table(table, found, row_group_size=6)
    return str(found)


@pytest.mark.parametrize(
    "columns", [["n"], ["s"], ["a.b", "n"], ["s.int"], ["s.in"], ["s.in.n", "s.list", "n"], [], ["no"]]
)
def test_the_same_columns(path, columns):
    ours = open_parquet(pa.OSFile(path, "rb"), pre_buffer=False, page_checksum_verification=True)
    theirs = pq.ParquetFile(path)

    assert ours.metadata == theirs.metadata
    for group in range(2):
        arguments = {"columns": columns, "use_threads": False}
        assert ours.read_row_group(group, **arguments).equals(theirs.read_row_group(group, **arguments))
        arguments |= {"batch_size": 4, "row_groups": [group]}
        assert list(ours.iter_batches(**arguments)) == list(theirs.iter_batches(**arguments))


def test_what_is_no_parquet_file():
    with pytest.raises(pa.ArrowInvalid):
        open_parquet(pa.BufferReader(b"PAR1 and no more PAR1"))


def test_a_pyarrow_whose_reader_is_another(path):
    done = subprocess.run([sys.executable, "-c", OTHER_PYARROW, path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{'n': [6, 7, 8, 9]}\n", "")
