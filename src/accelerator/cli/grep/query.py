"""What ``ax grep`` was asked for, in one plain record."""

from dataclasses import dataclass
from typing import Literal

from accelerator.cli.grep.spacing import Spacing

__all__ = ["Format", "Mode", "Query"]

Mode = Literal["regexp", "fixed", "numeric"]
Format = Literal["csv", "raw", "json"]


@dataclass(frozen=True)
class Query:
    """Everything but datasets and columns.

    Attributes:
        patterns: a line matches if any of them does.
        mode: what the patterns are.
        ignore_case: fold case in patterns, and in what makes lines equal.
        invert: choose the lines that do not match.
        only_matching: show the matching parts of values; with ``list_matching`` whole values that match.
        list_matching: name datasets instead of showing lines.
        max_count: how many matching lines to show at most, None for all.
        before, after: lines of context.
        headers: show column names.
        ordered: dataset by dataset, slice by slice.
        roundrobin: dataset by dataset, a line of each slice in turn.
        slices: which ones, in which order; None for all.
        unique: show each combination of these columns once; empty for all shown ones, None for no such thing.
        show_dataset, show_slice, show_line: what to put before each line.
        format: how lines are written.
        separator: what is between fields.
        spacing: spaces between fields instead.
        colour: highlight with control sequences.
    """

    patterns: tuple[str, ...]
    mode: Mode = "regexp"
    ignore_case: bool = False
    invert: bool = False
    only_matching: bool = False
    list_matching: bool = False
    max_count: int | None = None
    before: int = 0
    after: int = 0
    headers: bool = False
    ordered: bool = False
    roundrobin: bool = False
    slices: tuple[int, ...] | None = None
    unique: tuple[str, ...] | None = None
    show_dataset: bool = False
    show_slice: bool = False
    show_line: bool = False
    format: Format = "csv"
    separator: str = "\t"
    spacing: Spacing | None = None
    colour: bool = False

    @property
    def names_only(self) -> bool:
        """Whether names of datasets are asked for, not lines."""
        return self.list_matching and not self.only_matching

    @property
    def in_order(self) -> bool:
        """Whether the order of the output is determined."""
        return self.ordered or self.roundrobin or self.unique is not None

    @property
    def detailed(self) -> bool:
        """Whether who puts the output together needs single lines."""
        return self.max_count is not None or self.roundrobin or self.unique is not None

    @property
    def plain(self) -> bool:
        """Whether no line depends on others."""
        return not (self.detailed or self.before or self.after)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Headers of what is put before each line."""
        shown = (("[DATASET]", self.show_dataset), ("[SLICE]", self.show_slice), ("[LINE]", self.show_line))
        return tuple(name for name, show in shown if show)
