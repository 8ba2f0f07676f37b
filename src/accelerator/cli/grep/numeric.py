"""Patterns that say which numbers are looked for."""

import re
from dataclasses import dataclass

__all__ = ["Interval", "number", "parse"]

_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]+")
_COMPARISON = re.compile(r"(<=|>=|=|<|>)?(.*)", re.DOTALL)
_RANGE = re.compile(r"([^:<=>]*)(<?):(=?)([^:<=>]*)", re.DOTALL)


@dataclass(frozen=True)
class Interval:
    """Numbers between two; None is no bound. Ints and floats are compared exactly, as Python does.

    Attributes:
        low, high: the bounds.
        low_open, high_open: the bound itself does not belong.
    """

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        if self.low is not None and not (value > self.low if self.low_open else value >= self.low):
            return False
        return self.high is None or (value < self.high if self.high_open else value <= self.high)


def number(text: str) -> float | None:
    """Return the number that a text is, None if it is none: decimal, hexadecimal or floating point.

    >>> number(" 012 "), number("-0x2a"), number("1e3"), number("x")
    (12, -42, 1000.0, None)
    """
    text = text.strip()
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    for kind in (int, float):
        try:
            value: float = kind(text)
        except ValueError:
            continue
        return value
    return None


def parse(pattern: str) -> Interval:
    """Return which numbers a pattern means.

    Args:
        pattern: empty for all; ``12`` or ``=12``, ``<12``, ``<=12``, ``>12``, ``>=12``; ``a:b`` from a to below b,
            ``a<:b`` from above a, ``a:=b`` to and with b.

    Raises:
        ValueError: it is none of these.
    """
    if not pattern.strip():
        return Interval()
    spread = _RANGE.fullmatch(pattern.strip())
    if spread:
        low = _bound(spread[1]) if spread[1].strip() else None
        high = _bound(spread[4]) if spread[4].strip() else None
        return Interval(low, high, low_open=bool(spread[2]), high_open=not spread[3])
    found = _COMPARISON.fullmatch(pattern.strip())
    assert found is not None
    value = _bound(found[2])
    match found[1]:
        case "<" | "<=":
            return Interval(high=value, high_open=found[1] == "<")
        case ">" | ">=":
            return Interval(low=value, low_open=found[1] == ">")
        case _:
            return Interval(value, value)


def _bound(text: str) -> float:
    value = number(text)
    if value is None:
        raise ValueError(f"{text!r} is not a number; write 12, <12, >=12, or 12:20 (20 excluded)")
    return value
