"""Arrow arrays of any origin as values of a column: what is taken, and the arrays in which it is stored.

The rules are those of writing single values. Where Arrow can check and convert whole arrays it does; what is rare
(numbers beyond 64 bits, json, pickle) goes value by value.
"""

from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from accelerator._native import ColumnBuilder, normal_json, text_encoding
from accelerator.column.dictionary import dense
from accelerator.column.layout import arrow_type, layout_of_type, narrowed_numbers

_compute: Any = pc  # its functions are made at import, unseen by type checkers
_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others
_types: Any = pa.types

_DAY_MICROSECONDS: Final = 86_400_000_000
_FIRST_DAY: Final = -719_162  # 0001-01-01
_LAST_DAY: Final = 2_932_896  # 9999-12-31
_UTC_NAMES: Final = frozenset(
    {
        "utc",
        "etc/utc",
        "z",
        "zulu",
        "etc/zulu",
        "uct",
        "etc/uct",
        "gmt",
        "etc/gmt",
        "+00:00",
        "-00:00",
        "+0000",
        "universal",
    }
)


def from_arrow(coltype: str, array: Any) -> Any:
    """Return the values of any Arrow array as a column stores them.

    Args:
        coltype: column type (a stored one).
        array: a pyarrow array. Nulls are None, and are let through.

    Returns:
        An array in one of the layouts of the type.

    Raises:
        TypeError, ValueError, OverflowError: as writing such values one by one.
    """
    json_text = getattr(array.type, "extension_name", "") == "arrow.json"
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    array = dense(array)
    if _types.is_run_end_encoded(array.type):
        array = _compute.run_end_decode(array)
    if _types.is_null(array.type):
        return pa.nulls(len(array), arrow_type(coltype))
    if coltype == "json":
        return _json_texts(array) if json_text else _one_by_one("json", array)
    return _ACCEPT[coltype](coltype, array)


def _json_texts(array: Any) -> Any:
    made = normal_json(array) if _types.is_string(array.type) or _types.is_large_string(array.type) else None
    return _one_by_one("parsed:json", _as_text(array)) if made is None else _array(made)


def _one_by_one(coltype: str, array: Any) -> Any:
    builder = ColumnBuilder(coltype, True)
    for value in array.to_pylist():
        builder.write(value)
    return _array(builder.take())


def _refuse(coltype: str, array: Any, error: type[Exception] = TypeError) -> Exception:
    return error(f"Arrow type {array.type} cannot be stored as {coltype}")


def _is_layout(coltype: str, array: Any) -> bool:
    try:
        layout_of_type(coltype, array.type)
    except TypeError:
        return False
    return True


def _is_number(kind: Any) -> bool:
    return bool(
        _types.is_integer(kind) or _types.is_floating(kind) or _types.is_boolean(kind) or _types.is_decimal(kind)
    )


def _integers(coltype: str, array: Any) -> Any:
    if not _types.is_integer(array.type) and not _types.is_boolean(array.type):
        raise _refuse(coltype, array)
    try:
        return array.cast(arrow_type(coltype))
    except pa.ArrowInvalid as error:
        raise OverflowError(f"integer does not fit in {coltype}: {error}") from None


def _floats(coltype: str, array: Any) -> Any:
    if not _is_number(array.type):
        raise _refuse(coltype, array)
    return array.cast(arrow_type(coltype), safe=False)


def _numbers(coltype: str, array: Any) -> Any:
    if _is_layout(coltype, array):
        return narrowed_numbers(array) if array.type == arrow_type(coltype, "mixed") else array
    if _types.is_floating(array.type):
        return array.cast(pa.float64())
    if _types.is_boolean(array.type):
        return array.cast(pa.int8()).cast(pa.int64())
    if not _types.is_integer(array.type):
        raise _refuse(coltype, array, ValueError)
    try:
        return array.cast(pa.int64())
    except pa.ArrowInvalid:  # uint64 beyond int64
        return _one_by_one(coltype, array)


def _complexes(coltype: str, array: Any) -> Any:
    target: Any = arrow_type(coltype)
    fields = [target.field(index) for index in range(target.num_fields)]
    part = fields[0].type
    if _is_number(array.type):
        children = [array.cast(part, safe=False), pa.repeat(pa.scalar(0.0, part), len(array))]
    elif _types.is_struct(array.type) and [field.name for field in array.type] == ["re", "im"]:
        children = [_floats("float64", child).cast(part, safe=False) for child in array.flatten()]
        if any(child.null_count > array.null_count for child in children):
            raise ValueError("a complex value lacks its real or imaginary part")
        if array.type == target:
            return array
    else:
        raise _refuse(coltype, array)
    return pa.StructArray.from_arrays(children, fields=fields, mask=array.is_null())


def _bools(coltype: str, array: Any) -> Any:
    if _types.is_boolean(array.type):
        return array
    if not _types.is_integer(array.type):
        raise _refuse(coltype, array)
    if len(array) - array.null_count:
        limits = _compute.min_max(array)
        if limits["min"].as_py() < 0 or limits["max"].as_py() > 1:
            raise OverflowError("True, False, 1 or 0 is needed, not another integer")
    return array.cast(pa.bool_())


def _check_between(values: Any, first: int, last: int, what: str) -> None:
    """Raise ValueError unless all of an integer array lie between two bounds, both included."""
    limits = _compute.min_max(values)
    if limits["min"].is_valid and (limits["min"].as_py() < first or limits["max"].as_py() > last):
        raise ValueError(f"{what} outside the years 1 to 9999")


def _is_utc(kind: Any) -> bool:
    return kind.tz.lower() in _UTC_NAMES


def _dates(coltype: str, array: Any) -> Any:
    if _types.is_timestamp(array.type):
        microseconds = _datetimes("datetime", array).cast(pa.timestamp("us"))
        array = _compute.floor_temporal(microseconds, unit="day").cast(pa.date32())
    elif _types.is_date64(array.type):
        array = array.cast(pa.date32(), safe=False)
    elif not _types.is_date32(array.type):
        raise _refuse(coltype, array, ValueError)
    _check_between(array.view(pa.int32()), _FIRST_DAY, _LAST_DAY, "date")
    return array


def _datetimes(coltype: str, array: Any) -> Any:
    if _types.is_struct(array.type) and _is_layout(coltype, array):
        return array
    if not _types.is_timestamp(array.type):
        raise _refuse(coltype, array, ValueError)
    if array.type.tz is not None and not _is_utc(array.type):
        raise ValueError(f"time zone {array.type.tz} is not UTC; only naive and UTC values can be stored")
    try:
        array = array.cast(pa.timestamp("us", tz=None if array.type.tz is None else "UTC"))
    except pa.ArrowInvalid as error:
        raise ValueError(f"datetime is not a whole number of microseconds or out of range: {error}") from None
    first, last = _FIRST_DAY * _DAY_MICROSECONDS, (_LAST_DAY + 1) * _DAY_MICROSECONDS - 1
    _check_between(array.view(pa.int64()), first, last, "datetime")
    return array


def _times(coltype: str, array: Any) -> Any:
    if _types.is_struct(array.type) and _is_layout(coltype, array):
        return array
    if not _types.is_time(array.type):
        raise _refuse(coltype, array, ValueError)
    try:
        return array.cast(pa.time64("us"))
    except pa.ArrowInvalid as error:
        raise ValueError(f"time is not a whole number of microseconds: {error}") from None


def _is_any_binary(kind: Any) -> bool:
    return bool(
        _types.is_binary(kind)
        or _types.is_large_binary(kind)
        or _types.is_fixed_size_binary(kind)
        or _types.is_binary_view(kind)
    )


def _is_any_string(kind: Any) -> bool:
    return bool(_types.is_string(kind) or _types.is_large_string(kind) or _types.is_string_view(kind))


def _as_text(array: Any) -> Any:
    """Return a string or binary array as a string array that is valid UTF-8."""
    try:
        array = array.cast(pa.string())
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        raise ValueError(f"text is not UTF-8 or too long: {error}") from None
    return array


def _bytes(coltype: str, array: Any) -> Any:
    if not _is_any_binary(array.type):
        raise _refuse(coltype, array)
    return array.cast(pa.binary())


def _text(coltype: str, array: Any) -> Any:
    if not _is_any_string(array.type) and not (coltype == "ascii" and _is_any_binary(array.type)):
        raise _refuse(coltype, array)
    if array.type in {pa.string(), pa.binary()}:
        # Arrow looks at texts one by one, which takes many times as long.
        array.validate()
        encoding = text_encoding(array)
        if encoding == "ascii" or (encoding == "utf-8" and coltype == "unicode"):
            return array.view(pa.string())
    array = _as_text(array)
    if coltype == "ascii" and not _compute.all(_compute.string_is_ascii(array), min_count=0).as_py():
        raise ValueError("only ASCII characters can be stored")
    return array


def _pickles(coltype: str, array: Any) -> Any:
    if not _is_any_binary(array.type):
        return _one_by_one(coltype, array)
    # Binary data is what such columns hold: pickles, from protocol 2 on with a mark at the start and the end.
    array = array.cast(pa.binary())
    marked = _compute.and_(_compute.starts_with(array, b"\x80"), _compute.ends_with(array, b"."))
    if not _compute.all(marked, min_count=0).as_py():
        raise ValueError("binary data for a pickle column must be pickles")
    return array


_ACCEPT: Final[dict[str, Callable[[str, Any], Any]]] = {
    "ascii": _text,
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
    "number": _numbers,
    "pickle": _pickles,
    "time": _times,
    "unicode": _text,
}
