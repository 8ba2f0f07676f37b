"""Values that have an order, as numbers that have the same."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from accelerator.cli.grep.texts import python_values
from accelerator.cli.hist_tally import Tally
from accelerator.column.numpy_view import arrow_array, booleans, numbers

__all__ = [
    "EPOCH",
    "MICROSECOND",
    "Ordered",
    "as_number",
    "merged",
    "ordered_array",
    "ordered_arrays",
    "ordered_values",
]

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
_EPOCH_DAY = EPOCH.toordinal()
_EXACT = 2**53  # below this, floats are as good as ints


class Ordered(NamedTuple):
    """The values of a column.

    Attributes:
        numbers: the values as numbers, a NumPy array.
        counts: how often each occurs, likewise; None for once.
        low, high: the least and the greatest value; as floats if any is one. None if there are no values.
        nones, nans: how many values are not among them.
    """

    numbers: Any
    counts: Any
    low: Any
    high: Any
    nones: int
    nans: int


def as_number(value: Any) -> Any:
    """Return a value as a number: dates as days, times as microseconds."""
    match value:
        case datetime():
            return (value.replace(tzinfo=None) - EPOCH) // MICROSECOND
        case date():
            return value.toordinal()
        case time():
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return seconds * 1_000_000 + value.microsecond
    return value


def ordered_arrays(tallies: Mapping[str, Tally]) -> Ordered | None:
    """Return what has been counted if that can be had without looking at each value; else None."""
    return merged([ordered_array(coltype, *pair) for coltype, tally in tallies.items() for pair in tally.arrays()])


def merged(parts: Sequence[Ordered | None]) -> Ordered | None:
    """Return parts of a column as one; None if one of them is None, or they cannot be compared as they are."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    nones, nans = sum(part.nones for part in known), sum(part.nans for part in known)
    known = [part for part in known if len(part.numbers)]
    if not known:
        return Ordered(np.zeros(0), None, None, None, nones, nans)
    low = min((part.low for part in known), key=as_number)
    high = max((part.high for part in known), key=as_number)
    if len({part.numbers.dtype.kind for part in known}) > 1:
        if any(abs(value) >= _EXACT for value in (low, high)):
            return None
        low, high = float(low), float(high)
    found = np.concatenate([part.numbers for part in known])
    counts = [part.counts for part in known if part.counts is not None]
    return Ordered(found, np.concatenate(counts) if counts else None, low, high, nones, nans)


def ordered_array(coltype: str, values: Any, counts: Any = None) -> Ordered | None:
    """Return the values of an array and how often each occurs; None if each would have to be looked at.

    Args:
        coltype: column type.
        values: the values, as read.
        counts: a NumPy array; None if each counts once.
    """
    kind = values.type
    is_float = pa.types.is_floating(kind)
    if not (is_float or pa.types.is_signed_integer(kind) or pa.types.is_temporal(kind)):
        return None
    stored: Any = pa.int32() if pa.types.is_date32(kind) else pa.int64()
    if pa.types.is_temporal(kind):
        values = values.view(stored)
    nones, missing = values.null_count, 0
    if nones:
        valid = booleans(values.is_valid())
        nones = _sum(counts, ~valid)
        found, counts = numbers(values.fill_null(0))[valid], None if counts is None else counts[valid]
    else:
        found = numbers(values)
    if is_float:
        found = found.astype(np.float64, copy=False)
        nans = np.isnan(found)
        if nans.any():
            missing = _sum(counts, nans)
            found, counts = found[~nans], None if counts is None else counts[~nans]
    if not len(found):
        return Ordered(found, counts, None, None, nones, missing)
    low, high = found.min().item(), found.max().item()
    if pa.types.is_temporal(kind):
        low, high = python_values(coltype, arrow_array(np.array([low, high], found.dtype)).view(kind))
    if pa.types.is_date32(kind):
        found = found + _EPOCH_DAY
    return Ordered(found, counts, low, high, nones, missing)


def _sum(counts: Any, mask: Any) -> int:
    return int(mask.sum() if counts is None else counts[mask].sum())


def ordered_values(counts: Mapping[Any, int]) -> Ordered:
    """Return the same of values that have been counted one by one."""
    nans = sum(count for value, count in counts.items() if value != value)  # noqa: PLR0124 - NaN
    kept = [(value, count) for value, count in counts.items() if value is not None and value == value]  # noqa: PLR0124
    values = [as_number(value) for value, _ in kept]
    kind: Any = np.float64 if any(isinstance(value, float) for value in values) else np.int64
    if any(isinstance(value, int) and abs(value) >= _EXACT for value in values):
        kind = object
    low = high = None
    if kept:
        low = min((value for value, _ in kept), key=as_number)
        high = max((value for value, _ in kept), key=as_number)
        if any(isinstance(value, float) for value in values):
            low, high = float(low), float(high)
    found = np.array([count for _, count in kept], np.int64)
    return Ordered(np.array(values, kind), found, low, high, counts.get(None, 0), nans)
