"""What a column is sorted by: plain arrays without None and NaN whose order is that of the values.

Each column gives one or more arrays, the first of them counting most. In ascending order:

* None is as the least value: as ``b""`` or ``""``, as -inf, before False; but as the last of all dates and times.
* NaN is as +inf.
* Integers, floats and big integers of ``number`` columns compare exactly.
* Fold and UTC mark of times do not count.
"""

import json
import pickle
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator import UserError
from accelerator.column.dictionary import dense
from accelerator.column.layout import doubles
from accelerator.column.numpy_view import arrow_array, booleans, numbers

__all__ = ["PYTHON_TYPES", "SORTABLE", "key_arrays", "python_keys"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers

_LARGEST: Final = np.iinfo(np.int64).max
# 9999-12-31, in days since 1970, and a day in microseconds.
_LAST_DAY: Final = 2_932_896
_DAY: Final = 86_400_000_000
# The rest of a big integer beyond this is compared as bytes.
_LARGE_REST: Final = 1 << 62

PYTHON_TYPES: Final = frozenset({"json", "pickle"})
"""Types whose values only Python can compare."""


def key_arrays(coltype: str, none_support: bool, array: Any) -> list[Any]:
    """Return what the values of a column are sorted by.

    Args:
        coltype: column type.
        none_support: of the whole column, for all its arrays must give the same number of keys.
        array: values as stored.

    Returns:
        Arrays of int8, int64, float64 or (large) binary without nulls.

    Raises:
        UserError: values of the type have no order.
    """
    if coltype not in _KEYS:
        raise UserError(f"a column of type {coltype} cannot be sorted by")
    return _KEYS[coltype](array, none_support)


def python_keys(coltype: str, array: Any) -> list[tuple[Any, ...]]:
    """Return what values are sorted by that only Python can compare: None comes before all others.

    Args:
        coltype: json or pickle.
        array: values as stored.
    """
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    load = json.loads if coltype == "json" else pickle.loads
    values = [None if stored is None else load(stored) for stored in array.to_pylist()]
    return [(False,) if value is None else (True, np.inf if value != value else value) for value in values]  # noqa: PLR0124 - NaN is not itself


def _text(array: Any, _none_support: bool) -> list[Any]:
    array = dense(array)
    kind = (
        pa.large_binary()
        if pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
        else pa.binary()
    )
    return [_compute.fill_null(array.cast(kind), b"")]


def _bools(array: Any, _none_support: bool) -> list[Any]:
    return [_compute.fill_null(array.cast(pa.int8()), -1)]


def _integers(array: Any, none_support: bool) -> list[Any]:
    values = _compute.fill_null(array, 0).cast(pa.int64())
    return [array.is_valid().cast(pa.int8()), values] if none_support else [values]


def _floats(array: Any, _none_support: bool) -> list[Any]:
    values = _compute.fill_null(array.cast(pa.float64()), -np.inf)
    nan = _compute.is_nan(values)
    return [_compute.if_else(nan, pa.scalar(np.inf, pa.float64()), values)]


def _moments(array: Any, last: int) -> list[Any]:
    if pa.types.is_struct(array.type):
        array = _compute.struct_field(array, "value")
    values = array.view(pa.int32()) if pa.types.is_date32(array.type) else array.view(pa.int64())
    return [_compute.fill_null(values.cast(pa.int64()), last)]


def _dates(array: Any, _none_support: bool) -> list[Any]:
    return _moments(array, _LAST_DAY)


def _datetimes(array: Any, _none_support: bool) -> list[Any]:
    return _moments(array, (_LAST_DAY + 1) * _DAY - 1)


def _times(array: Any, _none_support: bool) -> list[Any]:
    return _moments(array, _DAY - 1)


def _numbers(array: Any, _none_support: bool) -> list[Any]:
    """Return the nearest float; what an integer has beyond that; and that as bytes where it is huge.

    Rounding keeps order, so the floats are in order, and among values with the same float the rests are.
    """
    count = len(array)
    array = doubles(array)
    if pa.types.is_floating(array.type):
        return [*_floats(array, True), arrow_array(np.zeros(count, np.int64)), _no_bytes(count)]
    if pa.types.is_integer(array.type):
        floats, rests = _split_integers(numbers(_compute.fill_null(array, 0)))
        floats[booleans(array.is_null())] = -np.inf
        return [arrow_array(floats), arrow_array(rests), _no_bytes(count)]
    integers, floating, big = (_compute.struct_field(array, name) for name in ("int", "float", "big"))
    floats, rests = _split_integers(numbers(_compute.fill_null(integers, 0)))
    rests[:] = np.where(booleans(integers.is_valid()), rests, 0)
    from_doubles = numbers(_floats(floating, True)[0])
    floats[:] = np.where(booleans(integers.is_valid()), floats, from_doubles)
    if big.null_count == count:
        return [arrow_array(floats), arrow_array(rests), _no_bytes(count)]
    huge: list[bytes] = [b""] * count
    for index in np.flatnonzero(booleans(big.is_valid())):
        value = int.from_bytes(big[int(index)].as_py(), "little", signed=True)
        floats[index] = float(value)
        rest = value - int(float(value))
        rests[index] = max(-_LARGE_REST, min(rest, _LARGE_REST))
        if abs(rest) >= _LARGE_REST:
            huge[index] = _ordered_bytes(rest)
    return [arrow_array(floats), arrow_array(rests), pa.array(huge, pa.binary())]


def _no_bytes(count: int) -> Any:
    return pa.repeat(pa.scalar(b"", pa.binary()), count)


def _split_integers(values: Any) -> tuple[Any, Any]:
    """Return integers as the nearest floats, and what is missing."""
    floats = values.astype(np.float64)
    beyond = floats >= 2.0**63  # integers close to 2**63 round up to it, which no int64 is
    rests = values - np.where(beyond, 0, floats).astype(np.int64)
    rests[beyond] = (values[beyond] - _LARGEST) - 1
    return floats, rests


def _ordered_bytes(value: int) -> bytes:
    """Return bytes of a big integer that compare as the integers do."""
    length = (abs(value).bit_length() + 7) // 8
    prefix = length if value >= 0 else -length
    return (prefix + (1 << 15)).to_bytes(2, "big") + (value % (1 << (8 * length))).to_bytes(length, "big")


_KEYS: Final[dict[str, Callable[[Any, bool], list[Any]]]] = {
    "ascii": _text,
    "bool": _bools,
    "bytes": _text,
    "date": _dates,
    "datetime": _datetimes,
    "float32": _floats,
    "float64": _floats,
    "int32": _integers,
    "int64": _integers,
    "number": _numbers,
    "time": _times,
    "unicode": _text,
}

SORTABLE: Final = frozenset(_KEYS) | PYTHON_TYPES
"""Types whose values have an order."""
