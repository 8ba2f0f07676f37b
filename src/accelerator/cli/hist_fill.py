"""The numbers of a column, read once if there are not too many of them to be kept, and the bins that they lie in."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from accelerator.cli.hist_counts import Bins, counts_in_bins
from accelerator.cli.hist_order import Ordered, merged, ordered_array
from accelerator.dataset import Dataset
from accelerator.dataset.reader import SliceReader

__all__ = ["KEPT", "Numbers"]

KEPT = 1 << 28
"""Bytes of numbers that are kept; where there are more, they are read again."""

T = TypeVar("T")


class Numbers:
    """A column of some datasets whose values have an order.

    Args:
        datasets: which all have the column.
        column: its name.
        slices: slice numbers.
        kept: how many bytes of numbers to keep at most.

    Attributes:
        outline: what is to be known before there are bins: all but the numbers, of which there are a few. None if the
            values cannot be compared in whole arrays.
    """

    def __init__(self, datasets: Sequence[Dataset], column: str, slices: Sequence[int], *, kept: int = KEPT) -> None:
        self._column = column
        self._places = [(dataset, sliceno) for dataset in datasets for sliceno in slices]
        lines = sum(dataset.lines[sliceno] for dataset, sliceno in self._places)
        self._keep = lines * 8 <= kept
        found = self._of_all(self._outline)
        self.outline = merged([outline for outline, _ in found])
        self._kept = [arrays for _, arrays in found] if self._keep else None

    def in_bins(self, bins: Bins) -> list[int]:
        """Return how many values lie in each bin.

        Args:
            bins: the bins, made for :attr:`outline`.
        """
        assert self.outline is not None  # or there would be no bins
        kind = self.outline.numbers.dtype

        def fill(arrays: Iterable[Any]) -> Any:
            found = np.zeros(len(bins.labels), np.int64)
            for array in arrays:
                found += counts_in_bins(bins, array.astype(kind, copy=False))
            return found

        if self._kept is not None:
            counts = _of_all(fill, [(arrays,) for arrays in self._kept])
        else:
            counts = self._of_all(lambda *place: fill(part.numbers for part in self._parts(*place) if part))
        return [int(count) for count in sum(counts)]

    def _outline(self, dataset: Dataset, sliceno: int) -> tuple[Ordered | None, list[Any]]:
        parts: list[Ordered | None] = []
        kept: list[Any] = []
        for part in self._parts(dataset, sliceno):
            if part is None:
                return None, []
            parts.append(part._replace(numbers=part.numbers[:1]))
            if self._keep:
                kept.append(part.numbers)
        return merged(parts), kept

    def _parts(self, dataset: Dataset, sliceno: int) -> Iterator[Ordered | None]:
        coltype = dataset.columns[self._column].type
        for block in SliceReader(dataset, sliceno, [self._column]).blocks():
            yield ordered_array(coltype, block.batch.column(0))

    def _of_all(self, function: Callable[[Dataset, int], T]) -> list[T]:
        return _of_all(function, self._places)


def _of_all(function: Callable[..., T], arguments: Sequence[tuple[Any, ...]]) -> list[T]:
    # Reading and counting go on without the interpreter, so threads are enough for all cores.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        waiting = [threads.submit(function, *each) for each in arguments]
        return [future.result() for future in waiting]
