"""Leaving out rows of record batches: those outside a range, and those that hash to another slice."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator._native import Rows, slice_array
from accelerator.column.layout import doubles
from accelerator.column.numpy_view import booleans
from accelerator.dataset.bounds import comparable
from accelerator.dataset.filters import Range, bounds_fit, range_check_function
from accelerator.dataset.handle import Dataset

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others
_compute: Any = pc


@dataclass(frozen=True)
class BlockFilter:
    """Keeps the rows of a part that are wanted.

    Args:
        dataset: the dataset.
        restriction: column, start and stop of a range to check.
        hash_column: keep only rows in which this column hashes to the slice.
        sliceno, slices: the slice, of how many.
    """

    dataset: Dataset
    restriction: Range | None = None
    hash_column: str | None = None
    sliceno: int = 0
    slices: int = 1

    @cached_property
    def columns(self) -> Sequence[str]:
        """Columns that are looked at."""
        names = [] if self.restriction is None else [self.restriction[0]]
        return names if self.hash_column is None else [*names, self.hash_column]

    def apply(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Any]:
        """Return the wanted rows, and which they are as a NumPy array of bool; None if all are."""
        if self.restriction is None and self.hash_column is None:
            return batch, None
        mask = np.ones(batch.num_rows, dtype=bool)
        if self.hash_column is not None:
            coltype = self.dataset.stored[self.hash_column].type
            numbers = _array(slice_array(coltype, batch.column(self.hash_column), self.slices))
            mask &= np.from_dlpack(numbers) == self.sliceno
        if self.restriction is not None:
            name, start, stop = self.restriction
            mask &= in_range(self.dataset.stored[name].type, batch.column(name), start, stop)
        if mask.all():
            return batch, None
        return batch.filter(pa.array(mask)), mask


_BOUND_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string(), bytes: pa.binary()}


def in_range(coltype: str, array: Any, start: Any, stop: Any) -> Any:
    """Return which values lie in ``start <= value < stop`` (None and NaN do not), as a NumPy array of bool.

    Args:
        coltype: column type.
        array: values in any layout of the type.
        start: least value, None for no such bound.
        stop: first value above, None for no such bound.
    """
    array = doubles(array)
    kind = array.type
    plain = not (pa.types.is_struct(kind) or pa.types.is_dictionary(kind) or pa.types.is_boolean(kind))
    if not plain or not bounds_fit(coltype, (start, stop)):
        check = range_check_function(start, stop, none_support=True)
        batch = pa.RecordBatch.from_arrays([array], ["value"])
        return np.fromiter((check(value) for value in Rows([batch], [coltype], True)), dtype=bool, count=len(array))
    if pa.types.is_timestamp(kind):
        array = array.view(pa.timestamp("us"))
    mask = None
    for bound, compare in ((start, _compute.greater_equal), (stop, _compute.less)):
        if bound is not None:
            one = compare(array, _scalar(coltype, array.type, bound))
            mask = one if mask is None else _compute.and_(mask, one)
    return booleans(_compute.fill_null(mask, pa.scalar(False, pa.bool_())))


def _scalar(coltype: str, kind: Any, bound: Any) -> Any:
    if coltype in {"date", "datetime", "time"}:
        return pa.scalar(comparable(bound), type=kind)
    if coltype == "number":
        return pa.scalar(int(bound), pa.int64()) if pa.types.is_integer(kind) else pa.scalar(float(bound), pa.float64())
    # Of a given type: to find the type of a value pyarrow imports pandas.
    return pa.scalar(bound, type=_BOUND_TYPES.get(type(bound)))
