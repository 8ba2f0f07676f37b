"""Processes that only read, write and iterate do without pandas; those that use it see nothing of that."""

import subprocess
import sys

import pytest

pytest.importorskip("pandas")

USES = """
import pyarrow as pa
import pandas as pd
series = pd.Series([1.0, float("nan")])
print(pa.array(series).null_count)
print(pa.Table.from_pandas(pd.DataFrame({"x": series}))["x"].null_count)
print(pa.array([pd.NaT, pd.Timestamp("2020-01-01"), pd.NA], from_pandas=True))
print(pa.array(pd.Categorical(["a", "b"])).type)
print(type(pd.__spec__.loader).__name__, sorted(vars(pd.__spec__.loader)))
"""


def printed(source: str) -> str:
    """Run a program in a fresh interpreter and return what it prints."""
    answer = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_values_of_given_types_do_not_import_pandas() -> None:
    source = """
import sys
import accelerator.column
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
pa.scalar(1, pa.int64()), pa.array([1], pa.int64()), pa.array(np.zeros(2))
pc.equal(pa.nulls(1, pa.int64()), pa.scalar(1, pa.int64()))
print("pandas" in sys.modules)
"""
    assert printed(source) == "False\n"


def test_grouping_and_joining_tables_do_not_import_pandas() -> None:
    source = """
import sys
import accelerator.column
import pyarrow as pa
scalar = pa.lib.scalar
table = pa.table({"key": pa.array([1, 1, 2], pa.int64()), "x": pa.array([1.0, 2.0, 4.0], pa.float64())})
print(table.group_by("key").aggregate([("x", "sum")]).to_pydict())
print(table.join(table, "key", right_suffix="2").num_rows)
print("pandas" in sys.modules, "pyarrow.dataset" in sys.modules, pa.lib.scalar is scalar)
"""
    assert printed(source) == "{'key': [1, 2], 'x_sum': [3.0, 4.0]}\n5\nFalse True True\n"


@pytest.mark.parametrize(
    "before",
    [
        "import accelerator.column",
        "import accelerator.column, pyarrow\npyarrow.nulls(1).to_pandas()",
        "import accelerator.column, pyarrow.dataset",
    ],
    ids=["user", "pyarrow", "dataset"],
)
def test_once_imported_pandas_is_known_to_pyarrow_as_ever(before: str) -> None:
    plain = printed(USES)
    assert plain.startswith("1\n1\n")
    assert printed(f"{before}\n{USES}") == plain


def test_pandas_imported_first_is_left_alone() -> None:
    assert printed(f"import pandas\nimport accelerator.column\n{USES}") == printed(USES)


def test_iterating_over_a_range_batches_and_writing_do_not_import_pandas() -> None:
    source = """
import sys
from accelerator.testing import run_method
METHOD = '''
import sys
from accelerator import DatasetWriter
def prepare(job):
    dw = job.datasetwriter()
    dw.add("n", "int64")
    dw.add("t", "unicode")
    return dw
def analysis(sliceno, prepare_res):
    for n in range(10):
        prepare_res.write(n, str(n))
def synthesis(job, prepare_res):
    ds = prepare_res.finish()
    rows = list(ds.iterate(None, "n", range={"n": (2, 5)}))
    picked = list(ds.iterate(None, ("n", "t"), filters={"n": lambda n: n > 7}))
    batches = sum(batch.num_rows for batch in ds.batches(None, "n", range={"n": (2, 5)}))
    return rows, len(picked), batches, "pandas" in sys.modules
'''
print(run_method(METHOD, slices=2).load())
"""
    assert printed(source).startswith("([2, 3, 4, 2, 3, 4], 4, 6, False)")
