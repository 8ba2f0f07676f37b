"""DuckDB over datasets."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads

from accelerator.dataset.batches import presented_type
from accelerator.dataset.handle import Dataset, as_datasets
from accelerator.dataset.interop import ArrowView
from accelerator.dataset.manifest import pieces
from accelerator.dataset.physical import metadata, stored_types
from accelerator.dataset.reader import file_path
from accelerator.error import DatasetUsageError
from accelerator.job.context import context

# DuckDB does next to nothing with less.
_LEAST_MEMORY: Final = 32 << 20


def sql(source: Any, query: str, tables: Mapping[str, Any]) -> Any:
    """Return a relation; see :meth:`accelerator.dataset.vectors.Vectors.sql`."""
    settings: dict[str, Any] = {}
    if context.phase == "analysis":  # the other slices have the other cores
        settings["threads"] = 1
    if context.memory_share is not None:
        settings["memory_limit"] = f"{max(context.memory_share, _LEAST_MEMORY)}B"
    if context.job is not None:
        settings["temp_directory"] = f"{context.job.path}/.tmp"
    connection = duckdb.connect(":memory:", config=settings)
    # What a query gives must not depend on where it runs.
    connection.execute("set TimeZone = 'UTC'")
    for name, table in {"ds": source, **tables}.items():
        datasets = as_datasets(table)
        for dataset in datasets:
            _check_case(dataset)
        connection.register(name, _verifying_dataset(datasets) or ArrowView(datasets))
    try:
        return connection.sql(query)
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        if "\nLINE " not in str(error):
            connection.execute(query)  # fails in the same way, and says where in the query
        raise


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
    repetitive: set[str] = set()
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
                own_repetitive = _repetitive_texts(metadata(dataset, store, file), schema)
                repetitive = repetitive & own_repetitive if paths else own_repetitive
                paths.append(file_path(store, file))
    if schema is None or not paths:
        return None
    # These stay numbers of texts in DuckDB, which is several times as fast as a text for each row.
    for name in repetitive:
        index = schema.get_field_index(name)
        schema = schema.set(index, pa.field(name, pa.dictionary(pa.int32(), schema.field(index).type)))
    form = pads.ParquetFileFormat(
        read_options=pads.ParquetReadOptions(dictionary_columns=sorted(repetitive)),
        default_fragment_scan_options=pads.ParquetFragmentScanOptions(page_checksum_verification=True),
    )
    return pads.dataset(paths, schema=schema, format=form)


def _repetitive_texts(found: Any, schema: Any) -> set[str]:
    """Return the columns of texts that a file has dictionaries for."""
    texts = {field.name for field in schema if pa.types.is_string(field.type)}
    if not found.num_row_groups:
        return texts
    # How a column is encoded is the same in the whole file.
    group = found.row_group(0)
    chunks = map(group.column, range(group.num_columns))
    return {chunk.path_in_schema for chunk in chunks if "RLE_DICTIONARY" in chunk.encodings} & texts
