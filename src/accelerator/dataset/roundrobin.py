"""Round robin: a row of each slice in turn."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from operator import itemgetter
from typing import Any

from accelerator.dataset.filters import Range, range_check_function
from accelerator.dataset.handle import Dataset
from accelerator.dataset.masks import BlockFilter
from accelerator.dataset.plan import Part
from accelerator.dataset.reader import check_columns
from accelerator.dataset.rows import Position, Task, finished, kept_batches, plain_rows


def roundrobin_streams(
    task: Task,
    part: Part,
    entered: Sequence[int],
    positions: list[Position],
    leave: Callable[[Dataset, int], None],
) -> Iterator[Iterator[Any]]:
    """Yield iterators whose rows, one after the other, are those of slices in turn.

    Args:
        task: what is asked for.
        part: the part.
        entered: the slices; a slice that has ended is left out from then on.
        positions: where the positions in the slices go.
        leave: called with dataset and slice when a slice has ended.

    Raises:
        DatasetError: a column does not exist.
    """
    names = task.selection.of(part.dataset)
    restriction = task.restriction if part.check_range else None
    # The order depends on all rows, so a range is checked when they are in order, on a column at the end.
    extra = [] if restriction is None else [restriction[0]]
    check_columns(part.dataset, [*names, *extra])
    iterators = {}
    for sliceno in entered:
        position = Position()
        positions.append(position)
        iterators[sliceno] = _slice_rows(task, part, sliceno, (*names, *extra), len(extra), position)
    # How many rows rehashed slices have is not known.
    pieces = iter([(_until_all_end(iterators.values()), list(entered))]) if part.rehashed else _pieces(iterators, part)
    for rows, ended in pieces:
        yield finished(task, names, rows if restriction is None else _in_range(rows, restriction, task.selection.bare))
        for sliceno in ended:
            leave(part.dataset, sliceno)


def _in_range(rows: Iterator[Any], restriction: Range, bare: bool) -> Iterator[Any]:
    """Return the rows whose last column is in a range, without that column."""
    check = range_check_function(restriction[1], restriction[2], none_support=True)

    def wanted(row: Any) -> bool:
        return check(row[-1])

    return map(itemgetter(0) if bare else itemgetter(slice(None, -1)), filter(wanted, rows))


def _slice_rows(
    task: Task, part: Part, sliceno: int, names: Sequence[str], extra: int, position: Position
) -> Iterator[Any]:
    dataset = part.dataset
    if part.rehashed:
        single = part
        keep = BlockFilter(dataset, hash_column=task.hashlabel, sliceno=sliceno, slices=task.slices)
    else:
        single = replace(part, sources=(sliceno,), lines=dataset.lines[sliceno], start=0, stop=None)
        keep = BlockFilter(dataset)
    batches = kept_batches(single, names, keep, position)
    return plain_rows(task, dataset, names, batches, position, extra)


def _pieces(iterators: dict[int, Iterator[Any]], part: Part) -> Iterator[tuple[Iterator[Any], list[int]]]:
    """Yield iterators that take one row of each slice in turn, and which slices have ended after each."""
    lines = part.dataset.lines
    done = position = 0
    stop = part.lines if part.stop is None else part.stop
    for length in sorted({lines[sliceno] for sliceno in iterators}):
        # From here to `length` the same slices take part: cycle and map need no Python code per row.
        active = [each for sliceno, each in iterators.items() if lines[sliceno] >= length]
        count = (length - done) * len(active)
        ended = [sliceno for sliceno in iterators if lines[sliceno] == length]
        first, last = max(part.start - position, 0), max(min(stop - position, count), 0)
        yield islice(map(next, cycle(active)), min(first, last), last), ended
        done = length
        position += count


def _until_all_end(iterators: Iterable[Iterator[Any]]) -> Iterator[Any]:
    active = list(iterators)
    while active:
        for each in list(active):
            try:
                yield next(each)
            except StopIteration:
                active.remove(each)
