"""Files that are whole or not there, also after a power cut."""

import contextlib
import fcntl
import os
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

__all__ = ["fsync_directory", "fsync_files", "fsync_tree", "make_directories", "sweep_links", "symlink", "write_bytes"]

StrPath = str | os.PathLike[str]

_MOST_THREADS = 8

# On macOS fsync leaves the data in the drive's cache; only this asks the drive to write it.
_FULL_FSYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None) if sys.platform == "darwin" else None


def _fsync(fd: int) -> None:
    if _FULL_FSYNC is not None:
        try:
            fcntl.fcntl(fd, _FULL_FSYNC)
        except OSError:  # some file systems (network, FAT) do not know it
            pass
        else:
            return
    os.fsync(fd)


def _fsync_path(path: StrPath) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _fsync(fd)
    finally:
        os.close(fd)


def fsync_directory(path: StrPath) -> None:
    """Make the names in a directory durable.

    Args:
        path: the directory.
    """
    _fsync_path(path)


def fsync_files(paths: Iterable[StrPath]) -> None:
    """Make the contents of files (or the names in directories) durable, as one batch.

    Args:
        paths: what to write out. What has vanished meanwhile is left out.
    """
    _at_once(_fsync_if_there, paths)


def _fsync_if_there(path: StrPath) -> None:
    with contextlib.suppress(FileNotFoundError):
        _fsync_path(path)


def _at_once(function: Callable[[StrPath], None], paths: Iterable[StrPath]) -> None:
    """Call a function with each path, in threads.

    Most of an fsync is waiting for the disk and the journal of the file system, and those who wait together are served
    together: a hundred small files take a fifth of the time.
    """
    waiting = deque(paths)
    errors: list[OSError] = []

    def work() -> None:
        with contextlib.suppress(IndexError):  # nothing is left
            while not errors:
                try:
                    function(waiting.popleft())
                except OSError as error:
                    errors.append(error)

    threads = []
    with contextlib.suppress(RuntimeError):  # where the system allows no more threads, this one does it all
        for _ in range(min(len(waiting) // 2, _MOST_THREADS) - 1):
            thread = threading.Thread(target=work)
            thread.start()
            threads.append(thread)
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def fsync_tree(directory: StrPath, *, durable: Collection[str] = ()) -> None:
    """Make everything below a directory durable, and the directory itself: files first, then the names.

    Symlinks are not followed; sockets, pipes and devices are left out.

    Args:
        directory: the top of the tree.
        durable: names directly in it of files that are durable already.
    """
    top = os.fspath(directory)
    files: list[str] = []
    directories = [top]
    names = 0
    for parent in directories:  # grows while we walk
        with os.scandir(parent) as entries:
            for entry in entries:
                if parent == top and entry.name in durable:
                    continue
                names += 1
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.path)
    if names:
        _at_once(_fsync_readable, files)
        fsync_files(reversed(directories))


def make_directories(path: StrPath) -> None:
    """Make a directory and those above it that are missing, durably. It may exist.

    Args:
        path: the directory.

    Raises:
        OSError: it cannot be made.
    """
    final = Path(path)
    missing = [directory for directory in (final, *final.parents) if not directory.is_dir()]
    final.mkdir(parents=True, exist_ok=True)
    for directory in missing:
        fsync_directory(directory.parent)


def _fsync_readable(path: StrPath) -> None:
    try:
        _fsync_if_there(path)
    except PermissionError:  # a file the user made write-only: open it that way
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            _fsync(fd)
        finally:
            os.close(fd)


def write_bytes(path: StrPath, data: bytes, *, durable: bool = True, mode: int = 0o666) -> None:
    """Write a file so that a reader sees the old contents or the new, never a part.

    Args:
        path: the file, replaced if it exists.
        data: the new contents.
        durable: also survive a power cut (costs two fsyncs).
        mode: permission bits of the new file, before the umask.

    Raises:
        OSError: nothing was changed.
    """
    # Plain names: a job's process does this, just forked, and each line of code that it runs for the first time costs.
    final = os.fspath(path)
    directory = os.path.dirname(final) or "."  # noqa: PTH120
    temporary = f"{directory}/.{os.getpid()}-{os.urandom(6).hex()}.tmp"
    fd = -1
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            if durable:
                _fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, final)  # noqa: PTH105
    except BaseException as error:
        if fd != -1:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
        if isinstance(error, OSError):  # the other name says nothing to anybody
            error.filename = final
            del error.filename2
        raise
    if durable:
        fsync_directory(directory)


def symlink(target: StrPath, link: StrPath) -> None:
    """Make a symlink, replacing one that is there without a moment in which there is none.

    Args:
        target: what the link says, written as it is given.
        link: where the link stands.

    Raises:
        OSError: nothing was changed; for example ``link`` is a directory.
    """
    final = Path(link)
    try:
        final.symlink_to(target)
    except FileExistsError:
        _replace_symlink(target, final)


def _replace_symlink(target: StrPath, final: Path) -> None:
    temporary = final.with_name(f".{os.getpid()}-{os.urandom(6).hex()}.tmp")
    temporary.symlink_to(target)
    try:
        temporary.replace(final)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


_ASIDE = re.compile(r"\.\d+-[0-9a-f]{12}\.tmp")
_ABANDONED = 60.0


def sweep_links(directory: StrPath) -> None:
    """Delete what :func:`symlink` left in a directory where it was killed while it replaced a link.

    Args:
        directory: where; others may be making links there now.
    """
    old = time.time() - _ABANDONED
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if _ASIDE.fullmatch(entry.name) and entry.is_symlink() and entry.stat(follow_symlinks=False).st_mtime < old:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry.path)  # noqa: PTH108 - a path from scandir
