"""Rows as the text of a CSV file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from accelerator.column import COLUMN_TYPES
from accelerator.standard_methods.value_text import text_of_values

__all__ = ["CsvFormat"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers

# Lines are made for so many rows at a time, which the processor's caches can hold, and for so many bytes at most.
_ROWS: Final = 8192
_BYTES: Final = 64 << 20

_PLAIN_QUOTES: Final = ("'", '"')
# No value but text, json and pickle has others.
_VALUE_CHARACTERS: Final = frozenset(" ()+-.:0123456789EFNTaefijlnorsu")


@dataclass(frozen=True)
class CsvFormat:
    """How values become lines.

    Attributes:
        separator: between the values of a line.
        line_separator: after each line.
        quote: around values; empty for none.
        lazy: only around values that need it.
        multiline: what contains line ends, or the quote, needs it too.
        none_as: replaces None: for all columns, or by label.
    """

    separator: str
    line_separator: str
    quote: str
    lazy: bool
    multiline: bool
    none_as: str | Mapping[str, str] | None

    def header(self, labels: Sequence[str]) -> bytes:
        """Return the line with the labels."""
        texts = self._quoted(pa.array(labels, pa.large_string())).to_pylist()
        return (self.separator.join(texts) + self.line_separator).encode()

    def lines(self, batch: Any, types: Sequence[str]) -> list[Any]:
        """Return rows as buffers to be written one after the other.

        Args:
            batch: record batch with at least one column, as stored.
            types: column types.
        """
        if batch.num_rows > 1 and (batch.num_rows > _ROWS or batch.nbytes > _BYTES):
            step = max(1, min(_ROWS, batch.num_rows * _BYTES // max(batch.nbytes, 1)))
            parts = (batch.slice(start, step) for start in range(0, batch.num_rows, step))
            return [buffer for part in parts for buffer in self._lines(part, types)]
        return self._lines(batch, types)

    def _lines(self, batch: Any, types: Sequence[str]) -> list[Any]:
        if not batch.num_rows:
            return []
        fields = [
            self._field(name, coltype, array)
            for name, coltype, array in zip(batch.schema.names, types, batch.columns, strict=True)
        ]
        ends = pa.scalar(self.line_separator, pa.large_string())
        fields[-1] = _compute.binary_join_element_wise(fields[-1], pa.scalar("", pa.large_string()), ends)
        separator = pa.scalar(self.separator, pa.large_string())
        text = fields[0] if len(fields) == 1 else _compute.binary_join_element_wise(*fields, separator)
        _, offsets, data = text.buffers()
        edges = memoryview(offsets).cast("q")
        return [data.slice(edges[text.offset], edges[text.offset + len(text)] - edges[text.offset])]

    def _field(self, name: str, coltype: str, array: Any) -> Any:
        text = text_of_values(coltype, array).cast(pa.large_string())
        none = self._none(name, coltype)
        has_none = bool(text.null_count)
        if has_none:
            text = _compute.fill_null(text, none)
        harmless = not COLUMN_TYPES[coltype].is_text and not has_none
        return text if harmless and self._never_quotes_values() else self._quoted(text)

    def _none(self, name: str, coltype: str) -> str:
        none = self.none_as.get(name) if isinstance(self.none_as, Mapping) else self.none_as
        if none is not None:
            return none
        return "null" if coltype == "json" else "None"

    def _never_quotes_values(self) -> bool:
        """Return whether numbers, dates and the like never need quotes."""
        if not self.quote:
            return True
        if not self.lazy or not self.separator:
            return False
        return not _VALUE_CHARACTERS & {*self.separator, *self.quote, *(self.line_separator if self.multiline else "")}

    def _quoted(self, text: Any) -> Any:
        if not self.quote:
            return text
        quote = pa.scalar(self.quote, pa.large_string())
        empty = pa.scalar("", pa.large_string())
        needed = self._needed(text) if self.lazy and self.separator else None
        if needed is not None and not _compute.any(needed, min_count=0).as_py():
            return text
        inside = text
        if _compute.any(_compute.match_substring(text, self.quote), min_count=0).as_py():
            inside = _compute.replace_substring(text, self.quote, self.quote * 2)
        quoted = _compute.binary_join_element_wise(quote, inside, quote, empty)
        return quoted if needed is None else _compute.if_else(needed, quoted, text)

    def _needed(self, text: Any) -> Any:
        """Return which values cannot be read back without quotes."""
        needed = _compute.match_substring(text, self.separator)
        edges = _PLAIN_QUOTES if self.quote in _PLAIN_QUOTES else (self.quote,)
        for edge in edges:
            needed = _compute.or_(needed, _compute.starts_with(text, edge))
            needed = _compute.or_(needed, _compute.ends_with(text, edge))
        if self.multiline:
            for part in dict.fromkeys(
                [self.quote, "\n", "\r", "\ufeff", *([self.line_separator] * bool(self.line_separator))]
            ):
                needed = _compute.or_(needed, _compute.match_substring(text, part))
        return needed
