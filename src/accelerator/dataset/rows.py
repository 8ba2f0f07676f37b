"""The rows of one part of an iteration: from files through record batches to the kernel's iterator."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelerator._native import Rows
from accelerator.dataset.filters import Range, column_translators, filtered, filters_by_number, translated_rows
from accelerator.dataset.handle import Dataset
from accelerator.dataset.masks import BlockFilter
from accelerator.dataset.plan import REHASH, ROUNDROBIN, Part, Selection
from accelerator.dataset.reader import SliceReader, check_columns
from accelerator.job.status import publish_iteration


@dataclass(frozen=True)
class Task:
    """What is asked for.

    Attributes:
        parts: what to read.
        selection: columns.
        restriction: column, start and stop of a range that rows are checked for.
        hashlabel: what rehashed parts are hashed on.
        slices: number of slices.
        filters, translators: as given.
    """

    parts: Sequence[Part]
    selection: Selection
    restriction: Range | None
    hashlabel: str | None
    slices: int
    filters: Any
    translators: Any


class Position:
    """Which line of a part a kernel iterator has come to, though it hands out only some of the rows.

    Args:
        rows: the iterator, which may have handed out rows of other parts. Else it is to be set.
    """

    def __init__(self, rows: Any = None) -> None:
        self.rows = rows
        self._before = 0 if rows is None else rows.position  # rows handed out before the present batch
        self._first = 0  # line before the present batch
        self._kept: Any = None  # which of its rows are handed out; None for all

    def enter(self, first: int, kept: Any) -> None:
        """The iterator takes a new batch: all rows before it have been handed out."""
        if self.rows is not None:
            self._before = self.rows.position
        self._first = first
        self._kept = kept

    def line(self) -> int:
        """Return the number of the row handed out last, 1 for the first."""
        handed = (self.rows.position if self.rows is not None else 0) - self._before
        if handed == 0 or self._kept is None:
            return self._first + handed
        # The mask says it; a position among the kept rows is looked up only when somebody asks.
        return self._first + int(self._kept.nonzero()[0][handed - 1]) + 1


def part_rows(task: Task, part: Part, positions: list[Position]) -> Iterator[Any]:
    """Return an iterator over the rows of a part, translated and filtered.

    Args:
        task: what is asked for.
        part: which part; not a round robin one.
        positions: where the position in it goes.

    Raises:
        DatasetError: a column does not exist.
    """
    names = task.selection.of(part.dataset)
    check_columns(part.dataset, names)
    position = Position()
    positions.append(position)
    batches = kept_batches(part, names, _wanted(task, part), position)
    return finished(task, names, plain_rows(task, part.dataset, names, batches, position))


class OneIterator:
    """All parts through one kernel iterator, with nothing between it and the user where that can be.

    Args:
        task: what is asked for, such that :meth:`fits`.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._names = task.selection.of(task.parts[0].dataset)
        self._rows: Any = None

    @staticmethod
    def fits(task: Task) -> bool:
        """Return whether all parts have the same columns, and none is round robin or has its columns translated."""
        if not task.parts or (task.translators and isinstance(task.translators, Mapping)):
            return False
        layouts = set()
        for part in task.parts:
            names, stored = task.selection.of(part.dataset), part.dataset.stored
            if part.label == ROUNDROBIN or not stored.keys() >= set(names):
                return False
            layouts.add(tuple((name, stored[name].type) for name in names))
        return len(layouts) == 1

    def batches(self, part: Part, positions: list[Position]) -> Iterator[Any]:
        """Return what :meth:`rows` is to be given of a part; the position in it goes to ``positions``."""
        position = Position(self._rows)
        positions.append(position)
        return kept_batches(part, self._names, _wanted(self._task, part), position)

    def rows(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Return the rows of the batches of all parts, as they are handed out."""
        task = self._task
        types = [task.parts[0].dataset.stored[name].type for name in self._names]
        if not task.translators and isinstance(task.filters, Mapping) and not task.selection.bare:
            rows = self._rows = Rows(batches, types, False, filters_by_number(task.filters, self._names))
            return rows
        self._rows = Rows(batches, types, task.selection.bare)
        return finished(task, self._names, self._rows)


def _wanted(task: Task, part: Part) -> BlockFilter:
    return BlockFilter(
        dataset=part.dataset,
        restriction=task.restriction if part.check_range else None,
        hash_column=task.hashlabel if part.label == REHASH else None,
        sliceno=part.visits[0],
        slices=task.slices,
    )


def finished(task: Task, names: Sequence[str], rows: Iterator[Any]) -> Iterator[Any]:
    """Return rows as they are handed out: after the translator that takes rows, and the filters."""
    if callable(task.translators):
        rows = map(task.translators, rows)
    return filtered(rows, task.filters, None if task.selection.bare else names)


def kept_batches(part: Part, names: Sequence[str], keep: BlockFilter, position: Position) -> Iterator[Any]:
    """Yield record batches of the selected columns for the kernel."""
    needed = list(dict.fromkeys([*names, *keep.columns]))
    before = 0
    for sliceno in part.sources:
        reader = SliceReader(part.dataset, sliceno, needed, shared_strings=True, short=True)
        for block in reader.blocks(_intervals(reader, part, keep)):
            batch, kept = keep.apply(block.batch)
            if not batch.num_rows:
                continue
            position.enter(before + block.first, kept)
            publish_iteration()
            yield batch.select(names) if list(names) != needed else batch
        before += reader.lines


def _intervals(reader: SliceReader, part: Part, keep: BlockFilter) -> list[tuple[int, int]] | None:
    if keep.restriction is not None:
        return reader.intervals(keep.restriction)
    stop = part.lines if part.stop is None else part.stop
    return [(part.start, stop)] if part.start or stop < part.lines else None


def plain_rows(
    task: Task, dataset: Dataset, names: Sequence[str], batches: Iterator[Any], position: Position
) -> Iterator[Any]:
    """Return the rows of batches, with columns translated."""
    types = [dataset.stored[name].type for name in names]
    if not isinstance(task.translators, Mapping) or not task.translators:
        rows = position.rows = Rows(batches, types, task.selection.bare)
        return rows
    functions = column_translators(task.translators, names)

    def bare_rows(source: Iterator[Any], index: int) -> Iterator[Any]:
        rows = Rows((batch.select([index]) for batch in source), [types[index]], True)
        if not index:  # the first column is asked first, so it is the one that has come furthest
            position.rows = rows
        return rows

    if task.selection.bare:
        (function,) = functions
        values = bare_rows(batches, 0)
        return values if function is None else map(function, values)
    return translated_rows(batches, bare_rows, functions)
