"""How often each value occurs, and how many values lie in each of some bins."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator.cli.grep.texts import python_values
from accelerator.dataset import Dataset

__all__ = ["Bins", "Counts", "count_rows", "count_values", "in_bins", "plan_bins"]

_compute: Any = pc

# How many bins, in order of preference.
_PREFERRED = (20, 21, 19, 22, 18, 23, 17, 24, 16, 25, 15, 14, 13)
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_NAN = float("nan")

Counts = Counter[Any]


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


def count_values(datasets: Sequence[Dataset], column: str, slices: Sequence[int]) -> Counts:
    """Return how often each value of a column occurs; values that cannot be hashed are counted by their text.

    Args:
        datasets: which all have the column.
        column: its name.
        slices: slice numbers.
    """
    counts: Counts = Counter()
    for dataset in datasets:
        coltype = dataset.columns[column].type
        for array in _arrays(dataset, column, slices):
            try:
                found = _compute.value_counts(array)
                values, numbers = found.field(0), found.field(1).to_pylist()
            except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # structs
                values, numbers = array, [1] * len(array)
            for value, number in zip(python_values(coltype, values), numbers, strict=True):
                counts[_hashable(value)] += number
    return counts


def count_rows(datasets: Sequence[Dataset], columns: Sequence[str], slices: Sequence[int]) -> Counts:
    """Return how often each combination of values occurs, as the text of a tuple."""
    counts: Counts = Counter()
    for dataset in datasets:
        for sliceno in slices:
            counts.update(map(str, dataset.iterate(sliceno, list(columns))))
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
    first, last = _as_number(low), _as_number(high)
    if isinstance(first, int) and isinstance(last, int) and _is_counted(low, last - first):
        size = last - first + 1
        number = min(size, wanted or _number_of_bins(size))
        starts = [first + -(-place * size // number) for place in range(number + 1)]
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


def in_bins(bins: Bins, counts: Counts) -> list[int]:
    """Return how many values lie in each bin; those that are None or NaN do not count."""
    found = [0] * len(bins.labels)
    values = [(_as_number(value), number) for value, number in counts.items() if value is not None and value == value]  # noqa: PLR0124 - NaN
    if not values:
        return found
    numbers = [number for _, number in values]
    starts = bins.starts[1:-1]
    kind = object if any(isinstance(value, int) and abs(value) >= 2**53 for value, _ in values) else np.float64
    places = np.searchsorted(np.array(starts, kind), np.array([value for value, _ in values], kind), side="right")
    for place, number in zip(places.tolist(), numbers, strict=True):
        found[place] += number
    return found


def _as_number(value: Any) -> Any:
    """Return a value as a number: dates as days, times as microseconds."""
    match value:
        case datetime():
            return (value.replace(tzinfo=None) - _EPOCH) // _MICROSECOND
        case date():
            return value.toordinal()
        case time():
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return seconds * 1_000_000 + value.microsecond
    return value


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
            return str(_EPOCH + int(number) * _MICROSECOND)
        case date():
            return str(date.fromordinal(number))
        case time():
            return str((_EPOCH + int(number) * _MICROSECOND).time())
        case int():
            return f"{number:_}"
    return f"{number:.6g}"


def _arrays(dataset: Dataset, column: str, slices: Sequence[int]) -> Iterator[Any]:
    for sliceno in slices:
        for batch in dataset.batches(sliceno, column, exact=True):
            array = batch.column(0)
            yield array.storage if isinstance(array, pa.ExtensionArray) else array


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return str(value)
    # Every NaN is the same one here.
    return value if not isinstance(value, float) or value == value else _NAN  # noqa: PLR0124 - NaN
