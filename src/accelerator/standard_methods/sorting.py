"""How dataset_sort puts key arrays, order and slices together."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from accelerator import UserError, status
from accelerator.column.numpy_view import arrow_array
from accelerator.standard_methods.progress import shown
from accelerator.standard_methods.reorder import held_batches
from accelerator.standard_methods.sort_keys import PYTHON_TYPES, key_arrays, python_keys
from accelerator.standard_methods.sort_order import KERNEL_BYTES, Order, order_keys, order_values

# Ranks that are looked at together.
_BLOCK: Final = 1 << 20

__all__ = ["Sorter", "moved_to_changes", "ranks_between", "slice_edges", "with_ranks"]


def slice_edges(positions: Any, slices: int) -> list[int]:
    """Return where each slice ends in the sorted rows, with a 0 before them.

    All slices get as many rows. The rows that remain go to one slice each: of the first sorted rows, one for each
    slice, those that came earliest say which.
    """
    total = len(positions)
    lengths = [total // slices] * slices
    by_position = sorted(range(min(slices, total)), key=lambda number: positions[number])
    for sliceno in by_position[: total % slices]:
        lengths[sliceno] += 1
    return [0, *(int(edge) for edge in np.cumsum(lengths))]


def moved_to_changes(edges: Sequence[int], changed: Any) -> list[int]:
    """Return the edges, each moved on to the next row whose trigger is not that of the row before."""
    total = len(changed)
    moved = []
    for edge in edges:
        if 0 < edge < total and not changed[edge]:
            following = np.flatnonzero(changed[edge:])
            moved.append(edge + int(following[0]) if len(following) else total)
        else:
            moved.append(edge)
    return moved


class Sorter:
    """What is sorted, and by what.

    Args:
        chain: the datasets.
        columns: names, the most important first.
        descending: greatest first.
        trigger: name of the trigger column.
    """

    def __init__(self, chain: Any, columns: Sequence[str], descending: bool, trigger: str | None) -> None:
        self.chain = chain
        self.columns = columns
        self.descending = descending
        self.trigger = None if trigger is None else columns.index(trigger)
        self.types = [(chain[-1].columns[name].type, chain.none_support(name)) for name in columns] if chain else []

    def order(self, batches: Iterable[Any], rows: int, directory: Path, memory: int) -> Order:
        """Return the order of rows.

        Args:
            batches: record batches of the columns to sort by.
            rows: how many they have together.
            directory: for temporary files.
            memory: in bytes, what sorting may need.

        Raises:
            UserError: values that only Python can compare have no order.
        """
        with status("Sorting"):
            try:
                return self._order(batches, rows, directory, memory)
            except TypeError as error:
                if not any(coltype in PYTHON_TYPES for coltype, _ in self.types):
                    raise
                raise UserError(f"There are values to sort by that cannot be compared: {error}") from None

    def _order(self, batches: Iterable[Any], rows: int, directory: Path, memory: int) -> Order:
        batches = shown("Reading what to sort by", batches, rows)
        if any(coltype in PYTHON_TYPES for coltype, _ in self.types):
            values = (row for batch in batches for row in self.values(batch))
            return order_values(values, self.descending, self.trigger, directory)
        keys = (self.keys(batch) for batch in batches)
        return order_keys(keys, rows, self.descending, self.trigger, directory, memory)

    def held(self, batches: Iterable[Any], rows: int, memory: int) -> list[Any] | None:
        """Return all batches if they can be sorted in memory, else None.

        Args:
            batches: record batches.
            rows: how many they have together.
            memory: in bytes, what they and sorting them may need.
        """
        # What rows are sorted by is put together.
        return held_batches(
            batches,
            rows,
            memory,
            lambda batch: batch.nbytes + batch.select(self.columns).nbytes + KERNEL_BYTES * batch.num_rows,
        )

    def keys(self, batch: Any) -> list[list[Any]]:
        """Return the key arrays of each sort column of a batch."""
        return [key_arrays(*kind, array) for kind, array in zip(self.types, batch.columns, strict=True)]

    def values(self, batch: Any) -> Iterator[tuple[Any, ...]]:
        """Return what Python compares for each row of a batch."""
        columns = []
        for (coltype, none_support), array in zip(self.types, batch.columns, strict=True):
            if coltype in PYTHON_TYPES:
                columns.append(python_keys(coltype, array))
            else:
                arrays = key_arrays(coltype, none_support, array)
                columns.append(list(zip(*(keys.to_pylist() for keys in arrays), strict=True)))
        return zip(*columns, strict=True)


def with_ranks(batches: Iterable[Any], ranks: Any) -> Iterator[tuple[Any, Any]]:
    """Yield batches with the ranks of their rows."""
    done = 0
    for batch in batches:
        yield batch, ranks[done : done + batch.num_rows]
        done += batch.num_rows


def ranks_between(chain: Any, columns: Sequence[str], path: Path, first: int, end: int) -> Iterator[tuple[Any, Any]]:
    """Yield the rows of a chain whose ranks lie between these, and how far from the first.

    Args:
        chain: the datasets.
        columns: names of the columns wanted.
        path: of a file with the ranks of all rows.
        first: the least of them.
        end: the one after the greatest.
    """
    if first == end:
        return
    ranks = np.load(path, mmap_mode="r")
    # Of data that are nearly in order already only a part is to be read.
    wanted = _span(ranks, first, end)
    batches = chain.batches(None, columns, exact="dictionaries", slice=wanted)
    for batch, own in with_ranks(batches, ranks[wanted]):
        chosen = np.flatnonzero((own >= first) & (own < end))
        if len(chosen):
            yield batch.take(arrow_array(chosen)), own[chosen].astype(np.int64) - first


def _span(ranks: Any, first: int, end: int) -> slice:
    """Return where in the ranks all those from ``first`` to before ``end`` lie."""
    found = []
    for start in range(0, len(ranks), _BLOCK):
        inside = np.flatnonzero((ranks[start : start + _BLOCK] >= first) & (ranks[start : start + _BLOCK] < end))
        if len(inside):
            found += [start + int(inside[0]), start + int(inside[-1]) + 1]
    return slice(found[0], found[-1])
