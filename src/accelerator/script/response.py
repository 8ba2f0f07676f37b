"""What urd answers to a build script."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from accelerator.error import NoSuchJobError, NoSuchWorkdirError, StorageError
from accelerator.job import Job
from accelerator.job.joblist import JobList
from accelerator.job.record import Setup
from accelerator.storage.dotdict import DotDict
from accelerator.urd.entry import Entry, JobTuple

__all__ = ["UrdResponse", "job_tuples"]


class UrdResponse(DotDict):
    """An entry of an urd list: a dict whose items can be reached as attributes.

    Items:
        timestamp (str): ``"0"`` if nothing was found; the response is false then.
        caption (str): ``""`` if none.
        joblist (JobList): the jobs, by the names they were built under.
        deps (dict): what the entry was made from: ``timestamp``, ``joblist`` and ``caption`` by ``user/list``.
        build_job (Job): the build script's job; None if nothing was found.
        user, build (str): whose list, and its name; only if something was found.
    """

    @classmethod
    def of(cls, entry: Entry | None) -> Self:
        """Make the response for an entry, None standing for nothing found.

        Raises:
            NoSuchJobError: a job in the list has been replaced by another one of the same id.
        """
        if entry is None:
            return cls(timestamp="0", caption="", joblist=JobList(), deps=DotDict(), build_job=None)
        return cls(
            timestamp=entry.timestamp,
            caption=entry.caption,
            joblist=_joblist(entry.joblist, f"{entry.path}/{entry.timestamp}"),
            deps=_dependencies(entry),
            build_job=Job(entry.build_job) if entry.build_job else None,
            user=entry.user,
            build=entry.build,
        )

    def __bool__(self) -> bool:
        return bool(self["timestamp"] != "0")

    @property
    def as_dep(self) -> DotDict:
        """What an entry made from this one remembers: ``timestamp``, ``joblist`` as tuples, ``caption``."""
        return DotDict(timestamp=self["timestamp"], joblist=self["joblist"].as_tuples, caption=self["caption"])


def _dependencies(entry: Entry) -> DotDict:
    deps = DotDict()
    for path, dependency in entry.deps.items():
        jobs = JobList(Job(job, name) for name, job, _ in dependency.joblist)
        deps[path] = DotDict(timestamp=dependency.timestamp, joblist=jobs, caption=dependency.caption)
    return deps


def _joblist(jobs: tuple[JobTuple, ...], where: str) -> JobList:
    for name, job, uid in jobs:
        if uid and _uid(job) not in {uid, ""}:
            raise NoSuchJobError(
                f"{where} lists {job} as {name!r}, but the job of that id is another one now: "
                "the recorded job was deleted or its workdir exchanged"
            )
    return JobList(Job(job, name) for name, job, _ in jobs)


def _uid(job: str) -> str:
    """The uid of a job; empty if there is no such job here (that shows when it is used)."""
    try:
        return Setup.load(Path(Job(job).path)).uid
    except (OSError, NoSuchJobError, NoSuchWorkdirError, StorageError):
        return ""


def job_tuples(jobs: Iterable[Job], uids: Mapping[str, str]) -> tuple[JobTuple, ...]:
    """Return jobs as an entry stores them: name, id, uid.

    Args:
        jobs: a job list.
        uids: of the jobs, where known.
    """
    return tuple((job.method, str(job), uids.get(str(job)) or _uid(job)) for job in jobs)
