"""How long a job will still take: from how far it is, and from earlier runs of its method."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

__all__ = ["RUNS", "Now", "Past", "Phase", "estimate", "typical"]

RUNS = 5
"""So many of the newest runs are looked at: older ones had other data and other code."""

Phase = Literal["prepare", "analysis", "synthesis"]
_PHASES: tuple[Phase, ...] = ("prepare", "analysis", "synthesis")
_MOST_SCALE = 10.0


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier run.

    Args:
        prepare: seconds that it took.
        analysis: likewise, with all slices.
        synthesis: likewise.
    """

    prepare: float
    analysis: float
    synthesis: float

    @classmethod
    def of(cls, exectime: Mapping[str, Any]) -> Self:
        """Return what ``post.json`` says of a run."""
        return cls(*(float(exectime.get(phase) or 0.0) for phase in _PHASES))

    @property
    def total(self) -> float:
        """Seconds of all phases."""
        return self.prepare + self.analysis + self.synthesis

    def seconds(self, phase: Phase) -> float:
        """Return how long a phase took."""
        value: float = getattr(self, phase)
        return value


@dataclass(frozen=True, slots=True)
class Now:
    """How far a job is.

    Args:
        phase: the one that it is in.
        elapsed: seconds since that phase began.
        remaining: seconds that the rest of the phase will take by its own rate; None if it does not tell.
    """

    phase: Phase
    elapsed: float
    remaining: float | None = None


def typical(seconds: Sequence[float]) -> float | None:
    """Return how long something usually takes.

    Args:
        seconds: of earlier times, the newest first.

    Returns:
        The median of the newest few; None if there are none.
    """
    return statistics.median(seconds[:RUNS]) if seconds else None


def estimate(now: Now, past: Sequence[Past]) -> float | None:
    """Return how many seconds a running job will still take.

    For the phase that it is in, what the job says of itself counts more than earlier runs: it knows this run's data.
    The phases after it are those of earlier runs, longer or shorter in the proportion in which this phase is.

    Args:
        now: how far it is.
        past: earlier runs of its method, the newest first.

    Returns:
        None if that cannot be told: nothing is known, or the phase takes longer than it ever did.

    >>> earlier = [Past(prepare=2.0, analysis=40.0, synthesis=8.0)]
    >>> estimate(Now("prepare", elapsed=0.5), earlier)
    49.5
    >>> estimate(Now("analysis", elapsed=20.0, remaining=60.0), earlier)  # twice as much data: synthesis takes 16
    76.0
    >>> estimate(Now("analysis", elapsed=20.0, remaining=60.0), [])
    60.0
    """
    usual = typical([run.seconds(now.phase) for run in past])
    if usual is None:
        return now.remaining
    scale = 1.0
    if now.remaining is not None:
        rest = now.remaining
        if usual > 0:
            scale = min((now.elapsed + rest) / usual, _MOST_SCALE)
    else:
        # One that is late is compared with the longest run.
        longest = max(run.seconds(now.phase) for run in past[:RUNS])
        rest = (usual if now.elapsed < usual else longest) - now.elapsed
        if rest <= 0:
            return None
    later = _PHASES[_PHASES.index(now.phase) + 1 :]
    return rest + scale * sum(typical([run.seconds(phase) for run in past]) or 0.0 for phase in later)
