"""Which processes run a job, said on disk so that others can end them when their session is gone."""

import contextlib
import functools
import os
import uuid
from pathlib import Path
from typing import Self

import msgspec

from accelerator import _lazy
from accelerator.error import StorageError

__all__ = ["ProcessMark", "RunningMarker", "boot_id", "mark_process"]

_HAS_PROC = Path("/proc/self/stat").exists()


@functools.cache
def boot_id() -> str:
    """Return a text that is another one after each start of the machine."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    with contextlib.suppress(OSError, _lazy.subprocess.SubprocessError):
        answer = _lazy.subprocess.run(["sysctl", "-n", "kern.boottime"], capture_output=True, text=True, check=True)
        text: str = answer.stdout.strip()
        return text
    return f"{uuid.getnode():x}"


def host_name() -> str:
    """Return the name of this machine."""
    return os.uname().nodename


class ProcessMark(msgspec.Struct, frozen=True):
    """A process, told apart from later ones with the same number.

    Attributes:
        pid: its number.
        started: when it began, as the system says it.
        group: its process group.
    """

    pid: int
    started: str
    group: int

    def alive(self) -> bool:
        """Say whether this very process lives, on this host since this boot."""
        return _started(self.pid) == self.started


class RunningMarker(msgspec.Struct, frozen=True, kw_only=True):
    """``.running/<jobid>``: the processes of a running job.

    Attributes:
        jobid, uid: of the job.
        method: of the job, for display.
        host: name of the machine.
        boot: see :func:`boot_id`.
        job: the job's process, or None before it exists.
        runner: the process that forks the jobs, or None for build scripts.
        session: the process that asked for the job.
        version: of this format.
    """

    jobid: str
    uid: str
    method: str
    host: str = msgspec.field(default_factory=host_name)
    boot: str = msgspec.field(default_factory=boot_id)
    job: ProcessMark | None = None
    runner: ProcessMark | None = None
    session: ProcessMark | None = None
    version: int = 1

    def here(self) -> bool:
        """Say whether the processes are of this machine and boot, so that their numbers mean something."""
        return self.host == host_name() and self.boot == boot_id()

    def encode(self) -> bytes:
        """Return the bytes of the marker."""
        return msgspec.json.encode(self) + b"\n"

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a marker.

        Args:
            path: of the marker.

        Raises:
            FileNotFoundError: there is none.
            StorageError: it is damaged.
        """
        try:
            return msgspec.json.decode(Path(path).read_bytes(), type=cls)
        except msgspec.DecodeError as e:
            raise StorageError(f"{path}: {e}") from e


def mark_process(pid: int | None = None) -> ProcessMark:
    """Return the mark of a process.

    Args:
        pid: its number; default: this process.

    Raises:
        ProcessLookupError: there is no such process.
    """
    pid = pid or os.getpid()
    started = _started(pid)
    if started is None:
        raise ProcessLookupError(f"There is no process {pid}")
    return ProcessMark(pid, started, os.getpgid(pid))


def _started(pid: int) -> str | None:
    if _HAS_PROC:
        with contextlib.suppress(OSError):
            # The name of the program is in parentheses and may contain anything, also parentheses.
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            return None if fields[0] in {b"Z", b"X"} else fields[19].decode("ascii")
        return None
    return _started_by_ps(pid)


def _started_by_ps(pid: int) -> str | None:
    answer = _lazy.subprocess.run(  # a failure means that there is no such process
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    return answer.stdout.strip() or None
