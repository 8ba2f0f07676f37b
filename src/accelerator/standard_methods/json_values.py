"""Columns of JSON values: what kinds of values they have, which type holds these, and arrays of them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import pyarrow as pa

from accelerator.standard_methods.arrow_types import number_array

__all__ = ["Kinds", "ParsedBlock", "ScannedBlock", "column_type"]

Kinds = dict[str, set[str]]
"""For each column, the kinds of values it has: names of Python types, and ``bigint`` for integers beyond 64 bits."""

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others

_INT64: Final = range(-(1 << 63), 1 << 63)
_TYPES: Final = {"bool": "bool", "float": "float64", "int": "int64", "str": "unicode"}
_PLAIN: Final[dict[str, Any]] = {"bool": pa.bool_(), "float64": pa.float64(), "int64": pa.int64()}
_FLOATS: Final = frozenset({"float32", "float64"})
_WORDS: Final = {
    "bigint": "integers beyond 64 bits",
    "bool": "booleans",
    "dict": "objects",
    "float": "floats",
    "int": "integers",
    "list": "arrays",
    "str": "texts",
}


def column_type(kinds: set[str]) -> str:
    """Return the type of a column that has these kinds of values.

    >>> column_type({"int", "float"}), column_type({"int", "str"})
    ('number', 'json')
    """
    if len(kinds) == 1:
        return _TYPES.get(next(iter(kinds)), "json")
    return "number" if kinds and kinds <= {"int", "float", "bigint"} else "json"


class ParsedBlock:
    """Lines whose objects Python has read.

    Args:
        objects: one a line.
        wanted: names of the columns; none for all.

    Attributes:
        rows: how many lines there are.
        kinds: of values, by column.
    """

    def __init__(self, objects: list[dict[str, Any]], wanted: Iterable[str] = ()) -> None:
        self.rows = len(objects)
        names = sorted(set().union(*objects).intersection(wanted) if wanted else set().union(*objects))
        self._values = dict(zip(names, _by_column(objects, names), strict=True))
        self.kinds: Kinds = {name: _kinds(values) for name, values in self._values.items()}

    def column(self, name: str, coltype: str) -> Any:
        """Return the values of a key in a form that ``write_batch`` takes for a column of a type.

        Args:
            name: the key; it need not be there.
            coltype: column type.

        Raises:
            ValueError: the type has no place for such values.
        """
        kinds = self.kinds.get(name)
        if not kinds:
            return pa.nulls(self.rows)
        _check_fit(name, kinds, coltype)
        return _values_array(self._values[name], kinds, coltype)


class ScannedBlock:
    """Lines that the kernel has read; otherwise as :class:`ParsedBlock`.

    Args:
        rows: how many lines there are.
        columns: kinds of values and their array, None without values, by name.
    """

    def __init__(self, rows: int, columns: Mapping[str, tuple[set[str], Any]]) -> None:
        self.rows = rows
        self._columns = columns
        self.kinds: Kinds = {name: kinds for name, (kinds, _) in columns.items()}

    def column(self, name: str, coltype: str) -> Any:
        """As that of :class:`ParsedBlock`."""
        kinds, made = self._columns.get(name, (None, None))
        if not kinds:
            return pa.nulls(self.rows)
        _check_fit(name, kinds, coltype)
        array = _array(made)
        if isinstance(array.type, pa.JsonType) and coltype != "json":
            # Blocks before this one had values of several kinds.
            return _values_array(list(map(_json_value, array.to_pylist())), kinds, coltype)
        return array


def _json_value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _by_column(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> Iterable[Sequence[Any]]:
    if len(names) > 1:
        try:
            return zip(*map(itemgetter(*names), rows), strict=True)
        except KeyError:
            pass
    return [[row.get(name) for row in rows] for name in names]


def _kinds(values: Sequence[Any]) -> set[str]:
    kinds = {kind.__name__ for kind in set(map(type, values))} - {"NoneType"}
    if "int" in kinds and not all(value in _INT64 for value in values if type(value) is int):
        kinds.add("bigint")
    return kinds


def _check_fit(name: str, kinds: set[str], coltype: str) -> None:
    """See that values of several kinds are not made something that none of them is."""
    own = column_type(kinds)
    if own in {coltype, *_TYPES.values()} or coltype == "json" or (own == "number" and coltype in _FLOATS):
        return
    found = " and ".join(_WORDS[kind] for kind in sorted(kinds - ({"int"} if "bigint" in kinds else set())))
    raise ValueError(f"column {name!r} has {found}, which {coltype} cannot hold; {own} can: see column2type")


def _values_array(values: Sequence[Any], kinds: set[str], coltype: str) -> Any:
    own = column_type(kinds)
    if coltype == "json":
        return pa.ExtensionArray.from_storage(pa.json_(), _texts(_each(_json, values)))
    if own == "number" and coltype in _FLOATS:
        return pa.array(_each(float, values), pa.float64())
    if own == "number":
        return number_array(values)
    return _texts(values) if own == "unicode" else pa.array(values, _PLAIN[own])


def _each(convert: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    return [None if value is None else convert(value) for value in values]


def _texts(values: Sequence[Any]) -> Any:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        for value in values:
            _check_text(value)
        raise


def _check_text(text: str | None) -> None:
    if text is None:
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"half of a surrogate pair in {text[:100]!r}, which is no text") from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
