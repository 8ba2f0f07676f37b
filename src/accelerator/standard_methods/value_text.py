"""Values as text: what ``str`` gives in Python, for whole arrays."""

import json
import pickle
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import accelerator.standard_methods.libraries  # noqa: F401 - for what it imports

__all__ = ["text_of_values"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers

# Between these bounds Arrow writes floats with the same digits as Python, neither with an exponent.
_PLAIN_FROM: Final = 1e-4
_PLAIN_TO: Final = 1e10
# Length of a moment without fraction of a second.
_SECONDS: Final = {"datetime": 19, "time": 8}
_UTC: Final = 2


def text_of_values(coltype: str, array: Any) -> Any:
    r"""Return values as text.

    Args:
        coltype: column type.
        array: values as stored.

    Returns:
        An Arrow string array; null where the value is None (in json too). Bytes are decoded as UTF-8, what is not that
        becomes ``\xNN``; json has sorted keys and only ASCII.
    """
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    return _TEXT[coltype](array)


def _strings(array: Any) -> Any:
    return array


def _bytes(array: Any) -> Any:
    try:
        text = array.cast(pa.string())
        text.validate(full=True)
    except pa.ArrowInvalid:
        return _by_value(array, lambda value: value.decode("utf-8", "backslashreplace"))
    return text


def _by_value(array: Any, text: Callable[[Any], str]) -> Any:
    return pa.array([None if value is None else text(value) for value in array.to_pylist()], pa.string())


def _bools(array: Any) -> Any:
    return _compute.if_else(array, "True", "False")


def _integers(array: Any) -> Any:
    return array.cast(pa.string())


def _floats(array: Any) -> Any:
    array = array.cast(pa.float64())
    size = _compute.abs(array)
    zero = _compute.equal(size, 0)
    plain = _compute.or_(zero, _compute.and_(_compute.greater_equal(size, _PLAIN_FROM), _compute.less(size, _PLAIN_TO)))
    text = array.cast(pa.string())
    integral = _compute.equal(_compute.trunc(array), array)
    text = _compute.if_else(integral, _compute.binary_join_element_wise(text, ".0", ""), text)
    other = _compute.fill_null(_compute.invert(plain), False)
    if _compute.any(other).as_py():
        written = pa.array([repr(value) for value in array.filter(other).to_pylist()], pa.string())
        text = _compute.replace_with_mask(text, other, written)
    return text


def _numbers(array: Any) -> Any:
    if pa.types.is_floating(array.type):
        return _floats(array)
    if pa.types.is_integer(array.type):
        return _integers(array)
    integers, doubles, big = (_compute.struct_field(array, name) for name in ("int", "float", "big"))
    text = _compute.coalesce(_integers(integers), _floats(doubles))
    if big.null_count == len(big):
        return text
    return _compute.coalesce(text, _by_value(big, lambda value: str(int.from_bytes(value, "little", signed=True))))


def _complexes(array: Any) -> Any:
    parts = [_compute.struct_field(array, name).cast(pa.float64()).to_pylist() for name in ("re", "im")]
    values = [None if real is None else str(complex(real, imaginary)) for real, imaginary in zip(*parts, strict=True)]
    return pa.array(values, pa.string())


def _dates(array: Any) -> Any:
    return array.cast(pa.string())


def _datetimes(array: Any) -> Any:
    return _moments(array, "datetime")


def _times(array: Any) -> Any:
    return _moments(array, "time")


def _moments(array: Any, coltype: str) -> Any:
    utc: Any = False
    if pa.types.is_struct(array.type):
        flags = _compute.struct_field(array, "flags")
        utc = _compute.not_equal(_compute.bit_wise_and(flags, pa.scalar(_UTC, pa.uint8())), pa.scalar(0, pa.uint8()))
        array = _compute.struct_field(array, "value")
    elif pa.types.is_timestamp(array.type) and array.type.tz is not None:
        utc = True
        array = array.cast(pa.timestamp("us"))
    text = array.cast(pa.string())
    microseconds = array.view(pa.int64())
    # Arrow always writes six digits of a second, Python only if there are any.
    whole = _compute.equal(_compute.subtract(microseconds, _compute.multiply(_seconds(microseconds), 1_000_000)), 0)
    text = _compute.if_else(whole, _compute.utf8_slice_codeunits(text, 0, _SECONDS[coltype]), text)
    if utc is False:
        return text
    return _compute.if_else(utc, _compute.binary_join_element_wise(text, "+00:00", ""), text)


def _seconds(microseconds: Any) -> Any:
    values = microseconds.fill_null(0).to_numpy()
    return pa.array(np.floor_divide(values, 1_000_000))


def _json(array: Any) -> Any:
    return _by_object(array, json.loads, lambda value: json.dumps(value, sort_keys=True))


def _pickles(array: Any) -> Any:
    return _by_object(array, pickle.loads, str)


def _by_object(array: Any, load: Callable[[Any], Any], text: Callable[[Any], str]) -> Any:
    values = (None if stored is None else load(stored) for stored in array.to_pylist())
    return pa.array([None if value is None else text(value) for value in values], pa.string())


_TEXT: Final[dict[str, Callable[[Any], Any]]] = {
    "ascii": _strings,
    "bool": _bools,
    "bytes": _bytes,
    "complex32": _complexes,
    "complex64": _complexes,
    "date": _dates,
    "datetime": _datetimes,
    "float32": _floats,
    "float64": _floats,
    "int32": _integers,
    "int64": _integers,
    "json": _json,
    "number": _numbers,
    "pickle": _pickles,
    "time": _times,
    "unicode": _strings,
}
