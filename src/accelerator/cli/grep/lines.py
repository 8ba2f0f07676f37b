"""Some lines of a dataset on their way to the output."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from accelerator.cli.grep.plan import DatasetPlan
from accelerator.cli.grep.query import Query
from accelerator.column.numpy_view import arrow_positions

__all__ = ["Encoded", "Formatter", "Lines", "prefix_values"]

Encoded = tuple[bytes, memoryview]
"""Output, and where in it each line ends, as int64."""


@dataclass(frozen=True)
class Lines:
    """Some lines of one slice of a dataset, which lie near each other.

    Attributes:
        plan: of the dataset.
        sliceno: the slice.
        first: line number of the first row of the arrays.
        rows: which rows of them are meant, in order; ``array("q")``, or a NumPy array of int64.
        arrays: for each column name an Arrow array; all are of one length.
    """

    plan: DatasetPlan
    sliceno: int
    first: int
    rows: Any
    arrays: dict[str, Any]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def numbers(self) -> Any:
        """Line numbers in the slice, in an array of the same kind."""
        if isinstance(self.rows, array):
            return array("q", [self.first + row for row in self.rows])
        return self.first + self.rows

    def pieces(self, length: int) -> "Iterator[Lines]":
        """Yield the same lines, whose rows are a NumPy array, at most so many at a time."""
        for start in range(0, len(self.rows), length):
            rows = self.rows[start : start + length]
            low, high = int(rows[0]), int(rows[-1]) + 1
            arrays = {name: values.slice(low, high - low) for name, values in self.arrays.items()}
            yield Lines(self.plan, self.sliceno, self.first + low, rows - low, arrays)

    def column(self, name: str) -> Any:
        """Return the values of a column in these lines, an Arrow array."""
        values = self.arrays[name]
        return values if len(self.rows) == len(values) else values.take(arrow_positions(self.rows))


class Formatter(Protocol):
    """A form of output."""

    def header(self, names: tuple[str, ...]) -> bytes:
        """Return the line above the fields of these names, empty if the form has none."""
        ...

    def encode(self, lines: Lines) -> Encoded:
        """Return what to write for some lines."""
        ...

    def listed(self, dataset: str, sliceno: int) -> bytes:
        """Return what to write for a dataset (or slice) that has a match."""
        ...


def prefix_values(query: Query, dataset: str, sliceno: int, line: int) -> dict[str, str | int]:
    """Return what was asked for to stand before a line, by its name in JSON."""
    values: dict[str, str | int] = {}
    if query.show_dataset:
        values["dataset"] = dataset
    if query.show_slice:
        values["sliceno"] = sliceno
    if query.show_line:
        values["lineno"] = line
    return values
