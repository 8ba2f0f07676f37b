"""Lists of datasets, and the chains that ``previous`` makes."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any, Self, SupportsIndex, overload

from accelerator import _lazy
from accelerator.dataset.bounds import greatest, least, overlaps
from accelerator.dataset.vectors import Vectors
from accelerator.error import DatasetUsageError

__all__ = ["DatasetChain", "DatasetList"]


class DatasetList(Vectors, list[Any]):
    """A list of datasets, with what one asks of several at once. Slices and sums are lists of the same class."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Any: ...
    @overload
    def __getitem__(self, index: slice, /) -> Self: ...
    def __getitem__(self, index: Any, /) -> Any:
        item = super().__getitem__(index)
        return type(self)(item) if isinstance(index, slice) else item

    def __add__(self, other: Any, /) -> Self:
        if not isinstance(other, list):
            return NotImplemented
        return type(self)(super().__add__(other))

    def __radd__(self, other: Any, /) -> Self:
        if not isinstance(other, list):
            return NotImplemented
        return type(self)(list(other) + list(self))

    def concat(self, name: str = "default", previous: Any = None) -> Any:
        """Make one dataset of these in the current job, without copying their data.

        Each slice has the rows of that slice of the first dataset, then those of the second, and so on.

        Args:
            name: of the new dataset.
            previous: dataset to follow.

        Returns:
            The new Dataset. Its hashlabel is theirs.

        Raises:
            DatasetUsageError: there are none, their columns, types or hashlabels differ, or the name is taken.
        """
        return _lazy.derive.concat(self, name, previous)

    def copy(self) -> Self:
        """Return a list of the same class with the same datasets."""
        return type(self)(self)

    def min(self, column: str) -> Any:
        """Return the least value of a column in all datasets that have it.

        None and NaN do not count; NaN is returned if there is nothing else, None if there is nothing at all.
        """
        return least(ds.min(column) for ds in self)

    def max(self, column: str) -> Any:
        """Return the greatest value of a column in all datasets that have it; see :meth:`min`."""
        return greatest(ds.max(column) for ds in self)

    def lines(self, sliceno: int | None = None) -> int:
        """Return the number of lines in all datasets, or in one slice of all."""
        return sum(sum(ds.lines) if sliceno is None else ds.lines[sliceno] for ds in self)

    def column_counts(self) -> Counter[str]:
        """Return how many datasets have each column, by column name."""
        return Counter(name for ds in self for name in ds.columns)

    def column_count(
        self, column: str, types: str | Collection[str] | None = None, none_support: bool | None = None
    ) -> int:
        """Return how many datasets have a column; arguments as :meth:`with_column`."""
        return len(self.with_column(column, types, none_support))

    def filter(self, predicate: Callable[[Any], Any]) -> Self:
        """Return the datasets for which ``predicate(ds)`` is true."""
        return type(self)(ds for ds in self if predicate(ds))

    def with_column(
        self, column: str, types: str | Collection[str] | None = None, none_support: bool | None = None
    ) -> Self:
        """Return the datasets that have a column.

        Args:
            column: its name.
            types: only where its type is this one, or one of these.
            none_support: only where it may hold None (True) or may not (False).
        """
        wanted = {types} if isinstance(types, str) else types

        def has(ds: Any) -> bool:
            found = ds.columns.get(column)
            if found is None or (wanted is not None and found.type not in wanted):
                return False
            return none_support is None or found.none_support == bool(none_support)

        return self.filter(has)

    def none_support(self, column: str) -> bool:
        """Return whether the column may hold None in any dataset that has it."""
        return any(column in ds.columns and ds.columns[column].none_support for ds in self)

    def range(self, column: str, start: Any = None, stop: Any = None) -> Self:
        """Return the datasets that may hold values in ``start <= value < stop``, judged by min and max.

        Args:
            column: column that all must have.
            start: least value, None for no such bound.
            stop: first value above, None for no such bound.

        Raises:
            DatasetUsageError: a dataset lacks the column.
        """
        for ds in self:
            if column not in ds.columns:
                raise DatasetUsageError(f"{ds.quoted} has no column {column!r}")
        return self.filter(
            lambda ds: ds.min(column) is not None and overlaps(ds.min(column), ds.max(column), start, stop)
        )

    def iterate(self, sliceno: int | str | None, columns: Any = None, **keywords: Any) -> Iterator[Any]:
        """Iterate over the rows of all datasets; arguments as :meth:`Dataset.iterate`."""
        rows: Iterator[Any] = _lazy.iterate.iterate_list(sliceno, columns, self, **keywords)
        return rows


class DatasetChain(DatasetList):
    """Datasets that follow each other through ``previous``."""


def walk(newest: Any, length: int = -1, *, reverse: bool = False, stop_ds: Any = None, job: Any = None) -> DatasetChain:
    """Return the chain that ends in ``newest``, oldest first.

    Args:
        newest: a dataset.
        length: at most so many; -1 for all.
        reverse: newest first.
        stop_ds: end before this one.
        job: end before the first dataset that is not in this job.
    """
    found: list[Any] = []
    dataset = newest
    while dataset is not None and len(found) != length:
        if dataset == stop_ds or (job is not None and dataset.job != job):
            break
        found.append(dataset)
        dataset = dataset.previous
    return DatasetChain(found if reverse else reversed(found))
