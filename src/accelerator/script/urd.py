"""The ``urd`` object that a build script gets: builds jobs, and records them in lists over time."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from accelerator._unset import UNSET, Unset
from accelerator.engine.explain import Explanation
from accelerator.engine.pending import resolved
from accelerator.engine.request import BuildCall
from accelerator.error import JobError, UrdUsageError
from accelerator.job import Job
from accelerator.job.restore import as_dotdict
from accelerator.project import Project
from accelerator.script.lists import Lists, Strings
from accelerator.script.report import warning_box
from accelerator.storage.dotdict import DotDict
from accelerator.storage.serial import json_encode

__all__ = ["Scripted", "Urd"]


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


class Teller(Protocol):
    """Shows what happens."""

    def say(self, text: str, style: str = "") -> None:
        """Show a text."""

    def failure(self, error: JobError) -> None:
        """Show that a build failed, and why."""


class StoppedError(BaseException):
    """The script shall end here, well: ``--flags why_build`` has told what would be built."""


class Urd(Lists):
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

    def __init__(self, project: Project, progress: Teller, scripted: Scripted, build_job: Job) -> None:
        super().__init__(project, build_job, scripted.horizon)
        config = project.config
        self._progress = progress
        self._scripted = scripted
        self._warnings: Strings = []
        self._places: dict[int, str] = {}
        self.info = DotDict(
            slices=config.slices,
            input_directory=str(config.input_directory),
            result_directory=str(config.result_directory),
            urd=config.urd or None,
        )
        self.flags = set(scripted.flags) or {""}
        self.default_workdir = scripted.workdir
        self.workdir: str | None = None

    # Jobs

    def build(
        self,
        /,
        method: str,
        options: Any = {},  # noqa: B006 - never changed; shows what it takes
        datasets: Any = {},  # noqa: B006 - as above
        jobs: Any = {},  # noqa: B006 - as above
        name: str | Unset | None = UNSET,
        caption: str | Unset | None = UNSET,
        why_build: bool | Unset = UNSET,
        force_build: bool | Unset = UNSET,
        workdir: str | Unset | None = UNSET,
        concurrency: int | Unset | None = UNSET,
        **kw: Any,
    ) -> Any:
        """Return a job of a method with these parameters: one that exists, or a new one.

        ``name``, ``caption``, ``why_build``, ``force_build``, ``workdir``, ``concurrency`` and ``execution`` go to the
        method if it has a parameter of that name.

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
                ``execution``: ``{"retries": 2, "timeout": 60}``.

        Returns:
            The job, finished; with ``why_build`` a dict ``{method: {job: {section: {name: value}}}}``.

        Raises:
            BuildError: there is no such method, or a keyword is not a parameter of it.
            ServerError: a parameter is not valid; nothing was built.
            JobError: the job failed.
        """
        own = {
            "name": name,
            "caption": caption,
            "why_build": why_build,
            "force_build": force_build,
            "workdir": workdir,
            "concurrency": concurrency,
        }
        return self._answer(*self._call(method, (options, datasets, jobs), own, kw))

    def build_async(
        self,
        /,
        method: str,
        options: Any = {},  # noqa: B006 - as in build
        datasets: Any = {},  # noqa: B006 - as in build
        jobs: Any = {},  # noqa: B006 - as in build
        name: str | Unset | None = UNSET,
        caption: str | Unset | None = UNSET,
        why_build: bool | Unset = UNSET,
        force_build: bool | Unset = UNSET,
        workdir: str | Unset | None = UNSET,
        concurrency: int | Unset | None = UNSET,
        **kw: Any,
    ) -> Any:
        """Begin to build a job, and go on with the script. Arguments are those of :meth:`build`.

        Jobs that do not need each other so run side by side, all their slices sharing the cores. The script ends when
        all have ended. An error is raised where the job is first waited for, else at the end of the script.

        Returns:
            A :class:`~accelerator.engine.pending.PendingJob`: it can be given to later builds as a job or dataset;
            reading its ``.job``, or any attribute of a job, waits for it.
        """
        own = {
            "name": name,
            "caption": caption,
            "why_build": why_build,
            "force_build": force_build,
            "workdir": workdir,
            "concurrency": concurrency,
        }
        call, ask_why = self._call(method, (options, datasets, jobs), own, kw)
        if ask_why:
            return self._why(call)
        caller = sys._getframe(1)  # noqa: SLF001 - an error at the end of the script names this line
        job = self._start(call, f"{caller.f_code.co_filename} line {caller.f_lineno}")
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
            name: what the job is called in job lists; required. It never goes to the method.
            **kw: as for :meth:`build`.

        Raises:
            UrdUsageError: (also an AssertionError) no name, ``previous`` is given, or nothing was fetched with
                :meth:`get`, :meth:`latest` or :meth:`first` in this session.
        """
        if not name:
            raise UrdUsageError("build_chained needs a name: build_chained(method, name=…)")
        if "previous" in kw or any("previous" in _pairs(given) for given in (options, datasets, jobs)):
            raise UrdUsageError("build_chained finds `previous` itself; use build to give it")
        kw["previous"] = self.previous_of(name)
        call, ask_why = self._call(method, (options, datasets, jobs), {}, kw)
        # The name is this function's, whatever the method declares: without it there is no chain.
        return self._answer(replace(call, name=name), ask_why)

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

    # For the session that runs the script

    def wait(self, *, drop: bool = False) -> None:
        """Wait for all jobs that were begun.

        Args:
            drop: leave out those that have not really begun, and raise nothing.

        Raises:
            AcceleratorError: one failed, and the script has not been told.
        """
        error = self._project.wait(drop=drop)
        self.settle(self.joblist_all)
        self.settle(self.joblist)
        if error is not None and not drop:
            raise error

    def place_of(self, error: BaseException) -> str:
        """Return the line of the script that began the build which ended with this error."""
        return self._places.get(id(error), "a line of the script")

    @property
    def subjobs(self) -> dict[str, bool]:
        """The jobs of the script, all finished: True for those that it built, False for those it found."""
        made = self._project.engine.made
        return {str(job): made.get(str(job), False) for job in self.joblist_all}

    def take_warnings(self) -> str:
        """Return the box of warnings, what methods declare in vain among them, once; empty if there are none."""
        lines = [*self._warnings, *self._project.ask(lambda engine: engine.catalogue.take_warnings())]
        if self.unfinished is not None:
            lines.append(
                f"The session {self.unfinished} was begun but not finished, so nothing is recorded in that list."
            )
        return warning_box(lines) if lines else ""

    # Inside

    def _answer(self, call: BuildCall, ask_why: bool) -> Any:
        """Return the job that answers a call, in the job lists too; or only why it would be built."""
        if ask_why:
            return self._why(call)
        job = self._run(call)
        self._add(job)
        return job

    def _run(self, call: BuildCall) -> Any:
        """Return the job that answers a call, built if need be."""
        self._explain(call)
        return self._project.run(call, self._told)

    def _start(self, call: BuildCall, place: str) -> Any:
        """Begin a build; ``place`` is the line that asks for it."""
        self._explain(call)
        return self._project.start(call, lambda error: self._told(error, place))

    def _add(self, job: Any) -> None:
        self.joblist.append(job)
        self.joblist_all.append(job)

    def _told(self, error: BaseException, place: str | None = None) -> None:
        if place is not None:
            self._places[id(error)] = place
        if isinstance(error, JobError):
            self._progress.failure(error)

    def _call(
        self, method: str, inputs: tuple[Any, Any, Any], own: Mapping[str, Any], keywords: Mapping[str, Any]
    ) -> tuple[BuildCall, bool]:
        """Return the call that the arguments of :meth:`build` make, and whether it only asks why."""
        settings, theirs = self._project.sort_keywords(method, own, keywords)
        ask_why = bool(settings.pop("why_build"))
        settings["workdir"] = settings["workdir"] or self.workdir or self.default_workdir
        settings["force_build"] = settings["force_build"] or "force_build" in self.flags
        settings["concurrency"] = settings["concurrency"] or None
        options, datasets, jobs = map(_pairs, inputs)
        return BuildCall(method, options, datasets, jobs, theirs, **settings), ask_why

    def _why(self, call: BuildCall) -> DotDict:
        known = resolved(call)
        found = self._project.ask(lambda engine: engine.why(known).as_dict())
        answer: DotDict = as_dotdict({call.method: {}, **found})
        return answer

    def _explain(self, call: BuildCall) -> None:
        """Tell why the job will be built, if that was asked for."""
        stop = "why_build" in self.flags
        if not (stop or self._scripted.why):
            return
        call = resolved(call)
        explanation = self._project.ask(lambda engine: engine.why(call))
        if explanation.exists and not call.force_build:
            return
        if stop:
            self._tell_what_would_be_built(call, explanation)
            raise StoppedError
        self._progress.say(explanation.text())

    def _tell_what_would_be_built(self, call: BuildCall, explanation: Explanation) -> None:
        """Show what the flag ``why_build`` asks for: the parameters of the job, and what the nearest ones have."""
        given = self._project.ask(lambda engine: engine.request(call)).normalised
        setup = {"method": call.method, "options": given.options, "datasets": given.datasets, "jobs": given.jobs}
        avoided = {call.method: {}, **explanation.as_dict()}
        parts = ["Would have built from:", json_encode(setup, as_str=True)]
        parts += ["Could have avoided the build with:", json_encode(avoided, as_str=True), explanation.text()]
        self._progress.say("\n".join(map(str, parts)))


def _pairs(given: Any) -> dict[str, Any]:
    """Return what was given as a dict: it may be one, or pairs, or None."""
    return dict(given or {})
