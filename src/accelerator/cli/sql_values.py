"""The values of a query's result as Python objects, as JSON and as text."""

import json
import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from accelerator.cli.grep.texts import python_values

__all__ = ["jsonable", "rows", "text", "unique"]

# How a column of ``number`` that mixes kinds is shown to SQL.
_NUMBER = pa.struct([("int", pa.int64()), ("float", pa.float64()), ("big", pa.binary())])


def rows(batch: pa.RecordBatch, json_columns: Sequence[bool]) -> Iterator[tuple[Any, ...]]:
    """Return the rows of a batch.

    Args:
        batch: some rows.
        json_columns: for each column whether its texts are JSON, whose values are wanted.
    """
    columns = (_values(column, is_json=is_json) for column, is_json in zip(batch.columns, json_columns, strict=True))
    return zip(*columns, strict=True)


def _values(array: Any, *, is_json: bool) -> list[Any]:
    kind = array.type
    if kind == _NUMBER:
        return python_values("number", array)
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        # Python's own type has no nanoseconds.
        texts = array.cast(pa.string()).to_pylist()
        return [None if value is None else value.replace(" ", "T") for value in texts]
    if pa.types.is_decimal(kind) and kind.scale == 0:  # a HUGEINT
        return [None if value is None else int(value) for value in array.to_pylist()]
    values: list[Any] = array.to_pylist(maps_as_pydicts="lossy") if _has_map(kind) else array.to_pylist()
    return [None if value is None else json.loads(value) for value in values] if is_json else values


def _has_map(kind: Any) -> bool:
    return pa.types.is_map(kind) or any(_has_map(kind.field(number).type) for number in range(kind.num_fields))


def text(value: Any) -> str:
    """Return a value as a field of a line: None is empty, lists and structs are JSON."""
    match value:
        case None:
            return ""
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case dict() | list() | tuple():
            return json.dumps(jsonable(value), ensure_ascii=False)
    return str(value)


def jsonable(value: Any) -> Any:
    """Return a value as JSON has it.

    Integers of any size are numbers, decimals are text (a number might lose digits), NaN and infinities null, dates and
    times text in ISO form; in bytes, backslashes stand before the hexadecimal digits of what is not UTF-8.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {text(key): jsonable(item) for key, item in value.items()}
        case pa.MonthDayNano():
            return dict(zip(("months", "days", "nanoseconds"), value, strict=True))
        case list() | tuple():
            return [jsonable(item) for item in value]
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal() | timedelta():
            return str(value)
    return text(value)


def unique(names: Sequence[str]) -> list[str]:
    """Return names of which no two are the same: of two called ``q`` the second becomes ``q_1``."""
    found: dict[str, None] = {}
    for name in names:
        candidate, number = name, 0
        while candidate in found or (number and candidate in names):
            number += 1
            candidate = f"{name}_{number}"
        found[candidate] = None
    return list(found)
