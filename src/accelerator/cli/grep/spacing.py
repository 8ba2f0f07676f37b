"""Fields set apart with spaces, so that they stand below each other as far as that is possible."""

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["DEFAULT", "Spacing", "parse"]

_NAMED = re.compile(r"(tab|field|min)(?:_?len(?:gth)?)?=(.*)", re.DOTALL)
_LOWEST = {"tab": 1, "field": 0, "min": 1}
_HIGHEST = 9999


class Spacing(NamedTuple):
    """How fields are set apart.

    Attributes:
        tab: fields begin at multiples of this many columns.
        field: columns a field takes at least, as long as those before it did not take more.
        min: spaces between fields at least.
    """

    tab: int = 8
    field: int = 16
    min: int = 2

    def gaps(self, widths: Iterable[int]) -> list[int]:
        """Return the number of spaces after each field.

        Args:
            widths: of the fields, in characters.
        """
        position = wanted = 0
        gaps = []
        for width in widths:
            position += width
            wanted += self.field
            gap = max(wanted - position, self.min)
            gap += -(position + gap) % self.tab
            gaps.append(gap)
            position += gap
        return gaps


DEFAULT = Spacing()


def parse(values: Iterable[str]) -> Spacing:
    """Return what ``-T`` options say: all of them together, unnamed numbers filling tab, field and min in turn.

    Args:
        values: such as ``8/16/2``, ``min=3``, ``4`` or ``/``.

    Raises:
        ValueError: one does not say a spacing; the message tells why.
    """
    words = [word for value in values for word in re.split(r"[/, ]", value)]
    numbers = [word for word in words if word]
    if len(numbers) == 1 and numbers[0] == "".join(words) and len(words) == 1 and "=" not in numbers[0]:
        return Spacing(_number("tab", numbers[0]), 0, 1)
    found: dict[str, int] = DEFAULT._asdict()
    unnamed = 0
    for word in numbers:
        named = _NAMED.fullmatch(word)
        if named:
            name, text = named[1], named[2]
        else:
            name, text = Spacing._fields[unnamed % len(Spacing._fields)], word
            unnamed += 1
        found[name] = _number(name, text)
    return Spacing(**found)


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"{text!r} is not a length; write such as 8/16/2 or tab=8/field=16/min=2")
    number = int(text)
    if not _LOWEST[name] <= number <= _HIGHEST:
        raise ValueError(f"{name} must be from {_LOWEST[name]} to {_HIGHEST}, not {text}")
    return number
