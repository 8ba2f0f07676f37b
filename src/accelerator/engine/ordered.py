"""A job as its runner sees it: ordered, waiting for a core, running."""

import os
from dataclasses import dataclass

from accelerator.engine.protocol import Channel, Frame


@dataclass(eq=False, slots=True)
class OrderedJob:
    """A job that was asked for: waiting for a core, or running.

    Args:
        order: the ``run`` frame.
        asker: who gets the outcome; None for the session.
        locks: descriptors of its locks; ours are closed once the job has its own.
        pid: its process, 0 until it is forked.
        channel: our end of its channel.
        said: what the job said about its own end.
        deadline: when its time is over, on the monotonic clock.
        killed_for: why the runner itself ended it, empty if it did not.
        started: when it was forked, seconds since 1970.
    """

    order: Frame
    asker: "OrderedJob | None"
    locks: list[int]
    pid: int = 0
    channel: Channel | None = None
    said: Frame | None = None
    deadline: float | None = None
    killed_for: str = ""
    started: float = 0.0

    @property
    def jobid(self) -> str:
        """The job's id."""
        name: str = self.order["jobid"]
        return name

    def close_locks(self) -> None:
        """Close our descriptors of its locks."""
        for descriptor in self.locks:
            os.close(descriptor)
        self.locks = []
