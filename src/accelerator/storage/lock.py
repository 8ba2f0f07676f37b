"""Locks between processes, on files: free as soon as every process that holds one is gone.

They are ``flock`` locks. Such a lock belongs to the *open file*, so a forked child (or a process that was sent the
descriptor) shares it, and it is free when the last of them has closed it. That is why nothing here ever unlocks:
a child that did would unlock for its parent too.
"""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

__all__ = ["Lock", "check_lock_check", "held"]

T = TypeVar("T")

# How often a lock that only `held` was looking at is tried again: a look takes microseconds.
_LOOK_RETRIES = 200


class Lock:
    """An exclusive lock between processes, on a file that is made when it is missing.

    Threads of one process exclude each other too if each has its own ``Lock``.

    Args:
        path: the lock file. Its directory must exist.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as d, Lock(Path(d) / "lock") as lock:
    ...     held(lock.path)
    True
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._fd = -1

    @classmethod
    def adopt(cls, path: str | os.PathLike[str], fd: int) -> Self:
        """Return the lock that a descriptor from another process stands for.

        Args:
            path: the lock file.
            fd: the descriptor as it was inherited or received; the new object closes it.
        """
        lock = cls(path)
        lock._fd = fd
        return lock

    def moved(self, path: str | os.PathLike[str]) -> Self:
        """Note that the lock file has been renamed (with its directory).

        Args:
            path: the lock file now.
        """
        self.path = Path(path)
        return self

    def acquire(self, blocking: bool = True) -> bool:
        """Take the lock.

        Args:
            blocking: wait for it, instead of giving up at once.

        Returns:
            Whether it is ours now. Already held by this object: True.

        Raises:
            OSError: the file cannot be made or opened.
        """
        while self._fd < 0:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                if not (_flock_waiting(fd) if blocking else _flock_now(fd)):
                    return False
                # The file may have been deleted or replaced while we waited: then nobody else will ever look at
                # the one we have locked.
                if _same_file(fd, self.path):
                    self._fd, fd = fd, -1
            finally:
                if fd >= 0:
                    os.close(fd)
        return True

    def release(self) -> None:
        """Close our descriptor: the lock is free once no other process has it open."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def fileno(self) -> int:
        """Return the descriptor that holds the lock.

        Raises:
            ValueError: the lock is not held by this object.
        """
        if self._fd < 0:
            raise ValueError(f"The lock on {self.path} is not held")
        return self._fd

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._fd >= 0

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def _flock_waiting(fd: int) -> bool:
    fcntl.flock(fd, fcntl.LOCK_EX)
    return True


def _flock_now(fd: int) -> bool:
    for _ in range(_LOOK_RETRIES):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A shared lock succeeds when nobody has the exclusive one: then it was only `held` looking, in passing.
            try:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            fcntl.flock(fd, fcntl.LOCK_UN)
            time.sleep(0.0001)
        else:
            return True
    return False


def _same_file(fd: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(fd)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def held(path: str | os.PathLike[str]) -> bool:
    """Say whether any process holds the lock on a file.

    Looking takes a shared lock for a moment, so that two who look at once do not take each other for the holder.

    Args:
        path: the lock file.

    Returns:
        True if it is held. False if it is free or the file does not exist.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def check_lock_check(
    path: str | os.PathLike[str], check: Callable[[], T | None], make: Callable[[], T], *, blocking: bool = True
) -> T | None:
    """Find a thing or make it, once over all processes: look, take the lock, look again, make.

    Args:
        path: the lock file.
        check: returns the thing, or None if it does not exist yet.
        make: makes the thing while the lock is held.
        blocking: wait for the lock.

    Returns:
        The thing; None only with ``blocking=False`` when another process is making it.
    """
    found = check()
    if found is not None:
        return found
    lock = Lock(path)
    if not lock.acquire(blocking):
        return None
    with lock:
        found = check()
        return make() if found is None else found
