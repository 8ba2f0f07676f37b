"""One build per key: a lock for each, on a file that lists the jobs which were made for it."""

import contextlib
import os
from pathlib import Path

from accelerator.storage.lock import Lock


class KeyLock:
    """The lock on a key in a workdir. Whoever holds it may build; its file lists the ids of the jobs built so far.

    Args:
        workdir: the workdir's directory.
        key: the key.
    """

    def __init__(self, workdir: Path, key: str) -> None:
        self._path = workdir / ".keys" / key[:2] / key
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
        """Return the ids of the jobs that were made for this key, the newest first."""
        with contextlib.suppress(OSError):
            return self._path.read_text(encoding="ascii", errors="replace").split()[::-1]
        return []

    def note(self, jobid: str) -> None:
        """Add a job; the lock must be held."""
        os.lseek(self.lock.fileno(), 0, os.SEEK_END)
        os.write(self.lock.fileno(), f"{jobid}\n".encode("ascii"))

    def release(self) -> None:
        """Close our descriptor."""
        self.lock.release()
