"""What runs now, as a tree of lines: the jobs of some workdirs, their processes, what these say and print."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from accelerator.error import StorageError
from accelerator.job.record import Setup
from accelerator.job.running import RunningMarker
from accelerator.job.status import PartStatus, read_status
from accelerator.script.report import fmttime

__all__ = ["status_summary", "status_tree"]

_TAIL_BYTES = 4096
_TAIL_LINES = 3


@dataclass(frozen=True, slots=True)
class _Job:
    """A running job."""

    setup: Setup
    directory: Path
    parts: list[PartStatus]
    pid: int | None

    @property
    def title(self) -> str:
        return f"{self.setup.jobid} {self.setup.method}"


def status_tree(workdirs: Iterable[Path]) -> list[str]:
    """Return what runs now in some workdirs, a line for each thing.

    Args:
        workdirs: their directories.

    Returns:
        ``Idle.`` if nothing runs.
    """
    jobs = _running(workdirs)
    known = {job.setup.jobid for job in jobs}
    now = time.time()
    lines: list[str] = []
    for job in jobs:
        if job.setup.parent not in known:
            _describe(job, jobs, 0, now, lines)
    return lines or ["Idle."]


def status_summary(workdirs: Iterable[Path]) -> list[str]:
    """Return a line for each running job: its phase, and for how long it has been in it."""
    now = time.time()
    lines = []
    for job in _running(workdirs):
        if job.setup.is_build:
            continue
        phase, start = "starting", job.setup.starttime
        if job.parts:
            first = job.parts[0]
            phase = "analysis" if first.part.isdecimal() else first.part
            start = min((part.stack[0][1] for part in job.parts if part.stack), default=start)
        lines.append(f"{job.title} {phase} ({fmttime(now - start, short=True)})")
    return lines or ["Idle."]


def _running(workdirs: Iterable[Path]) -> list[_Job]:
    """The jobs that have a marker and whose process lives, oldest first."""
    found = []
    for workdir in workdirs:
        try:
            markers = sorted((workdir / ".running").iterdir())
        except OSError:
            continue
        for path in markers:
            try:
                marker = RunningMarker.load(path)
                setup = Setup.load(workdir / path.name)
            except (OSError, StorageError):
                continue  # it ended meanwhile
            process = marker.job or marker.session
            if not marker.here() or process is None or not process.alive():
                continue
            directory = workdir / path.name
            found.append(_Job(setup, directory, read_status(directory), process.pid))
    return sorted(found, key=lambda job: job.setup.starttime)


def _describe(job: _Job, jobs: list[_Job], depth: int, now: float, lines: list[str]) -> None:
    lines.append(_line(job.pid, depth, job.title, now - job.setup.starttime))
    lines.extend(_line(job.pid, depth + 1, message, now - start) for message, start in _waiting(job))
    for part in job.parts:
        for level, (message, start) in enumerate(part.stack, 1):
            lines.append(_line(part.pid, depth + level, message, now - start))
        lines.extend(_tail(job.directory / "OUTPUT" / part.part, part.pid, depth + len(part.stack), now))
    if job.setup.is_build:
        lines.extend(_tail(job.directory / "OUTPUT" / "synthesis", job.pid, depth, now))
    for other in jobs:
        if other.setup.parent == job.setup.jobid:
            _describe(other, jobs, depth + 1, now, lines)


def _waiting(job: _Job) -> list[tuple[str, float]]:
    """What the process of a job whose slices run waits for, and since when; nothing if none do."""
    slices = [part for part in job.parts if part.part.isdecimal()]
    if not slices:
        return []
    since = min((part.stack[0][1] for part in slices if part.stack), default=job.setup.starttime)
    limit = job.setup.concurrency
    if limit and max(int(part.part) for part in slices) + 1 < job.setup.slices:  # they start in order
        return [(f"waiting for concurrency limit ({limit})", since)]
    return [("Waiting for all slices to finish analysis", since)]


def _line(pid: int | None, depth: int, message: str, seconds: float) -> str:
    return f"{pid or '':>6} STATUS: {'    ' * depth}{message} ({fmttime(seconds)})"


def _tail(path: Path, pid: int | None, depth: int, now: float) -> list[str]:
    """The last lines that a process printed."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            data = file.read()
            age = now - path.stat().st_mtime
    except OSError:
        return []
    text = [line for line in data.decode("utf-8", "backslashreplace").replace("\r", "\n").split("\n") if line.strip()]
    if not text:
        return []
    indent = "    " * depth
    head = f"{pid or '':>6} TAIL OF OUTPUT: {indent}({fmttime(max(0.0, age))} ago)"
    return [head, *(f"       {indent}{line}" for line in text[-_TAIL_LINES:])]
