"""The running job, as its method or build script sees it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

from accelerator.job import _to_dataset
from accelerator.job.context import context
from accelerator.job.files import FileWriteMove, SavedFile, save_json, save_pickle
from accelerator.job.handle import Job
from accelerator.job.registry import absolute, is_internal, register, relative_name, remove_temporary

__all__ = ["CurrentJob", "FinishedEarly"]

StrPath = str | os.PathLike[str]

# Nothing that works on data does well with less.
_LEAST_MEMORY = 1 << 20


class FinishedEarly(Exception):  # noqa: N818  (not an error; user code may see it in "except Exception")
    """Raised by :meth:`CurrentJob.finish_early` to leave the method.

    Attributes:
        result: what the job shall return.
    """

    def __init__(self, result: Any = None) -> None:
        super().__init__("finish_early")
        self.result = result


class CurrentJob(Job):
    """The running job: everything a :class:`Job` has, and ways to write files and datasets.

    Given to the functions of a method, and to ``main(urd, job)`` of a build script, under the name ``job``. The
    current directory is :attr:`path` in every phase.

    Args:
        jobid: its id.
        method: its method.
    """

    __slots__ = ()

    @property
    def datasets(self) -> Any:
        """The datasets finished so far, in order (``DatasetList``)."""
        if context.job is self:
            names = context.finished_datasets
            return _to_dataset.dataset_list(_to_dataset.dataset(self, name) for name in names)
        return super().datasets

    @property
    def memory(self) -> int:
        """Bytes of memory that this process should use at most for data.

        ``memory`` of ``[execution]`` in ``accelerator.toml``; in analysis one slice's part of it, as others run too.
        """
        return max(context.memory_share or 0, _LEAST_MEMORY)

    def open(
        self,
        filename: StrPath,
        mode: str = "r",
        sliceno: int | None = None,
        encoding: str | None = None,
        errors: str | None = None,
        temp: Any = None,
    ) -> Any:
        """Open a file of this job.

        For reading this is :meth:`Job.open`. For writing it returns a context manager that gives the file: it is
        written under a temporary name and takes its own at the end of the block, when it is registered too. After an
        exception nothing has changed.

        Args:
            filename: name relative to the job directory; its directory must exist.
            mode: as for the builtin ``open``. ``a`` begins with an empty file.
            sliceno: ``.<sliceno>`` is appended to the name.
            encoding: of text; default ``utf-8``.
            errors: what to do with what cannot be encoded or decoded.
            temp: delete the file when the job finishes.

        Raises:
            OSError: the file cannot be opened.
        """
        if "r" in mode:
            return super().open(filename, mode, sliceno, encoding, errors)
        if "b" not in mode and encoding is None:
            encoding = "utf-8"
        path = self.filename(filename, sliceno)
        return FileWriteMove(path, temp, mode=mode, encoding=encoding, errors=errors)

    def save(
        self,
        obj: Any,
        filename: StrPath = "result.pickle",
        sliceno: int | None = None,
        temp: Any = None,
        background: bool = False,
    ) -> SavedFile:
        """Save a value as a pickle, and register the file. Saving again replaces it.

        Args:
            obj: any picklable value.
            filename: name relative to the job directory.
            sliceno: ``.<sliceno>`` is appended to the name.
            temp: delete the file when the job finishes.
            background: return at once and save in a forked process. The end of the phase waits for it.

        Returns:
            A handle with ``load()``, ``wait()``, ``remove()``, ``jobwithfile(extra=None)``, ``filename`` and ``path``.

        Raises:
            OSError: the file cannot be written.
        """
        return save_pickle(obj, filename, sliceno, temp, background)

    def json_save(
        self,
        obj: Any,
        filename: StrPath = "result.json",
        sliceno: int | None = None,
        sort_keys: bool = True,
        temp: Any = None,
        background: bool = False,
    ) -> SavedFile:
        """Save a value as JSON, and register the file. Saving again replaces it.

        Args:
            obj: str, int, float, bool, None, and dicts, lists, tuples and sets of these.
            filename: name relative to the job directory.
            sliceno: ``.<sliceno>`` is appended to the name.
            sort_keys: sort the keys of dicts.
            temp: delete the file when the job finishes.
            background: return at once and save in a forked process. The end of the phase waits for it.

        Returns:
            A handle, see :meth:`save`.

        Raises:
            TypeError: the value holds something that JSON has no form for.
            OSError: the file cannot be written.
        """
        return save_json(obj, filename, sliceno, sort_keys, temp, background)

    def register_file(self, filename: StrPath) -> None:
        """Say that a file belongs to the job's results; a temporary file becomes a kept one.

        Args:
            filename: relative to the job directory, or absolute.

        Raises:
            AssertionError: there is no such file.
        """
        path = Path(absolute(filename))
        assert path.is_file(), f"There is no file {os.fspath(filename)!r} to register"
        register(path, temp=False)

    def register_files(self, pattern: str = "**/*") -> set[str]:
        """Register all files that match a pattern and are not registered yet, in any way.

        Links, directories, hidden files and the program's own files are left out.

        Args:
            pattern: relative to the current directory; ``**`` matches any directories.

        Returns:
            The names that were registered, relative to the job directory.

        Raises:
            AssertionError: the pattern is absolute or goes above the directory.
        """
        pattern = os.fspath(pattern)
        assert not os.path.isabs(pattern), f"register_files takes a relative pattern, not {pattern!r}"  # noqa: PTH117
        assert ".." not in Path(pattern).parts, f"register_files cannot go above the directory: {pattern!r}"
        here = Path.cwd()
        found = set()
        for path in here.glob(pattern):
            name = relative_name(path)
            if name in context.registered or is_internal(name) or not path.is_file():
                continue
            register(path, temp=False)
            found.add(name)
        return found

    def datasetwriter(
        self,
        columns: Mapping[str, Any] | None = None,
        filename: str | None = None,
        hashlabel: str | None = None,
        hashlabel_override: bool = False,
        caption: str | None = None,
        previous: Any = None,
        name: str = "default",
        parent: Any = None,
        meta_only: bool = False,
        for_single_slice: int | None = None,
        copy_mode: bool = False,
        allow_missing_slices: bool = False,
        all_slices: bool = False,
    ) -> Any:
        """Return a :class:`~accelerator.DatasetWriter` for a dataset of this job.

        The arguments are those of ``DatasetWriter``. In analysis only ``name`` may be given: it gives the writer that
        prepare made.

        Args:
            columns: type by name of column.
            filename: where the data came from, for information.
            hashlabel: column that decides the slice of each row.
            hashlabel_override: allow another hashlabel than the parent's.
            caption: for information.
            previous: dataset that this one continues.
            name: of the dataset.
            parent: dataset whose columns this one has too.
            meta_only: not supported; True raises DatasetUsageError.
            for_single_slice: only this slice is written, here.
            copy_mode: accepted, changes nothing.
            allow_missing_slices: slices never written are empty.
            all_slices: each slice of analysis writes to all slices.
        """
        given = {
            "columns": columns or {},
            "filename": filename,
            "hashlabel": hashlabel,
            "hashlabel_override": hashlabel_override,
            "caption": caption,
            "previous": previous,
            "name": name,
            "parent": parent,
            "meta_only": meta_only,
            "for_single_slice": for_single_slice,
            "copy_mode": copy_mode,
            "allow_missing_slices": allow_missing_slices,
            "all_slices": all_slices,
        }
        return _to_dataset.datasetwriter(**given)

    def input_filename(self, *parts: StrPath) -> str:
        """Return the path of a file in the input directory.

        Args:
            *parts: parts of its name, relative to the input directory.
        """
        return os.path.join(self.input_directory or "", *(os.fspath(part) for part in parts))  # noqa: PTH118  (a str is promised)

    def open_input(
        self, filename: StrPath, mode: str = "r", encoding: str | None = None, errors: str | None = None
    ) -> IO[Any]:
        """Open a file in the input directory for reading.

        Args:
            filename: relative to the input directory.
            mode: must contain ``r``.
            encoding: of text; default ``utf-8``.
            errors: what to do with undecodable bytes.

        Raises:
            AssertionError: ``mode`` is for writing.
            FileNotFoundError: there is no such file.
        """
        assert "r" in mode and "+" not in mode, f"Input files are only read, mode {mode!r} is not possible"  # noqa: PT018
        if "b" not in mode and encoding is None:
            encoding = "utf-8"
        return open(self.input_filename(filename), mode, encoding=encoding, errors=errors)  # noqa: PTH123

    def finish_early(self, result: Any = None) -> NoReturn:
        """Finish the job now, skipping what would follow. All slices of analysis must do it, or none.

        Args:
            result: the job's result. Not in analysis.

        Raises:
            FinishedEarly: always; do not catch it.
        """
        raise FinishedEarly(result)

    def wait_background(self) -> None:
        """Wait for all saves in the background. The engine does this at the end of each phase.

        Raises:
            OSError: one of them failed; all have been waited for.
        """
        first: OSError | None = None
        while context.background:
            try:
                context.background[0].wait()
            except OSError as e:
                first = first or e
        if first is not None:
            raise first

    def auto_register(self) -> None:
        """Register the files at the top of the job directory, if the method has registered none to keep."""
        if any(not temp for temp in context.registered.values()):
            return
        with os.scandir(self.path) as entries:
            for entry in entries:
                if entry.name in context.registered or is_internal(entry.name) or not entry.is_file():
                    continue
                register(entry.name, temp=False)

    def kept_files(self) -> list[str]:
        """Return the names for ``post.json``: what is registered and not temporary, sorted."""
        keep_all = context.keep_temp_files
        return sorted(name for name, temp in context.registered.items() if keep_all or not temp)

    def remove_temporary(self) -> None:
        """Delete the temporary files. The engine does this when the job finishes."""
        if not context.keep_temp_files:
            remove_temporary()
