"""In which order rows are sorted by plain arrays."""

from collections.abc import Sequence
from typing import Any

from accelerator import _native
from accelerator.column.numpy_view import numbers

__all__ = ["row_order"]


def row_order(arrays: Sequence[Any], descending: bool) -> Any:
    """Return the positions of rows in sorted order; rows that are equal stay as they were.

    Args:
        arrays: what to sort by, the most important first, at least one: Arrow arrays of int8, int32, int64, float64 or
            binary, without None and NaN, all of one length. Binary values are compared byte by byte.
        descending: greatest first.

    Returns:
        A NumPy array of uint32.

    Raises:
        TypeError: an array of another type.
        ValueError: arrays of different lengths, or of more rows than 32 bits count.
    """
    return numbers(_native.row_order(list(arrays), descending))
