"""Least and greatest values in JSON: a type tag and a text, because JSON knows neither big integers, nan, nor dates."""

from collections.abc import Callable
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
