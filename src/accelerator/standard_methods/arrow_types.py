"""Arrow data of other programs as columns: which type each becomes, and its values in a form that writers take.

| Arrow type | column type |
|---|---|
| bool | bool |
| int8 int16 int32 uint8 uint16 | int32 |
| int64 uint32 | int64 |
| uint64, decimal without fraction | number |
| float16 float32 | float32 |
| float64, decimal with fraction | float64 |
| strings | unicode |
| binary | bytes |
| dates | date |
| timestamps | datetime; those with a time zone are UTC |
| times | time |
| JSON (extension type) | json |
| dictionary, run-end encoded | as their values |
| other extension types, such as UUID | as what they are stored as |
| null | unicode, all None |
| list, struct, map | json, where that is asked for; moments in them are text as in ISO 8601 |
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, time
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from accelerator import UserError
from accelerator.column.dictionary import dense

__all__ = ["ColumnOf", "column_of", "number_array", "values_of"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers
_types: Any = pa.types

_NUMBER: Final = pa.struct([("int", pa.int64()), ("float", pa.float64()), ("big", pa.binary())])
# Structs in which columns of these types are stored, if no plain type has room for their values.
_STORED: Final = {
    "struct<int: int64, float: double, big: binary>": "number",
    "struct<value: double not null, is_int: bool not null>": "number",
    "struct<re: float, im: float>": "complex32",
    "struct<re: double, im: double>": "complex64",
    "struct<value: timestamp[us], flags: uint8>": "datetime",
    "struct<value: time64[us], flags: uint8>": "time",
}
_INT64: Final = range(-(1 << 63), 1 << 63)

# In this order, because some of these questions are true for several types.
_SIMPLE: Final = (
    (_types.is_boolean, "bool"),
    (_types.is_uint32, "int64"),
    (_types.is_uint64, "number"),
    (_types.is_int64, "int64"),
    (_types.is_integer, "int32"),
    (_types.is_float64, "float64"),
    (_types.is_floating, "float32"),
    (_types.is_string, "unicode"),
    (_types.is_large_string, "unicode"),
    (_types.is_string_view, "unicode"),
    (_types.is_binary, "bytes"),
    (_types.is_large_binary, "bytes"),
    (_types.is_binary_view, "bytes"),
    (_types.is_fixed_size_binary, "bytes"),
    (_types.is_date, "date"),
    (_types.is_timestamp, "datetime"),
    (_types.is_time, "time"),
    (_types.is_null, "unicode"),
)

# What has no place in JSON.
_NOT_IN_JSON: Final = (
    _types.is_binary,
    _types.is_large_binary,
    _types.is_binary_view,
    _types.is_fixed_size_binary,
    _types.is_decimal,
    _types.is_duration,
    _types.is_interval,
)


class ColumnOf:
    """A column for the values of an Arrow field.

    Args:
        coltype: its type.
        kind: Arrow type of the values.

    Attributes:
        type: its type.
    """

    def __init__(self, coltype: str, kind: Any) -> None:
        self.type = coltype
        self._kind = kind

    def array(self, array: Any) -> Any:
        """Return values in a form that ``write_batch`` takes for the column."""
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        array = dense(array)
        if _types.is_run_end_encoded(array.type):
            array = _compute.run_end_decode(array)
        if self.type == "json" and _types.is_nested(array.type):
            return _as_json(array)
        if _types.is_timestamp(self._kind) and self._kind.tz is not None:
            return array.cast(pa.timestamp(array.type.unit, tz="UTC"))
        if _types.is_decimal(self._kind):
            return _whole_numbers(array) if self.type == "number" else array.cast(pa.float64())
        return array


def column_of(field: Any, *, nested_as_json: bool, mend: str, mend_nested: str) -> ColumnOf:
    """Return the column for the values of an Arrow field.

    Args:
        field: name and type.
        nested_as_json: lists, structs and maps become json.
        mend: what to do about a type that does not fit, for the message.
        mend_nested: the same for lists, structs and maps.

    Raises:
        UserError: columns cannot have such values.
    """
    kind = field.type
    if getattr(kind, "extension_name", "") == "arrow.json":
        return ColumnOf("json", kind)
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if _types.is_dictionary(kind) or _types.is_run_end_encoded(kind):
        kind = kind.value_type
    if _types.is_decimal(kind):
        return ColumnOf("number" if kind.scale <= 0 else "float64", kind)
    if _types.is_struct(kind) and str(kind) in _STORED:
        return ColumnOf(_STORED[str(kind)], kind)
    if nested_as_json and _types.is_nested(kind):
        if any(matches(leaf) for leaf in _leaves(kind) for matches in _NOT_IN_JSON):
            raise UserError(f"column {field.name!r} has values of type {field.type}, which json cannot hold; {mend}")
        return ColumnOf("json", kind)
    for matches, coltype in _SIMPLE:
        if matches(kind):
            return ColumnOf(coltype, kind)
    mend = mend_nested if _types.is_nested(kind) else mend
    raise UserError(f"column {field.name!r} has values of type {field.type}, which no column can have; {mend}")


def _leaves(kind: Any) -> Iterator[Any]:
    """Yield the types that a nested type is made of in the end."""
    if _types.is_dictionary(kind):
        kind = kind.value_type
    if not _types.is_nested(kind):
        yield kind
        return
    for number in range(kind.num_fields):
        yield from _leaves(kind.field(number).type)


def _as_json(array: Any) -> Any:
    texts = [None if value is None else json.dumps(value, default=_json_value) for value in array.to_pylist()]
    return pa.ExtensionArray.from_storage(pa.json_(), pa.array(texts, pa.string()))


def _json_value(value: Any) -> str:
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    raise TypeError(f"json has no values like {value!r}")


@contextmanager
def values_of(source: Any) -> Iterator[None]:
    """Say where values come from that do not fit their column, while they are converted and written.

    Args:
        source: a file, for the message.

    Raises:
        UserError: one does not fit.
    """
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{source}: {error}") from None


def _whole_numbers(array: Any) -> Any:
    try:
        return array.cast(pa.int64())
    except pa.ArrowInvalid:
        return number_array([None if value is None else int(value) for value in array.to_pylist()])


def number_array(values: Sequence[int | float | None]) -> Any:
    """Return values of a ``number`` column, which may mix integers of any size, floats and None."""
    whole = [value if isinstance(value, int) else None for value in values]
    # None must not be looked for in a range: Python would try all its elements.
    integers = [value if value is not None and value in _INT64 else None for value in whole]
    floats = [value if isinstance(value, float) else None for value in values]
    big = [None if value is None or value in _INT64 else _big_bytes(value) for value in whole]
    children: list[Any] = [pa.array(integers, pa.int64()), pa.array(floats, pa.float64()), pa.array(big, pa.binary())]
    mask = pa.array([value is None for value in values], pa.bool_())
    return pa.StructArray.from_arrays(children, fields=list(_NUMBER), mask=mask)


def _big_bytes(value: Any) -> bytes:
    return int(value).to_bytes(abs(value).bit_length() // 8 + 1, "little", signed=True)
