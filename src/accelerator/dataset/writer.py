"""Writing datasets: the part that users hold."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, Self

from accelerator._native import SplitWriter
from accelerator.dataset import commit as commits
from accelerator.dataset.arrays import storage_arrays
from accelerator.dataset.declare import (
    Declaration,
    check_name_free,
    dataset_string,
    declare,
    from_record,
    new_directory,
)
from accelerator.dataset.declared import DeclaredWriter
from accelerator.dataset.exchange import commit_source
from accelerator.dataset.finish import finish
from accelerator.dataset.handle import Dataset
from accelerator.dataset.lifecycle import (
    close_slice,
    enter_slice,
    finish_all,
    finish_started_in_prepare,
    live_writers,
    unfinished,
)
from accelerator.dataset.names import DEFAULT, decoded
from accelerator.dataset.slicewriter import SliceTask, SliceWriter
from accelerator.dataset.splitbatch import BatchSplitter, own_rows
from accelerator.error import DatasetUsageError
from accelerator.job.context import context

__all__ = [
    "DatasetWriter",
    "close_slice",
    "enter_slice",
    "finish_all",
    "finish_started_in_prepare",
    "reopen",
    "unfinished",
]

# Memory for rows not yet written: of one slice, and of all slices of a split writer together.
_SLICE_BYTES = 64 << 20
_SPLIT_BYTES = 512 << 20
_LEAST_BYTES = 1 << 20


class DatasetWriter(DeclaredWriter):
    """Writes a dataset of the running job.

    In prepare, synthesis and build scripts this makes a new one. In analysis only ``name`` may be given: it returns
    the writer that prepare made, which writes to this slice.

    Args:
        columns: type by column name: a type, ``(type, none_support)`` or a DatasetColumn; None for a column of the
            parent that is not wanted.
        filename: where the data came from, for information.
        hashlabel: column whose hash decides which slice a row is in.
        hashlabel_override: allow another hashlabel than the parent's.
        caption: for information; by default the parent's or the job id.
        previous: dataset that this one continues; may be another writer of this job.
        name: of the dataset.
        parent: dataset whose columns this one has too; the lines of each slice must be as many.
        meta_only: not supported.
        for_single_slice: only this slice of analysis uses the writer, and may write to all slices.
        copy_mode: accepted for old code; changes nothing.
        allow_missing_slices: slices that are never set are empty.
        all_slices: in analysis, each slice writes to all slices with a split writer; the dataset has what slice 0 wrote
            first, then what slice 1 wrote, and so on.

    Raises:
        DatasetUsageError: not here, or not like this; the text says what.
        NoSuchDatasetError: the parent does not exist.
    """

    directory: Path
    """Directory of the dataset."""
    _open: SliceWriter | None
    _split: list[SliceWriter]
    _split_functions: dict[str, Callable[..., None]]
    sliceno: int
    writers: dict[str, Any]
    hashcheck: Callable[[Any], bool]

    # There is no __init__: it would run again on a writer that exists already.
    def __new__(
        cls,
        columns: Mapping[Any, Any] | None = None,
        filename: str | None = None,
        hashlabel: str | None = None,
        hashlabel_override: bool = False,
        caption: str | None = None,
        previous: Any = None,
        name: str | bytes = DEFAULT,
        parent: Any = None,
        meta_only: bool = False,
        for_single_slice: int | None = None,
        copy_mode: bool = False,  # noqa: ARG004 - for old code
        allow_missing_slices: bool = False,
        all_slices: bool = False,
    ) -> Self:
        if not isinstance(name, str | bytes):
            raise DatasetUsageError(f"the name of a dataset is a string, not {name!r}")
        name = decoded(name)
        if context.job is None:
            raise DatasetUsageError(f"a dataset ({name!r}) can only be written by a running job")
        if context.phase == "analysis":
            given = (columns, filename, hashlabel, hashlabel_override, caption, previous, parent, meta_only, all_slices)
            if any(given) or for_single_slice is not None:
                raise DatasetUsageError("in analysis DatasetWriter takes only the name of a writer made in prepare")
            return _existing(name)  # type: ignore[return-value]  # nobody derives from this class
        if meta_only:
            raise DatasetUsageError("meta_only is not supported: write rows, or batches with write_batch")
        check_name_free(name)
        made = declare(
            columns or {},
            parent,
            hashlabel,
            name=name,
            stage=context.phase,
            filename=filename,
            hashlabel_override=bool(hashlabel_override),
            caption=caption,
            previous=previous,
            for_single_slice=for_single_slice,
            allow_missing_slices=bool(allow_missing_slices),
            all_slices=bool(all_slices),
        )
        return cls._new(made, new_directory(name))

    @classmethod
    def _new(cls, made: Declaration, directory: Path) -> Self:
        self = super().__new__(cls)
        self._made = made
        self.directory = directory
        self._open = None
        self._split = []
        self._split_functions = {}
        self._mode = ""
        self._result = None
        self._gone = ""
        live_writers()[made.name] = self
        return self

    def __reduce__(self) -> Any:
        return _existing, (self.name,)

    # ---- one slice at a time

    def set_slice(self, sliceno: int) -> None:
        """Write to this slice from now on, replacing what it had.

        Raises:
            DatasetUsageError: not now, or there is no such slice; or columns of the slice before differ in length.
        """
        self._check_alive()
        if type(sliceno) is not int or not 0 <= sliceno < (context.slices or 0):
            raise DatasetUsageError(f"{self.quoted_ds_name}: no slice {sliceno!r}, there are {context.slices}")
        if self._mode == "split":
            raise DatasetUsageError(f"{self.quoted_ds_name}: set_slice cannot follow a split writer")
        self._check_phase()
        if context.phase == "analysis" and self._made.all_slices:
            raise DatasetUsageError(
                f"{self.quoted_ds_name} is for all slices: use the function that get_split_write gives"
            )
        self._begin_slice(sliceno)

    def _begin_slice(self, sliceno: int) -> None:
        self._check_columns()
        self._end_slice()
        self._mode = "slice"
        opened = self._open = SliceWriter(self._task(sliceno, _SLICE_BYTES))
        self.sliceno = sliceno
        self.writers = opened.builders
        # The kernel's functions themselves, without a detour.
        vars(self).update(write=opened.rows.write, write_list=opened.rows.write_list, write_dict=opened.rows.write_dict)
        if self.hashlabel is not None:
            self.hashcheck = opened.rows.hashcheck

    def _end_slice(self) -> None:
        for name in ("write", "write_list", "write_dict", "hashcheck", "writers", "sliceno"):
            self.__dict__.pop(name, None)
        opened, self._open = self._open, None
        if opened is not None:
            opened.commit()

    def enable_hash_discard(self) -> None:
        """Drop rows that belong in other slices, instead of raising. To be called after each ``set_slice``."""
        if self.hashlabel is None:
            raise DatasetUsageError(f"{self.quoted_ds_name} has no hashlabel, so no rows to discard")
        if self._open is None:
            self._not_started()
        self._open.rows.discard = True

    def write(self, *values: Any, **named: Any) -> None:  # noqa: ARG002 - replaced by set_slice
        """Write a row: values in column order, or by argument name.

        Raises:
            DatasetUsageError: no slice is set, or the row belongs in another.
            TypeError, ValueError, OverflowError: a value cannot be stored; nothing of the row is.
        """
        self._not_started()

    def write_list(self, values: Any) -> None:  # noqa: ARG002 - replaced by set_slice
        """Write a row from a list in column order; see :meth:`write`."""
        self._not_started()

    def write_dict(self, values: Any) -> None:  # noqa: ARG002 - replaced by set_slice
        """Write a row from a dict by column name; see :meth:`write`."""
        self._not_started()

    def _not_started(self) -> NoReturn:
        self._check_alive()
        self._check_phase()
        how = "use the function that get_split_write gave" if self._mode == "split" else "call set_slice first"
        raise DatasetUsageError(f"{self.quoted_ds_name}: no slice is set, {how}")

    def write_batch(self, batch: Any) -> None:
        """Write many rows at once.

        Args:
            batch: anything with ``__arrow_c_stream__`` or ``__arrow_c_array__`` (pyarrow, Polars, pandas, DuckDB
                results), or a dict of arrays. Columns go by name; others than this writer's are ignored.

        Raises:
            DatasetUsageError: no slice is set, a column is missing, or a row belongs in another slice.
            TypeError, ValueError, OverflowError: a column's type or a value does not fit.
        """
        if self._open is None:
            self._not_started()
        for arrays in storage_arrays(batch, self._made.columns, self.quoted_ds_name, shared=self.hashlabel is None):
            self._open.add_arrays(own_rows(arrays, self._open.task, self._open.rows.discard))

    # ---- all slices at once

    def get_split_write(self) -> Callable[..., None]:
        """Return a function like :meth:`write` that chooses the slice: by hash, or each in turn."""
        return self._split_function("write")

    def get_split_write_list(self) -> Callable[..., None]:
        """Return a function like :meth:`write_list` that chooses the slice; see :meth:`get_split_write`."""
        return self._split_function("write_list")

    def get_split_write_dict(self) -> Callable[..., None]:
        """Return a function like :meth:`write_dict` that chooses the slice; see :meth:`get_split_write`."""
        return self._split_function("write_dict")

    def get_split_write_batch(self) -> Callable[..., None]:
        """Return a function like :meth:`write_batch` that chooses the slice of each row; see :meth:`get_split_write`.

        Without a hashlabel, row k of all given to the split functions, alone or in batches, goes to slice k % slices.
        """
        return self._split_function("write_batch")

    def _split_function(self, name: str) -> Callable[..., None]:
        self._check_alive()
        if self._mode == "slice":
            raise DatasetUsageError(f"{self.quoted_ds_name}: a split writer cannot follow set_slice")
        if self._made.allow_missing_slices:
            raise DatasetUsageError(f"{self.quoted_ds_name}: a split writer leaves out no slice (allow_missing_slices)")
        self._check_phase()
        if not self._split:
            self._begin_split()
        return self._split_functions[name]

    def _begin_split(self) -> None:
        self._check_columns()
        parent = self.parent
        if parent is not None and parent.hashlabel is not None and self.hashlabel is None:
            raise DatasetUsageError(
                f"{self.quoted_ds_name}: the parent is hashed on {parent.hashlabel!r}, which is not written here"
            )
        slices = context.slices or 0
        limit = max(min(_SLICE_BYTES, _SPLIT_BYTES // slices), _LEAST_BYTES)
        self._split = [SliceWriter(self._task(sliceno, limit, check_hash=False)) for sliceno in range(slices)]
        self._mode = "split"
        split = SplitWriter([each.rows for each in self._split], hash_index=self._split[0].task.hash_index)
        splitter = BatchSplitter(self._split, split, self._made.columns, self.quoted_ds_name)
        self._split_functions = {
            "write": split.write,
            "write_list": split.write_list,
            "write_dict": split.write_dict,
            "write_batch": splitter.write,
        }

    # ---- the end

    def finish(self) -> Dataset:
        """Make the dataset from what was written. Called again it returns the same.

        Raises:
            DatasetUsageError: not now, slices are missing, or it does not fit its parent.
            NoSuchWhateverError: previous does not exist.
        """
        if self._result is not None:
            return self._result
        self._check_alive()
        if context.phase != self._made.stage and context.phase not in {"synthesis", "build"}:
            raise DatasetUsageError(f"{self.quoted_ds_name} cannot be finished in {context.phase}")
        self._close_all()
        self._result = finish(self._made, self.directory)
        del live_writers()[self.name]
        return self._result

    def discard(self) -> None:
        """Remove the writer and what it wrote; the name is free again.

        Raises:
            DatasetUsageError: it is finished.
        """
        self._check_alive()
        if self._open is not None:
            self._open.abandon()
            self._open = None
        for each in self._split:
            each.abandon()
        self._split = []
        self._end_slice()
        shutil.rmtree(self.directory)
        self._gone = "discarded"
        live_writers().pop(self.name, None)

    def _close_all(self) -> None:
        self._end_slice()
        split, self._split = self._split, []
        if split and split[0].task.source >= 0:
            commit_source(self.directory, split[0].task.source, split)
        else:
            for each in split:
                each.commit()
        self._split_functions = {}

    # ---- for the engine, through lifecycle

    def save(self) -> None:
        """Write what a process that is not forked from this one needs."""
        commits.save_writer(self.directory, self._made.record())

    def enter_slice(self, sliceno: int) -> None:
        """Beginning of analysis."""
        if self._made.for_single_slice is None and not self._made.all_slices:
            self._begin_slice(sliceno)

    def close_slice(self, sliceno: int) -> None:
        """Commit what this slice of analysis has written.

        The end of analysis does this. A method that writes many datasets can call it after the last row of one, so
        that its memory is free for the next.

        Args:
            sliceno: of the running analysis.
        """
        if self._made.for_single_slice in {None, sliceno}:
            self._close_all()

    # ---- checks

    def _task(self, sliceno: int, limit: int, *, check_hash: bool = True) -> SliceTask:
        return SliceTask(
            directory=self.directory,
            sliceno=sliceno,
            slices=context.slices or 0,
            columns=self._made.columns,
            hashlabel=self.hashlabel,
            where=self.quoted_ds_name,
            limit_bytes=limit,
            check_hash=check_hash,
            source=context.sliceno if context.phase == "analysis" and self._made.all_slices else -1,
        )


def reopen(directory: Path) -> DatasetWriter:
    """Return a writer made by another process of this job, from its ``writer.json``.

    Raises:
        DatasetUsageError: there is none.
    """
    record = commits.load_writer(directory)
    if record is None:
        raise DatasetUsageError(f"no dataset is being written in {directory}")
    return DatasetWriter._new(from_record(record), directory)  # noqa: SLF001 - made here only


def _existing(name: str) -> DatasetWriter:
    """Return the unfinished writer of this name in the running job."""
    writer = live_writers().get(name)
    if writer is None:
        for path in Path(context.job.path).glob(f"DS/*/{commits.WRITER}"):
            record = commits.load_writer(path.parent)
            if record is not None and record.name == name:
                return reopen(path.parent)
        what = dataset_string(context.job, name)
        raise DatasetUsageError(f"there is no unfinished writer for {what!r}; writers are made in prepare")
    found: DatasetWriter = writer
    return found
