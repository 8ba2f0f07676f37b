"""How dataset_fanout names the values of a column, and finds common types of columns."""

import json
import pickle
from collections.abc import Callable, Iterable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from accelerator import UserError
from accelerator.column import text_array
from accelerator.column.numpy_view import numbers

__all__ = ["common_type", "text_values"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers

# What each type can be stored as besides itself, the narrowest first.
_WIDER: Final = {
    "ascii": ("unicode",),
    "complex32": ("complex64",),
    "float32": ("float64", "number"),
    "float64": ("number",),
    "int32": ("int64", "number"),
    "int64": ("number",),
}

# Types whose text is made from each different stored value.
_BY_STORED: Final[dict[str, Callable[[Any], Any]]] = {"bytes": bytes, "json": json.loads, "pickle": pickle.loads}


def text_values(coltype: str, array: Any) -> tuple[list[str], Any]:
    """Return the different values of an array as text, ``str(value)``, and for each row the number of its own.

    Args:
        coltype: column type.
        array: values as stored.
    """
    if coltype in _BY_STORED:
        stored = array.storage if isinstance(array.type, pa.BaseExtensionType) else array
        encoded = stored.dictionary_encode()
        names = [str(_BY_STORED[coltype](value)) for value in encoded.dictionary.to_pylist()]
    elif pa.types.is_nested(array.type) or pa.types.is_floating(array.type):  # 0.0 and -0.0 would be one
        encoded = text_array(coltype, array).dictionary_encode()
        names = encoded.dictionary.to_pylist()
    else:
        encoded = array.dictionary_encode()
        names = text_array(coltype, encoded.dictionary).to_pylist()
    indices = encoded.indices
    if indices.null_count:
        indices = _compute.fill_null(indices, len(names))
        names = [*names, "None"]
    unique = list(dict.fromkeys(names))
    if len(unique) < len(names):  # values that differ only in how they are stored, or None and "None"
        places = {name: number for number, name in enumerate(unique)}
        indices = pa.array([places[name] for name in names], pa.int32()).take(indices)
    return unique, numbers(indices)


def common_type(name: str, types: Iterable[str]) -> str:
    """Return the type that holds the values of columns of several types.

    Raises:
        UserError: there is none.
    """
    different = dict.fromkeys(types)
    for candidate in dict.fromkeys([*different, "int64", "float64", "complex64", "unicode", "number"]):
        if all(kind == candidate or candidate in _WIDER.get(kind, ()) for kind in different):
            return candidate
    raise UserError(f"Column {name!r} has incompatible types: {', '.join(sorted(different))}")
