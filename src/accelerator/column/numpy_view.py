"""Arrow arrays as NumPy arrays and back, without what pyarrow's own ways bring: they import pandas (0.5 s)."""

from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["arrow_array", "arrow_booleans", "booleans", "numbers"]

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others


def booleans(array: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return an array of bool without None as a NumPy array of bool.

    Args:
        array: a pyarrow BooleanArray; its length may be 0.
    """
    data = array.cast(pa.uint8()).buffers()[1]
    if data is None:
        return np.zeros(0, bool)
    return np.frombuffer(data, np.uint8, len(array)).view(np.bool_)


def numbers(array: Any) -> np.ndarray[Any, Any]:
    """Return an array of integers or floats without None as a NumPy array, which shares its memory.

    Args:
        array: a pyarrow array, or anything else with ``__arrow_c_array__``.
    """
    found = array if isinstance(array, pa.Array) else _array(array)
    kind = np.dtype(found.type.to_pandas_dtype())
    data: Any = found.buffers()[1]
    if data is None:
        return np.zeros(0, kind)
    return np.frombuffer(data, kind, len(found), found.offset * kind.itemsize)


def arrow_array(values: np.ndarray[Any, Any]) -> Any:
    """Return a NumPy array of integers or floats as an Arrow array, which shares its memory."""
    data: Any = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(data.dtype), len(data), [None, pa.py_buffer(data)])


def arrow_booleans(values: np.ndarray[Any, np.dtype[np.bool_]]) -> Any:
    """Return a NumPy array of bool as an Arrow array."""
    data: Any = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(data)])
