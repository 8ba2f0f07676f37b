"""The row side of datasets: the methods that iterate."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accelerator import _lazy


class Iteration:
    """Rows, one after the other. What is done is in :mod:`accelerator.dataset.iterate`."""

    __slots__ = ()

    @abstractmethod
    def chain(self, length: int = -1, reverse: bool = False, stop_ds: Any = None) -> Any:
        """Return the chain that ends here."""

    def iterate(
        self,
        sliceno: int | str | None,
        columns: Any = None,
        range: Mapping[str, Any] | None = None,  # noqa: A002 - the name users write
        sloppy_range: bool = False,
        hashlabel: str | None = None,
        pre_callback: Callable[..., Any] | None = None,
        post_callback: Callable[..., Any] | None = None,
        filters: Any = None,
        translators: Any = None,
        status_reporting: bool = True,
        rehash: bool = False,
        slice: Any = None,  # noqa: A002 - the name users write
        copy_mode: bool = False,
    ) -> Iterator[Any]:
        """Iterate over rows.

        Args:
            sliceno: a slice, None for all in turn, or ``"roundrobin"`` for a row of each in turn.
            columns: one name for bare values; names for tuples; None for all columns, sorted.
            range: ``{column: (start, stop)}``: only rows with ``start <= value < stop``; None is no bound.
            sloppy_range: let range leave out whole datasets only.
            hashlabel: insist on this hashlabel.
            pre_callback: called before each dataset with it, or before each slice with ``(dataset, sliceno)``.
            post_callback: likewise, after.
            filters: a callable on rows, or ``{column: callable}``; what it says no to is left out.
            translators: a callable on rows, or ``{column: callable or mapping}``, applied before filters.
            status_reporting: show what is being iterated in the job's status.
            rehash: with hashlabel, pick the slice's rows of datasets that are hashed otherwise.
            slice: as ``itertools.islice`` on the whole; a number is where to start.
            copy_mode: accepted for old code; changes nothing.

        Raises:
            DatasetUsageError, IndexError, KeyError, TypeError, ValueError: arguments that do not fit, at the call.
            DatasetError: a column is missing or damaged, when it is reached.
        """
        options = {
            "range": range,
            "sloppy_range": sloppy_range,
            "hashlabel": hashlabel,
            "pre_callback": pre_callback,
            "post_callback": post_callback,
            "filters": filters,
            "translators": translators,
            "status_reporting": status_reporting,
            "rehash": rehash,
            "slice": slice,
            "copy_mode": copy_mode,
        }
        rows: Iterator[Any] = _lazy.iterate.iterate_list(sliceno, columns, [self], **options)
        return rows

    def iterate_chain(
        self,
        sliceno: int | str | None,
        columns: Any = None,
        length: int = -1,
        range: Mapping[str, Any] | None = None,  # noqa: A002 - the name users write
        sloppy_range: bool = False,
        reverse: bool = False,
        hashlabel: str | None = None,
        stop_ds: Any = None,
        pre_callback: Callable[..., Any] | None = None,
        post_callback: Callable[..., Any] | None = None,
        filters: Any = None,
        translators: Any = None,
        status_reporting: bool = True,
        rehash: bool = False,
        slice: Any = None,  # noqa: A002 - the name users write
        copy_mode: bool = False,
    ) -> Iterator[Any]:
        """Iterate over the rows of the chain that ends here: :meth:`chain` and :meth:`iterate` in one."""
        options = {
            "range": range,
            "sloppy_range": sloppy_range,
            "hashlabel": hashlabel,
            "pre_callback": pre_callback,
            "post_callback": post_callback,
            "filters": filters,
            "translators": translators,
            "status_reporting": status_reporting,
            "rehash": rehash,
            "slice": slice,
            "copy_mode": copy_mode,
        }
        chain = self.chain(length, reverse, stop_ds)
        rows: Iterator[Any] = _lazy.iterate.iterate_list(sliceno, columns, chain, **options)
        return rows

    @staticmethod
    def iterate_list(sliceno: int | str | None, columns: Any, datasets: Any, **options: Any) -> Iterator[Any]:
        """Iterate over the rows of several datasets.

        Args:
            sliceno: as :meth:`iterate`.
            columns: as :meth:`iterate`; None means all columns of the first dataset.
            datasets: one dataset or an iterable of them, in any form that ``Dataset`` takes.
            **options: as :meth:`iterate`.
        """
        rows: Iterator[Any] = _lazy.iterate.iterate_list(sliceno, columns, datasets, **options)
        return rows
