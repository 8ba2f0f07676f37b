"""A lazy Polars frame that asks us only for the columns and row groups a query needs."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from accelerator.dataset.batches import BatchSource
from accelerator.dataset.filters import Range
from accelerator.dataset.handle import Dataset

# Types whose values Polars compares as we do. (NaN, for one, is greater than all numbers to Polars.)
_COMPARED = frozenset({"int32", "int64", "date", "datetime"})

_EPOCH = datetime(1970, 1, 1)

# What a literal is in Polars' serialised expressions, as value and smallest step to the next.
_LITERALS: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "Int64": lambda value: (value, 1),
    "Int32": lambda value: (value, 1),
    "Int": lambda value: (value, 1),
    "Date": lambda value: (date(1970, 1, 1) + timedelta(days=value), timedelta(days=1)),
    "Datetime": lambda value: (_EPOCH + timedelta(microseconds=_microseconds(*value)), timedelta(microseconds=1)),
}

_MIRRORED = {"Gt": "Lt", "GtEq": "LtEq", "Lt": "Gt", "LtEq": "GtEq", "Eq": "Eq"}


def lazy_frame(datasets: Sequence[Dataset]) -> Any:
    """Return a ``polars.LazyFrame`` over datasets."""
    import polars  # noqa: PLC0415 - optional
    from polars.io.plugins import register_io_source  # noqa: PLC0415 - optional

    schema = polars.DataFrame(pa.Table.from_batches([], BatchSource(datasets, None, None, None).schema)).schema

    def frames(columns: list[str] | None, predicate: Any, rows: int | None, _size: int | None) -> Iterator[Any]:
        left = rows
        restriction = None if predicate is None else range_of(predicate, datasets)
        for batch in BatchSource(datasets, None, columns, restriction):
            frame = polars.DataFrame(batch)
            if predicate is not None:
                frame = frame.filter(predicate)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            yield frame
            if left == 0:
                return

    return register_io_source(io_source=frames, schema=schema)


def range_of(predicate: Any, datasets: Sequence[Dataset]) -> Range | None:
    """Return a range that all rows which pass a predicate lie in, or None if none can be seen.

    Args:
        predicate: a ``polars.Expr``.
        datasets: what it is about.
    """
    try:
        expression = json.loads(predicate.meta.serialize(format="json"))
    except Exception:  # noqa: BLE001 - the format is Polars' own; without it more is read, that is all
        return None
    bounds: dict[str, list[tuple[Any, Any]]] = {}
    _collect(expression, bounds)
    for name, found in bounds.items():
        columns = [dataset.columns.get(name) for dataset in datasets if dataset.shape[1]]
        if all(column is not None and column.type in _COMPARED and column.min is not None for column in columns):
            starts = [start for start, _ in found if start is not None]
            stops = [stop for _, stop in found if stop is not None]
            return name, max(starts, default=None), min(stops, default=None)
    return None


def _collect(expression: Any, bounds: dict[str, list[tuple[Any, Any]]]) -> None:
    """Add the bounds, start and stop, that a JSON expression sets to columns; what is not understood sets none."""
    match expression:
        case {"BinaryExpr": {"left": left, "op": "And" | "LogicalAnd", "right": right}}:
            _collect(left, bounds)
            _collect(right, bounds)
        case {"BinaryExpr": {"left": {"Column": name}, "op": op, "right": {"Literal": literal}}}:
            _add(bounds, name, op, literal)
        case {"BinaryExpr": {"left": {"Literal": literal}, "op": op, "right": {"Column": name}}}:
            _add(bounds, name, _MIRRORED.get(op, ""), literal)
        case {
            "Function": {
                "input": [{"Column": name}, {"Literal": low}, {"Literal": high}],
                "function": {"Boolean": {"IsBetween": _}},
            }
        }:
            # An open end is a little less: the predicate itself is applied in any case.
            _add(bounds, name, "GtEq", low)
            _add(bounds, name, "LtEq", high)


def _add(bounds: dict[str, list[tuple[Any, Any]]], name: str, op: str, literal: Any) -> None:
    match literal:
        case {"Scalar": {**typed}} | {"Dyn": {**typed}} if len(typed) == 1:
            ((kind, raw),) = typed.items()
        case _:
            return
    try:
        value, step = _LITERALS[str(kind)](raw)
        above = value + step
    except (KeyError, OverflowError, TypeError, ValueError):
        return
    start = {"Gt": above, "GtEq": value, "Eq": value}.get(op)
    stop = {"Lt": value, "LtEq": above, "Eq": above}.get(op)
    if start is not None or stop is not None:
        bounds.setdefault(name, []).append((start, stop))


def _microseconds(value: int, unit: str, _zone: Any) -> int:
    if unit != "Microseconds":
        raise ValueError(unit)
    return value
