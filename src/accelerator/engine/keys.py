"""One build per key: a lock for each, on a file that lists the jobs which were made for it."""

import contextlib
import os

from accelerator.job.workdir import Workdir
from accelerator.storage.lock import Lock


class KeyLock:
    """The lock on a key in a workdir. Whoever holds it may build; its file lists the ids of the jobs built so far.

    Args:
        workdir: where.
        key: the key.
    """

    def __init__(self, workdir: Workdir, key: str) -> None:
        self._workdir = workdir
        self._path = workdir.path / ".keys" / key[:2] / key
        self.lock = Lock(self._path)

    def acquire(self) -> bool:
        """Take the lock if nobody has it.

        Raises:
            OSError: the workdir cannot be written.
        """
        try:
            return self.lock.acquire(blocking=False)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return self.lock.acquire(blocking=False)

    def jobids(self) -> list[str]:
        """Return the ids of the jobs that were made for this key, the newest first.

        A line that is not the id of a job here is what a process that was killed has left half written.
        """
        with contextlib.suppress(OSError):
            *lines, _ = self._path.read_text(encoding="ascii", errors="replace").split("\n")
            return [line for line in reversed(lines) if self._workdir.number(line) is not None]
        return []

    def note(self, jobid: str) -> None:
        """Add a job; the lock must be held."""
        file = self.lock.fileno()
        size = os.lseek(file, 0, os.SEEK_END)
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        os.write(file, ("\n" * torn + jobid + "\n").encode("ascii"))

    def release(self) -> None:
        """Close our descriptor."""
        self.lock.release()
