"""Which rows match, for whole columns at a time."""

import math
from functools import cached_property
from typing import Any

import pyarrow as pa

from accelerator import _lazy
from accelerator._native import contains
from accelerator.cli.grep.numeric import Interval
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.texts import Texts, column_texts, python_values
from accelerator.column.numpy_view import arrow_array, booleans, numbers

__all__ = ["Matcher"]

# What the text of a value may consist of, by column type; any value may be None. Others may consist of anything.
_INTEGER = frozenset("0123456789-None")
_FLOAT = _INTEGER | frozenset(".+einfa")
_TIME = _INTEGER | frozenset(":.+")
_CHARACTERS = {
    "ascii": frozenset(map(chr, range(128))),
    "bool": frozenset("TrueFalseNone"),
    "complex32": _FLOAT | frozenset("()j"),
    "complex64": _FLOAT | frozenset("()j"),
    "date": _INTEGER,
    "datetime": _TIME | frozenset(" "),
    "float32": _FLOAT,
    "float64": _FLOAT,
    "int32": _INTEGER,
    "int64": _INTEGER,
    "number": _FLOAT,
    "time": _TIME,
}
_INT64 = -(2**63), 2**63 - 1
# So many texts Python looks at in the time that it takes to import what looks at whole arrays.
_FEW = 8192
# Shorter texts than this are in so many values that no matter what, they will be more.
_RARE = 3


class Matcher:
    """Finds rows whose values match, exactly as Python would, one by one.

    Plain texts that a match must contain are looked for in the buffers as they are; only what contains one is looked at
    more closely, if that is still needed.

    Args:
        patterns: what is looked for.
    """

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._required = patterns.required()
        required = self._required.literals if self._required else ()
        self._literals = [text.encode("utf-8", "surrogatepass") for text in required]
        self._is_exact = self._required is not None and self._required.exact
        self._looked_at = 0
        if not (self._is_exact or self.everything) and min(map(len, required), default=0) < _RARE:
            _ = self._evaluator  # many values will be looked at: import what does it, before there are more processes

    @cached_property
    def _evaluator(self) -> Any:
        return _lazy.evaluator.Evaluator(self._patterns)

    @property
    def everything(self) -> bool:
        """Whether every value matches, so that none need be looked at."""
        return self._patterns.everything

    def may_match(self, coltype: str) -> bool:
        """Return whether any value of a column type can match: in a number there are no letters to be found."""
        if self._required is None or coltype not in _CHARACTERS:
            return True
        return any(self._may_contain(text, _CHARACTERS[coltype]) for text in self._required.literals)

    def _may_contain(self, text: str, characters: frozenset[str]) -> bool:
        assert self._required is not None
        if self._required.fold:
            return all({each, each.lower(), each.upper()} & characters for each in text)
        return characters.issuperset(text)

    def marks(self, coltype: str, array: Any) -> bytes:
        """Return a byte for each value of a column, 1 if it matches, else 0.

        The same as :meth:`column`, but nothing heavy is imported as long as hardly any value is looked at more closely.

        Args:
            coltype: column type.
            array: the values.
        """
        if self._patterns.is_numeric or not self._can_search(coltype):
            return self.column(coltype, array).tobytes()  # type: ignore[no-any-return]  # NumPy is loaded lazily
        found = self._with_literal(coltype, array)
        if self._is_exact:
            return found
        self._looked_at += found.count(1)
        if self._looked_at > _FEW:
            return self._confirmed(coltype, array, found).tobytes()  # type: ignore[no-any-return]  # likewise
        marks = bytearray(found)
        row = marks.find(1)
        while row >= 0:
            marks[row] = self._patterns.matches(_text(coltype, array, row))
            row = marks.find(1, row + 1)
        return bytes(marks)

    def column(self, coltype: str, array: Any) -> Any:
        """Return which values of a column match, as a NumPy mask.

        Args:
            coltype: column type.
            array: the values.
        """
        if self._patterns.is_numeric:
            kind = array.type
            if coltype == "bool":
                return _lazy.numpy.zeros(len(array), bool)
            if pa.types.is_integer(kind):
                return _any(_integers_in(array, interval) for interval in self._patterns.intervals)
            if pa.types.is_floating(kind) and all(map(_has_double_bounds, self._patterns.intervals)):
                return _any(_doubles_in(array, interval) for interval in self._patterns.intervals)
        if not self._can_search(coltype):
            return self.texts(column_texts(coltype, array))
        return self._confirmed(coltype, array, self._with_literal(coltype, array))

    def _confirmed(self, coltype: str, array: Any, marks: bytes) -> Any:
        """Return which of the values in which the required texts are, as ``marks`` says, match; a NumPy mask."""
        found = _lazy.numpy.frombuffer(bytearray(marks), _lazy.numpy.bool_)
        if self._is_exact:
            return found
        rows = found.nonzero()[0]
        if len(rows):
            texts = column_texts(coltype, array if len(rows) == len(array) else array.take(arrow_array(rows))).compact()
            found[rows] = texts.spread(self._evaluator.matching(texts.values))
        return found

    def _can_search(self, coltype: str) -> bool:
        """Return whether required texts can be looked for in values as they are stored."""
        if self._required is None or coltype in {"json", "pickle"}:
            return False
        # Bytes that are not UTF-8 are surrogates in text only.
        return coltype != "bytes" or not any(map(_has_surrogates, self._required.literals))

    def _with_literal(self, coltype: str, array: Any) -> bytes:
        assert self._required is not None
        return contains(coltype, array, self._literals, self._required.fold)

    def texts(self, texts: Texts) -> Any:
        """Return which texts match, as a NumPy mask of rows."""
        texts = texts.compact()
        return texts.spread(self.values(texts.values))

    def values(self, values: Any) -> Any:
        """Return which of an array of texts match, as a NumPy mask."""
        if self.everything:
            return _lazy.numpy.ones(len(values), bool)
        if self._required is None:
            return self._evaluator.matching(values)
        return self.column("unicode", values)


def _text(coltype: str, array: Any, row: int) -> str:
    """Return the text of one value."""
    if coltype in {"ascii", "unicode"}:  # maybe a dictionary: only this one is to become a Python object
        return str(array[row].as_py())
    (value,) = python_values(coltype, array.slice(row, 1))
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= each <= "\udfff" for each in text)


def _any(masks: Any) -> Any:
    return _lazy.numpy.logical_or.reduce(list(masks))


def _integers_in(array: Any, interval: Interval) -> Any:
    """Return which integers are in an interval; its bounds may be anything, so they are turned into integers first."""
    low, high = _INT64
    for bound in (interval.low, interval.high):
        if isinstance(bound, float) and math.isnan(bound):
            return _lazy.numpy.zeros(len(array), bool)
    if interval.low is not None:
        low = max(low, _first_from(interval.low, beyond=interval.low_open))
    if interval.high is not None:
        high = min(high, -_first_from(-interval.high, beyond=interval.high_open))
    if low > high:
        return _lazy.numpy.zeros(len(array), bool)
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
