"""What a writer leaves on disk for other processes: how it was made, and what each slice has written.

``writer.json`` lets a process that was not forked from ``prepare`` go on with a writer; ``<slice>.json`` tells
``finish()`` what there is. Both are gone when the dataset is finished.
"""

import base64
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from accelerator._unset import UNSET
from accelerator.dataset.bounds import Tagged
from accelerator.dataset.manifest import File
from accelerator.storage.atomic import write_bytes

WRITER = "writer.json"
# A file that is not committed yet.
TEMPORARY = ".new-"
# Before the number of a slice of analysis that has written rows of all slices.
FROM = "from-"


class ColumnSpec(msgspec.Struct, frozen=True):
    """A column as declared. ``type`` may be a ``parsed:`` one; ``default`` is :data:`UNSET` or any value."""

    name: str
    type: str
    none_support: bool
    physical: str
    default: Any = UNSET

    @property
    def stored_type(self) -> str:
        """The type of what is stored."""
        return self.type.removeprefix("parsed:")

    @property
    def nullable(self) -> bool:
        """Whether the Parquet column may hold nulls. The kernel stores None in json and pickle columns always."""
        return self.none_support or self.stored_type in {"json", "pickle"}


class SliceColumn(msgspec.Struct, frozen=True):
    """Least and greatest value of a column in a slice, and the layout of each file (``"none"``: nothing but None)."""

    layouts: tuple[str, ...]
    min: Tagged = None
    max: Tagged = None


class SliceCommit(msgspec.Struct, frozen=True):
    """``<slice>.json``: what was written into one slice; columns in declared order."""

    lines: int
    files: tuple[File, ...]
    columns: tuple[SliceColumn, ...]


class WriterRecord(msgspec.Struct, frozen=True):
    """``writer.json``: arguments of a writer. Defaults may be any object, hence ``columns`` is a pickle, as base64."""

    name: str
    columns: str
    stage: str
    hashlabel: str | None
    hashlabel_override: bool
    filename: str | None
    caption: str | None
    previous: str | None
    parent: str | None
    discarded: tuple[str, ...]
    for_single_slice: int | None
    allow_missing_slices: bool
    keep_hashlabel: bool
    all_slices: bool = False

    def column_specs(self) -> dict[str, ColumnSpec]:
        """Return the declared columns, by name."""
        specs = [
            ColumnSpec(name, coltype, none_support, physical, UNSET if default is None else default[0])
            for name, coltype, none_support, physical, default in pickle.loads(base64.b64decode(self.columns))
        ]
        return {spec.name: spec for spec in specs}


def pickled_columns(columns: Mapping[str, ColumnSpec]) -> str:
    """Return columns in the form that :class:`WriterRecord` keeps them in."""
    plain = [
        # UNSET is one object only within a process.
        (c.name, c.type, c.none_support, c.physical, None if c.default is UNSET else (c.default,))
        for c in columns.values()
    ]
    return base64.b64encode(pickle.dumps(plain, protocol=5)).decode()


def save_writer(directory: Path, record: WriterRecord) -> None:
    """Write ``writer.json``."""
    write_bytes(directory / WRITER, msgspec.json.encode(record), durable=False)


def load_writer(directory: Path) -> WriterRecord | None:
    """Return what ``writer.json`` says, or None if there is none."""
    try:
        return msgspec.json.decode((directory / WRITER).read_bytes(), type=WriterRecord)
    except FileNotFoundError:
        return None


def final_name(stem: object, part: int) -> str:
    """Return the name of a file of a slice.

    Args:
        stem: the slice, or what else tells files of one dataset apart.
        part: number of the file.
    """
    return f"{stem}.{part}.parquet" if part else f"{stem}.parquet"


def commit(directory: Path, sliceno: int, made: SliceCommit, temporary: Sequence[Path]) -> None:
    """Make what was written the contents of a slice, in place of what it had before.

    Args:
        directory: of the dataset.
        sliceno: the slice.
        made: the new contents.
        temporary: where its files are now, in the order of ``made.files``.
    """
    retract(directory, sliceno)
    for file, path in zip(made.files, temporary, strict=True):
        path.replace(directory / file.name)
    write_bytes(_record(directory, sliceno), msgspec.json.encode(made), durable=False)


def retract(directory: Path, sliceno: int) -> None:
    """Remove what was committed for a slice."""
    before = load_commit(directory, sliceno)
    if before is not None:
        # The record first: without it the files mean nothing.
        _record(directory, sliceno).unlink()
        for file in before.files:
            (directory / file.name).unlink(missing_ok=True)


def load_commit(directory: Path, sliceno: int) -> SliceCommit | None:
    """Return what was committed for a slice, or None."""
    try:
        return msgspec.json.decode(_record(directory, sliceno).read_bytes(), type=SliceCommit)
    except FileNotFoundError:
        return None


def clear(directory: Path) -> None:
    """Remove the files of this module: the dataset is finished."""
    for path in directory.iterdir():
        stem = path.stem.removeprefix(FROM)
        if path.name == WRITER or path.name.startswith(TEMPORARY) or (stem.isdigit() and path.suffix == ".json"):
            path.unlink()


def _record(directory: Path, sliceno: int) -> Path:
    return directory / f"{sliceno}.json"
