"""Partition hash: which slice a value belongs in is ``hash % slices``.

The hash is SipHash-2-4 under a fixed key. Equal numbers hash alike over all numeric types but bool; None, 0 and empty
text hash to 0. This never changes: data on disk is partitioned by it.
"""

from typing import Any

from accelerator import _native
from accelerator.column.types import COLUMN_TYPES, stored_type, valid_type
from accelerator.error import DatasetUsageError


def _check(coltype: str) -> None:
    if not valid_type(coltype):
        raise DatasetUsageError(f"no column type {coltype!r}, there are: {', '.join(COLUMN_TYPES)}")
    if not COLUMN_TYPES[stored_type(coltype)].hashable:
        raise DatasetUsageError(f"a column of type {coltype} cannot be hashed")


def hash_value(coltype: str | None, value: Any) -> int:
    """Return the partition hash of one value, 64 bit unsigned.

    Args:
        coltype: column type, ``parsed:`` ones included; None goes by the Python type of the value.
        value: anything that a column of the type takes, or None.

    Raises:
        DatasetUsageError: the type does not exist, or cannot be hashed (json, pickle).
        TypeError, ValueError, OverflowError: as writing the value raises.

    >>> hash_value("int64", 42) == hash_value("float64", 42.0) == hash_value(None, 42)
    True
    """
    if coltype is not None:
        _check(coltype)
    return _native.hash_value(coltype, value)


def hash_array(coltype: str, array: Any) -> _native.Array:
    """Return the partition hash of every element.

    Args:
        coltype: column type.
        array: an Arrow array (or anything with ``__arrow_c_array__``) in a form in which such columns are stored.

    Returns:
        An Arrow uint64 array; ``pyarrow.array`` takes it without a copy.

    Raises:
        DatasetUsageError: the type does not exist, or cannot be hashed (json, pickle).
        TypeError: the array is not of a form that such columns have.
    """
    _check(coltype)
    return _native.hash_array(stored_type(coltype), array)


def slice_array(coltype: str, array: Any, slices: int) -> _native.Array:
    """Return the slice that every element belongs in.

    Args:
        coltype: column type.
        array: as :func:`hash_array`.
        slices: number of slices.

    Returns:
        An Arrow int32 array.

    Raises:
        DatasetUsageError, TypeError: as :func:`hash_array`.
        ValueError: slices is not positive.
    """
    _check(coltype)
    return _native.slice_array(stored_type(coltype), array, slices)
