"""What slices do with vectors does not import pandas, which would take each of them half a second."""

import subprocess
import sys

import pytest

SOURCE = """
import sys
from pathlib import Path
import numpy as np
import pyarrow as pa
from accelerator._native import ColumnBuilder
from accelerator.column import row_digests
from accelerator.standard_methods.fanout import text_values
from accelerator.standard_methods.reorder import in_order, merged
from accelerator.standard_methods.roundrobin import RoundRobin
from accelerator.standard_methods.sort_keys import key_arrays
from accelerator.standard_methods.sort_order import order_keys

VALUES = {"bool": True, "bytes": b"1", "float64": 0.5, "int32": 1, "int64": 1, "number": 2**70, "unicode": "x"}
for coltype, value in VALUES.items():
    for values in ([value, None], [value] * 60_000):
        builder = ColumnBuilder(coltype, True)
        for each in values:
            builder.write(each)
        array = pa.array(builder.take())
        keys = [[key_arrays(coltype, True, array)]]
        for memory in (1 << 30, 0):
            order = order_keys(keys, len(array), True, 0, Path("."), memory)
            assert len(order.ranks(Path("."))) == len(values)
        text_values(coltype, array)
        row_digests([coltype], [array])
places = RoundRobin([2, 1]).positions(0, 0, 2)
batch = pa.record_batch({"x": pa.array([1, 2], pa.int64())})
assert [len(each) for each in in_order([(batch, np.array([1, 0]))], 2, Path("."), 1 << 20)] == [2]
assert sum(len(each) for each in merged([[(batch, places)], [(batch.slice(1), np.array([1]))]])) == 3
print("pandas" in sys.modules)
"""


def test_sorting_and_reordering_do_not_import_pandas() -> None:
    pytest.importorskip("pandas")
    answer = subprocess.run([sys.executable, "-c", SOURCE], capture_output=True, text=True, check=False)
    assert (answer.stdout, answer.stderr) == ("False\n", "")
