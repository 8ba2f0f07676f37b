"""The ``urd`` object that a build script gets: builds jobs, and records them in lists over time."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from accelerator.engine.request import BuildCall
from accelerator.error import BuildError, JobError, UrdUsageError
from accelerator.job import Job
from accelerator.job.context import context
from accelerator.job.joblist import JobList
from accelerator.job.links import tag_link_results
from accelerator.project import Project
from accelerator.script.progress import Progress
from accelerator.script.report import warning_box
from accelerator.script.response import UrdResponse, job_tuples
from accelerator.storage.dotdict import DotDict
from accelerator.urd.entry import Dependency, Entry, current_user, full_path
from accelerator.urd.timestamp import Moment, normalise

__all__ = ["Scripted", "Urd"]

Strings = list[str]  # the class has a method called list


class Database(Protocol):
    """What is asked of the urd database (which is imported late)."""

    def add(self, entry: Entry, *, update: bool = False) -> dict[str, bool | int]: ...
    def truncate(self, path: str, moment: Moment) -> dict[str, int]: ...
    def get(self, path: str, moment: Moment) -> Entry | None: ...
    def since(self, path: str, moment: Moment) -> list[str]: ...
    def lists(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Scripted:
    """How a script is run: what the command line said.

    Args:
        flags: of ``--flags``.
        workdir: where new jobs go; the configured target if None.
        horizon: normalised timestamp after which ``latest`` sees nothing; None for no limit.
        why: tell why each job is built that is built.
    """

    flags: frozenset[str] = frozenset()
    workdir: str | None = None
    horizon: str | None = None
    why: bool = False


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


class StoppedError(BaseException):
    """The script shall end here, well: ``--flags why_build`` has told what would be built."""


class Urd:
    """What a build script builds and records with.

    Attributes:
        joblist (JobList): the jobs since the last ``begin``, or since the start.
        joblist_all (JobList): all jobs of this script.
        info (DotDict): ``slices``, ``input_directory``, ``result_directory`` and ``urd`` of the project.
        flags (set): of ``ax run --flags``; holds ``""`` if none were given.
        horizon (str): of ``ax run --horizon``, or None.
        default_workdir (str): of ``ax run --workdir``, or None.
        workdir (str): what :meth:`set_workdir` said, or None.
    """

    def __init__(self, project: Project, progress: Progress, scripted: Scripted, build_job: Job) -> None:
        config = project.config
        self._project = project
        self._progress = progress
        self._scripted = scripted
        self._build_job = build_job
        self._user = current_user(os.environ)
        self._session: _Session | None = None
        self._warnings: Strings = []
        self._subjobs: dict[str, bool] = {}
        self.joblist = JobList()
        self.joblist_all = JobList()
        self.info = DotDict(
            slices=config.slices,
            input_directory=str(config.input_directory),
            result_directory=str(config.result_directory),
            urd=config.urd or None,
        )
        self.flags = set(scripted.flags) or {""}
        self.horizon = scripted.horizon
        self.default_workdir = scripted.workdir
        self.workdir: str | None = None

    # Jobs

    def build(
        self,
        method: str,
        options: Any = {},  # noqa: B006 - never changed; shows what it takes
        datasets: Any = {},  # noqa: B006 - as above
        jobs: Any = {},  # noqa: B006 - as above
        name: str | None = None,
        caption: str | None = None,
        why_build: bool = False,
        force_build: bool = False,
        workdir: str | None = None,
        concurrency: int | None = None,
        **kw: Any,
    ) -> Any:
        """Return a job of a method with these parameters: one that exists, or a new one.

        Args:
            method: name of the method.
            options: options by name, a dict or pairs.
            datasets: input datasets by name: datasets, or jobs for their default dataset.
            jobs: input jobs by name.
            name: what the job is called in job lists; default: the method's name.
            caption: text kept in the job, if it is built.
            why_build: build nothing, return what the nearest existing jobs were built with instead.
            force_build: build even if the job exists.
            workdir: where a new job goes; default: :meth:`set_workdir`, ``ax run -w``, the configured target.
            concurrency: how many slices may run at once; default: ``ax run -c``.
            **kw: options, datasets and jobs by name, whichever the method declares; they go before the dicts.
                ``execution`` (``{"retries": 2, "timeout": 60}``) unless the method declares that name itself.

        Returns:
            The job, finished; with ``why_build`` a dict ``{method: {job: {section: {name: value}}}}``.

        Raises:
            BuildError: there is no such method, or a keyword is not a parameter of it.
            ServerError: a parameter is not valid; nothing was built.
            JobError: the job failed.
        """
        execution = self._execution(method, kw)
        call = BuildCall(
            method=method,
            options=_pairs(options),
            datasets=_pairs(datasets),
            jobs=_pairs(jobs),
            keywords=kw,
            caption=caption,
            name=name,
            workdir=workdir or self.workdir or self.default_workdir,
            force_build=force_build or "force_build" in self.flags,
            concurrency=concurrency or None,
            execution=execution,
        )
        if why_build:
            return self._project.engine.why(call).as_dict()
        self._explain(call)
        try:
            job = self._project.engine.build(call)
        except JobError as error:
            self._progress.failure(error)
            raise
        self._add(job)
        return job

    def build_chained(
        self,
        method: str,
        options: Any = {},  # noqa: B006 - as in build
        datasets: Any = {},  # noqa: B006 - as in build
        jobs: Any = {},  # noqa: B006 - as in build
        name: str | None = None,
        **kw: Any,
    ) -> Any:
        """Build a job that continues the one of the same name in the entry fetched last: it becomes ``previous``.

        Args:
            method: name of the method; it has a parameter ``previous``.
            options: as for :meth:`build`.
            datasets: as for :meth:`build`.
            jobs: as for :meth:`build`.
            name: what the job is called in job lists; required.
            **kw: as for :meth:`build`.

        Raises:
            UrdUsageError: (also an AssertionError) no name, ``previous`` is given, or nothing was fetched with
                :meth:`get`, :meth:`latest` or :meth:`first` in this session.
        """
        if not name:
            raise UrdUsageError("build_chained needs a name: build_chained(method, name=…)")
        if "previous" in kw or any("previous" in _pairs(given) for given in (options, datasets, jobs)):
            raise UrdUsageError("build_chained finds `previous` itself; use build to give it")
        if self._session is None or self._session.fetched is None:
            raise UrdUsageError("build_chained continues what get, latest or first fetched in this session: call one")
        previous = self._session.fetched.get(name)
        return self.build(method, options, datasets, jobs, name=name, previous=previous, **kw)

    def set_workdir(self, workdir: str | None) -> None:
        """Say where new jobs of this script go.

        Args:
            workdir: its name; None for what ``ax run -w`` or the configuration says.
        """
        self.workdir = workdir or None

    def warn(self, line: str = "") -> None:
        """Add a line to the box of warnings that is shown when the script has ended well.

        Args:
            line: text; may have several lines.
        """
        self._warnings.extend(str(line).expandtabs().split("\n"))

    # Sessions

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
        response = UrdResponse.of(entry)
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
        return UrdResponse.of(self._find(full_path(path, self._user), timestamp))

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

    # For the session that runs the script

    @property
    def subjobs(self) -> dict[str, bool]:
        """The jobs of the script: True for those that it built, False for those it found."""
        return dict(self._subjobs)

    @property
    def warning(self) -> str:
        """The box of warnings; empty if there are none."""
        return warning_box(self._warnings) if self._warnings else ""

    def record_all(self, path: str, timestamp: str) -> None:
        """Record all jobs of the script in the list of its runs.

        Raises:
            UrdError: they cannot be recorded.
        """
        self._record(path, timestamp, "", self.joblist_all, {}, update=False)

    # Inside

    def _add(self, job: Job) -> None:
        self.joblist.append(job)
        self.joblist_all.append(job)
        made = self._project.engine.made.get(str(job), False)
        self._subjobs[str(job)] = self._subjobs.get(str(job), False) or made

    def _execution(self, method: str, keywords: dict[str, Any]) -> Mapping[str, Any] | None:
        """Take ``execution`` out of the keywords, unless the method has a parameter of that name."""
        if "execution" not in keywords:
            return None
        declaration = self._project.engine.declaration(method)
        names = [name for group in (declaration.datasets, declaration.jobs) for name in group]
        if "execution" in declaration.options or "execution" in names or ["execution"] in names:
            return None
        execution: Any = keywords.pop("execution")
        if execution is not None and not isinstance(execution, Mapping):
            raise BuildError(f'execution takes a dict like {{"retries": 2, "timeout": 60}}, not {execution!r}')
        return execution

    def _explain(self, call: BuildCall) -> None:
        """Tell why the job will be built, if that was asked for."""
        stop = "why_build" in self.flags
        if not (stop or self._scripted.why):
            return
        explanation = self._project.engine.why(call)
        if explanation.exists and not call.force_build:
            return
        self._progress.say(explanation.text())
        if stop:
            raise StoppedError

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
        return self._database().add(entry, update=update)


def _pairs(given: Any) -> dict[str, Any]:
    """Return what was given as a dict: it may be one, or pairs, or None."""
    return dict(given or {})
