"""Urd lists as a build script uses them: sessions that record jobs, and looking up what was recorded."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from accelerator.engine.background import finished
from accelerator.error import UrdUsageError
from accelerator.job import Job
from accelerator.job.context import context
from accelerator.job.joblist import JobList
from accelerator.job.links import tag_link_results
from accelerator.project import Project
from accelerator.script.response import UrdResponse, job_tuples
from accelerator.storage.dotdict import DotDict
from accelerator.urd.entry import Dependency, Entry, current_user, full_path
from accelerator.urd.timestamp import Moment, normalise

__all__ = ["Lists", "Strings"]

Strings = list[str]  # the class has a method called list


class Database(Protocol):
    """What is asked of the urd database (which is imported late)."""

    def add(self, entry: Entry, *, update: bool = False) -> dict[str, bool | int]: ...
    def truncate(self, path: str, moment: Moment) -> dict[str, int]: ...
    def get(self, path: str, moment: Moment) -> Entry | None: ...
    def since(self, path: str, moment: Moment) -> list[str]: ...
    def lists(self) -> list[str]: ...


@dataclass(slots=True)
class _Session:
    """An urd session between ``begin`` and ``finish``."""

    path: str
    timestamp: str | None
    caption: str
    update: bool
    links: int
    deps: dict[str, Dependency] = field(default_factory=dict)
    fetched: JobList | None = None


class Lists:
    """The part of the ``urd`` object that has to do with urd lists.

    Args:
        project: whose urd.
        build_job: the build script's job.
        horizon: normalised timestamp after which ``latest`` sees nothing; None for no limit.
    """

    def __init__(self, project: Project, build_job: Job, horizon: str | None) -> None:
        self._project = project
        self._build_job = build_job
        self._user = current_user(os.environ)
        self._session: _Session | None = None
        self.joblist = JobList()
        self.joblist_all = JobList()
        self.horizon = horizon

    def begin(
        self, path: str, timestamp: Moment | None = None, caption: str | None = None, update: bool = False
    ) -> None:
        """Begin a session: what is built until :meth:`finish` becomes an entry of an urd list.

        Args:
            path: the list, ``name`` or ``user/name``.
            timestamp: of the entry, as :func:`~accelerator.urd.timestamp.normalise` takes it; may be given to
                ``finish`` instead.
            caption: of the entry; may be given to ``finish`` instead.
            update: the entry may replace another one of its timestamp.

        Raises:
            UrdUsageError: (also an AssertionError) a session is active, no urd is configured, or the path or timestamp
                is none.
        """
        whole = full_path(path, self._user)
        if self._session is not None:
            raise UrdUsageError(
                f"cannot begin {whole} while the session {self._session.path} is active; finish it first"
            )
        self._database()
        stamp = None if timestamp is None else normalise(timestamp)
        self._session = _Session(whole, stamp, caption or "", update, len(context.link_results))
        self.joblist = JobList()

    def finish(self, path: str, timestamp: Moment | None = None, caption: str | None = None) -> DotDict:
        """End the session and record its jobs.

        Args:
            path: that of :meth:`begin`.
            timestamp: of the entry; default: that of ``begin``.
            caption: of the entry; default: that of ``begin``.

        Returns:
            ``new``, ``changed``, ``is_ghost``; if changed also ``deps``, the number of entries that became ghosts.

        Raises:
            UrdUsageError: (also an AssertionError) no session of this path is active, nothing was built (the session
                goes on), or there is no timestamp (the session is over).
            UrdConflictError: another entry of this timestamp exists, and ``update`` was not given to ``begin``.
            UrdPermissionError: the database does not let this user write.
            UrdError: the database cannot be used.
        """
        whole = full_path(path, self._user)
        session = self._session
        if session is None:
            raise UrdUsageError(f"cannot finish {whole}: no session is active, begin one")
        if session.path != whole:
            raise UrdUsageError(f"cannot finish {whole} while the session {session.path} is active")
        self.settle(self.joblist)
        if not self.joblist:
            raise UrdUsageError(f"cannot finish {whole}: no job was built in this session")
        self._session = None
        stamp = session.timestamp if timestamp is None else normalise(timestamp)
        if stamp is None:
            raise UrdUsageError(f"cannot finish {whole}: neither begin nor finish was given a timestamp")
        text = session.caption if caption is None else caption
        answer = self._record(whole, stamp, text, self.joblist, session.deps, update=session.update)
        tag_link_results(session.links, f"{whole}/{stamp}")
        return DotDict(answer)

    @property
    def unfinished(self) -> str | None:
        """The list, ``user/name``, of the session that is active; None if none is."""
        return None if self._session is None else self._session.path

    def abort(self) -> None:
        """End the session and record nothing. The jobs stay in the job lists."""
        self._session = None

    def get(self, path: str, timestamp: Moment) -> UrdResponse:
        """Return an entry of a list, and note that this session's entry depends on it.

        Args:
            path: the list, ``name`` or ``user/name``.
            timestamp: of the entry; after ``<``, ``<=``, ``>`` or ``>=`` of the nearest one.

        Returns:
            The entry; one that is false if there is none.

        Raises:
            UrdUsageError: (also an AssertionError) no session is active, this list was fetched in it before, or a
                path or timestamp is none.
        """
        if self._session is None:
            raise UrdUsageError(
                "get, latest and first note a dependency, so they need a session; begin one, or use peek"
            )
        whole = full_path(path, self._user)
        if whole in self._session.deps:
            raise UrdUsageError(f"{whole} was fetched in this session before: an entry depends on a list once")
        entry = self._find(whole, timestamp)
        response = self._response(entry)
        self._session.fetched = response.joblist
        if entry is not None:
            self._session.deps[whole] = entry.as_dependency()
        return response

    def latest(self, path: str) -> UrdResponse:
        """Return the last entry of a list (up to the horizon), as :meth:`get`."""
        return self.get(path, "latest")

    def first(self, path: str) -> UrdResponse:
        """Return the first entry of a list, as :meth:`get`."""
        return self.get(path, "first")

    def peek(self, path: str, timestamp: Moment) -> UrdResponse:
        """Return an entry of a list, as :meth:`get` but without a session and without a dependency."""
        return self._response(self._find(full_path(path, self._user), timestamp))

    def peek_latest(self, path: str) -> UrdResponse:
        """Return the last entry of a list (up to the horizon), as :meth:`peek`."""
        return self.peek(path, "latest")

    def peek_first(self, path: str) -> UrdResponse:
        """Return the first entry of a list, as :meth:`peek`."""
        return self.peek(path, "first")

    def since(self, path: str, timestamp: Moment) -> Strings:
        """Return the timestamps in a list that are later than another one, in order.

        Args:
            path: the list.
            timestamp: 0 for all.
        """
        return self._database().since(full_path(path, self._user), timestamp)

    def truncate(self, path: str, timestamp: Moment) -> DotDict:
        """Remove the entries of a list from a timestamp on, and all entries that depend on them.

        Args:
            path: the list.
            timestamp: the first one to go; 0 for all.

        Returns:
            ``count``, how many entries of the list are gone, and ``deps``, how many depended on them.
        """
        return DotDict(self._database().truncate(full_path(path, self._user), timestamp))

    def list(self) -> Strings:
        """Return all urd lists, ``user/name``, sorted."""
        return self._database().lists()

    def previous_of(self, name: str) -> Job | None:
        """Return the job of a name in the entry fetched last, for :meth:`~accelerator.script.urd.Urd.build_chained`.

        Raises:
            UrdUsageError: (also an AssertionError) nothing was fetched in this session.
        """
        if self._session is None or self._session.fetched is None:
            raise UrdUsageError("build_chained continues what get, latest or first fetched in this session: call one")
        job: Job | None = self._session.fetched.get(name)
        return job

    def settle(self, jobs: JobList) -> None:
        """Wait for the pending jobs in a list and put the jobs themselves there; leave out those that failed.

        Raises:
            AcceleratorError: one failed, and the script has not been told.
        """
        jobs[:] = [job for job in map(finished, jobs) if job is not None]

    def record_all(self, path: str, timestamp: str) -> None:
        """Record all jobs of the script in the list of its runs.

        Raises:
            UrdError: they cannot be recorded.
        """
        self._record(path, timestamp, "", self.joblist_all, {}, update=False)

    def _database(self) -> Database:
        database: Database | None = self._project.urd
        if database is None:
            raise UrdUsageError(f'no urd is configured: set urd = "sqlite:///urd.db" in {self._project.config.path}')
        return database

    def _find(self, path: str, timestamp: Moment) -> Entry | None:
        if timestamp == "latest" and self.horizon:
            timestamp = f"<={self.horizon}"
        return self._database().get(path, timestamp)

    def _record(
        self, path: str, timestamp: str, caption: str, jobs: Sequence[Job], deps: dict[str, Dependency], *, update: bool
    ) -> dict[str, bool | int]:
        user, _, build = path.partition("/")
        tuples = job_tuples(jobs, self._project.engine.uids)
        entry = Entry(user, build, timestamp, caption, tuples, deps, str(self._build_job))
        return self._add_entry(entry, update=update)

    def _add_entry(self, entry: Entry, *, update: bool) -> dict[str, bool | int]:
        return self._database().add(entry, update=update)

    def _response(self, entry: Entry | None) -> UrdResponse:
        return UrdResponse.of(entry)
