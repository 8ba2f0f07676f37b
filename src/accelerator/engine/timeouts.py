"""Jobs that may take only so long."""

import time
from collections.abc import Iterable

from accelerator.engine.ordered import OrderedJob
from accelerator.engine.processes import kill_group

__all__ = ["end_late", "seconds_left"]


def seconds_left(jobs: Iterable[OrderedJob]) -> float | None:
    """Return how long it is until the time of the first of running jobs is over; None if all may take for ever."""
    deadlines = [job.deadline for job in jobs if job.deadline is not None]
    return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None


def end_late(jobs: Iterable[OrderedJob]) -> None:
    """End those of running jobs whose time is over, and note why."""
    now = time.monotonic()
    for job in jobs:
        if job.deadline is not None and job.deadline <= now:
            job.deadline = None
            job.killed_for = f"The job was stopped: it took longer than its timeout of {job.order['timeout']} seconds."
            kill_group(job.pid)
