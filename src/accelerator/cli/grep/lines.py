"""Some lines of a dataset on their way to the output."""

from dataclasses import dataclass
from typing import Any, Protocol

from accelerator.cli.grep.plan import DatasetPlan
from accelerator.cli.grep.query import Query

__all__ = ["Encoded", "Formatter", "Lines", "prefix_values"]

Encoded = tuple[bytes, list[int]]
"""Output, and where in it each line ends."""


@dataclass(frozen=True)
class Lines:
    """Some lines of one slice of a dataset.

    Attributes:
        plan: of the dataset.
        sliceno: the slice.
        numbers: line numbers in the slice, a NumPy array.
        columns: for each column name the values in these lines, an Arrow array.
    """

    plan: DatasetPlan
    sliceno: int
    numbers: Any
    columns: dict[str, Any]

    def __len__(self) -> int:
        return len(self.numbers)


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
