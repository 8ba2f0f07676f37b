"""Putting a manifest together from columns that are stored in different places, and giving it to the running job."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from accelerator.dataset import manifest as manifests
from accelerator.dataset.handle import Dataset
from accelerator.dataset.lifecycle import live_writers
from accelerator.dataset.manifest import Column, Manifest, Reference, Store
from accelerator.error import DatasetUsageError
from accelerator.job.context import context
from accelerator.job.record import Setup


class Assembly:
    """Columns from anywhere, and the stores they are in, each once."""

    def __init__(self) -> None:
        self._stores: dict[Store, int] = {}
        self._places: dict[tuple[int, ...], int] = {}
        self._columns: dict[str, Column] = {}

    def take(self, manifest: Manifest, column: Column, name: str | None = None) -> None:
        """Take a column of another dataset, in place of one that has the name already.

        Args:
            manifest: of that dataset.
            column: one of its columns.
            name: what to call it; the same by default.
        """
        place = self.place(manifest.stores[number] for number in manifest.places[column.place])
        self.put(msgspec.structs.replace(column, name=column.name if name is None else name, place=place))

    def place(self, stores: Iterable[Store]) -> int:
        """Return the number of a place."""
        numbers = tuple(self._stores.setdefault(store, len(self._stores)) for store in stores)
        return self._places.setdefault(numbers, len(self._places))

    def put(self, column: Column) -> None:
        """Add a column whose place is a number of this assembly."""
        self._columns[column.name] = column

    def manifest(self, **fields: Any) -> Manifest:
        """Return the manifest.

        Args:
            fields: everything else in it.
        """
        used = sorted({column.place for column in self._columns.values()})
        places = [numbers for numbers, _ in sorted(self._places.items(), key=lambda item: item[1])]
        stores = list(self._stores)
        kept = sorted({number for place in used for number in places[place]})
        return Manifest(
            columns=tuple(
                msgspec.structs.replace(column, place=used.index(column.place))
                for _, column in sorted(self._columns.items())
            ),
            stores=tuple(stores[number] for number in kept),
            places=tuple(tuple(kept.index(number) for number in places[place]) for place in used),
            **fields,
        )


@lru_cache(maxsize=1)
def job_uid(job_directory: str) -> str:
    """Return the unique id of the running job."""
    return Setup.load(Path(job_directory)).uid


def reference(dataset: Dataset) -> Reference:
    """Return how a manifest names a dataset."""
    return Reference(str(dataset.job), dataset.name, dataset.manifest.uid)


def previous_reference(previous: str | None, whose: str) -> Reference | None:
    """Return how a manifest names the dataset before it.

    Args:
        previous: that dataset.
        whose: the dataset to be, for messages.

    Raises:
        DatasetUsageError: it is not finished.
        NoSuchWhateverError: it does not exist.
    """
    if previous is None:
        return None
    for writer in live_writers().values():
        if writer.ds_name == previous or (writer.name == "default" and context.job == previous):
            raise DatasetUsageError(f"{whose}: the previous dataset {writer.quoted_ds_name} is not finished")
    return reference(Dataset(previous))


def register(manifest: Manifest, directory: Path) -> Dataset:
    """Write the manifest of a new dataset of the running job: now it exists."""
    manifests.save(manifest, directory)
    context.finished_datasets.append(manifest.name)
    made: Dataset = Dataset(context.job, manifest.name)
    return made
