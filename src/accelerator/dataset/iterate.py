"""Iteration over rows: a plan of parts, and for each a chain of iterators that ends in the kernel's."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, cycle, islice
from operator import itemgetter
from typing import Any

from accelerator._native import Rows
from accelerator.dataset.ahead import Ahead
from accelerator.dataset.callbacks import SkipDataset, SkipSlice, is_per_dataset
from accelerator.dataset.filters import (
    Range,
    check_filters,
    check_translators,
    column_translators,
    filtered,
    parse_range,
    range_check_function,
    translated_rows,
)
from accelerator.dataset.handle import Dataset, as_datasets
from accelerator.dataset.masks import BlockFilter
from accelerator.dataset.plan import (
    ROUNDROBIN,
    Part,
    Selection,
    check_sliceno,
    cut_parts,
    make_parts,
    number_of_slices,
    parse_columns,
    parse_slice,
)
from accelerator.dataset.reader import ROWS, Block, SliceReader, check_columns
from accelerator.job.status import iterating, publish

Callback = Callable[..., Any]


def iterate_list(
    sliceno: int | str | None,
    columns: Any,
    datasets: Any,
    range: Mapping[str, Any] | None = None,  # noqa: A002 - the name users write
    sloppy_range: bool = False,
    hashlabel: str | None = None,
    pre_callback: Callback | None = None,
    post_callback: Callback | None = None,
    filters: Any = None,
    translators: Any = None,
    status_reporting: bool = True,
    rehash: bool = False,
    slice: Any = None,  # noqa: A002 - the name users write
    copy_mode: bool = False,  # noqa: ARG001 - for old code
) -> Iterator[Any]:
    """Return an iterator over rows; see :meth:`accelerator.Dataset.iterate`."""
    found: Sequence[Dataset] = as_datasets(datasets)
    slices = number_of_slices(found)
    check_sliceno(sliceno, slices)
    selection = parse_columns(columns, found)
    if selection.names is not None:
        check_filters(filters, selection.names)
        check_translators(translators, selection.names)
    restriction = parse_range(range)
    rehash = bool(rehash and hashlabel is not None and isinstance(sliceno, int))
    parts = make_parts(
        found,
        sliceno,
        restriction,
        hashlabel=hashlabel,
        rehash=rehash or (sliceno is None or sliceno == ROUNDROBIN),
        visit_empty=pre_callback is not None or post_callback is not None,
    )
    cut = parse_slice(
        slice,
        sum(part.lines for part in parts),
        filtered=bool(filters) or restriction is not None,
        rehash=rehash,
    )
    step = 1
    if cut is not None and not filters and (restriction is None or sloppy_range):
        parts, step, cut = cut_parts(parts, cut), cut.step, None
    task = _Task(
        parts=parts,
        selection=selection,
        restriction=None if sloppy_range else restriction,
        hashlabel=hashlabel,
        slices=slices,
        filters=filters,
        translators=translators,
        pre=_Callback(pre_callback),
        post=_Callback(post_callback),
        status_reporting=status_reporting,
    )
    rows: Iterator[Any] = chain.from_iterable(_streams(task))
    if step > 1:
        rows = islice(rows, 0, None, step)
    return rows if cut is None else islice(rows, cut.start, cut.stop, cut.step)


class _Callback:
    """A callback and how it wants to be called."""

    def __init__(self, function: Callback | None) -> None:
        self.function = function
        self.per_dataset = function is not None and is_per_dataset(function)

    def for_dataset(self, dataset: Dataset) -> None:
        if self.function is not None and self.per_dataset:
            self.function(dataset)

    def for_slice(self, part: Part) -> None:
        if self.function is not None and not self.per_dataset:
            self.function(part.dataset, part.sliceno)


@dataclass(frozen=True)
class _Task:
    parts: Sequence[Part]
    selection: Selection
    restriction: Range | None
    hashlabel: str | None
    slices: int
    filters: Any
    translators: Any
    pre: _Callback
    post: _Callback
    status_reporting: bool


def _streams(task: _Task) -> Iterator[Iterator[Any]]:
    """Yield an iterator over the rows of each part; between them callbacks are called, at the very moment."""
    progress = _Progress(task.parts)
    group: Part | None = None  # first part of the present dataset
    skipped = False
    with ExitStack() as stack:
        if task.status_reporting and task.parts:
            progress.show(stack)
        try:
            for number, part in enumerate(task.parts):
                if group is None or group.group != part.group:
                    if group is not None and not skipped:
                        task.post.for_dataset(group.dataset)
                    group, skipped, new = part, False, True
                else:
                    new = False
                if skipped:
                    continue
                progress.begin(number)
                try:
                    if new:
                        task.pre.for_dataset(part.dataset)
                    task.pre.for_slice(part)
                except SkipDataset:
                    skipped = True
                    continue
                except SkipSlice:
                    skipped = task.pre.per_dataset
                    continue
                yield _part_rows(task, part, progress)
                task.post.for_slice(part)
            if group is not None and not skipped:
                task.post.for_dataset(group.dataset)
        except StopIteration:  # from a callback: the end
            return


class _Progress:
    """How far the iteration is: the present part for the status, and the rows read of it."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._entry: Any = None
        self.positions: list[Position] = []

    def show(self, stack: ExitStack) -> None:
        self._entry = stack.enter_context(iterating(self._message(0), self.line, self._parts[0].lines))

    def begin(self, number: int) -> None:
        self.positions = []
        if self._entry is not None:
            self._entry.message = self._message(number)
            self._entry.expected = self._parts[number].lines

    def _message(self, number: int) -> str:
        first, last, present = self._parts[0].title, self._parts[-1].title, self._parts[number].title
        if len(self._parts) == 1:
            return f"Iterating {first}"
        return f"Iterating {first} to {last}, {number + 1}/{len(self._parts)} ({present})"

    def line(self) -> int:
        return sum(position.line() for position in self.positions)


class Position:
    """Which line of a part a kernel iterator has come to, though it hands out only some of the rows."""

    def __init__(self) -> None:
        self.rows: Any = None
        self._before = 0  # rows handed out before the present batch
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


def _part_rows(task: _Task, part: Part, progress: _Progress) -> Iterator[Any]:
    names = task.selection.of(part.dataset)
    check_columns(part.dataset, names)
    if part.label == ROUNDROBIN:
        rows = _roundrobin(task, part, names, progress)
    else:
        keep = BlockFilter(
            dataset=part.dataset,
            restriction=task.restriction if part.check_range else None,
            hash_column=task.hashlabel if part.rehashed else None,
            sliceno=part.sliceno if isinstance(part.sliceno, int) else 0,
            slices=task.slices,
        )
        position = Position()
        progress.positions = [position]
        batches = _batches(part, names, keep, position)
        rows = _to_rows(task, part.dataset, names, batches, position)
    if callable(task.translators):
        rows = map(task.translators, rows)
    return filtered(rows, task.filters, None if task.selection.bare else names)


def _batches(part: Part, names: Sequence[str], keep: BlockFilter, position: Position) -> Iterator[Any]:
    """Yield record batches of the selected columns for the kernel."""
    needed = list(dict.fromkeys([*names, *keep.columns]))
    before = 0
    for sliceno in part.sources:
        reader = SliceReader(part.dataset, sliceno, needed, shared_strings=True)
        for block in _blocks(reader, part, keep):
            batch, kept = keep.apply(block.batch)
            if not batch.num_rows:
                continue
            position.enter(before + block.first, kept)
            publish()
            yield batch.select(names) if list(names) != needed else batch
        before += reader.lines


def _blocks(reader: SliceReader, part: Part, keep: BlockFilter) -> Iterator[Block]:
    stop = part.lines if part.stop is None else part.stop
    intervals: list[tuple[int, int]] | None = None
    if keep.restriction is not None:
        intervals = reader.intervals(keep.restriction)
    elif part.start or stop < part.lines:
        intervals = [(part.start, stop)]
    blocks = reader.blocks(intervals)
    # A thread pays only if there is something to do meanwhile.
    return Ahead(blocks) if stop - part.start > ROWS else blocks


def _to_rows(
    task: _Task, dataset: Dataset, names: Sequence[str], batches: Iterator[Any], position: Position, extra: int = 0
) -> Iterator[Any]:
    """Return the rows of batches, with columns translated except the ``extra`` last ones."""
    types = [dataset.stored[name].type for name in names]
    bare = task.selection.bare and not extra
    if not isinstance(task.translators, Mapping) or not task.translators:
        rows = position.rows = Rows(batches, types, bare)
        return rows
    functions = [*column_translators(task.translators, names[: len(names) - extra]), *[None] * extra]

    def bare_rows(source: Iterator[Any], index: int) -> Iterator[Any]:
        rows = Rows((batch.select([index]) for batch in source), [types[index]], True)
        if not index:  # the first column is asked first, so it is the one that has come furthest
            position.rows = rows
        return rows

    if bare:
        (function,) = functions
        values = bare_rows(batches, 0)
        return values if function is None else map(function, values)
    return translated_rows(batches, bare_rows, functions)


def _roundrobin(task: _Task, part: Part, names: Sequence[str], progress: _Progress) -> Iterator[Any]:
    """Return an iterator that takes a row of each slice in turn; slices that have ended are left out."""
    restriction = task.restriction if part.check_range else None
    # The order depends on all rows, so a range is checked after they are in order, on a column at the end.
    extra = [] if restriction is None else [restriction[0]]
    iterators = []
    positions = []
    for sliceno in part.sources:
        position = Position()
        positions.append(position)
        iterators.append(_slice_rows(task, part, sliceno, [*names, *extra], len(extra), position))
    progress.positions = positions
    rows: Iterator[Any] = islice(_in_turn(iterators, part.dataset.lines), part.start, part.stop)
    if restriction is None:
        return rows
    check = range_check_function(restriction[1], restriction[2], none_support=True)
    rows = filter(lambda row: check(row[-1]), rows)
    return map(itemgetter(0), rows) if task.selection.bare else map(itemgetter(slice(None, -1)), rows)


def _slice_rows(
    task: _Task, part: Part, sliceno: int, names: Sequence[str], extra: int, position: Position
) -> Iterator[Any]:
    single = Part(part.group, part.dataset, sliceno, (sliceno,), part.dataset.lines[sliceno], str(sliceno))
    batches = _batches(single, names, BlockFilter(part.dataset), position)
    return _to_rows(task, part.dataset, names, batches, position, extra)


def _in_turn(iterators: Sequence[Iterator[Any]], lines: Sequence[int]) -> Iterator[Any]:
    """Yield one item of each iterator in turn, knowing how many each has."""
    pieces = []
    done = 0
    for length in sorted(set(lines)):
        # From here to `length` the same iterators take part: cycle and map need no Python code per row.
        active = [each for each, count in zip(iterators, lines, strict=True) if count >= length]
        pieces.append(islice(map(next, cycle(active)), (length - done) * len(active)))
        done = length
    return chain.from_iterable(pieces)
