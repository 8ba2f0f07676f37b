"""Datasets for other libraries: Arrow, Polars, pandas."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from accelerator.dataset.batches import BatchSource
from accelerator.dataset.filters import Range
from accelerator.dataset.handle import as_datasets
from accelerator.dataset.polars_scan import lazy_frame


def batches(
    source: Any, sliceno: int | None, columns: Any, restriction: Range | None, exact: Any, cut: Any
) -> Iterator[pa.RecordBatch]:
    """Yield record batches; see :meth:`accelerator.dataset.vectors.Vectors.batches`."""
    return iter(BatchSource(as_datasets(source), sliceno, columns, restriction, exact=exact, cut=cut))


def to_arrow(source: Any, sliceno: int | None, columns: Any, restriction: Range | None) -> pa.Table:
    """Return a table; see :meth:`accelerator.dataset.vectors.Vectors.to_arrow`."""
    made = BatchSource(as_datasets(source), sliceno, columns, restriction)
    return pa.Table.from_batches(made, schema=made.schema)


def to_polars(source: Any, sliceno: int | None, columns: Any, restriction: Range | None) -> Any:
    """Return a data frame; see :meth:`accelerator.dataset.vectors.Vectors.to_polars`."""
    import polars  # noqa: PLC0415 - optional

    return polars.DataFrame(to_arrow(source, sliceno, columns, restriction))


def to_pandas(source: Any, sliceno: int | None, columns: Any, restriction: Range | None) -> Any:
    """Return a data frame; see :meth:`accelerator.dataset.vectors.Vectors.to_pandas`."""
    return to_arrow(source, sliceno, columns, restriction).to_pandas()


def scan(source: Any) -> Any:
    """Return a lazy frame; see :meth:`accelerator.dataset.vectors.Vectors.scan`."""
    return lazy_frame(as_datasets(source))


class ArrowView:
    """Rows as an Arrow stream, a new one each time it is asked for."""

    def __init__(self, source: Any) -> None:
        self._datasets = as_datasets(source)

    def _made(self) -> BatchSource:
        return BatchSource(self._datasets, None, None, None)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        reader: Any = self._made().reader()
        stream: object = reader.__arrow_c_stream__(requested_schema)
        return stream

    def __arrow_c_schema__(self) -> object:
        schema: object = self._made().schema.__arrow_c_schema__()
        return schema
