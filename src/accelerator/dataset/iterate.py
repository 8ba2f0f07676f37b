"""Iteration over rows: a plan of parts, callbacks between them, and a chain of the iterators of all parts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain, islice
from typing import Any

from accelerator.dataset.callbacks import SkipDataset, SkipSlice, is_per_dataset
from accelerator.dataset.filters import check_filters, check_translators, parse_range
from accelerator.dataset.handle import Dataset, as_datasets
from accelerator.dataset.plan import (
    ROUNDROBIN,
    Part,
    check_hashlabels,
    check_sliceno,
    cut_parts,
    make_parts,
    number_of_slices,
    parse_columns,
    parse_slice,
)
from accelerator.dataset.roundrobin import roundrobin_streams
from accelerator.dataset.rows import OneIterator, Position, Task, part_rows
from accelerator.job.status import iterating

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
    for names in [selection.names] if selection.names is not None else {selection.of(each) for each in found}:
        check_filters(filters, names)
        check_translators(translators, names)
    restriction = parse_range(range)
    rehash = bool(rehash and hashlabel is not None)
    parts = make_parts(
        found,
        sliceno,
        restriction,
        rehash_on=hashlabel if rehash else None,
        visit_empty=pre_callback is not None or post_callback is not None or rehash,
    )
    cut = parse_slice(
        slice,
        sum(part.lines for part in parts),
        filtered=bool(filters) or restriction is not None,
        rehash=rehash,
    )
    if cut is not None and not filters and (restriction is None or sloppy_range):
        # The number of rows is known, so what lies before and after need not be read.
        parts, cut = cut_parts(parts, cut), cut.from_its_start()
    check_hashlabels(parts, hashlabel, rehash=rehash)
    task = Task(
        parts=parts,
        selection=selection,
        restriction=None if sloppy_range else restriction,
        hashlabel=hashlabel,
        slices=slices,
        filters=filters,
        translators=translators,
    )
    callbacks = _Callback(pre_callback), _Callback(post_callback)
    rows: Iterator[Any]
    if OneIterator.fits(task):
        one = OneIterator(task)
        rows = one.rows(chain.from_iterable(_streams(task, one.batches, *callbacks, report=status_reporting)))
    else:
        rows = chain.from_iterable(_streams(task, partial(part_rows, task), *callbacks, report=status_reporting))
    return rows if cut is None else islice(rows, cut.start, cut.stop, cut.step)


class _IterationEndedError(Exception):
    """A callback raised StopIteration, which would become a RuntimeError on its way out of a generator."""


class _Callback:
    """A callback and how it wants to be called."""

    def __init__(self, function: Callback | None) -> None:
        self.function = function
        self.per_dataset = function is not None and is_per_dataset(function)

    def for_dataset(self, dataset: Dataset) -> None:
        if self.per_dataset:
            self._call(dataset)

    def for_slice(self, dataset: Dataset, sliceno: int) -> None:
        if not self.per_dataset:
            self._call(dataset, sliceno)

    def _call(self, *arguments: Any) -> None:
        if self.function is not None:
            try:
                self.function(*arguments)
            except StopIteration:
                raise _IterationEndedError from None


def _streams(
    task: Task,
    stream: Callable[[Part, list[Position]], Iterator[Any]],
    pre: _Callback,
    post: _Callback,
    *,
    report: bool,
) -> Iterator[Iterator[Any]]:
    """Yield an iterator over each part; between them callbacks are called, at the very moment.

    Args:
        task: what is asked for.
        stream: makes the iterator over a part that is not round robin, given where the position in it goes.
        pre: the callback before.
        post: the callback after.
        report: show the iteration in the status.
    """
    progress = _Progress(task.parts)
    present: Part | None = None  # first part of the present dataset
    skipped = False
    with ExitStack() as stack:
        if report and task.parts:
            progress.show(stack)
        try:
            for number, part in enumerate(task.parts):
                new = present is None or present.group != part.group
                if new:
                    if present is not None and not skipped:
                        post.for_dataset(present.dataset)
                    present, skipped = part, False
                if skipped:
                    continue
                progress.begin(number)
                entered = _enter(part, pre, new=new)
                if entered is None:
                    skipped = True
                elif part.label == ROUNDROBIN:
                    yield from roundrobin_streams(task, part, entered, progress.positions, post.for_slice)
                elif entered:
                    yield stream(part, progress.positions)
                    post.for_slice(part.dataset, entered[0])
            if present is not None and not skipped:
                post.for_dataset(present.dataset)
        except _IterationEndedError:
            return


def _enter(part: Part, pre: _Callback, *, new: bool) -> list[int] | None:
    """Call the callback for a part; return the slices that it does not skip, None if it skips the dataset.

    Args:
        part: the part.
        pre: the callback.
        new: it is the first part of its dataset.
    """
    if new:
        try:
            pre.for_dataset(part.dataset)
        except (SkipDataset, SkipSlice):
            return None
    entered = []
    for sliceno in part.visits:
        try:
            pre.for_slice(part.dataset, sliceno)
        except SkipDataset:
            return None
        except SkipSlice:
            continue
        entered.append(sliceno)
    return entered


class _Progress:
    """How far the iteration is: the present part for the status, and the rows read of it."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._entry: Any = None
        self.positions: list[Position] = []  # filled by whoever reads the part

    def show(self, stack: ExitStack) -> None:
        self._entry = stack.enter_context(iterating(self._message(0), self.line, self._parts[0].lines))

    def begin(self, number: int) -> None:
        self.positions.clear()
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
