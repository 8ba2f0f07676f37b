"""What the footers of a dataset's files say about a column."""

from typing import Any

import pyarrow as pa

from accelerator.dataset.handle import Dataset
from accelerator.dataset.manifest import Column, File, Store
from accelerator.dataset.reader import file_path, verified_metadata
from accelerator.error import DatasetCorruptError

# Integers up to here are doubles too.
_EXACT = 2**53


def metadata(dataset: Dataset, store: Store, file: File) -> Any:
    """Return the Parquet metadata of a file of a dataset.

    Raises:
        DatasetCorruptError: the file is not the one that was written.
    """
    path = file_path(store, file)
    try:
        return verified_metadata(path, file)
    except (OSError, ValueError, pa.ArrowException) as error:
        sliceno = next(number for number, files in enumerate(store.slices) if file in files)
        raise DatasetCorruptError(f"{dataset.quoted} slice {sliceno}: file {path} is damaged: {error}") from error


def stored_types(dataset: Dataset, name: str) -> list[Any]:
    """Return the Arrow types in which a column is stored, each once: one, unless datasets were concatenated."""
    column = dataset.stored[name]
    found: dict[Any, None] = {}
    for index, number in enumerate(dataset.manifest.places[column.place]):
        store = dataset.manifest.stores[number]
        # All files of a store have the same schema.
        file = next((file for files in store.slices for file in files), None)
        if file is not None:
            schema = metadata(dataset, store, file).schema.to_arrow_schema()
            kind = schema.field(column.physical_in(index)).type
            found[kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind] = None
    return list(found)


def integers_fit(dataset: Dataset, name: str) -> bool:
    """Return whether all integers of a mixed ``number`` column are doubles too."""
    column = dataset.stored[name]
    return all(
        _file_fits(metadata(dataset, store, file), column.physical_in(index))
        for index, store in enumerate(_stores(dataset, column))
        for files in store.slices
        for file in files
    )


def _stores(dataset: Dataset, column: Column) -> list[Store]:
    return [dataset.manifest.stores[number] for number in dataset.manifest.places[column.place]]


def _file_fits(found: Any, physical: str) -> bool:
    for group in range(found.num_row_groups):
        chunks = found.row_group(group)
        for index in range(chunks.num_columns):
            chunk = chunks.column(index)
            if chunk.path_in_schema in {f"{physical}.int", physical} and chunk.physical_type == "INT64":
                statistics = chunk.statistics
                if statistics is None:
                    return False
                if statistics.has_min_max and not -_EXACT <= statistics.min <= statistics.max <= _EXACT:
                    return False
            elif chunk.path_in_schema == f"{physical}.big":
                statistics = chunk.statistics
                if statistics is None or statistics.null_count != chunk.num_values:
                    return False
    return True
