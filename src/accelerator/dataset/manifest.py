"""``dataset.json``: everything that is known of a dataset besides the data.

A column is stored in a list of *stores*; a store is one directory of Parquet files, of this or of another job. A slice
of a column is the concatenation of its files in the stores, in order. Most datasets have one store; linked, merged and
concatenated ones and those with a parent share stores with others, which is how they copy no data.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from accelerator.dataset.names import alternative_directory_name, directory_name
from accelerator.error import DatasetCorruptError
from accelerator.storage.atomic import write_bytes

VERSION = 1
FILENAME = "dataset.json"
# Directory of datasets in a job directory.
DIRECTORY = "DS"


class File(msgspec.Struct, frozen=True, array_like=True):
    """One Parquet file: its name in the store's directory, rows, size in bytes, xxh3-128 of its footer as hex."""

    name: str
    rows: int
    size: int
    footer: str


class Reference(msgspec.Struct, frozen=True, array_like=True):
    """A dataset by job, name, and the unique id of the job, which tells it from a later job of the same name."""

    job: str
    dataset: str
    uid: str


class Store(msgspec.Struct, frozen=True):
    """Files of one dataset directory, by slice.

    ``slices[s]`` are the files of slice ``s``, in order; a slice without rows has none.
    """

    job: str
    uid: str
    directory: str
    slices: tuple[tuple[File, ...], ...]


class Column(msgspec.Struct, frozen=True):
    """One column: its type, what its values are like, and where they are.

    ``place`` is an index in :attr:`Manifest.places`. ``physical`` is the name in the Parquet files, or one name per
    store of the place. ``min`` and ``max`` are in the tagged form of :mod:`accelerator.dataset.bounds`.
    """

    name: str
    type: str
    none_support: bool
    place: int
    physical: str | tuple[str, ...]
    min: Any = None
    max: Any = None

    def physical_in(self, index: int) -> str:
        """Return the column's name in the files of store number ``index`` of its place."""
        return self.physical if isinstance(self.physical, str) else self.physical[index]


class Manifest(msgspec.Struct, frozen=True):
    """The contents of ``dataset.json``.

    ``places`` are lists of indexes in ``stores``: where a column continues. ``uid`` is that of the dataset's job.
    """

    name: str
    uid: str
    lines: tuple[int, ...]
    columns: tuple[Column, ...]
    stores: tuple[Store, ...] = ()
    places: tuple[tuple[int, ...], ...] = ()
    hashlabel: str | None = None
    filename: str | None = None
    caption: str | None = None
    previous: Reference | None = None
    parents: tuple[Reference, ...] = ()
    version: Literal[1] = 1

    def column(self, name: str) -> Column:
        """Return the column ``name``; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


_decoder = msgspec.json.Decoder(Manifest)


def save(manifest: Manifest, directory: Path) -> None:
    """Write the manifest into a dataset directory, as the last file there: it makes the dataset exist."""
    write_bytes(directory / FILENAME, msgspec.json.format(msgspec.json.encode(manifest), indent=1), durable=False)


def find(job_directory: str, name: str) -> str | None:
    """Return the directory, relative to ``DS``, of the finished dataset ``name`` in a job directory, or None."""
    found = _find(job_directory, name)
    return None if found is None else Path(found[0]).parent.name


def load(job_directory: str, name: str) -> Manifest | None:
    """Return the manifest of the dataset ``name`` in a job directory, or None if there is none.

    A file is read once per process, as long as it is the same file.

    Raises:
        DatasetCorruptError: the manifest cannot be understood.
    """
    found = _find(job_directory, name)
    return None if found is None else found[2]


_Found = tuple[str, tuple[int, int, int], Manifest]
_cache: dict[tuple[str, str], _Found] = {}
_CACHED = 16384


def _find(job_directory: str, name: str) -> _Found | None:
    cached = _cache.get((job_directory, name))
    if cached is not None and _signature(cached[0]) == cached[1]:
        return cached
    for directory_of in (directory_name, alternative_directory_name):
        path = f"{job_directory}/{DIRECTORY}/{directory_of(name)}/{FILENAME}"
        signature = _signature(path)
        if signature is None:
            continue
        manifest = read(Path(path))
        # The name is compared because a file system may ignore case.
        if manifest.name == name:
            if len(_cache) >= _CACHED:
                _cache.clear()
            found = _cache[job_directory, name] = (path, signature, manifest)
            return found
    return None


def _signature(path: str) -> tuple[int, int, int] | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 - a chain of a thousand datasets does this a thousand times
    except (FileNotFoundError, NotADirectoryError):
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def read(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        DatasetCorruptError: it cannot be understood.
        OSError: it cannot be read.
    """
    try:
        return _decoder.decode(path.read_bytes())
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise DatasetCorruptError(f"dataset manifest {path} cannot be understood: {error}") from None


def regrouped_lines(manifest: Manifest, slices: int) -> tuple[int, ...]:
    """Return lines per slice for a reader with ``slices`` slices: j is part of its slice j modulo their number."""
    return tuple(sum(manifest.lines[to::slices]) for to in range(slices))


def regrouped_hashlabel(manifest: Manifest, slices: int) -> str | None:
    """Return the hashlabel for a reader with ``slices`` slices: it holds only if that divides the dataset's number."""
    return manifest.hashlabel if len(manifest.lines) % slices == 0 else None


def pieces(manifest: Manifest, place: int, sliceno: int, slices: int) -> Iterator[tuple[int, Store, File]]:
    """Yield what a slice of the columns of a place consists of, in order.

    Args:
        manifest: the dataset.
        place: index in its places.
        sliceno: slice of the reader.
        slices: number of slices of the reader.

    Yields:
        number of the store in the place (for :meth:`Column.physical_in`), store, file.
    """
    for source in range(sliceno, len(manifest.lines), slices):
        for index, number in enumerate(manifest.places[place]):
            store = manifest.stores[number]
            for file in store.slices[source]:
                yield index, store, file
