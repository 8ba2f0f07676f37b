"""Round robin: a row of each slice in turn."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

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

    Rows that a range or filters leave out do not count: each turn hands out one of every slice.

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
    check_columns(part.dataset, names)
    restriction = task.restriction if part.check_range else None
    filtered = restriction is not None or bool(task.filters)
    iterators = {}
    for sliceno in entered:
        position = Position()
        positions.append(position)
        rows = plain_rows(task, part.dataset, names, _batches(task, part, sliceno, names, position), position)
        iterators[sliceno] = finished(task, names, rows) if filtered else rows
    if filtered or part.rehashed:  # how many rows there are is not known, and takes Python code per row
        rows = _turns(iterators, lambda sliceno: leave(part.dataset, sliceno))
        yield rows if filtered else finished(task, names, rows)
        return
    for rows, ended in _pieces(iterators, part):
        yield finished(task, names, rows)
        for sliceno in ended:
            leave(part.dataset, sliceno)


def _batches(task: Task, part: Part, sliceno: int, names: Sequence[str], position: Position) -> Iterator[Any]:
    """Return the batches of one slice, without the rows that a range or the hash leaves out."""
    single = part if part.rehashed else replace(part, sources=(sliceno,), lines=part.dataset.lines[sliceno])
    keep = BlockFilter(
        part.dataset,
        restriction=task.restriction if part.check_range else None,
        hash_column=task.hashlabel if part.rehashed else None,
        sliceno=sliceno,
        slices=task.slices,
    )
    return kept_batches(replace(single, start=0, stop=None), names, keep, position)


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


def _turns(iterators: dict[int, Iterator[Any]], leave: Callable[[int], None]) -> Iterator[Any]:
    """Yield a row of each slice in turn until all have ended, as each says itself."""
    active = dict(iterators)
    while active:
        for sliceno, rows in list(active.items()):
            for row in rows:
                yield row
                break
            else:
                del active[sliceno]
                leave(sliceno)
