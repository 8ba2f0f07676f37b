"""What a line is made of: columns, and text between them."""

from array import array
from typing import Any, Literal

from accelerator._native import row_lines
from accelerator.cli.grep.lines import Encoded, Lines
from accelerator.column.numpy_view import arrow_positions

__all__ = ["OBJECTS", "Template"]

OBJECTS = frozenset({"json", "pickle"})
"""Column types of values that only Python can write."""


class Template:
    """Collects what stands in each line, from left to right; for lines that are written all at once.

    Args:
        lines: the lines.
        taken: columns come with these lines only, not with all rows of the arrays.
    """

    def __init__(self, lines: Lines, *, taken: bool) -> None:
        self._lines = lines
        self._all = taken or not lines.arrays or len(lines) == len(next(iter(lines.arrays.values())))
        self._taken = taken
        self._arrays: list[Any] = []
        self._types: list[str] = []
        self._before: list[bytes] = []
        self._text = b""

    def add_text(self, text: bytes) -> None:
        """Add what is the same in each line."""
        self._text += text

    def add_column(self, coltype: str, array: Any) -> None:
        """Add the values of a column; column type is empty for text that is written as it is."""
        self._before.append(self._text)
        self._text = b""
        self._types.append(coltype)
        self._arrays.append(array)

    def add_numbers(self) -> None:
        """Add the line number."""
        first, arrays = self._lines.first, self._lines.arrays
        if self._all:
            numbers = self._lines.numbers
        else:
            numbers = array("q", range(first, first + len(next(iter(arrays.values())))))
        self.add_column("int64", arrow_positions(numbers))

    def written(self, form: Literal["fields", "raw", "json"], separator: bytes = b"") -> Encoded:
        """Return the lines; text that was added last stands at the end of each.

        Args:
            form: how values are written.
            separator: what fields must not contain unless they are quoted.
        """
        rows = None if self._all else self._lines.rows.tobytes()
        data, ends = row_lines(
            self._arrays, self._types, self._before, self._text, form=form, separator=separator, rows=rows
        )
        return data, memoryview(ends).cast("q")
