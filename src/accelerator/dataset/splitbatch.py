"""Whole record batches to the slices their rows belong in."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator._native import SplitWriter, slice_array
from accelerator.dataset.arrays import storage_arrays
from accelerator.dataset.commit import ColumnSpec
from accelerator.dataset.slicewriter import SliceTask, SliceWriter
from accelerator.error import DatasetUsageError

Arrays = Sequence[Any]

# NumPy sorts 16 bit integers by radix.
_RADIX = 1 << 16

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others


class BatchSplitter:
    """Spreads batches over slices, by hash or each row in turn.

    Args:
        slices: a writer for each.
        rows: does the same with single rows; it counts whose turn it is.
        columns: as declared, in order.
        where: the dataset, for messages.
    """

    def __init__(
        self, slices: Sequence[SliceWriter], rows: SplitWriter, columns: Mapping[str, ColumnSpec], where: str
    ) -> None:
        self._slices = slices
        self._rows = rows
        self._columns = columns
        self._where = where

    def write(self, batch: Any) -> None:
        """Write a batch, each row to its slice.

        Args:
            batch: anything with ``__arrow_c_stream__`` or ``__arrow_c_array__``, or a dict of arrays.

        Raises:
            DatasetUsageError: the dataset is finished, or a column is missing.
            TypeError, ValueError, OverflowError: a column's type or a value does not fit.
        """
        if self._slices[0].rows.closed:
            raise DatasetUsageError(f"{self._where} is finished")
        task = self._slices[0].task
        for arrays in storage_arrays(batch, self._columns, self._where):
            if task.hash_index < 0:
                self._write_in_turn(arrays)
            else:
                self._write_hashed(arrays, row_slices(arrays, task))

    def _write_in_turn(self, arrays: Arrays) -> None:
        count = len(self._slices)
        length = len(arrays[0])
        for sliceno, writer in enumerate(self._slices):
            rows = _indices(np.arange((sliceno - self._rows.turn) % count, length, count))
            writer.add_arrays([array.take(rows) for array in arrays])
        self._rows.turn = (self._rows.turn + length) % count

    def _write_hashed(self, arrays: Arrays, slices: Any) -> None:
        # One stable sort instead of a filter per slice: with a hundred slices that matters.
        order = np.argsort(slices.astype(np.uint16) if len(self._slices) <= _RADIX else slices, kind="stable")
        edges = np.searchsorted(slices[order], np.arange(len(self._slices) + 1))
        for sliceno, writer in enumerate(self._slices):
            start, stop = int(edges[sliceno]), int(edges[sliceno + 1])
            if stop > start:
                # Copies: parts of one big array would keep all of it until the last of them is written.
                rows = _indices(order[start:stop])
                writer.add_arrays([array.take(rows) for array in arrays])


def _indices(rows: Any) -> Any:
    # Not by pa.array, which imports pandas when it meets a NumPy array.
    return pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(rows)])


def row_slices(arrays: Arrays, task: SliceTask) -> Any:
    """Return the slice that each row belongs in, as a NumPy array."""
    coltype = list(task.columns.values())[task.hash_index].stored_type
    return np.from_dlpack(_array(slice_array(coltype, arrays[task.hash_index], task.slices)))


def own_rows(arrays: Arrays, task: SliceTask, discard: bool) -> Arrays:
    """Return the rows that belong in the slice of a writer.

    Args:
        arrays: one per column.
        task: of the writer.
        discard: leave out other rows, instead of raising.

    Raises:
        DatasetUsageError: there are other rows.
    """
    if task.hash_index < 0 or not task.check_hash:
        return arrays
    belongs = row_slices(arrays, task) == task.sliceno
    if belongs.all():
        return arrays
    if not discard:
        value = arrays[task.hash_index][int(np.argmin(belongs))]
        raise DatasetUsageError(
            f"{task.where}: a row with {task.hashlabel!r} = {value} does not belong in slice {task.sliceno}"
        )
    mask = pa.array(belongs)
    return [pc.filter(array, mask) for array in arrays]
