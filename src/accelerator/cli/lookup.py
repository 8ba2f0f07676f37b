"""What the meaning of a specification depends on outside its text."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from accelerator.urd.entry import Entry

__all__ = ["JobTime", "Lookup", "is_job_directory"]

JobTime = tuple[float, str]
"""When a job started, and its id."""


class Lookup(Protocol):
    """What the resolver asks of the project."""

    @property
    def workdirs(self) -> Mapping[str, Path]:
        """Directory of each known workdir."""
        ...

    def use_workdir(self, name: str, directory: Path) -> None:
        """Let a workdir's name stand for this directory from now on."""
        ...

    def methods(self) -> Collection[str]:
        """Return the names of all methods."""
        ...

    def jobs_of(self, method: str, *, current: bool) -> Sequence[JobTime]:
        """Return the finished jobs of a method, oldest first; with ``current`` those its present source would make."""
        ...

    def urd_lists(self) -> Sequence[str]:
        """Return all urd lists, ``user/name``."""
        ...

    def urd_timestamps(self, path: str) -> Sequence[str]:
        """Return the timestamps of an urd list, oldest first."""
        ...

    def urd_entry(self, path: str, timestamp: str) -> "Entry | None":
        """Return an entry of the list ``user/name``; the timestamp may be ``latest`` or ``first``."""
        ...

    def user(self) -> str:
        """Return whose urd lists are meant when a path names no user."""
        ...


def is_job_directory(path: str) -> bool:
    """Tell whether a path is that of a job."""
    try:
        return os.path.isfile(os.path.join(path, "setup.json"))  # noqa: PTH113, PTH118  # Path() drops what follows "x/."
    except ValueError:  # a NUL in it
        return False
