"""Timestamps of urd entries: their one spelling, their order, and queries about them.

A timestamp is one or more *parts* joined by ``+``; a part is an integer or a date of any precision from the
month (``2014-04``) to the microsecond.  Integers sort before dates, integers by value, dates as text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from accelerator.error import UrdUsageError

__all__ = ["Moment", "Query", "normalise", "sort_key"]

Part: TypeAlias = int | str | date
"""What a part may be given as; a ``datetime`` is a ``date``."""
Moment: TypeAlias = Part | Sequence[Part]
"""What a timestamp may be given as."""
Operator: TypeAlias = Literal["=", "<", "<=", ">", ">=", "latest", "first"]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:[T ][0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?)?)?")
_INTEGER = re.compile(r"[0-9]+")
_OPERATOR = re.compile(r"\s*(<=|>=|<|>)\s*")
_OPERATORS: dict[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WANTED = "an integer from 0 up, a date (2014-04, 2014-04-10, 2014-04-10T12:30, …), or several of these joined by '+'"


def normalise(moment: Moment) -> str:
    """Return the one spelling of a timestamp.

    Args:
        moment: an integer from 0 up, a text, a date, a datetime, or a list or tuple of these.

    Returns:
        The parts joined by ``+``; integers without leading zeros, ``T`` between date and time.

    Raises:
        UrdUsageError: (also an AssertionError) not a timestamp.
    """
    parts = [moment] if isinstance(moment, str | date) or not isinstance(moment, Sequence) else moment
    if not parts or isinstance(moment, bytes):
        raise _invalid(moment)
    return "+".join(_part(part, moment) for part in parts)


def _part(part: object, whole: object) -> str:
    if isinstance(part, str):
        return "+".join(_text_part(text, whole) for text in part.split("+"))
    if isinstance(part, int) and not isinstance(part, bool) and part >= 0:
        return str(part)
    if isinstance(part, datetime):
        if part.tzinfo is not None:
            raise UrdUsageError(f"{part!r} has a time zone; timestamps have none: give it as UTC without one")
        return part.isoformat()
    if isinstance(part, date):
        return part.isoformat()
    raise _invalid(whole)


def _text_part(text: str, whole: object) -> str:
    if _INTEGER.fullmatch(text):
        return text.lstrip("0") or "0"
    if _DATE.fullmatch(text):
        return text.replace(" ", "T")
    raise _invalid(whole)


def _invalid(moment: object) -> UrdUsageError:
    return UrdUsageError(f"{moment!r} is not a timestamp: it must be {_WANTED}")


def sort_key(timestamp: str) -> str:
    """Return a text that sorts, character by character, as the timestamp does.

    An integer becomes ``0``, the length of the length of its digits, that length, the digits; a date ``1`` and
    itself.  The ``+`` between parts sorts before every other character used, so that fewer parts come first.

    Args:
        timestamp: as :func:`normalise` returns it.
    """
    keys = []
    for part in timestamp.split("+"):
        if "-" in part:
            keys.append(f"1{part}")
        else:
            length = str(len(part))
            keys.append(f"0{len(length)}{length}{part}")
    return "+".join(keys)


@dataclass(frozen=True, slots=True)
class Query:
    """Which entry of a list is wanted.

    Args:
        operator: ``=``, ``<`` (the nearest before), ``<=``, ``>`` (the nearest after), ``>=``, ``latest`` or ``first``.
        timestamp: normalised; empty for ``latest`` and ``first``.
    """

    operator: Operator
    timestamp: str = ""

    @classmethod
    def parse(cls, moment: Moment) -> "Query":
        """Read a query: a timestamp, after ``<``, ``<=``, ``>`` or ``>=`` if wanted, or ``latest`` or ``first``.

        Args:
            moment: as for :func:`normalise`; the operator stands at the start of the text, or is the first element.

        Raises:
            UrdUsageError: neither a timestamp nor a query.
        """
        if moment == "latest" or moment == "first":  # noqa: PLR1714 - the two literals are told apart by type checkers
            return cls(moment)  # type: ignore[arg-type]  # equality with a literal does not narrow a union
        if isinstance(moment, str):
            found = _OPERATOR.match(moment)
            if found:
                return cls(_OPERATORS[found[1]], normalise(moment[found.end() :]))
        elif isinstance(moment, list | tuple) and moment and isinstance(moment[0], str):
            operator = _OPERATORS.get(moment[0].strip())
            if operator:
                return cls(operator, normalise(moment[1:]))
        return cls("=", normalise(moment))

    @property
    def by_prefix(self) -> bool:
        """Whether longer timestamps that start with this one count too: ``<=2014-04`` includes 2014-04-10."""
        return self.operator == "<=" and "-" in self.timestamp

    def admits(self, timestamp: str) -> bool:
        """Tell whether an entry of this timestamp answers the query (the nearest one of these is the answer)."""
        if self.operator in {"latest", "first"}:
            return True
        mine, other = sort_key(self.timestamp), sort_key(timestamp)
        if self.by_prefix and timestamp.startswith(self.timestamp):
            return True
        return {"=": other == mine, "<": other < mine, "<=": other <= mine, ">": other > mine, ">=": other >= mine}[
            self.operator
        ]

    @property
    def newest_first(self) -> bool:
        """Whether the answer is the last of the admitted timestamps (else the first)."""
        return self.operator in {"=", "<", "<=", "latest"}
