"""Rows of record batches in another order."""

import numpy as np
import pyarrow as pa

from accelerator.column.gather import Gathered


def test_long_rows_side_by_side_are_more_than_an_array_can_have():
    long = 1 << 28
    rows = Gathered([pa.record_batch({"t": ["x" * long]}), pa.record_batch({"t": [""] * 100_000})])

    lengths = []
    for batch in rows.batches(np.zeros(9, np.uint32)):
        assert batch.schema == rows.schema
        lengths += [len(value.as_buffer()) for value in batch.column("t")]
    assert lengths == [long] * 9
