"""Least and greatest values: comparing them, and their JSON form.

In JSON a value is a type tag and a text, because JSON knows neither big integers, nan, nor dates.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any

Tagged = list[Any] | None

_FROM: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: text == "true",
    "int": int,
    "float": float.fromhex,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
}


def to_tagged(value: Any) -> Tagged:
    """Return the JSON form of a least or greatest value; None is null.

    >>> to_tagged(0.5)
    ['float', '0x1.0000000000000p-1']
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return ["bool", "true" if value else "false"]
    if isinstance(value, int):
        return ["int", str(int(value))]
    if isinstance(value, float):
        return ["float", float(value).hex()]
    if isinstance(value, datetime | time):
        # The fold is not in the ISO form.
        tag = "datetime" if isinstance(value, datetime) else "time"
        return [tag, value.isoformat(), 1] if value.fold else [tag, value.isoformat()]
    return ["date", value.isoformat()]


def from_tagged(tagged: Tagged) -> Any:
    """Return the value that :func:`to_tagged` made this of."""
    if tagged is None:
        return None
    value = _FROM[tagged[0]](tagged[1])
    return value.replace(fold=1) if len(tagged) > 2 else value


def comparable(value: Any) -> Any:
    """Return what a value is compared by in ranges, min and max: times without their fold and time zone."""
    if isinstance(value, datetime | time):
        return value.replace(tzinfo=None, fold=0)
    return value


def overlaps(low: Any, high: Any, start: Any, stop: Any) -> bool:
    """Return whether values from ``low`` to ``high`` (inclusive) may lie in ``start <= v < stop``; None is no bound.

    NaN as low or high (a column of nothing but NaN) lies in no range.
    """
    low, high = comparable(low), comparable(high)
    if start is not None and not high >= comparable(start):
        return False
    return stop is None or bool(low < comparable(stop))


def inside(low: Any, high: Any, start: Any, stop: Any) -> bool:
    """Return whether all values from ``low`` to ``high`` (inclusive) lie in ``start <= v < stop``; None is no bound."""
    low, high = comparable(low), comparable(high)
    if start is not None and not low >= comparable(start):
        return False
    return stop is None or bool(high < comparable(stop))


def least(values: Iterable[Any]) -> Any:
    """Return the least of some minima, the first of equals. None does not count, NaN only without company."""
    return _extreme(values, lambda new, old: bool(new < old))


def greatest(values: Iterable[Any]) -> Any:
    """Return the greatest of some maxima; see :func:`least`."""
    return _extreme(values, lambda new, old: bool(new > old))


def _extreme(values: Iterable[Any], better: Callable[[Any, Any], bool]) -> Any:
    best = None
    for value in values:
        if value is None:
            continue
        # NaN is not equal to itself.
        if best is None or (best != best and value == value) or better(comparable(value), comparable(best)):  # noqa: PLR0124
            best = value
    return best
