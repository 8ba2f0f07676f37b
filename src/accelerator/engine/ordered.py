"""A job as its runner sees it: ordered, waiting for a core, running."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.engine import memory
from accelerator.engine.failure import death
from accelerator.engine.protocol import Channel, Frame, ProtocolError


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
        started: when its process began with it, seconds since 1970.
        reported: the asker knows the outcome already.
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
    reported: bool = False

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

    def let_go(self) -> None:
        """Close all descriptors that have to do with it: in a process that was forked for another one."""
        self.close_locks()
        if self.channel is not None:
            self.channel.close()

    def has_finished(self) -> bool:
        """Tell whether it has finished well, as its directory says."""
        return (Path(self.order["path"]) / "post.json").exists()

    def hear_out(self, channel: Channel) -> None:
        """Take in what its process, which has ended, said at last, and close the channel.

        Args:
            channel: our end of its channel.
        """
        with contextlib.suppress(ProtocolError, OSError):
            # It is there by now; not until the end: a process it left may hold the other end.
            while channel.ready() and channel.receive():
                pass
        with contextlib.suppress(ProtocolError):
            for frame, descriptors in channel.frames():
                if frame.get("type") == "done":
                    self.said = frame
                for descriptor in descriptors:
                    os.close(descriptor)
        channel.close()

    def notice(self, kind: str, **more: Any) -> Frame:
        """Return what the session is told when its process begins or is gone.

        Args:
            kind: ``started`` or ``ended``.
            **more: what else is told.
        """
        return {
            "type": kind,
            "jobid": self.jobid,
            "pid": self.pid,
            "path": self.order["path"],
            "method": self.order["method"],
            "caption": self.order.get("caption", ""),
            "parent": self.order.get("parent") if self.asker is None else self.asker.jobid,
            **more,
        }

    def outcome(self, exitcode: int, peak: int) -> Frame:
        """Return what its asker is told.

        Args:
            exitcode: of its process, negative for a signal.
            peak: bytes of memory that it used at most.
        """
        if self.has_finished():
            return {"ok": True, "status": {}}
        if self.killed_for:
            return {"ok": False, "status": {"launcher": self.killed_for}}
        if self.said is not None and self.said.get("status"):
            return {"ok": False, "status": self.said["status"]}
        aborted = (Path(self.order["path"]) / ".abort").exists()
        how = death(exitcode, peak, aborted=aborted, memory=memory.evidence())
        return {"ok": False, "status": {"launcher": f"The job's process was probably killed: it {how}."}}
