"""What happens to rows between the files and the user: range checks, translators, filters."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import tee
from operator import itemgetter
from typing import Any

from accelerator.dataset.bounds import comparable
from accelerator.error import DatasetUsageError

Range = tuple[str, Any, Any]
RowCheck = Callable[[Any], bool]


def parse_range(spec: Mapping[str, Any] | None) -> Range | None:
    """Return ``(column, start, stop)`` of a ``range`` argument, or None if it restricts nothing.

    Raises:
        DatasetUsageError: more than one column.
        TypeError, ValueError: not two bounds.
    """
    if not spec:
        return None
    if len(spec) != 1:
        raise DatasetUsageError(f"range takes exactly one column, not {len(spec)}: {', '.join(map(repr, spec))}")
    ((column, bounds),) = spec.items()
    start, stop = bounds
    return None if start is None and stop is None else (column, start, stop)


def range_check_function(start: Any, stop: Any, none_support: bool = False) -> RowCheck:
    """Return a function that says whether a value lies in ``start <= value < stop``.

    Args:
        start: least value, None for no such bound.
        stop: first value above, None for no such bound.
        none_support: the function must expect None, which lies in no range. (NaN never does.)
    """
    low, high = comparable(start), comparable(stop)
    timed = any(isinstance(bound, datetime | time) for bound in (start, stop))

    def check(value: Any) -> bool:
        if value is None and none_support:
            return False
        if timed:
            value = comparable(value)
        if low is not None and not low <= value:
            return False
        # NaN is not equal to itself.
        return bool(value < high if high is not None else value == value)  # noqa: PLR0124

    return check


def bounds_fit(column_type: str, bounds: Iterable[Any]) -> bool:
    """Return whether comparing a column's stored form with these bounds means the same as comparing its Python values.

    Otherwise (a fraction as the bound of ints, say) values are compared in Python, one by one.
    """
    return all(bound is None or _bound_fits(column_type, bound) for bound in bounds)


def _bound_fits(column_type: str, bound: Any) -> bool:
    kind = type(bound)
    match column_type:
        case "int32" | "int64":
            return kind is int and -(2**63) <= bound < 2**63
        case "float32" | "float64":
            return (kind is float and not math.isnan(bound)) or (kind is int and abs(bound) <= 2**53)
        case "number":
            # The layout may be ints or floats, so the bound must be exact as either.
            return kind in {int, float} and abs(bound) <= 2**53 and bound == int(bound)
        case "bool":
            return kind is bool
        case "date":
            return kind is date
        case "datetime":
            return kind is datetime
        case "time":
            return kind is time
    return False


def check_selected(what: str, keys: Iterable[str], columns: Sequence[str] | None) -> None:
    """Raise ValueError if a filter or translator names a column that is not selected.

    Args:
        what: "filter" or "translator", for the message.
        keys: the columns it names.
        columns: the selected columns.
    """
    missing = sorted(set(keys) - set(columns or ()))
    if missing:
        raise ValueError(f"{what} for columns that are not selected: {', '.join(map(repr, missing))}")


def column_translators(translators: Mapping[str, Any], columns: Sequence[str]) -> list[Callable[[Any], Any] | None]:
    """Return a function, or None, for each selected column. What is not callable must have ``get``."""
    return [_translator(translators[column]) if column in translators else None for column in columns]


def _translator(translator: Any) -> Callable[[Any], Any]:
    if callable(translator):
        function: Callable[[Any], Any] = translator
        return function
    get: Callable[[Any], Any] = translator.get
    return get


def translated_rows(
    batches: Iterator[Any],
    bare_rows: Callable[[Iterator[Any], int], Iterator[Any]],
    functions: Sequence[Callable[[Any], Any] | None],
) -> Iterator[Any]:
    """Yield row tuples with some columns translated.

    Args:
        batches: what the rows are made of.
        bare_rows: makes the iterator over the values of column number i from batches.
        functions: a function or None per column.
    """
    # Each column is an iterator of its own and zip joins them: no Python code runs per row but the translators'.
    columns = []
    for index, (source, function) in enumerate(zip(tee(batches, len(functions)), functions, strict=True)):
        values = bare_rows(source, index)
        columns.append(values if function is None else map(function, values))
    # Not strict: at the end zip must not ask the other columns once more for batches that may raise.
    return zip(*columns, strict=False)


def filtered(rows: Iterator[Any], filters: Any, columns: Sequence[str] | None) -> Iterator[Any]:
    """Return the rows that pass.

    Args:
        rows: tuples, or bare values if ``columns`` is None.
        filters: a callable on the row, or a mapping from column to a callable, or None or bool for truth of the value.
        columns: selected columns, in order; None when rows are bare values.
    """
    if not filters:
        return rows
    if callable(filters):
        return filter(filters, rows)
    for index, column in enumerate(columns if columns is not None else filters):
        if column in filters:
            rows = filter(_row_filter(filters[column], None if columns is None else index), rows)
    return rows


def filters_by_number(filters: Mapping[str, Any], columns: Sequence[str]) -> dict[int, Callable[[Any], Any] | None]:
    """Return the filters of columns as the kernel takes them.

    Args:
        filters: from column to a callable, or None or bool for truth of the value.
        columns: selected columns, in order.
    """
    return {
        index: None if filters[column] is bool else filters[column]
        for index, column in enumerate(columns)
        if column in filters
    }


def check_filters(filters: Any, columns: Sequence[str]) -> None:
    """Raise what a wrong ``filters`` argument deserves: ValueError for unselected columns, else TypeError."""
    if not filters or callable(filters):
        return
    check_selected("filter", filters.keys(), columns)
    for column, function in filters.items():
        if function is not None and function is not bool and not callable(function):
            raise TypeError(f"filter for column {column!r} is not callable: {function!r}")


def check_translators(translators: Any, columns: Sequence[str]) -> None:
    """Raise what a wrong ``translators`` argument deserves: ValueError for unselected columns, else AttributeError."""
    if not translators or callable(translators):
        return
    check_selected("translator", translators.keys(), columns)
    for translator in translators.values():
        _translator(translator)


def _row_filter(function: Any, index: int | None) -> Callable[[Any], Any] | None:
    if index is None:
        return None if function is None or function is bool else function
    if function is None or function is bool:
        return itemgetter(index)

    def passes(row: Any) -> Any:
        return function(row[index])

    return passes
