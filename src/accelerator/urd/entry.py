"""What urd stores: one entry of a list, and how another entry depends on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accelerator.error import UrdError, UrdUsageError
from accelerator.urd.timestamp import normalise

__all__ = ["Dependency", "Entry", "JobTuple", "current_user", "full_path"]

JobTuple = tuple[str, str, str]
"""A job in an entry: its name in the job list, its id, its uid (empty where unknown)."""


def current_user(environment: Mapping[str, str]) -> str:
    """Return the user that urd lists belong to when the path names none.

    Args:
        environment: of the process; ``URD_USER``, the part of ``URD_AUTH`` before ``:``, or ``USER`` is looked up.

    Returns:
        The name; ``NO-USER`` if the environment has none.
    """
    named = environment.get("URD_USER") or environment.get("URD_AUTH", "").partition(":")[0]
    return (named or environment.get("USER") or "NO-USER").replace("/", "_")


def full_path(path: str, user: str) -> str:
    """Return ``user/name`` for a list given as ``name`` or ``user/name``.

    Raises:
        UrdUsageError: neither of the two forms.
    """
    if not isinstance(path, str):
        raise UrdUsageError(f"an urd list is a text, 'name' or 'user/name', not {path!r}")
    whole = path if "/" in path else f"{user}/{path}"
    parts = whole.split("/")
    if len(parts) != 2 or not all(parts) or "\0" in whole or not _encodable(whole):
        raise UrdUsageError(f"{path!r} is not an urd list: write 'name' or 'user/name', without further slashes")
    return whole


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Dependency:
    """What an entry remembers of another one that its jobs were made from."""

    timestamp: str
    joblist: tuple[JobTuple, ...]
    caption: str

    def to_json(self) -> dict[str, Any]:
        """Return the form that is stored."""
        return {"timestamp": self.timestamp, "caption": self.caption, "joblist": [list(job) for job in self.joblist]}

    @classmethod
    def from_json(cls, value: Any) -> "Dependency":
        """Read the stored form; raises UrdError if it is not one."""
        try:
            return cls(normalise(value["timestamp"]), _joblist(value["joblist"]), str(value["caption"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UrdError(f"not a dependency of an urd entry: {value!r}") from error


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an urd list.

    Args:
        user: whose list.
        build: name of the list.
        timestamp: normalised.
        caption: free text.
        joblist: the jobs in the order they were built.
        deps: what was fetched in the session, by ``user/name``.
        build_job: the build script's job; not part of what makes two entries equal.
    """

    user: str
    build: str
    timestamp: str
    caption: str = ""
    joblist: tuple[JobTuple, ...] = ()
    deps: Mapping[str, Dependency] = field(default_factory=dict)
    build_job: str = ""

    @property
    def path(self) -> str:
        """The list: ``user/name``."""
        return f"{self.user}/{self.build}"

    def as_dependency(self) -> Dependency:
        """Return what a dependant remembers of this entry."""
        return Dependency(self.timestamp, self.joblist, self.caption)

    def same_as(self, other: "Entry") -> bool:
        """Tell whether the two say the same; which script run made them does not count."""
        return (self.path, self.as_dependency(), dict(self.deps)) == (
            other.path,
            other.as_dependency(),
            dict(other.deps),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the form that is stored and exported."""
        return {
            "user": self.user,
            "build": self.build,
            "timestamp": self.timestamp,
            "caption": self.caption,
            "joblist": [list(job) for job in self.joblist],
            "deps": {path: dependency.to_json() for path, dependency in self.deps.items()},
            "build_job": self.build_job,
        }

    @classmethod
    def from_json(cls, value: Any) -> "Entry":
        """Read the stored form; raises UrdError if it is not one."""
        try:
            user, build = full_path(f"{value['user']}/{value['build']}", "").split("/")
            return cls(
                user,
                build,
                normalise(value["timestamp"]),
                str(value["caption"]),
                _joblist(value["joblist"]),
                {path: Dependency.from_json(item) for path, item in value["deps"].items()},
                str(value["build_job"] or ""),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UrdError(f"not an urd entry: {value!r}") from error


def _joblist(value: Iterable[Iterable[str]]) -> tuple[JobTuple, ...]:
    """Read a job list of (name, job) or (name, job, uid)."""
    jobs = []
    for item in value:
        name, job, *uid = item
        jobs.append((str(name), str(job), str(uid[0]) if uid else ""))
    return tuple(jobs)
