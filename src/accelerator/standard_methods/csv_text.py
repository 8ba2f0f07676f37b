"""Rows as the text of a CSV file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from accelerator.column import text_array
from accelerator.column.csv import csv_lines

__all__ = ["CsvFormat"]

# Text is made for so many rows at a time, so that it is still in the cache when it is written, and for so many bytes at
# most.
_ROWS: Final = 16_384
_BYTES: Final = 64 << 20

_compute: Any = pc  # its functions are made at import, unseen by type checkers

_PLAIN_QUOTES: Final = ("'", '"')
# Types whose text Python makes.
_BY_PYTHON: Final = frozenset({"json", "pickle"})


@dataclass(frozen=True)
class CsvFormat:
    """How values become lines.

    Attributes:
        separator: between the values of a line.
        line_separator: after each line.
        quote: around values; empty for none.
        lazy: only around values that need it.
        exact: what is written can be read back: what contains line ends, or the quote, needs quotes too; bytes are
            written as they are; whole floats that could be integers have an exponent.
        none_as: replaces None: for all columns, or by label.
    """

    separator: str
    line_separator: str
    quote: str
    lazy: bool
    exact: bool
    none_as: str | Mapping[str, str] | None

    def header(self, labels: Sequence[str]) -> bytes:
        """Return the line with the labels."""
        return self._lines([pa.array([label], pa.string()) for label in labels], ["unicode"] * len(labels), labels)

    def lines(self, batch: Any, types: Sequence[str]) -> list[bytes]:
        """Return rows as texts to be written one after the other.

        Args:
            batch: record batch with at least one column, as stored.
            types: column types.
        """
        rows = batch.num_rows
        step = max(1, min(_ROWS, rows * _BYTES // max(batch.nbytes, 1)))
        return [
            self._lines(batch.slice(start, step).columns, types, batch.schema.names) for start in range(0, rows, step)
        ]

    def _lines(self, arrays: Sequence[Any], types: Sequence[str], names: Sequence[str]) -> bytes:
        texts = [self._text(*pair) for pair in zip(types, arrays, strict=True)]
        return csv_lines(
            [array for _, array in texts],
            [coltype for coltype, _ in texts],
            [self._none(*pair).encode() for pair in zip(names, types, strict=True)],
            separator=self.separator.encode(),
            line_separator=self.line_separator.encode(),
            quote=self.quote.encode(),
            always=not self.lazy or not self.separator,
            edges=[edge.encode() for edge in (_PLAIN_QUOTES if self.quote in _PLAIN_QUOTES else (self.quote,))],
            inside=[part.encode() for part in self._inside()],
        )

    def _text(self, coltype: str, array: Any) -> tuple[str, Any]:
        """Return the values as the kernel is to write them, and the column type that it is to take them for."""
        if coltype in _BY_PYTHON:
            return "unicode", text_array(coltype, array)
        if self.exact and coltype == "bytes":
            return "unicode", array  # which is written as it is stored
        if self.exact and coltype == "number" and array.type != pa.int64():
            # dataset_type makes an integer of 1.0, but not of what has an exponent.
            texts = text_array(coltype, array)
            return "unicode", _compute.replace_substring_regex(texts, pattern=r"\.0$", replacement=".0e0")
        return coltype, array

    def _inside(self) -> list[str]:
        """Return what makes a value need quotes wherever it is in it."""
        if not self.exact:
            return [self.separator]
        parts = [self.separator, self.quote, "\n", "\r", "\ufeff", self.line_separator]
        return [part for part in dict.fromkeys(parts) if part]

    def _none(self, name: str, coltype: str) -> str:
        none = self.none_as.get(name) if isinstance(self.none_as, Mapping) else self.none_as
        if none is not None:
            return none
        return "null" if coltype == "json" else "None"
