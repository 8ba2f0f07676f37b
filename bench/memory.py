"""How much memory the processes of a project take, all together, while something runs."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Self

_INTERVAL = 0.05


class MemoryWatch:
    """Looks many times a second how much memory the processes below a directory have, shared pages counted once.

    Args:
        directory: processes that work in it, or below, count.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = str(directory)
        self._samples: list[tuple[float, int]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def peak(self, begin: float, end: float) -> float:
        """Return the most that was seen between two times (seconds since the epoch), in MiB."""
        return max((size for when, size in self._samples if begin <= when <= end), default=0) / 1024

    def _watch(self) -> None:
        while not self._stop.wait(_INTERVAL):
            now = time.time()
            processes = (path for path in Path("/proc").iterdir() if path.name.isdigit())
            self._samples.append((now, sum(map(self._size, processes))))

    def _size(self, process: Path) -> int:
        """Return the proportional set size of a process, in KiB; 0 for those of others and those that have ended."""
        try:
            if not str((process / "cwd").readlink()).startswith(self._directory):
                return 0
            for line in (process / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    return int(line.split()[1])
        except OSError:
            pass
        return 0
