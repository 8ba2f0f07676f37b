"""A process forked ahead, so that whoever builds one job after the other does not wait for the fork."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from accelerator.engine.processes import has_ended, kill_group
from accelerator.engine.protocol import Channel


@dataclass(frozen=True, slots=True)
class JobProcess:
    """A process that becomes the job it is sent the order of.

    Args:
        pid: its number, and that of its group.
        channel: our end of its channel.
        imported: how much its runner had imported when it was forked.
    """

    pid: int
    channel: Channel
    imported: int

    def end(self) -> None:
        """End it, because it is not needed."""
        self.channel.close()
        kill_group(self.pid)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


class Standby:
    """The process that is to become the next job, if there is one.

    Args:
        fork: makes such a process.
    """

    def __init__(self, fork: Callable[[], JobProcess]) -> None:
        self._fork = fork
        self._process: JobProcess | None = None
        self._taken = 0

    @property
    def pids(self) -> set[int]:
        """Its process, as a set that may be empty."""
        return set() if self._process is None else {self._process.pid}

    def take(self, imported: int) -> JobProcess | None:
        """Return the process, which is the caller's from now on; None if there is none with everything imported.

        Args:
            imported: how much the runner has imported.
        """
        self._taken += 1
        process, self._process = self._process, None
        if process is not None and process.imported != imported:
            process.end()
            return None
        return process

    def renew(self) -> None:
        """Fork a process if there is none; not yet after the first job: as a rule there is no second one then."""
        if self._process is None and self._taken > 1:
            with contextlib.suppress(OSError):  # it is only about speed
                self._process = self._fork()

    def reap(self) -> None:
        """Take note if the process has ended."""
        if self._process is not None and has_ended(self._process.pid):
            self.end()

    def let_go(self) -> None:
        """In a forked process: close what is the runner's."""
        if self._process is not None:
            self._process.channel.close()

    def end(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.end()
