"""What adding and truncating mean: pure decisions on a view of the entries.

At each list and timestamp there is at most one *active* entry, the one that readers see.  An entry is a *ghost* once it
was replaced or truncated, or something it depends on is gone or has changed; ghosts stay in the log, are never seen and
never come back by themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from accelerator.error import UrdConflictError
from accelerator.urd.entry import Entry

__all__ = ["Addition", "Stored", "Truncation", "View", "decide_add", "decide_truncate"]


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry in the log.

    Args:
        number: its place there.
        entry: what it says.
    """

    number: int
    entry: Entry


class View(Protocol):
    """What the decisions ask of the entries there are."""

    def active(self, path: str, timestamp: str) -> Stored | None:
        """The active entry, if there is one."""

    def ghost(self, path: str, timestamp: str) -> Stored | None:
        """The entry of this timestamp that became a ghost last, if there is one."""

    def active_from(self, path: str, timestamp: str) -> Sequence[Stored]:
        """The active entries of a list at this timestamp and later."""

    def dependants(self, path: str, timestamp: str) -> Sequence[Stored]:
        """The active entries that depend on this one."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What adding an entry does.

    Args:
        new: nothing of this timestamp was there.
        changed: it takes the place of another entry.
        is_ghost: it depends on what is not there, so nobody will see it.
        ghosts: numbers of the entries that become ghosts by it.
        dependants: how many of these depended on what is gone.
    """

    new: bool
    changed: bool
    is_ghost: bool
    ghosts: tuple[int, ...] = ()
    dependants: int = 0

    @property
    def logged(self) -> bool:
        """Whether anything is stored at all."""
        return self.new or self.changed

    def as_dict(self) -> dict[str, bool | int]:
        """Return what the caller of ``finish`` gets."""
        answer: dict[str, bool | int] = {"new": self.new, "changed": self.changed, "is_ghost": self.is_ghost}
        if self.changed:
            answer["deps"] = self.dependants
        return answer


@dataclass(frozen=True, slots=True)
class Truncation:
    """What truncating a list does.

    Args:
        ghosts: numbers of the entries that become ghosts by it.
        count: how many of them are of the list itself; the others depended on these.
    """

    ghosts: tuple[int, ...]
    count: int

    def as_dict(self) -> dict[str, int]:
        """Return what the caller of ``truncate`` gets."""
        return {"count": self.count, "deps": len(self.ghosts) - self.count}


def decide_add(view: View, entry: Entry, *, update: bool) -> Addition:
    """Decide what adding an entry does.

    Args:
        view: the entries there are.
        entry: the one to add.
        update: whether it may take the place of a different entry.

    Raises:
        UrdConflictError: a different entry of this timestamp exists, and ``update`` is False.
    """
    if not _holds(view, entry):
        return _decide_ghost(view, entry, update=update)
    old = view.active(entry.path, entry.timestamp)
    settled = _compare(old, entry, is_ghost=False, update=update)
    if settled or old is None:
        return settled or Addition(new=True, changed=False, is_ghost=False)
    dependants = _cascade(view, [old], replacement=entry)
    if any((lost.entry.path, lost.entry.timestamp) in _needs(entry) for lost in dependants):
        # It was made from something that was made from what it replaces.
        return _decide_ghost(view, entry, update=update)
    return Addition(
        new=False,
        changed=True,
        is_ghost=False,
        ghosts=(old.number, *(stored.number for stored in dependants)),
        dependants=len(dependants),
    )


def _decide_ghost(view: View, entry: Entry, *, update: bool) -> Addition:
    """Decide what adding an entry does that nobody will see: only other ghosts stand in its way."""
    old = view.ghost(entry.path, entry.timestamp)
    settled = _compare(old, entry, is_ghost=True, update=update)
    return settled or Addition(new=old is None, changed=old is not None, is_ghost=True)


def _compare(old: Stored | None, entry: Entry, *, is_ghost: bool, update: bool) -> Addition | None:
    """Return the decision if the old entry is the same, None if the new one is to be stored."""
    if old is None:
        return None
    if old.entry.same_as(entry):
        return Addition(new=False, changed=False, is_ghost=is_ghost)
    if not update:
        raise UrdConflictError(
            f"{entry.path}/{entry.timestamp} exists already with other contents ({_differences(old.entry, entry)}); "
            "begin the session with update=True to replace it"
        )
    return None


def decide_truncate(view: View, path: str, timestamp: str) -> Truncation:
    """Decide what removing the entries of a list from a timestamp on does.

    Args:
        view: the entries there are.
        path: the list; it need not exist.
        timestamp: the first one to go; ``0`` is before all.
    """
    gone = list(view.active_from(path, timestamp))
    dependants = _cascade(view, gone)
    return Truncation(tuple(stored.number for stored in (*gone, *dependants)), len(gone))


def _holds(view: View, entry: Entry) -> bool:
    """Tell whether all that the entry depends on is there, unchanged."""
    for path, dependency in entry.deps.items():
        if (path, dependency.timestamp) == (entry.path, entry.timestamp):
            # It depends on what it replaces: once it is stored, only itself is there.
            there: Entry | None = entry
        else:
            stored = view.active(path, dependency.timestamp)
            there = stored.entry if stored else None
        if there is None or there.as_dependency() != dependency:
            return False
    return True


def _needs(entry: Entry) -> set[tuple[str, str]]:
    return {(path, dependency.timestamp) for path, dependency in entry.deps.items()}


def _cascade(view: View, gone: Sequence[Stored], replacement: Entry | None = None) -> list[Stored]:
    """Return the entries that depend, directly or not, on what is gone (or changed into ``replacement``)."""
    seen = {stored.number for stored in gone}
    ghosts: list[Stored] = []
    todo = list(gone)
    while todo:
        lost = todo.pop().entry
        now = (
            replacement
            if replacement and (lost.path, lost.timestamp) == (replacement.path, replacement.timestamp)
            else None
        )
        for dependant in view.dependants(lost.path, lost.timestamp):
            if dependant.number in seen or (now and dependant.entry.deps[lost.path] == now.as_dependency()):
                continue
            seen.add(dependant.number)
            ghosts.append(dependant)
            todo.append(dependant)
    return ghosts


def _differences(old: Entry, new: Entry) -> str:
    names = [name for name in ("caption", "joblist", "deps") if getattr(old, name) != getattr(new, name)]
    return f"it differs in {' and '.join(names)}"
