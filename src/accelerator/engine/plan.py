"""Deciding whether an existing job answers a request: pure functions of records."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from accelerator.engine.index import Row


class Facts(Protocol):
    """What deciding needs to know of the world."""

    def finished(self, jobid: str) -> Row | None:
        """Return the row of a job that exists and is finished, else None."""

    def is_current(self, method: str, source_digest: str) -> bool:
        """Tell whether this is the source of the method as it is now, or accepted as equal to it."""

    def changed_input(self, row: Row) -> str | None:
        """Return an input file of the job that is no longer what it was, None if all are."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """Why a job with the right key cannot be used.

    Args:
        text: the reason.
        source_of: the subjob whose method's source has changed, None for another reason.
    """

    text: str
    source_of: str | None = None


def outdated(row: Row, facts: Facts) -> Outdated | None:
    """Tell why a job with the right key cannot be used all the same.

    Args:
        row: the job.
        facts: the state of the world.

    Returns:
        The reason; None if the job can be used.
    """
    return _subjobs_outdated(row, facts, set())


def _subjobs_outdated(row: Row, facts: Facts, seen: set[str]) -> Outdated | None:
    for jobid, uid in row.subjobs.items():
        if uid in seen:
            continue
        seen.add(uid)
        subjob = facts.finished(jobid)
        if subjob is None:
            return Outdated(f"its subjob {jobid} does not exist any more")
        if subjob.uid != uid:
            return Outdated(f"its subjob {jobid} is not the job it was")
        if not facts.is_current(subjob.method, subjob.source_digest):
            return Outdated(f"the source of {subjob.method}, the method of its subjob {jobid}, has changed", jobid)
        if (path := facts.changed_input(subjob)) is not None:
            return Outdated(f"{path}, an input file of its subjob {jobid}, has changed")
        if (reason := _subjobs_outdated(subjob, facts, seen)) is not None:
            return reason
    return None


def choose(rows: Iterable[Row], facts: Facts) -> Row | None:
    """Return the job that answers a request.

    Args:
        rows: the existing jobs with its key, the newest first.
        facts: the state of the world.

    Returns:
        The newest that can be used, None if none can.
    """
    for row in rows:
        if facts.finished(row.jobid) is not None and outdated(row, facts) is None:
            return row
    return None


DEEPEST = 6


def refuse_nesting(ancestors: list[tuple[str, str]], key: str) -> str | None:
    """Tell why a job may not build this subjob.

    Args:
        ancestors: id and key of each job from the top down to the one that asks.
        key: of the subjob.

    Returns:
        The reason; None if it may.
    """
    for jobid, ancestor in ancestors:
        if ancestor == key:
            return f"the job would build itself: {jobid} is the same job, and waits for this one"
    if len(ancestors) >= DEEPEST:
        line = " → ".join(jobid for jobid, _ in ancestors)
        return f"subjobs nest {DEEPEST - 1} levels deep at most, and {line} is as deep as that"
    return None
