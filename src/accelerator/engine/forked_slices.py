"""Slices that the runner forks, for jobs whose own process is not fit for it any more."""

import contextlib
import os
from collections.abc import Callable

from accelerator.engine import job_process, processes
from accelerator.engine.failure import no_process
from accelerator.engine.imports import Imports
from accelerator.engine.ordered import OrderedJob
from accelerator.engine.protocol import Frame
from accelerator.job.fork import fork


class ForkedSlices:
    """The slices that live.

    Args:
        imports: the runner's modules.
        let_go: called in a forked process: lets go of all that is the runner's.
    """

    def __init__(self, imports: Imports, let_go: Callable[[], None]) -> None:
        self._imports = imports
        self._let_go = let_go
        self._running: dict[int, tuple[OrderedJob, int]] = {}

    @property
    def pids(self) -> set[int]:
        """Their processes."""
        return set(self._running)

    def fork(self, job: OrderedJob, sliceno: int, descriptors: list[int]) -> None:
        """Fork a slice.

        Args:
            job: the job.
            sliceno: the slice.
            descriptors: where it says how it went, and the job's locks, which the slice holds as long as it lives;
                this process closes them.
        """
        module = self._imports.module_for(job.order)

        def be_slice() -> int:
            os.setpgid(0, job.pid)
            self._let_go()
            return job_process.run_slice(job.order, self._imports, module, sliceno, descriptors[0])

        try:
            pid = fork(be_slice)
        except OSError as error:
            job.killed_for = no_process(error)
            processes.kill_group(job.pid)
            return
        finally:
            # In this process only: the forked one never gets here.
            for descriptor in descriptors:
                os.close(descriptor)
        # Both sides do it, so that it is done for whoever looks first.
        with contextlib.suppress(OSError):
            os.setpgid(pid, job.pid)
        self._running[pid] = job, sliceno

    def reap(self) -> list[tuple[OrderedJob, Frame]]:
        """Take in those that have ended.

        Returns:
            The job of each, and what it is told.
        """
        told = []
        for pid in [pid for pid in self._running if processes.has_ended(pid)]:
            exitcode, peak = processes.reap(pid)
            job, sliceno = self._running.pop(pid)
            told.append((job, {"type": "sliced", "sliceno": sliceno, "exitcode": exitcode, "peak": peak}))
        return told
