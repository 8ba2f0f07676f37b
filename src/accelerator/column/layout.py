"""In which Arrow type the values of a column are stored.

Most column types have one, called ``plain``. Three have several, because other programs shall see plain types where
the values allow it: ``number`` (``int``, ``float``, ``mixed``), ``datetime`` (``naive``, ``utc``, ``flags``) and
``time`` (``naive``, ``flags``). As long as there are only None, the layout is ``none``, and fits any other.
"""

from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from accelerator.column.types import COLUMN_TYPES

_compute: Any = pc  # its functions are made at import, unseen by type checkers

# The kernel's names for the fields of structs and its bits.
_NUMBER: Final = pa.struct([("int", pa.int64()), ("float", pa.float64()), ("big", pa.binary())])
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
    "number": {"int": pa.int64(), "float": pa.float64(), "mixed": _NUMBER},
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
    """Return the layout that an Arrow type is.

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
    return layout_of_type(coltype, array.type)


def join_layouts(coltype: str, layouts: Iterable[str]) -> str:
    """Return the narrowest layout in which the values of all these can be stored.

    >>> join_layouts("number", ["int", "none", "int"]), join_layouts("number", ["int", "float"])
    ('int', 'mixed')
    """
    possible = list(_LAYOUTS[coltype])
    if len(possible) == 1:
        return possible[0]
    found = set(layouts) - {"none"}
    if not found:
        return "none"
    return found.pop() if len(found) == 1 else possible[-1]


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
        return pa.nulls(len(array), target)
    if isinstance(array.type, pa.DictionaryType):
        return widen(coltype, array.dictionary_decode(), layout)
    if isinstance(target, pa.BaseExtensionType) and array.type == target.storage_type:
        return pa.ExtensionArray.from_storage(target, array)
    held = layout_of_type(coltype, array.type)
    if layout == "mixed":
        name = {"int": "int", "float": "float"}[held]
        children = [array if field.name == name else pa.nulls(len(array), field.type) for field in _fields(target)]
        return _struct(children, target, array)
    if layout == "flags":
        bits = _UTC if held == "utc" else 0
        value = array.cast(_fields(target)[0].type)
        flags = pa.repeat(pa.scalar(bits, pa.uint8()), len(array))
        return _struct([value, flags], target, array)
    raise TypeError(f"values of layout {held} of a {coltype} column do not fit in layout {layout}")


def _fields(kind: Any) -> list[Any]:
    return [kind.field(index) for index in range(kind.num_fields)]


def _struct(children: list[Any], kind: Any, source: Any) -> Any:
    mask = source.is_null() if source.null_count else None
    return pa.StructArray.from_arrays(children, fields=_fields(kind), mask=mask)
