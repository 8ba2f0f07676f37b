"""A job that runs: what it prints, how far it is, and how long it will still take."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from accelerator.engine.events import Event
from accelerator.engine.index import Index
from accelerator.error import StorageError
from accelerator.job.record import Post
from accelerator.job.status import PartStatus, read_status
from accelerator.script.estimate import RUNS, Now, Past, Phase, estimate
from accelerator.script.follow import Follower
from accelerator.script.rate import Rate

__all__ = ["History", "PastRuns", "RunningJob"]

History = Callable[[str], Sequence[Past]]
"""Returns the earlier runs of a method, the newest first."""


class PastRuns:
    """The :data:`History` of a project. Looks at each method once, so that fresh jobs stay quick.

    Args:
        index: the finished jobs; used where the engine tells of a job, which is where it may be used.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[str, list[Past]] = {}

    def __call__(self, method: str) -> Sequence[Past]:
        """Return the earlier runs of a method, the newest first."""
        found = self._known.get(method)
        if not found:
            found = []
            for row in islice(self._index.of_method(method), RUNS):
                with contextlib.suppress(OSError, StorageError):  # deleted meanwhile, or damaged
                    found.append(Past.of(Post.load(self._index.directory(row.jobid)).exectime))
            self._known[method] = found
        return found


@dataclass(slots=True, kw_only=True)
class RunningJob:
    """A job that was started and has not ended.

    Args:
        event: that told of its start.
        follower: of what it prints.
        rate: of its rows.
        past: earlier runs of its method.
        start: when it started, by a clock that only goes forward.
        parts: what its processes said last.
        phase: the one that it is in; None before the first.
        entered: when it came into that phase.
    """

    event: Event
    follower: Follower
    rate: Rate
    past: Sequence[Past] = ()
    start: float = field(default_factory=time.monotonic)
    parts: list[PartStatus] = field(default_factory=list)
    phase: Phase | None = None
    entered: float = 0.0

    def look(self, now: float) -> None:
        """Read what its processes say.

        Args:
            now: the time, by the clock of ``start``.
        """
        parts = read_status(self.event.path)
        self.rate.update(now, parts)
        self.parts = parts or self.parts  # between its parts a job says nothing
        phase = _phase(self.parts)
        if phase is not self.phase:
            self.phase, self.entered = phase, now

    def left(self, now: float) -> float | None:
        """Return how many seconds it will still take, from this run and earlier ones; None if that cannot be told."""
        if self.phase is None:
            # It waits for a core: all is still to be done.
            return estimate(Now("prepare", 0.0), self.past)
        return estimate(Now(self.phase, now - self.entered, self.rate.remaining), self.past)

    @property
    def message(self) -> str:
        """The innermost thing that one of its processes says it does."""
        if not self.parts or len(self.parts[0].stack) < 2:
            return ""
        return self.parts[0].stack[-1][0]


def _phase(parts: Sequence[PartStatus]) -> Phase | None:
    if not parts:
        return None
    part = parts[0].part
    if part.isdecimal():
        return "analysis"
    return "prepare" if part == "prepare" else "synthesis"
