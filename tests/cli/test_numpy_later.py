"""Commands that only search do without NumPy; nobody who uses it notices."""

import subprocess
import sys

VIEWS = """
import sys
from accelerator.cli.numpy_later import postpone_numpy
postpone_numpy()
import pyarrow as pa
import pyarrow.parquet
from accelerator.column.numpy_view import arrow_array, arrow_booleans, arrow_positions, booleans, numbers
print("numpy" in sys.modules)
values = pa.array([3, 1, 2], pa.int32())
print(numbers(values).tolist(), numbers(values.slice(1)).tolist(), booleans(values.is_valid()).tolist())
import numpy as np
for kind in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"):
    found = np.arange(3).astype(kind)
    assert arrow_array(found).type == numbers(arrow_array(found)).dtype.name, kind
    assert numbers(arrow_array(found)).tolist() == found.tolist(), kind
print(arrow_booleans(np.array([True, False])).to_pylist(), values.take(arrow_positions(np.array([2]))).to_pylist())
"""
LATE = """
import numpy as np
from accelerator.cli.numpy_later import postpone_numpy
postpone_numpy()
import sys
assert "pyarrow" not in sys.modules
import pyarrow as pa
print(pa.array(np.arange(2)).to_numpy().tolist())
"""


def printed(source):
    """Run a program in a fresh interpreter and return what it prints."""
    answer = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_arrays_travel_between_a_pyarrow_that_knows_no_numpy_and_numpy():
    assert printed(VIEWS) == "False\n[3, 1, 2] [1, 2] [True, True, True]\n[True, False] [2]\n"


def test_who_has_imported_numpy_has_a_pyarrow_that_knows_it():
    assert printed(LATE) == "[0, 1]\n"
