"""Arrow arrays as NumPy arrays and back, without what pyarrow's own ways bring: they import pandas (0.5 s).

NumPy is imported by the first use, and a pyarrow that knows of none will do.
"""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from accelerator import _lazy

if TYPE_CHECKING:
    import numpy as np

__all__ = ["arrow_array", "arrow_booleans", "arrow_positions", "booleans", "numbers"]

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others
_KINDS: dict[Any, str] = {
    pa.int8(): "int8",
    pa.int16(): "int16",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.uint8(): "uint8",
    pa.uint16(): "uint16",
    pa.uint32(): "uint32",
    pa.uint64(): "uint64",
    pa.float16(): "float16",
    pa.float32(): "float32",
    pa.float64(): "float64",
}
_TYPES = {kind: arrow_type for arrow_type, kind in _KINDS.items()}


def booleans(array: Any) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return an array of bool without None as a NumPy array of bool.

    Args:
        array: a pyarrow BooleanArray; its length may be 0.
    """
    np = _lazy.numpy
    data = array.cast(pa.uint8()).buffers()[1]
    if data is None:
        return np.zeros(0, bool)  # type: ignore[no-any-return]  # loaded lazily, so untyped
    return np.frombuffer(data, np.uint8, len(array)).view(np.bool_)  # type: ignore[no-any-return]  # likewise


def numbers(array: Any) -> "np.ndarray[Any, Any]":
    """Return an array of integers or floats without None as a NumPy array, which shares its memory.

    Args:
        array: a pyarrow array, or anything else with ``__arrow_c_array__``.
    """
    found = array if isinstance(array, pa.Array) else _array(array)
    np = _lazy.numpy
    kind = np.dtype(_KINDS[found.type])
    data: Any = found.buffers()[1]
    if data is None:
        return np.zeros(0, kind)  # type: ignore[no-any-return]  # loaded lazily, so untyped
    return np.frombuffer(data, kind, len(found), found.offset * kind.itemsize)  # type: ignore[no-any-return]  # likewise


def arrow_array(values: "np.ndarray[Any, Any]") -> Any:
    """Return a NumPy array of integers or floats as an Arrow array, which shares its memory."""
    data: Any = _lazy.numpy.ascontiguousarray(values)
    return pa.Array.from_buffers(_TYPES[data.dtype.name], len(data), [None, pa.py_buffer(data)])


def arrow_positions(rows: Any) -> Any:
    """Return whatever has int64 in its buffer, like ``array("q")``, as an Arrow array, which shares its memory."""
    return pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(rows)])


def arrow_booleans(values: "np.ndarray[Any, np.dtype[np.bool_]]") -> Any:
    """Return a NumPy array of bool as an Arrow array."""
    data: Any = _lazy.numpy.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(data)])
