"""The vectorised side of datasets and lists of them: the same methods on both."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from accelerator import _lazy
from accelerator.dataset.filters import parse_range


class Vectors:
    """Record batches, data frames and SQL, over the rows that ``iterate`` would give.

    ``columns`` is None for all columns (sorted by name), one name, or names. ``range`` is ``{column: (start, stop)}``.
    ``sliceno`` is a slice, or None for all.
    """

    __slots__ = ()

    def batches(
        self,
        sliceno: int | None = None,
        columns: Any = None,
        range: Mapping[str, Any] | None = None,  # noqa: A002 - as iterate
        exact: bool | Literal["wide", "dictionaries"] = False,
        slice: Any = None,  # noqa: A002 - as iterate
    ) -> Iterator[Any]:
        """Yield the rows as ``pyarrow.RecordBatch``, at most 131 072 rows each.

        Args:
            sliceno: a slice, or None for all.
            columns: None for all columns, one name, or names.
            range: ``{column: (start, stop)}``, as for ``iterate``.
            exact: give values as they are stored, so that ``write_batch`` stores the same again. Otherwise a ``number``
                column that mixes ints and floats comes as double where that loses nothing, and json as plain text.
                ``"wide"`` is the same with 64 bit offsets in text and bytes, which are read in two thirds of the time;
                ``accelerator.column.gather`` takes rows out of those. ``"dictionaries"``: text and bytes that are
                stored with a dictionary come as Arrow dictionary arrays, so that each distinct one need be looked at
                only once; whether a column does may differ from batch to batch.
            slice: which of the rows, as for ``iterate``; without step, and not together with ``range``. What comes
                before is not read.

        Raises:
            DatasetError: a column is missing or damaged.
        """
        batches: Iterator[Any] = _lazy.interop.batches(self, sliceno, columns, parse_range(range), exact, slice)
        return batches

    def to_arrow(
        self,
        columns: Any = None,
        *,
        sliceno: int | None = None,
        range: Mapping[str, Any] | None = None,  # noqa: A002 - as iterate
    ) -> Any:
        """Return a ``pyarrow.Table``.

        Args:
            columns: None for all columns, one name, or names.
            sliceno: a slice, or None for all.
            range: ``{column: (start, stop)}``, as for ``iterate``.
        """
        return _lazy.interop.to_arrow(self, sliceno, columns, parse_range(range))

    def to_polars(
        self,
        columns: Any = None,
        *,
        sliceno: int | None = None,
        range: Mapping[str, Any] | None = None,  # noqa: A002 - as iterate
    ) -> Any:
        """Return a ``polars.DataFrame``; arguments as :meth:`to_arrow`."""
        return _lazy.interop.to_polars(self, sliceno, columns, parse_range(range))

    def to_pandas(
        self,
        columns: Any = None,
        *,
        sliceno: int | None = None,
        range: Mapping[str, Any] | None = None,  # noqa: A002 - as iterate
    ) -> Any:
        """Return a ``pandas.DataFrame``; arguments as :meth:`to_arrow`."""
        return _lazy.interop.to_pandas(self, sliceno, columns, parse_range(range))

    def scan(self) -> Any:
        """Return a ``polars.LazyFrame`` that reads only the columns and rows a query needs."""
        return _lazy.interop.scan(self)

    def sql(self, query: str, **tables: Any) -> Any:
        """Return the result of a DuckDB query in which this is the table ``ds``, as a ``duckdb.DuckDBPyRelation``.

        Args:
            query: SQL, such as ``"select carrier, avg(delay) from ds group by all"``.
            **tables: more datasets, or lists of them, that the query can use, under these names.

        Raises:
            DatasetUsageError: columns that differ only in case, which DuckDB cannot tell apart.
        """
        return _lazy.sql.sql(self, query, tables)

    @property
    def arrow(self) -> Any:
        """A plain object with ``__arrow_c_stream__`` and ``__arrow_c_schema__`` only.

        For libraries that would see the ``str`` or ``list`` that this also is: ``polars.DataFrame(ds.arrow)``.
        """
        return _lazy.interop.ArrowView(self)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        stream: object = self.arrow.__arrow_c_stream__(requested_schema)
        return stream

    def __arrow_c_schema__(self) -> object:
        schema: object = self.arrow.__arrow_c_schema__()
        return schema
