"""Which rows match, for whole columns at a time."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator.cli.grep.numeric import Interval
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.texts import Texts, column_texts, decoded
from accelerator.column.numpy_view import arrow_booleans, booleans, numbers

__all__ = ["Matcher"]

_compute: Any = pc
_INT64 = -(2**63), 2**63 - 1


class Matcher:
    """Finds rows whose values match, exactly as Python would, one by one.

    Args:
        patterns: what is looked for.
    """

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._literals: list[bytes] = []
        self._re2 = ""
        self._ascii_only = False
        translations = patterns.translations()
        if translations is None:
            return
        if all(each.literal is not None for each in translations):
            self._literals = [(each.literal or "").encode("utf-8", "surrogatepass") for each in translations]
            return
        self._re2 = "|".join(f"(?:{each.pattern})" for each in translations)
        self._ascii_only = any(each.ascii_only for each in translations)
        try:
            _compute.match_substring_regex(pa.array([""], pa.string()), self._re2)
        except pa.ArrowInvalid:  # more than RE2 takes
            self._re2 = ""

    @property
    def everything(self) -> bool:
        """Whether every value matches, so that none need be looked at."""
        return self._patterns.everything

    def column(self, coltype: str, array: Any) -> Any:
        """Return which values of a column match, as a NumPy mask.

        Args:
            coltype: column type.
            array: the values.
        """
        if self._patterns.is_numeric:
            kind = array.type
            if coltype == "bool":
                return np.zeros(len(array), bool)
            if pa.types.is_integer(kind):
                return _any(_integers_in(array, interval) for interval in self._patterns.intervals)
            if pa.types.is_floating(kind) and all(map(_has_double_bounds, self._patterns.intervals)):
                return _any(_doubles_in(array, interval) for interval in self._patterns.intervals)
        return self.texts(column_texts(coltype, array))

    def texts(self, texts: Texts) -> Any:
        """Return which texts match, as a NumPy mask of rows."""
        texts = texts.compact()
        return texts.spread(self.values(texts.values))

    def values(self, values: Any) -> Any:
        """Return which of an array of texts match, as a NumPy mask."""
        if self.everything:
            return np.ones(len(values), bool)
        if self._literals:
            return _any(booleans(_compute.match_substring(values, literal)) for literal in self._literals)
        if not self._re2 or not pa.types.is_string(values.type):
            return self._one_by_one(values)
        if not self._ascii_only:
            return booleans(_compute.match_substring_regex(values, self._re2))
        ascii_rows = booleans(_compute.string_is_ascii(values))
        if ascii_rows.all():
            return booleans(_compute.match_substring_regex(values, self._re2))
        found = ascii_rows.copy()
        found[ascii_rows] = booleans(
            _compute.match_substring_regex(values.filter(arrow_booleans(ascii_rows)), self._re2)
        )
        found[~ascii_rows] = self._one_by_one(values.filter(arrow_booleans(~ascii_rows)))
        return found

    def _one_by_one(self, values: Any) -> Any:
        return np.fromiter(map(self._patterns.matches, decoded(values)), bool, len(values))


def _any(masks: Any) -> Any:
    return np.logical_or.reduce(list(masks))


def _integers_in(array: Any, interval: Interval) -> Any:
    """Return which integers are in an interval; its bounds may be anything, so they are turned into integers first."""
    low, high = _INT64
    for bound in (interval.low, interval.high):
        if isinstance(bound, float) and math.isnan(bound):
            return np.zeros(len(array), bool)
    if interval.low is not None:
        low = max(low, _first_from(interval.low, beyond=interval.low_open))
    if interval.high is not None:
        high = min(high, -_first_from(-interval.high, beyond=interval.high_open))
    if low > high:
        return np.zeros(len(array), bool)
    values = numbers(array.fill_null(0))
    return (values >= low) & (values <= high) & booleans(array.is_valid())


def _first_from(bound: float, *, beyond: bool) -> int:
    """Return the least integer that is not below a bound, or is above it; limited to what is below and above int64."""
    if bound in {math.inf, -math.inf}:
        return 2**65 if bound > 0 else -(2**65)
    first = math.ceil(bound)
    return first + 1 if beyond and first == bound else first


def _has_double_bounds(interval: Interval) -> bool:
    """Return whether the bounds of an interval can be compared with doubles as doubles."""
    return all(map(_is_double_itself, (interval.low, interval.high)))


def _is_double_itself(bound: Any) -> bool:
    try:
        return not isinstance(bound, int) or int(float(bound)) == bound
    except OverflowError:
        return False


def _doubles_in(array: Any, interval: Interval) -> Any:
    values = numbers(array.cast(pa.float64()).fill_null(0.0))
    found = booleans(array.is_valid())
    if interval.low is not None:
        low = float(interval.low)
        found = found & ((values > low) if interval.low_open else (values >= low))
    if interval.high is not None:
        high = float(interval.high)
        found = found & ((values < high) if interval.high_open else (values <= high))
    return found
