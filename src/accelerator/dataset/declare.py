"""What a new dataset is going to be: the arguments of a writer, checked and completed."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerator._unset import UNSET
from accelerator.column.types import COLUMN_TYPES, valid_type
from accelerator.dataset import manifest as manifests
from accelerator.dataset.commit import ColumnSpec, WriterRecord, pickled_columns
from accelerator.dataset.handle import Dataset, DatasetColumn
from accelerator.dataset.lifecycle import live_writers
from accelerator.dataset.names import (
    DEFAULT,
    alternative_directory_name,
    decoded,
    directory_name,
    folded,
    physical_name,
    quoted,
)
from accelerator.dataset.resolve import parse_spec
from accelerator.error import DatasetUsageError
from accelerator.job.context import context


@dataclass
class Declaration:
    """A dataset to be.

    Attributes:
        name: in the job.
        stage: phase it was made in.
        filename, caption, previous, parent: as the dataset's.
        hashlabel: column that decides the slice of the rows written; None if none is checked.
        hashlabel_override: hashlabel may differ from the parent's.
        keep_hashlabel: the dataset has the parent's hashlabel although this is None.
        discarded: columns of the parent that the dataset does not have.
        for_single_slice: slice of analysis that writes it all.
        allow_missing_slices: slices never set are empty.
        all_slices: each slice of analysis writes to all slices.
        columns: the columns to be written, in order.
    """

    name: str
    stage: str
    filename: str | None = None
    caption: str | None = None
    previous: str | None = None
    parent: Dataset | None = None
    hashlabel: str | None = None
    hashlabel_override: bool = False
    keep_hashlabel: bool = False
    discarded: tuple[str, ...] = ()
    for_single_slice: int | None = None
    allow_missing_slices: bool = False
    all_slices: bool = False
    columns: dict[str, ColumnSpec] = field(default_factory=dict)

    @property
    def quoted(self) -> str:
        """The dataset, for messages."""
        return quoted(f"{context.job}/{self.name}")

    @property
    def result_hashlabel(self) -> str | None:
        """The hashlabel that the dataset is going to have."""
        if self.keep_hashlabel and self.parent is not None:
            kept = self.parent.hashlabel
            return None if kept in self.discarded and kept not in self.columns else kept
        return self.hashlabel

    def add(self, name: Any, coltype: Any, default: Any = UNSET, none_support: Any = UNSET) -> None:
        """Add a column.

        Args:
            name: anything is made text.
            coltype: type, ``(type, none_support)`` or DatasetColumn.
            default: replaces values that cannot be stored.
            none_support: whether None may be stored; beats the one in ``coltype``.

        Raises:
            DatasetUsageError: the column exists, or the type does not.
        """
        name = decoded(name) if isinstance(name, bytes) else str(name)
        declared = False
        if isinstance(coltype, DatasetColumn):
            coltype, declared = coltype.type, coltype.none_support
        elif isinstance(coltype, tuple | list):
            coltype, declared = coltype
        if none_support is not UNSET:
            declared = none_support
        if name in self.columns:
            raise DatasetUsageError(f"{self.quoted} has the column {name!r} already")
        if not isinstance(coltype, str) or not valid_type(coltype):
            known = ", ".join(COLUMN_TYPES)
            raise DatasetUsageError(f"column {name!r} of {self.quoted}: no type {coltype!r}, there are: {known}")
        self.columns[name] = ColumnSpec(name, coltype, bool(declared), physical_name(name), default)

    def record(self) -> WriterRecord:
        """Return what ``writer.json`` holds."""
        return WriterRecord(
            name=self.name,
            columns=pickled_columns(self.columns),
            stage=self.stage,
            hashlabel=self.hashlabel,
            hashlabel_override=self.hashlabel_override,
            filename=self.filename,
            caption=self.caption,
            previous=self.previous,
            parent=None if self.parent is None else str(self.parent),
            discarded=self.discarded,
            for_single_slice=self.for_single_slice,
            allow_missing_slices=self.allow_missing_slices,
            keep_hashlabel=self.keep_hashlabel,
            all_slices=self.all_slices,
        )


def from_record(record: WriterRecord) -> Declaration:
    """Return what a ``writer.json`` says."""
    return Declaration(
        name=record.name,
        stage=record.stage,
        filename=record.filename,
        caption=record.caption,
        previous=record.previous,
        parent=None if record.parent is None else Dataset(record.parent),
        hashlabel=record.hashlabel,
        hashlabel_override=record.hashlabel_override,
        keep_hashlabel=record.keep_hashlabel,
        discarded=record.discarded,
        for_single_slice=record.for_single_slice,
        allow_missing_slices=record.allow_missing_slices,
        all_slices=record.all_slices,
        columns=record.column_specs(),
    )


def check_name_free(name: str) -> None:
    """Raise DatasetUsageError unless the running job can have a new dataset of this name."""
    what = quoted(f"{context.job}/{name}")
    if name in live_writers():
        raise DatasetUsageError(f"{what} is being written already")
    if name in context.finished_datasets or manifests.find(context.job.path, name) is not None:
        raise DatasetUsageError(f"{what} exists already")


def new_directory(name: str) -> Path:
    """Make and return the directory of a new dataset in the running job."""
    top = Path(context.job.path, manifests.DIRECTORY)
    top.mkdir(exist_ok=True)
    taken = set(map(folded, os.listdir(top)))  # noqa: PTH208 - a job may have thousands, and does this for each
    chosen = directory_name(name)
    if folded(chosen) in taken:
        chosen = alternative_directory_name(name)
    directory = top / chosen
    directory.mkdir()
    return directory


def check_parent(parent: Any) -> Dataset | None:
    """Return a writer's ``parent`` argument as a dataset.

    Raises:
        TypeError: it is a writer, which has to be finished first.
        DatasetUsageError: it was made with another number of slices.
    """
    if hasattr(parent, "finish"):
        raise TypeError(f"finish {parent.quoted_ds_name} before using it as parent")
    dataset: Dataset | None = Dataset(parent) if parent else None
    if not dataset:
        return None
    check_slices(dataset)
    return dataset


def check_slices(dataset: Dataset) -> None:
    """Raise DatasetUsageError if a dataset was made with another number of slices than the running job has."""
    made = len(dataset.manifest.lines)
    if made != context.slices:
        what = "the whole chain" if dataset.previous else "it"
        raise DatasetUsageError(
            f"{dataset.quoted} has {made} slices, this job {context.slices}, so it can only be read. To copy {what}: "
            f"build('dataset_concat', source={str(dataset)!r}, compact=True)"
        )


def previous_name(previous: Any) -> str | None:
    """Return a ``previous`` argument as the string that its dataset is. Whether it exists is not asked yet."""
    if hasattr(previous, "ds_name"):
        writer_name: str = previous.ds_name
        return dataset_string(*writer_name.split("/", 1))
    if not previous:
        return None
    if isinstance(previous, Mapping):
        return str(Dataset(previous)) or None
    return dataset_string(*parse_spec(previous, None))


def dataset_string(job: str, name: str) -> str:
    """Return the string that a dataset is."""
    return job if name == DEFAULT else f"{job}/{name}"


def declare(columns: Mapping[Any, Any], parent: Any, hashlabel: Any, **given: Any) -> Declaration:
    """Return what the arguments of a new ``DatasetWriter`` mean.

    Args:
        columns: as DatasetWriter.
        parent: as DatasetWriter.
        hashlabel: as DatasetWriter.
        given: other fields of :class:`Declaration`, as DatasetWriter has them.

    Raises:
        DatasetUsageError: something does not fit; the text names it.
    """
    dataset = check_parent(parent)
    given["previous"] = previous_name(given["previous"])
    for information in ("filename", "caption"):  # a Path, a number: whatever says something to people
        if given[information] is not None:
            given[information] = _text(given[information])
    made = Declaration(parent=dataset, hashlabel=None if hashlabel is None else _text(hashlabel), **given)
    if made.caption is None:
        made.caption = dataset.caption if dataset is not None else str(context.job)
    if not made.filename and made.filename is None:
        made.filename = dataset.filename if dataset is not None else None
    by_name = {_text(name): coltype for name, coltype in (columns or {}).items()}
    made.discarded = tuple(sorted(name for name, coltype in by_name.items() if coltype is None))
    for name in made.discarded:
        if dataset is None or name not in dataset.columns:
            whose = "there is no parent" if dataset is None else f"{dataset.quoted} does not have it"
            raise DatasetUsageError(f"column {name!r} of {made.quoted} is None (not inherited), but {whose}")
    for name in sorted(by_name.keys() - set(made.discarded)):
        made.add(name, by_name[name])
    _inherit_hashlabel(made)
    return made


def _inherit_hashlabel(made: Declaration) -> None:
    if made.parent is None or made.hashlabel_override:
        return
    inherited = made.parent.hashlabel
    if made.hashlabel is not None and made.hashlabel != inherited:
        raise DatasetUsageError(
            f"{made.quoted}: hashlabel {made.hashlabel!r} is not that of the parent, {inherited!r};"
            " use hashlabel_override=True if it shall be"
        )
    if made.hashlabel is None:
        if inherited is not None and inherited in made.columns:
            made.hashlabel = inherited
        else:
            made.keep_hashlabel = True


def _text(name: Any) -> str:
    return decoded(name) if isinstance(name, bytes) else str(name)


def check_hash_column(made: Declaration, own: Collection[str]) -> None:
    """Raise DatasetUsageError if rows cannot be hashed by the hashlabel."""
    if made.hashlabel is None:
        return
    if made.hashlabel not in own:
        raise DatasetUsageError(f"{made.quoted}: the hashlabel {made.hashlabel!r} is not one of the columns written")
    coltype = made.columns[made.hashlabel].stored_type
    if not COLUMN_TYPES[coltype].hashable:
        raise DatasetUsageError(f"{made.quoted}: column {made.hashlabel!r} of type {coltype} cannot be the hashlabel")
