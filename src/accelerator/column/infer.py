"""A type for a column of text, found by looking at all of its values; none of them loses a digit by it."""

from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa

from accelerator import _native

__all__ = ["TypeInference"]

_TEXT: Final = "unicode:utf-8"
_BOOLS: Final = ({"bool"}, {"Bool"}, {"BOOL"})
_INTEGERS: Final = {"integer", "big integer"}
_DOUBLES: Final = {"integer", "big integer", "float", "special"}
# These say more about numbers that are named by another kind too.
_REMARKS: Final = {"long integer", "padded", "whole", "bare point", "zero point", "negative zero"}
_UTC: Final = {None, "", "UTC", ":UTC"}


class TypeInference:
    """Finds the type that all texts of a column can be converted to without loss.

    A text is taken for a number, date, time or truth value only if it could be written back from that value. So
    these stay text: leading zeros (``007``), a plus sign, spaces, more digits than a float has, exponents that could be
    names (``12e3``), and a column with two ways of writing one number (``1.5`` and ``1.50``). Dates and times are
    those of ISO 8601, each column with one form.

    Args:
        none_values: exactly these texts will become None, so they do not count.
        numeric_comma: the decimal point is a comma.
        timezone: datetimes will be taken as local times of this zone; those that say that they are UTC then stay text.

    Example:
        >>> types = TypeInference()
        >>> types.add(pa.array(["17", "", "-5"]))
        >>> types.result()
        'int64_10+None'
    """

    def __init__(
        self, none_values: Iterable[str | bytes] = (), *, numeric_comma: bool = False, timezone: str | None = None
    ) -> None:
        self._none_values = [text.encode() if isinstance(text, str) else text for text in none_values]
        self._comma = numeric_comma
        self._zoned = timezone not in _UTC
        self._sorts: set[str] = set()
        self._decimals = range(0)

    def add(self, array: Any) -> None:
        """Look at values.

        Args:
            array: a pyarrow array of strings or bytes, also chunked or dictionary encoded; nulls do not count.
        """
        if isinstance(array, pa.ChunkedArray):
            for chunk in array.iterchunks():
                self.add(chunk)
            return
        kind = array.type
        if isinstance(kind, pa.DictionaryType):
            self.add(array.dictionary.take(array.indices.unique().drop_null()))
            return
        if kind == pa.string_view() or kind == pa.binary_view():
            array = array.cast(pa.large_string() if kind == pa.string_view() else pa.large_binary())
        found = _native.value_sorts(array, self._none_values, self._comma, "text" in self._sorts)
        self._join(*found)

    def merge(self, other: "TypeInference") -> None:
        """Take over what another one has seen, in another part of the column.

        Args:
            other: made with the same arguments.
        """
        sorts, decimals = other._sorts, other._decimals  # noqa: SLF001 - of this class
        self._join(sorts, decimals.start, decimals.stop - 1)

    def _join(self, sorts: Iterable[str], least: int, most: int) -> None:
        self._sorts.update(sorts)
        if most >= least:
            mine = self._decimals
            self._decimals = range(min(least, mine.start), max(most + 1, mine.stop)) if mine else range(least, most + 1)

    @property
    def is_text(self) -> bool:
        """Whether the column is text, whatever else there is in it."""
        return "text" in self._sorts

    def result(self) -> str:
        """Return the type, as ``dataset_type`` names it.

        With ``+None`` if there are empty texts, which in columns of other types than text become None.
        """
        sorts = self._sorts - {"empty"}
        if "bytes" in sorts:
            return "bytes"
        name = self._moment(sorts) or ("strbool" if sorts in _BOOLS else self._number(sorts))
        if name is None:
            return _TEXT
        base, colon, argument = name.partition(":")
        return f"{base}+None{colon}{argument}" if "empty" in self._sorts else name

    def _moment(self, sorts: set[str]) -> str | None:
        """Return the one form of all dates or times."""
        forms = sorted(sorts)
        if not forms or not all(":" in form for form in forms):
            return None
        if self._zoned and any(form.endswith("Z") for form in forms):
            return None
        if len(forms) == 1:
            return forms[0]
        # Fractions are left out where they are zero, by Python for one.
        whole, _, zone = forms[0].partition(".%f")
        zone = "Z" if zone or whole.endswith("Z") else ""
        whole = whole.removesuffix("Z")
        return f"{whole}%2?.%f{zone}" if set(forms) == {whole + zone, f"{whole}.%f{zone}"} else None

    def _number(self, sorts: set[str]) -> str | None:
        kinds = sorts - _REMARKS
        if not kinds <= _DOUBLES or not kinds - {"special"}:
            return None
        if kinds <= _INTEGERS:
            return "number:int" if "big integer" in kinds else "int64_10"
        two_ways = (
            ("padded" in sorts and len(self._decimals) > 1)
            or ("whole" in sorts and bool(kinds & _INTEGERS))
            or {"bare point", "zero point"} <= sorts
        )
        if two_ways:
            return None
        if "long integer" not in sorts:
            return "float64"
        # dataset_type makes an integer of every text of digits, which has no negative zero.
        return None if "negative zero" in sorts else "number"
