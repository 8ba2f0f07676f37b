"""Datasets for other libraries: Arrow, Polars, pandas, DuckDB, notebooks."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads
from rich.table import Table

from accelerator.dataset.batches import BatchSource, presented_type
from accelerator.dataset.filters import Range
from accelerator.dataset.handle import Dataset, as_datasets
from accelerator.dataset.manifest import pieces
from accelerator.dataset.physical import metadata, stored_types
from accelerator.dataset.polars_scan import lazy_frame
from accelerator.dataset.reader import file_path
from accelerator.error import DatasetUsageError
from accelerator.job.context import context


def batches(source: Any, sliceno: int | None, columns: Any, restriction: Range | None) -> Iterator[pa.RecordBatch]:
    """Yield record batches; see :meth:`accelerator.dataset.vectors.Vectors.batches`."""
    return iter(BatchSource(as_datasets(source), sliceno, columns, restriction))


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


def sql(source: Any, query: str) -> Any:
    """Return a relation; see :meth:`accelerator.dataset.vectors.Vectors.sql`."""
    datasets = as_datasets(source)
    for dataset in datasets:
        _check_case(dataset)
    connection = duckdb.connect(":memory:")
    if context.phase == "analysis":  # the other slices have the other cores
        connection.execute("set threads to 1")
    connection.register("ds", _verifying_dataset(datasets) or ArrowView(datasets))
    return connection.sql(query)


def _check_case(dataset: Dataset) -> None:
    seen: dict[str, str] = {}
    for name in sorted(dataset.stored):
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise DatasetUsageError(f"{dataset.quoted}: SQL cannot tell the columns {other!r} and {name!r} apart")


def _verifying_dataset(datasets: Sequence[Dataset]) -> Any:
    """Return a ``pyarrow.dataset`` that checks pages, or None if the columns are not in the same files.

    DuckDB pushes its filters and projections into it. It must not open the files itself: it checks nothing.
    """
    paths: list[str] = []
    schema = None
    for dataset in datasets:
        manifest = dataset.manifest
        if len(manifest.places) != 1 or any(column.physical != column.name for column in manifest.columns):
            return None
        names = sorted(dataset.stored)
        kinds = [stored_types(dataset, name) for name in names]
        if any(len(kind) != 1 for kind in kinds):
            return None
        own = pa.schema([pa.field(name, kind) for name, (kind,) in zip(names, kinds, strict=True)])
        shown = pa.schema([pa.field(name, presented_type(dataset, name)) for name in names])
        if own != shown or schema not in {None, own}:
            return None
        schema = own
        for sliceno in range(dataset.slices):
            for _, store, file in pieces(manifest, 0, sliceno, dataset.slices):
                metadata(dataset, store, file)
                paths.append(file_path(store, file))
    if schema is None or not paths:
        return None
    options = pads.ParquetFragmentScanOptions(page_checksum_verification=True)
    return pads.dataset(paths, schema=schema, format=pads.ParquetFileFormat(default_fragment_scan_options=options))


def html(dataset: Dataset) -> str:
    """Return a dataset as a table of its columns, for notebooks."""
    cells = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in _column_rows(dataset)
    )
    head = "".join(f"<th>{title}</th>" for title in _TITLES)
    return f"<p><b>{escape(dataset.quoted)}</b> {escape(_summary(dataset))}</p><table><tr>{head}</tr>{cells}</table>"


def rich_table(dataset: Dataset) -> Table:
    """Return a dataset as a table of its columns, for terminals."""
    table = Table(*_TITLES, title=f"{dataset.quoted} {_summary(dataset)}", title_justify="left")
    for row in _column_rows(dataset):
        table.add_row(*row)
    return table


_TITLES = ("column", "type", "min", "max")


def _column_rows(dataset: Dataset) -> Iterator[tuple[str, str, str, str]]:
    for name, column in sorted(dataset.columns.items()):
        kind = column.type + (" or None" if column.none_support else "")
        low, high = ("" if value is None else str(value) for value in (column.min, column.max))
        yield name, kind, low, high


def _summary(dataset: Dataset) -> str:
    columns, lines = dataset.shape
    hashed = "" if dataset.hashlabel is None else f", hashed on {dataset.hashlabel!r}"
    return f"{columns} columns, {lines} lines in {dataset.slices} slices{hashed}"
