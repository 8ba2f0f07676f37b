"""What an iteration is going to read: decided before anything is opened, from manifests alone."""

import builtins
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import index
from typing import Any

from accelerator.dataset.bounds import inside, overlaps
from accelerator.dataset.filters import Range
from accelerator.dataset.handle import Dataset
from accelerator.error import DatasetUsageError
from accelerator.job.context import context

ROUNDROBIN = "roundrobin"
REHASH = "REHASH"


@dataclass(frozen=True)
class Part:
    """What is read between two steps of an iteration: a slice of a dataset, or several of its slices.

    Attributes:
        group: number of the dataset in the iteration.
        dataset: the dataset.
        sliceno: the slice, or ``"roundrobin"``.
        sources: the slices to read, in order.
        lines: rows in them.
        label: the slice in status texts.
        check_range: rows must be compared with the range.
        rehashed: rows are in slices by their hash, not as they are stored.
        start, stop: rows of the part to yield; stop None for all.
    """

    group: int
    dataset: Dataset
    sliceno: int | str
    sources: tuple[int, ...]
    lines: int
    label: str
    check_range: bool = False
    rehashed: bool = False
    start: int = 0
    stop: int | None = None

    @property
    def visits(self) -> tuple[int, ...]:
        """The slices that callbacks are told about."""
        return (self.sliceno,) if isinstance(self.sliceno, int) else self.sources

    @property
    def title(self) -> str:
        """The part in status texts."""
        return f"{self.dataset.quoted}:{self.label}"


@dataclass(frozen=True)
class Selection:
    """Which columns, and how rows are handed out.

    Attributes:
        names: columns in order; None for all columns of each dataset.
        bare: values of the only column, not tuples.
    """

    names: tuple[str, ...] | None
    bare: bool

    def of(self, dataset: Dataset) -> tuple[str, ...]:
        """Return the columns to read of a dataset."""
        return tuple(sorted(dataset.stored)) if self.names is None else self.names


def parse_columns(columns: Any, datasets: Sequence[Dataset]) -> Selection:
    """Return what a ``columns`` argument selects."""
    if isinstance(columns, str):
        return Selection((columns,), bare=True)
    if columns is None:
        return Selection(tuple(sorted(datasets[0].stored)) if datasets else (), bare=False)
    if isinstance(columns, Mapping):
        return Selection(tuple(sorted(columns)), bare=False)
    return Selection(tuple(columns) or None, bare=False)


def number_of_slices(datasets: Iterable[Dataset]) -> int:
    """Return the number of slices that datasets show themselves in."""
    return context.slices or max((dataset.slices for dataset in datasets), default=1)


def check_sliceno(sliceno: Any, slices: int) -> None:
    """Raise IndexError or TypeError unless ``sliceno`` says which slices to read."""
    if sliceno is None or sliceno == ROUNDROBIN:
        return
    if not isinstance(sliceno, int):
        raise TypeError(f"sliceno is a slice, None or {ROUNDROBIN!r}, not {sliceno!r}")
    if not 0 <= sliceno < slices:
        raise IndexError(f"no slice {sliceno}, there are {slices}")


def make_parts(
    datasets: Sequence[Dataset],
    sliceno: int | str | None,
    restriction: Range | None,
    *,
    rehash_on: str | None,
    visit_empty: bool,
) -> list[Part]:
    """Return the parts of an iteration, without regard to ``slice``.

    Args:
        datasets: in order.
        sliceno: which slices.
        restriction: column, start and stop of a range. Datasets outside are left out.
        rehash_on: datasets with another hashlabel are read in whole; None if that makes no difference.
        visit_empty: with all slices in turn, empty ones count too.

    Raises:
        KeyError, TypeError: the range column is missing or has no min and max.
    """
    parts: list[Part] = []
    for group, dataset in enumerate(datasets):
        rehashed = rehash_on is not None and dataset.hashlabel != rehash_on
        own = _dataset_parts(group, dataset, sliceno, rehashed=rehashed, visit_empty=visit_empty)
        if not any(part.lines for part in own):
            continue
        check_range = False
        if restriction is not None:
            wanted = _in_range(dataset, restriction)
            if wanted is None:
                continue
            check_range = wanted
        parts.extend(replace(part, check_range=check_range) for part in own)
    return parts


def check_hashlabels(parts: Iterable[Part], hashlabel: str | None, *, rehash: bool) -> None:
    """Raise DatasetUsageError if a dataset is not hashed on a column, and cannot be rehashed."""
    for part in parts:
        dataset = part.dataset
        if hashlabel is None or dataset.hashlabel == hashlabel:
            continue
        if not rehash:
            raise DatasetUsageError(f"{dataset.quoted} is hashed on {dataset.hashlabel!r}, not on {hashlabel!r}")
        if hashlabel not in dataset.stored:
            raise DatasetUsageError(f"{dataset.quoted} has no column {hashlabel!r} to rehash on")


def _dataset_parts(
    group: int, dataset: Dataset, sliceno: int | str | None, *, rehashed: bool, visit_empty: bool
) -> list[Part]:
    lines = dataset.lines
    everything = tuple(range(len(lines)))
    if sliceno is None:
        numbers = [number for number in everything if lines[number] or visit_empty]
        return [Part(group, dataset, number, (number,), lines[number], str(number)) for number in numbers]
    if isinstance(sliceno, str):
        return [Part(group, dataset, sliceno, everything, sum(lines), ROUNDROBIN, rehashed=rehashed)]
    if rehashed:
        return [Part(group, dataset, sliceno, everything, sum(lines), REHASH, rehashed=True)]
    return [Part(group, dataset, sliceno, (sliceno,), lines[sliceno], str(sliceno))]


def _in_range(dataset: Dataset, restriction: Range) -> bool | None:
    """Return whether rows must be checked; None if none can be in the range."""
    name, start, stop = restriction
    column = dataset.columns[name]
    if column.min is None:
        raise TypeError(
            f"column {name!r} of {dataset.quoted} ({column.type}) has no min and max to compare a range with"
        )
    if not overlaps(column.min, column.max, start, stop):
        return None
    return not inside(column.min, column.max, start, stop)


@dataclass(frozen=True)
class Cut:
    """Which rows of the whole stream to hand out: as ``itertools.islice``."""

    start: int
    stop: int | None
    step: int

    def from_its_start(self) -> "Cut":
        """Return the cut to make when nothing before it is read."""
        return Cut(0, None if self.stop is None else self.stop - self.start, self.step)


def parse_slice(spec: Any, lines: int, *, filtered: bool, rehash: bool) -> Cut | None:
    """Return what a ``slice`` argument means, or None if it takes nothing away.

    Args:
        spec: a number or a slice.
        lines: rows there are, before any filter.
        filtered: rows are going to be filtered, so their number is not known.
        rehash: likewise, and in no order that counts.

    Raises:
        DatasetUsageError: it is out of bounds, or cannot be counted.
        TypeError: it is not of whole numbers.
    """
    if not spec:
        return None
    if rehash:
        raise DatasetUsageError("slice cannot be used with rehash")
    if not isinstance(spec, builtins.slice):
        spec = builtins.slice(spec, None, 1)
    spec = builtins.slice(*(each if each is None else index(each) for each in (spec.start, spec.stop, spec.step)))
    step = spec.step or 1
    if step < 0:
        raise DatasetUsageError(f"slice cannot go backwards (step {step})")
    start, stop = spec.start or 0, spec.stop
    for bound in (start, stop):
        if bound is not None and abs(bound) > lines:
            raise DatasetUsageError(f"slice goes to {bound}, but there are {lines} lines")
        if bound is not None and bound < 0 and filtered:
            raise DatasetUsageError("slice can only count from the end when there is no range and no filters")
    start = start + lines if start < 0 else start
    stop = stop + lines if stop is not None and stop < 0 else stop
    if stop is not None and start > stop:
        raise DatasetUsageError(f"slice starts at {start}, after its stop {stop}")
    return Cut(start, stop, step)


def cut_parts(parts: Sequence[Part], cut: Cut) -> list[Part]:
    """Return the parts, or what is left of them, that hold the rows from ``cut.start`` to ``cut.stop``."""
    kept = []
    position = 0
    for part in parts:
        start = max(cut.start - position, 0)
        stop = part.lines if cut.stop is None else min(cut.stop - position, part.lines)
        begun = position > cut.start or cut.start == 0
        visited = not part.lines and begun and (cut.stop is None or position < cut.stop)
        if start < stop or visited:  # an empty slice is there for its callbacks
            kept.append(replace(part, start=start, stop=stop))
        position += part.lines
    return kept
