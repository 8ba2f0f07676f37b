"""Files that the running job writes: aside first, then under their names, then registered."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn

from accelerator.job.context import context
from accelerator.job.fork import fork
from accelerator.job.handle import Job, JobWithFile
from accelerator.job.registry import absolute, register
from accelerator.job.status import status
from accelerator.storage.serial import json_decode, json_encode, pickle_dump, pickle_load

__all__ = ["FileWriteMove", "JobWithFile", "SavedFile", "save_json", "save_pickle"]

StrPath = str | os.PathLike[str]

# Longest name most file systems take, in bytes.
_NAME_MAX = 255


def _temporary_name(final: str) -> str:
    directory, base = os.path.split(final)
    suffix = f".{os.getpid()}tmp"
    if len(os.fsencode(base)) + len(suffix) > _NAME_MAX:
        base = "." + os.urandom(16).hex()
    return os.path.join(directory, base + suffix)  # noqa: PTH118


class FileWriteMove:
    """Context manager that writes a file under a temporary name and gives it its own at the end.

    A file that was there is replaced in one step. After an exception nothing has changed.

    Args:
        filename: in a job, relative names go to the job directory.
        temp: delete the file when the job finishes.
        mode: as for ``open``; ``w`` and ``a`` begin with an empty file.
        encoding: of text.
        errors: what to do with what cannot be encoded.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as d:
    ...     with FileWriteMove(d + "/x") as file:
    ...         _ = file.write(b"data")
    ...     Path(d, "x").read_bytes()
    b'data'
    """

    def __init__(
        self,
        filename: StrPath,
        temp: Any = None,
        *,
        mode: str = "wb",
        encoding: str | None = None,
        errors: str | None = None,
    ) -> None:
        self.filename = os.fspath(filename)
        self._temp = bool(temp)
        self._mode = mode.replace("w", "x").replace("a", "x")
        self._encoding = encoding
        self._errors = errors

    def __enter__(self) -> IO[Any]:
        self._final = absolute(self.filename)
        self._temporary = _temporary_name(self._final)
        self._file: IO[Any] = open(  # noqa: PTH123  (closed by __exit__)
            self._temporary, self._mode, encoding=self._encoding, errors=self._errors
        )
        return self._file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            # Flushing may fail (a full disk): then it is the same as an exception in the block.
            self._file.close()
            if error is None:
                Path(self._temporary).replace(self._final)
        except BaseException:
            Path(self._temporary).unlink(missing_ok=True)
            raise
        if error is not None:
            Path(self._temporary).unlink(missing_ok=True)
        else:
            register(self._final, self._temp)


class SavedFile:
    """What ``job.save`` and ``job.json_save`` return: the file, to load, wait for or pass on."""

    __slots__ = ("_load", "_pending", "_temp", "filename", "job", "name", "path", "sliceno")

    def __init__(self, name: str, sliceno: int | None, kind: str, *, temp: bool = False) -> None:
        self.job: Job | None = context.job
        self.name = name
        self.sliceno = sliceno
        self.filename = name if sliceno is None else f"{name}.{sliceno}"
        self.path = absolute(self.filename)
        self._load = kind
        self._temp = temp
        self._pending: _BackgroundSave | None = None

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"The handle of {self.filename!r} cannot be pickled, use its .jobwithfile() or .filename")

    def travel_state(self) -> tuple[Any, ...]:
        """Return what :meth:`arrived` makes the same handle of in another process of this job."""
        self.wait()
        return self.name, self.sliceno, self._load, self._temp

    @classmethod
    def arrived(cls, name: str, sliceno: int | None, kind: str, temp: bool) -> "SavedFile":
        """Return the handle that :meth:`travel_state` described.

        Args:
            name: as it was saved.
            sliceno: likewise.
            kind: ``"pickle"`` or ``"json"``.
            temp: whether the file is temporary.
        """
        return cls(name, sliceno, kind, temp=temp)

    def wait(self) -> None:
        """Wait until the file is saved. Returns at once if it is.

        Raises:
            OSError: saving in the background failed.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            with contextlib.suppress(ValueError):
                context.background.remove(self)
            pending.wait(self.filename)
            register(self.path, self._temp)

    def load(self) -> Any:
        """Wait for the file, and return the value saved in it.

        Raises:
            OSError: saving in the background failed, or the file has been removed.
        """
        self.wait()
        with Path(self.path).open("rb") as file:
            return json_decode(file.read()) if self._load == "json" else pickle_load(file)

    def jobwithfile(self, extra: Any = None) -> JobWithFile:
        """Return the file as a value that can be given to another job as an option.

        Args:
            extra: any JSON value, to go with it.
        """
        assert self.job is not None, "Only files saved in a job can be given to another"
        return JobWithFile(Job(self.job), self.name, self.sliceno is not None, extra)

    def remove(self) -> None:
        """Make the file temporary: it is gone when the job has finished, and not listed among its files."""
        self.wait()
        self._temp = True
        register(self.path, temp=True)


class _BackgroundSave:
    """A forked process that saves a file, and a pipe on which it says how that went."""

    def __init__(self, save: Callable[[], None]) -> None:
        self._read, write = os.pipe()
        try:
            self._pid = fork(lambda: _save_and_say(save, write), close_fds=[self._read])
        except BaseException:
            os.close(self._read)
            raise
        finally:
            os.close(write)

    def wait(self, filename: str) -> None:
        with status(f"Waiting for the background save of {filename}"), open(self._read, "rb") as pipe:  # noqa: PTH123
            answer = pipe.read()
        # Whoever reaps all children of this process may have been quicker.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        if answer != b"ok":
            reason = answer.decode("utf-8", "replace") or "its process was killed"
            raise OSError(f"Saving {filename} in the background failed: {reason}")


def _save_and_say(save: Callable[[], None], write: int) -> None:
    try:
        save()
        answer = b"ok"
    except BaseException as e:  # noqa: BLE001  (told to the waiting process)
        answer = f"{type(e).__name__}: {e}".encode("utf-8", "replace")
    with open(write, "wb") as pipe:
        pipe.write(answer)


def _save(
    kind: str, dump: Callable[[IO[bytes]], None], filename: StrPath, sliceno: int | None, temp: Any, background: bool
) -> SavedFile:
    handle = SavedFile(os.fspath(filename), sliceno, kind, temp=bool(temp))

    def save() -> None:
        with FileWriteMove(handle.path, temp=temp) as file:
            dump(file)

    if background:
        handle._pending = _BackgroundSave(save)  # noqa: SLF001  (our own class)
        context.background.append(handle)
    else:
        with status(f"Saving {handle.filename}"):
            save()
    return handle


def save_pickle(
    obj: Any,
    filename: StrPath = "result.pickle",
    sliceno: int | None = None,
    temp: Any = None,
    background: bool = False,
) -> SavedFile:
    """Save a value as a pickle; see :meth:`accelerator.job.CurrentJob.save`.

    Args:
        obj: any picklable value.
        filename: in a job, relative names go to the job directory.
        sliceno: ``.<sliceno>`` is appended to the name.
        temp: delete the file when the job finishes.
        background: save in a forked process.

    Raises:
        OSError: the file cannot be written.
    """
    return _save("pickle", lambda file: pickle_dump(obj, file), filename, sliceno, temp, background)


def save_json(
    obj: Any,
    filename: StrPath = "result.json",
    sliceno: int | None = None,
    sort_keys: bool = True,
    temp: Any = None,
    background: bool = False,
) -> SavedFile:
    """Save a value as JSON; see :meth:`accelerator.job.CurrentJob.json_save`.

    Args:
        obj: any value that JSON has a form for.
        filename: in a job, relative names go to the job directory.
        sliceno: ``.<sliceno>`` is appended to the name.
        sort_keys: sort the keys of dicts.
        temp: delete the file when the job finishes.
        background: save in a forked process.

    Raises:
        TypeError: the value holds something that JSON has no form for.
        OSError: the file cannot be written.
    """

    def dump(file: IO[bytes]) -> None:
        file.write(json_encode(obj, sort_keys))
        file.write(b"\n")

    return _save("json", dump, filename, sliceno, temp, background)
