"""Bins that are filled while a column is read: nothing is kept of it, however many different values there are."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from accelerator.cli.hist_counts import Bins, in_bins
from accelerator.cli.hist_order import Ordered, merged, ordered_array
from accelerator.dataset import Dataset
from accelerator.dataset.reader import SliceReader

__all__ = ["filled", "outline_of"]

T = TypeVar("T")


def outline_of(datasets: Sequence[Dataset], column: str, slices: Sequence[int]) -> Ordered | None:
    """Return what is to be known before there are bins: all but the numbers, of which there are a few.

    Args:
        datasets: which all have the column.
        column: its name.
        slices: slice numbers.

    Returns:
        None if the values cannot be compared in whole arrays.
    """

    def outline(dataset: Dataset, sliceno: int) -> Ordered | None:
        parts: list[Ordered | None] = []
        for part in _parts(dataset, sliceno, column):
            if part is None:
                return None
            parts.append(part._replace(numbers=part.numbers[:1], counts=part.counts[:1]))
        return merged(parts)

    return merged(_of_all(outline, datasets, slices))


def filled(bins: Bins, outline: Ordered, datasets: Sequence[Dataset], column: str, slices: Sequence[int]) -> list[int]:
    """Return how many values lie in each bin.

    Args:
        bins: the bins.
        outline: of the values, see :func:`outline_of`.
        datasets: which all have the column.
        column: its name.
        slices: slice numbers.
    """

    def fill(dataset: Dataset, sliceno: int) -> Any:
        found = np.zeros(len(bins.labels), np.int64)
        for part in _parts(dataset, sliceno, column):
            assert part is not None  # or there would be no outline
            found += in_bins(bins, part._replace(numbers=part.numbers.astype(outline.numbers.dtype)))
        return found

    counts = sum(_of_all(fill, datasets, slices))
    return [int(count) for count in counts]


def _of_all(function: Callable[[Dataset, int], T], datasets: Sequence[Dataset], slices: Sequence[int]) -> list[T]:
    # Reading and counting go on without the interpreter, so threads are enough for all cores.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        waiting = [threads.submit(function, dataset, sliceno) for dataset in datasets for sliceno in slices]
        return [future.result() for future in waiting]


def _parts(dataset: Dataset, sliceno: int, column: str) -> Iterator[Ordered | None]:
    coltype = dataset.columns[column].type
    for block in SliceReader(dataset, sliceno, [column]).blocks():
        array = block.batch.column(0)
        yield ordered_array(coltype, array, np.ones(len(array), np.int64))
