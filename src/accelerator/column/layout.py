"""In which Arrow type the values of a column are stored.

Most column types have one, called ``plain``. Three have several, because other programs shall see plain types where
the values allow it: ``number`` (``int``, ``long``, ``float``, ``exact``, ``mixed``), ``datetime`` (``naive``,
``utc``, ``flags``) and ``time`` (``naive``, ``flags``). As long as there are only None, the layout is ``none``, and
fits any other.

Of the layouts of ``number``, ``int`` has integers that are doubles too, ``long`` any that have 64 bits. Floats and the
former together are ``exact``: doubles, and which of them are integers. Without gaps this is read and written in half
the time that ``mixed`` takes, which has a field for each kind.
"""

from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from accelerator.column.types import COLUMN_TYPES

__all__ = [
    "arrow_type",
    "doubles",
    "doubles_too",
    "join_layouts",
    "layout_of",
    "layout_of_type",
    "narrowed_numbers",
    "widen",
]

_compute: Any = pc  # its functions are made at import, unseen by type checkers

# The kernel's names for the fields of structs and its bits.
_NUMBER: Final = pa.struct([("int", pa.int64()), ("float", pa.float64()), ("big", pa.binary())])
_EXACT: Final = pa.struct(
    [pa.field("value", pa.float64(), nullable=False), pa.field("is_int", pa.bool_(), nullable=False)]
)
# Integers up to here are doubles too.
_MOST: Final = 2**53
_UTC: Final = 2

_MICROSECONDS: Final = pa.timestamp("us")
_UTC_MICROSECONDS: Final = pa.timestamp("us", tz="UTC")
_TIME: Final = pa.time64("us")


def _flagged(value: pa.DataType) -> pa.DataType:
    return pa.struct([("value", value), ("flags", pa.uint8())])


def _complex(part: pa.DataType) -> pa.DataType:
    return pa.struct([("re", part), ("im", part)])


# pyarrow has a JSON type from version 19 on; it is text with a mark.
_JSON: Final[pa.DataType] = getattr(pa, "json_", pa.string)()

_LAYOUTS: Final[dict[str, dict[str, pa.DataType]]] = {
    "ascii": {"plain": pa.string()},
    "bool": {"plain": pa.bool_()},
    "bytes": {"plain": pa.binary()},
    "complex32": {"plain": _complex(pa.float32())},
    "complex64": {"plain": _complex(pa.float64())},
    "date": {"plain": pa.date32()},
    "datetime": {"naive": _MICROSECONDS, "utc": _UTC_MICROSECONDS, "flags": _flagged(_MICROSECONDS)},
    "float32": {"plain": pa.float32()},
    "float64": {"plain": pa.float64()},
    "int32": {"plain": pa.int32()},
    "int64": {"plain": pa.int64()},
    "json": {"plain": _JSON},
    "number": {"long": pa.int64(), "int": pa.int64(), "float": pa.float64(), "exact": _EXACT, "mixed": _NUMBER},
    "pickle": {"plain": pa.binary()},
    "time": {"naive": _TIME, "flags": _flagged(_TIME)},
    "unicode": {"plain": pa.string()},
}
assert _LAYOUTS.keys() == COLUMN_TYPES.keys()


def arrow_type(coltype: str, layout: str = "none") -> Any:
    """Return the Arrow type of a layout; of the first one for ``none``.

    >>> arrow_type("number", "float")
    DataType(double)
    """
    layouts = _LAYOUTS[coltype]
    return next(iter(layouts.values())) if layout == "none" else layouts[layout]


def layout_of_type(coltype: str, kind: pa.DataType) -> str:
    """Return the layout that an Arrow type is: of several the one that holds more values.

    Raises:
        TypeError: columns of the type are never stored so.
    """
    if isinstance(kind, pa.DictionaryType):
        kind = kind.value_type
    for layout, possible in _LAYOUTS[coltype].items():
        if kind == possible or (isinstance(possible, pa.BaseExtensionType) and kind == possible.storage_type):
            return layout
    raise TypeError(f"Arrow type {kind} is not one that columns of type {coltype} are stored in")


def layout_of(coltype: str, array: Any) -> str:
    """Return the layout of an array; ``none`` if it has no values and its type has several layouts.

    Raises:
        TypeError: columns of the type are never stored so.
    """
    if len(_LAYOUTS[coltype]) > 1 and array.null_count == len(array):
        return "none"
    layout = layout_of_type(coltype, array.type)
    return "int" if layout == "long" and doubles_too(array) else layout


def doubles_too(integers: Any) -> bool:
    """Return whether all integers of an int64 array are doubles too; None is."""
    limits = _compute.min_max(integers)
    return not limits["min"].is_valid or -_MOST <= limits["min"].as_py() <= limits["max"].as_py() <= _MOST


def doubles(array: Any) -> Any:
    """Return the doubles of an array in layout ``exact`` of number; any other array as it is."""
    return _compute.struct_field(array, "value") if array.type == _EXACT else array


def join_layouts(coltype: str, layouts: Iterable[str]) -> str:
    """Return the narrowest layout in which the values of all these can be stored.

    >>> join_layouts("number", ["int", "none", "int"]), join_layouts("number", ["int", "float"])
    ('int', 'exact')
    """
    possible = list(_LAYOUTS[coltype])
    if len(possible) == 1:
        return possible[0]
    found = set(layouts) - {"none"}
    if not found:
        return "none"
    if len(found) == 1:
        return found.pop()
    if found == {"int", "long"}:
        return "long"
    return "exact" if found <= {"int", "float", "exact"} else possible[-1]


def widen(coltype: str, array: Any, layout: str) -> Any:
    """Return the values in another layout, which must be one that holds them.

    Args:
        coltype: column type.
        array: values in any layout of the type.
        layout: the one wanted.
    """
    target = arrow_type(coltype, layout)
    if array.type == target:
        return array
    if len(_LAYOUTS[coltype]) > 1 and array.null_count == len(array):
        return pa.nulls(len(array), target) if layout != "exact" else _to_exact(pa.nulls(len(array)), "none")
    if isinstance(array.type, pa.DictionaryType):
        return widen(coltype, array.dictionary_decode(), layout)
    if isinstance(target, pa.BaseExtensionType) and array.type == target.storage_type:
        return pa.ExtensionArray.from_storage(target, array)
    held = layout_of_type(coltype, array.type)
    if layout == "exact" or held == "exact":
        return _to_exact(array, held) if layout == "exact" else _exact_to_mixed(array)
    if layout == "mixed":
        name = {"long": "int", "float": "float"}[held]
        children = [array if field.name == name else pa.nulls(len(array), field.type) for field in _fields(target)]
        return _struct(children, target, array)
    if layout == "flags":
        bits = _UTC if held == "utc" else 0
        value = array.cast(_fields(target)[0].type)
        flags = pa.repeat(pa.scalar(bits, pa.uint8()), len(array))
        return _struct([value, flags], target, array)
    raise TypeError(f"values of layout {held} of a {coltype} column do not fit in layout {layout}")


def _to_exact(array: Any, held: str) -> Any:
    if held == "mixed":
        integers, value = _compute.struct_field(array, "int"), _compute.struct_field(array, "float")
        is_int = integers.is_valid()
        value = _compute.coalesce(integers.cast(pa.float64()), value)
    else:
        is_int = pa.repeat(pa.scalar(held != "float", pa.bool_()), len(array))
        value = array.cast(pa.float64())
    return _struct([_compute.fill_null(value, pa.scalar(0.0, pa.float64())), is_int], _EXACT, value)


def _exact_to_mixed(array: Any) -> Any:
    value, is_int = (_compute.struct_field(array, name) for name in ("value", "is_int"))
    nothing = pa.scalar(None, pa.float64())
    integers = _compute.if_else(is_int, value, nothing).cast(pa.int64())
    children = [integers, _compute.if_else(is_int, nothing, value), pa.nulls(len(array), pa.binary())]
    return _struct(children, _NUMBER, array)


def narrowed_numbers(array: Any) -> Any:
    """Return an array in layout ``mixed`` in layout ``exact`` if that holds its values, else as it is."""
    big, integers = _compute.struct_field(array, "big"), _compute.struct_field(array, "int")
    return _to_exact(array, "mixed") if big.null_count == len(big) and doubles_too(integers) else array


def _fields(kind: Any) -> list[Any]:
    return [kind.field(index) for index in range(kind.num_fields)]


def _struct(children: list[Any], kind: Any, source: Any) -> Any:
    mask = source.is_null() if source.null_count else None
    return pa.StructArray.from_arrays(children, fields=_fields(kind), mask=mask)
