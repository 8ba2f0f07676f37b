"""Lines of JSON objects as columns."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from accelerator import UserError, status
from accelerator.standard_methods.arrow_types import number_array

__all__ = ["Kinds", "as_column", "column_type", "columns_of", "parsed_lines", "sampled_kinds"]

_MARK: Final = b"\xef\xbb\xbf"
# So many bytes are read at once: what becomes of them is still in the cache when it is put in columns.
_BLOCK: Final = 1 << 20
# To know of columns before all is read, so many bytes are looked at, in so many places.
_SAMPLE: Final = 128 << 10
_SAMPLES: Final = 16
_DECODER: Final = msgspec.json.Decoder()
_INT64: Final = range(-(1 << 63), 1 << 63)
_TYPES: Final = {"bool": "bool", "float": "float64", "int": "int64", "str": "unicode"}
_PLAIN: Final = {"bool": pa.bool_(), "float64": pa.float64(), "int64": pa.int64()}

Kinds = dict[str, set[str]]
"""For each column, the kinds of values it has."""


def parsed_lines(
    path: Path, filename: str, part: int, parts: int, block_size: int = _BLOCK
) -> Iterator[list[dict[str, Any]]]:
    """Yield the objects of the lines that begin in a part of a file, in blocks.

    Args:
        path: plain file to read.
        filename: what the file is called in messages.
        part: number of the part.
        parts: how many there are, of equal size.
        block_size: bytes in a block, about.

    Raises:
        UserError: a line is not a JSON object; the text gives its number.
    """
    size = path.stat().st_size
    first, end = size * part // parts, size * (part + 1) // parts
    with path.open("rb") as file, status(f"Reading {filename}") as update:
        if first:
            # A line that begins before belongs to the part before.
            file.seek(first - 1)
            file.readline()
        while (position := file.tell()) < end:
            update(f"Reading {filename}: {(position - first) * 100 // (end - first)} %")
            wanted = min(block_size, end - position)
            block = file.read(wanted)
            # To the end of the last line that begins before the end of the part.
            block = block if block.endswith(b"\n") else block + file.readline()
            try:
                found = _parsed_block(position, block)
            except _LineError as error:
                raise UserError(f"line {_line_number(path, error.position)} of {filename} {error}") from None
            yield found


class _LineError(Exception):
    """A line that is not right."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(what)
        self.position = position


def _parsed_block(position: int, block: bytes) -> list[dict[str, Any]]:
    # What msgspec takes it reads as json does. It does not take all: blank lines, NaN, surrogates, a mark at the start.
    # (Its decode_lines would take objects that begin on one line and end on another.)
    try:
        found = list(map(_DECODER.decode, block.removesuffix(b"\n").split(b"\n")))
    except (ValueError, RecursionError):
        pass
    else:
        if all(type(value) is dict for value in found):
            return found
    return list(_parsed(position, block))


def _parsed(position: int, block: bytes) -> Iterator[dict[str, Any]]:
    for line in block.split(b"\n"):
        text = line.removeprefix(_MARK) if position == 0 else line
        if text.strip():
            try:
                value = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise _LineError(position, f"is not JSON: {error}") from None
            if not isinstance(value, dict):
                raise _LineError(position, f"is no object: {text[:100]!r}")
            yield value
        position += len(line) + 1


def _line_number(path: Path, position: int) -> int:
    with path.open("rb") as file:
        count = 1
        while position > 0:
            block = file.read(min(position, _BLOCK))
            count += block.count(b"\n")
            position -= len(block)
        return count


def sampled_kinds(path: Path, filename: str, wanted: Iterable[str]) -> Kinds:
    """Return the kinds of values in lines here and there in a file; in all lines of a small one.

    Args:
        path: plain file to read.
        filename: what the file is called in messages.
        wanted: names of the columns to look at; none for all.

    Raises:
        UserError: a line is not a JSON object.
    """
    found: Kinds = {}
    for part in range(_SAMPLES):
        rows = next(parsed_lines(path, filename, part, _SAMPLES, _SAMPLE), [])
        for name, kinds in columns_of(rows, wanted)[0].items():
            found.setdefault(name, set()).update(kinds)
    return found


def columns_of(rows: list[dict[str, Any]], wanted: Iterable[str] = ()) -> tuple[Kinds, dict[str, Any]]:
    """Return objects as columns: which kinds of values each has, and an array.

    The array is of the only kind: bool, int64 or (beyond that) ``number``, double, string; else of JSON text.

    Args:
        rows: the objects.
        wanted: names of the columns; none for all.
    """
    names = sorted(set().union(*rows).intersection(wanted) if wanted else set().union(*rows))
    columns = zip(names, _by_column(rows, names), strict=True)
    found = {name: _column(values) for name, values in columns}
    return {name: kinds for name, (kinds, _) in found.items()}, {name: array for name, (_, array) in found.items()}


def _by_column(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> Iterable[Sequence[Any]]:
    if len(names) > 1:
        try:
            return zip(*map(itemgetter(*names), rows), strict=True)
        except KeyError:
            pass
    return [[row.get(name) for row in rows] for name in names]


def _column(values: Sequence[Any]) -> tuple[set[str], Any]:
    kinds = {kind.__name__ for kind in set(map(type, values))} - {"NoneType"}
    if kinds == {"int"}:
        try:
            return kinds, pa.array(values, pa.int64())
        except OverflowError:
            kinds.add("bigint")
    elif "int" in kinds and not all(value in _INT64 for value in values if type(value) is int):
        kinds.add("bigint")
    return kinds, _array(column_type(kinds), values)


def _array(coltype: str, values: Sequence[Any]) -> Any:
    if coltype in _PLAIN:
        return pa.array(values, _PLAIN[coltype])
    if coltype == "number":
        return number_array(values)
    if coltype == "unicode":
        return _texts(values)
    return pa.array([None if value is None else _json(value) for value in values], pa.large_string())


def _texts(values: Sequence[Any]) -> Any:
    try:
        return pa.array(values, pa.large_string())
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
        raise UserError(f"half of a surrogate pair in {text[:100]!r}, which is no text") from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def column_type(kinds: set[str]) -> str:
    """Return the type of a column that has these kinds of values.

    >>> column_type({"int", "float"}), column_type({"int", "str"})
    ('number', 'json')
    """
    if len(kinds) == 1:
        return _TYPES.get(next(iter(kinds)), "json")
    return "number" if kinds and kinds <= {"int", "float", "bigint"} else "json"


def as_column(coltype: str, kinds: Mapping[str, set[str]], name: str, arrays: Mapping[str, Any], rows: int) -> Any:
    """Return an array of :func:`columns_of` as a column of the type that all rows together have.

    Args:
        coltype: that type.
        kinds: of this block.
        name: of the column.
        arrays: of this block.
        rows: in this block.
    """
    if not kinds.get(name):
        return pa.nulls(rows)
    array = arrays[name]
    if coltype != "json":
        return array
    block_type = column_type(kinds[name])
    texts = array.to_pylist()
    if block_type == "number":
        texts = [None if value is None else _number_of(value) for value in texts]
    if block_type != "json":
        texts = [None if value is None else _json(value) for value in texts]
    return pa.ExtensionArray.from_storage(pa.json_(), pa.array(texts, pa.string()))


def _number_of(parts: Mapping[str, Any]) -> Any:
    if parts["big"] is not None:
        return int.from_bytes(parts["big"], "little", signed=True)
    return parts["int"] if parts["float"] is None else parts["float"]
