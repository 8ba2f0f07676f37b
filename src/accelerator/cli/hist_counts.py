"""How often each value occurs, and how many values lie in each of some bins."""

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from accelerator.cli.grep.texts import loading, python_values
from accelerator.cli.hist_order import EPOCH, MICROSECOND, Ordered, as_number
from accelerator.cli.hist_tally import Tally
from accelerator.dataset import Dataset
from accelerator.dataset.reader import SliceReader

__all__ = [
    "Bins",
    "Counts",
    "Tallies",
    "count_rows",
    "counts_in_bins",
    "in_bins",
    "plan_bins",
    "tallies_of",
    "value_counts",
]

# How many bins, in order of preference.
_PREFERRED = (20, 21, 19, 22, 18, 23, 17, 24, 16, 25, 15, 14, 13)
_NAN = float("nan")
_MANY_BINS = 100

Counts = Counter[Any]
Tallies = dict[str, Tally]


class Bins(NamedTuple):
    """Intervals of values.

    Attributes:
        starts: where each begins, as numbers; the last number is where the last one ends.
        labels: what each is called.
        uneven: not all are equally long.
    """

    starts: list[Any]
    labels: list[str]
    uneven: bool


def tallies_of(datasets: Sequence[Dataset], column: str, slices: Sequence[int]) -> Tallies:
    """Count the values of a column.

    Args:
        datasets: which all have the column.
        column: its name.
        slices: slice numbers.

    Returns:
        A tally for each type that the column has.
    """
    places = [(dataset, sliceno) for dataset in datasets for sliceno in slices]
    found: Tallies = {}
    # Reading and counting go on without the interpreter, so threads are enough for all cores.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        counted = [threads.submit(_tally, dataset, sliceno, column) for dataset, sliceno in places]
        for (dataset, _), future in zip(places, counted, strict=True):
            found.setdefault(dataset.columns[column].type, Tally()).merge(future.result())
    for tally in found.values():
        tally.condense()
    return found


def value_counts(tallies: Tallies) -> Counts:
    """Return how often each value occurs; values that cannot be hashed are counted by their text."""
    counts: Counts = Counter()
    for coltype, tally in tallies.items():
        for values, numbers in tally.arrays():
            for value, number in zip(python_values(coltype, values), numbers.tolist(), strict=True):
                counts[_hashable(value)] += number
    return counts


def _tally(dataset: Dataset, sliceno: int, column: str) -> Tally:
    tally = Tally()
    for block in SliceReader(dataset, sliceno, [column], shared_strings=True).blocks():
        tally.add(block.batch.column(0))
    tally.condense()
    return tally


def count_rows(datasets: Sequence[Dataset], columns: Sequence[str], slices: Sequence[int]) -> Counts:
    """Return how often each combination of values occurs: tuples, or their text where values cannot be hashed."""
    counts: Counts = Counter()
    for dataset in datasets:
        coltypes = {dataset.columns[name].type for name in columns}
        hashable = coltypes.isdisjoint({"json", "pickle"})
        with loading(*coltypes):
            for sliceno in slices:
                rows = dataset.iterate(sliceno, list(columns))
                counts.update(rows if hashable else map(str, rows))
    return counts


def plan_bins(low: Any, high: Any, wanted: int | None) -> Bins:
    """Return bins from the least to the greatest value of a column.

    Args:
        low: the least value: a number, date, datetime or time.
        high: the greatest, of the same type and greater.
        wanted: how many bins, None to choose.

    Raises:
        OverflowError: there are infinities among the values.
    """
    first, last = as_number(low), as_number(high)
    if isinstance(first, int) and isinstance(last, int) and _is_counted(low, last - first):
        size = last - first + 1
        number = min(size, wanted or _number_of_bins(size))
        starts = [first + place * size // number for place in range(number + 1)]
        labels = [
            _label(start, low) if stop - start == 1 else f"{_label(start, low)} - {_label(stop - 1, low)}"
            for start, stop in pairwise(starts)
        ]
        return Bins(starts, labels, uneven=size % number != 0)
    if first - first or last - last:
        raise OverflowError
    span = last - first
    number = wanted or min(_PREFERRED, key=lambda count: len(repr(span / count)))
    whole = isinstance(span, int)  # microseconds
    edges = [first + (span * place // number if whole else span * place / number) for place in range(number)]
    edges.append(last)
    labels = [f"{_label(start, low)} - {_label(stop, low)}" for start, stop in pairwise(edges)]
    return Bins(edges, labels, uneven=False)


def in_bins(bins: Bins, ordered: Ordered) -> list[int]:
    """Return how many values lie in each bin."""
    if ordered.counts is None:
        return [int(number) for number in counts_in_bins(bins, ordered.numbers)]
    found = np.bincount(_places(bins, ordered.numbers), weights=ordered.counts, minlength=len(bins.labels))
    return [int(number) for number in found]


def counts_in_bins(bins: Bins, numbers: Any) -> Any:
    """Return how many numbers lie in each bin, as a NumPy array.

    Args:
        bins: the bins.
        numbers: a NumPy array.
    """
    if len(bins.labels) > _MANY_BINS:
        return np.bincount(_places(bins, numbers), minlength=len(bins.labels))
    # To compare all numbers with each edge takes a fifth of the time that it takes to look for the place of each.
    below = [np.count_nonzero(numbers < edge) for edge in bins.starts[1:-1]]
    return np.diff([0, *below, len(numbers)])


def _places(bins: Bins, numbers: Any) -> Any:
    """Return the bin of each number."""
    return np.searchsorted(np.array(bins.starts[1:-1], numbers.dtype), numbers, side="right")


def _is_counted(value: Any, span: int) -> bool:
    """Return whether bins are made of single values, and not of stretches of time."""
    return not isinstance(value, (datetime, time)) or span < _PREFERRED[0]


def _number_of_bins(size: int) -> int:
    if size <= _PREFERRED[0]:
        return size
    return next((number for number in _PREFERRED if size % number == 0), _PREFERRED[0])


def _label(number: Any, like: Any) -> str:
    match like:
        case datetime():
            return str(EPOCH + int(number) * MICROSECOND)
        case date():
            return str(date.fromordinal(number))
        case time():
            return str((EPOCH + int(number) * MICROSECOND).time())
        case int():
            return f"{number:_}"
    return f"{number:.6g}"


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return str(value)
    # Every NaN is the same one here.
    return value if not isinstance(value, float) or value == value else _NAN  # noqa: PLR0124 - NaN
