"""How much memory there is, and whether the kernel has ended processes for lack of it."""

import contextlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Evidence", "Watch", "evidence", "look", "reuse_memory"]

# Counting takes up to 0.2 ms, so a hundred short jobs a second do not each do it.
_FRESH = 1.0
_COUNT = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for or against that memory ran out.

    Args:
        total: bytes of memory that processes here may use; None if unknown.
        killed: whether the kernel has ended processes for lack of memory lately; None if it does not tell.
    """

    total: int | None = None
    killed: bool | None = None


class Watch:
    """Notices when a counter rises.

    Args:
        count: returns it; None if there is none.
    """

    def __init__(self, count: Callable[[], int | None]) -> None:
        self._count = count
        self._seen: int | None = None
        self._looked = float("-inf")

    def look(self) -> None:
        """Take note of the counter, unless that has just been done."""
        now = time.monotonic()
        if now - self._looked > _FRESH:
            self._seen, self._looked = self._count(), now

    def rose(self) -> bool | None:
        """Tell whether it rose since it was last seen; None if that is not known."""
        before, self._seen = self._seen, self._count()
        return None if before is None or self._seen is None else self._seen > before


def look() -> None:
    """Take note of how things are, before something begins that may be killed."""
    _watch.look()


def evidence() -> Evidence:
    """Return what is known when a process has been killed; compared with the last :func:`look`."""
    return Evidence(_total(), _watch.rose())


def reuse_memory() -> None:
    """Have Arrow take its memory from the C library, which gives out again what was freed, unless the user has chosen.

    Arrow's own allocator returns it to the system, and fetching it anew page by page takes jobs a tenth to a fifth of
    their time. Counts only if pyarrow has not been imported.
    """
    with contextlib.suppress(ValueError, OSError, AttributeError):  # another C library: nothing is known of that
        if os.confstr("CS_GNU_LIBC_VERSION"):
            os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def _groups() -> list[Path]:
    """Return the directories of this process's control group, as the host and as a container mounts it."""
    found = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory")]
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, kinds, path = line.split(":", 2)
            if not kinds:
                found.insert(0, found[-2] / path.lstrip("/"))
            elif "memory" in kinds.split(","):
                found.insert(0, found[-1] / path.lstrip("/"))
    return found


def _kills() -> int | None:
    """Return the counter of the control group; without one that of the machine."""
    names = [group / name for group in _groups() for name in ("memory.events", "memory.oom_control")]
    for path in (*names, Path("/proc/vmstat")):
        with contextlib.suppress(OSError):
            found = _COUNT.search(path.read_bytes())
            if found is not None:
                return int(found[1])
    return None


def _total() -> int | None:
    limits = []
    with contextlib.suppress(OSError, ValueError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for group in _groups():
        for name in ("memory.max", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):  # "max" is no limit
                limits.append(int((group / name).read_text(encoding="ascii")))
    return min(limits, default=None)


_watch = Watch(_kills)
