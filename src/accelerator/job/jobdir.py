"""What a job id says, and the files in the directory it stands for."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

from accelerator._unset import UNSET
from accelerator.error import NoSuchJobError, NoSuchWorkdirError
from accelerator.job.context import context
from accelerator.storage.serial import json_decode, pickle_load

__all__ = ["JobDirectory", "parse_jobid"]

StrPath = str | os.PathLike[str]


def parse_jobid(jobid: str) -> tuple[str, int]:
    """Split a job id at its last dash.

    Args:
        jobid: ``WORKDIR-NUMBER``.

    Returns:
        The workdir's name and the number.

    Raises:
        NoSuchJobError: it is not a job id.
    """
    workdir, dash, number = jobid.rpartition("-")
    if not dash or not workdir or not (number.isascii() and number.isdigit()) or (number[0] == "0" and number != "0"):
        raise NoSuchJobError(f"Not a valid jobid: {jobid!r} (one looks like dev-12)")
    return workdir, int(number)


class JobDirectory(str):
    """A job id, and the files of the job. The base of :class:`~accelerator.job.Job`."""

    __slots__ = ("_cache", "_method", "_number", "_workdir")

    _cache: dict[str, Any]
    _method: str | None
    _number: int
    _workdir: str

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str.__str__(self),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    @property
    def number(self) -> int:
        """Number of the job in its workdir (``int``)."""
        return self._number

    @property
    def workdir(self) -> str:
        """Name of the job's workdir (``str``)."""
        return self._workdir

    @property
    def path(self) -> str:
        """Directory of the job (``str``).

        Raises:
            NoSuchWorkdirError: the workdir is not known to this process.
        """
        try:
            directory = context.workdirs[self._workdir]
        except KeyError:
            known = ", ".join(sorted(context.workdirs)) or "none"
            raise NoSuchWorkdirError(
                f"Not a known workdir: {self._workdir!r}, of job {str(self)!r} (known: {known})"
            ) from None
        return os.path.join(directory, self)  # noqa: PTH118  (a str is promised, and wanted quickly)

    def filename(self, filename: StrPath, sliceno: int | None = None) -> str:
        """Return the path of a file of this job.

        Args:
            filename: name relative to the job directory; an absolute name passes through.
            sliceno: for one file of a sliced set: ``.<sliceno>`` is appended.

        Raises:
            NoSuchWorkdirError: the workdir is not known to this process.
        """
        name = os.fspath(filename)
        if sliceno is not None:
            name = f"{name}.{sliceno}"
        return os.path.join(self.path, name)  # noqa: PTH118  (a str is promised)

    def open(
        self,
        filename: StrPath,
        mode: str = "r",
        sliceno: int | None = None,
        encoding: str | None = None,
        errors: str | None = None,
    ) -> IO[Any]:
        """Open a file of this job for reading.

        Args:
            filename: name relative to the job directory.
            mode: as for the builtin ``open``; must contain ``r``.
            sliceno: for one file of a sliced set.
            encoding: of text; default ``utf-8``.
            errors: what to do with undecodable bytes, as for the builtin ``open``.

        Returns:
            A plain file object.

        Raises:
            AssertionError: ``mode`` is for writing. Only the running job can be written to.
            FileNotFoundError: there is no such file.
        """
        assert "r" in mode and "+" not in mode, f"Only reading is possible in {self}, not mode {mode!r}"  # noqa: PT018
        if "b" not in mode and encoding is None:
            encoding = "utf-8"
        return open(self.filename(filename, sliceno), mode, encoding=encoding, errors=errors)  # noqa: PTH123

    def load(
        self,
        filename: StrPath = "result.pickle",
        sliceno: int | None = None,
        encoding: str = "bytes",
        default: Any = UNSET,
    ) -> Any:
        """Load a pickle that the job saved; without arguments the job's result.

        Args:
            filename: name relative to the job directory.
            sliceno: for one file of a sliced set.
            encoding: how strings pickled by Python 2 are decoded; ``bytes`` leaves them as bytes.
            default: returned if the file does not exist.

        Raises:
            FileNotFoundError: the file does not exist, and no ``default`` was given.
        """
        return _load(self.filename(filename, sliceno), default, lambda file: pickle_load(file, encoding))

    def json_load(
        self,
        filename: StrPath = "result.json",
        sliceno: int | None = None,
        unicode_as_utf8bytes: bool = False,
        default: Any = UNSET,
    ) -> Any:
        """Load a JSON file that the job saved; objects become :class:`~accelerator.DotDict`.

        Args:
            filename: name relative to the job directory.
            sliceno: for one file of a sliced set.
            unicode_as_utf8bytes: give strings as UTF-8 bytes.
            default: returned if the file does not exist.

        Raises:
            FileNotFoundError: the file does not exist, and no ``default`` was given.
            ValueError: the file is not JSON.
        """
        path = self.filename(filename, sliceno)
        return _load(path, default, lambda file: json_decode(file.read(), unicode_as_utf8bytes))


def _load(path: str, default: Any, read: Callable[[IO[bytes]], Any]) -> Any:
    try:
        file = Path(path).open("rb")  # noqa: SIM115  (only the opening may fall back to the default)
    except FileNotFoundError:
        if default is not UNSET:
            return default
        raise
    with file:
        return read(file)
