"""What the engine tells those who watch it: one record per thing that happened to a job."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["reading", "linked", "waiting", "started", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job.

    Args:
        kind: ``reading`` (input files of a request are being digested, and that takes long), ``linked`` (an existing
            job answers the request), ``waiting`` (another process builds the same job; ``jobid`` is its number, or
            empty while it has none), ``started``, ``done`` or ``failed``.
        jobid: the job.
        path: its directory.
        method: the name of its method.
        caption: the caption it was asked for with.
        seconds: how long the job ran (``linked`` and ``done``), else None.
        parent: the job that asked for it, None for the session itself; set for subjobs.
        bytes: of ``reading``: how many are done, and how many there are; equal at the end.
    """

    kind: Kind
    jobid: str
    path: Path
    method: str
    caption: str = ""
    seconds: float | None = None
    parent: str | None = None
    bytes: tuple[int, int] = (0, 0)


Observer = Callable[[Event], None]


def subjob_event(frame: Mapping[str, Any]) -> Event:
    """Return the event that a runner's ``started`` or ``ended`` frame tells."""
    kind: Kind = "started" if frame["type"] == "started" else ("done" if frame["ok"] else "failed")
    path = Path(frame["path"])
    return Event(kind, frame["jobid"], path, frame["method"], frame["caption"], frame.get("seconds"), frame["parent"])
