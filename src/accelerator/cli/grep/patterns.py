"""The patterns of a query, as questions about one text."""

import re
import sys
import warnings

from accelerator.cli.grep import numeric
from accelerator.cli.grep.query import Mode
from accelerator.cli.grep.re2 import Translation, translate
from accelerator.cli.grep.required import Required, required
from accelerator.error import UserError

__all__ = ["Patterns"]

Span = tuple[int, int]


class Patterns:
    """What is looked for in each text.

    Args:
        patterns: the patterns; a text matches if any of them does.
        mode: what they are.
        ignore_case: capitals do not count.

    Raises:
        UserError: a pattern is wrong.
    """

    def __init__(self, patterns: tuple[str, ...], mode: Mode = "regexp", *, ignore_case: bool = False) -> None:
        self.intervals: list[numeric.Interval] = []
        """Of numbers, for numeric patterns."""
        self._expressions: list[re.Pattern[str]] = []
        self.is_numeric = mode == "numeric"
        if self.is_numeric:
            # Numbers of any length are compared exactly.
            sys.set_int_max_str_digits(0)
        flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        for pattern in patterns:
            try:
                if self.is_numeric:
                    self.intervals.append(numeric.parse(pattern))
                else:
                    self._expressions.append(_compiled(re.escape(pattern) if mode == "fixed" else pattern, flags))
            except (ValueError, re.error, RecursionError, OverflowError) as error:
                raise UserError(f"Bad pattern {pattern!r}:\n{error}") from None

    @property
    def everything(self) -> bool:
        """Whether every text matches."""
        return any(not expression.pattern for expression in self._expressions)

    @property
    def highlighted(self) -> bool:
        """Whether it tells anybody something to see what matched."""
        return self.is_numeric or any(expression.pattern for expression in self._expressions)

    def translations(self) -> list[Translation] | None:
        """Return the patterns for RE2, None if not all of them can be translated."""
        if self.is_numeric:
            return None
        found = [translate(expression) for expression in self._expressions]
        return [each for each in found if each is not None] if all(found) else None

    def required(self) -> Required | None:
        """Return plain texts one of which is in each text that matches, None if that is not known."""
        return None if self.is_numeric else required(self._expressions)

    def matches(self, text: str) -> bool:
        """Return whether a text matches."""
        if self.is_numeric:
            value = numeric.number(text)
            return value is not None and any(value in interval for interval in self.intervals)
        return any(expression.search(text) for expression in self._expressions)

    def spans(self, text: str) -> list[Span]:
        """Return from and to of the parts that match, those that touch or overlap as one; a number as a whole."""
        if self.is_numeric:
            return [(0, len(text))] if self.matches(text) else []
        found = sorted(
            match.span() for expression in self._expressions for match in expression.finditer(text) if match[0]
        )
        merged: list[Span] = []
        for start, stop in found:
            if merged and start <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(stop, merged[-1][1])
            else:
                merged.append((start, stop))
        return merged

    def parts(self, text: str) -> str:
        """Return the parts of a text that match, one behind the other."""
        return "".join(text[start:stop] for start, stop in self.spans(text))


def _compiled(pattern: str, flags: int) -> "re.Pattern[str]":
    with warnings.catch_warnings():
        # Python warns of what may mean something else some day.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern, flags)
