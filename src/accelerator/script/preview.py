"""``ax run --dry-run``: runs the scripts' ``main`` without building or recording anything, and says what would happen.

The script gets a job in a temporary directory, an urd that remembers only here what it is told, and for each job that
would run an :class:`~accelerator.script.unbuilt.UnbuiltJob`.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePath
from types import FrameType, TracebackType
from typing import Any

from accelerator import _lazy
from accelerator.engine.explain import Explanation
from accelerator.engine.failure import report
from accelerator.engine.pending import Build, PendingJob, resolved
from accelerator.engine.request import BuildCall
from accelerator.engine.script_job import ScriptJob
from accelerator.error import AcceleratorError, BuildError, ServerError, UserError
from accelerator.job import CurrentJob, Job
from accelerator.job.context import context
from accelerator.job.current import FinishedEarly
from accelerator.job.joblist import JobList
from accelerator.job.workdir import Workdir
from accelerator.method.discover import MethodFile
from accelerator.method.importer import install, uninstall
from accelerator.method.normalise import assign_keywords
from accelerator.project import Project
from accelerator.script.chosen import Chosen
from accelerator.script.estimate import RUNS, typical
from accelerator.script.find import arguments_for, main_of
from accelerator.script.lists import Database
from accelerator.script.response import UrdResponse
from accelerator.script.unbuilt import UnbuiltJob, UnreadableError
from accelerator.script.urd import Scripted, Urd
from accelerator.urd.entry import Entry

__all__ = ["PlannedJob", "ScriptPreview", "preview_scripts"]


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """What would become of one call of ``urd.build``.

    Args:
        name: what the job is called in job lists.
        method: its method.
        line: of the build script that asks for it.
        job: the id of the job that exists, None if one would run.
        seconds: how long that job took; for one that would run, how long its method usually takes (None: not known).
        unbuilt: the id that stands for a job that would run; the same for two calls that would get the same job.
        again: an earlier call of the script asks for the same job, so this one would find it.
        needs: names of the jobs that it needs and that would run.
        explanation: why it would run; None if it exists, or runs only because of what it needs.
    """

    name: str
    method: str
    line: int
    job: str | None
    seconds: float | None
    unbuilt: str = ""
    again: bool = False
    needs: tuple[str, ...] = ()
    explanation: Explanation | None = None

    @property
    def runs(self) -> bool:
        """Whether a job would run for this call."""
        return self.job is None and not self.again

    @property
    def why(self) -> str:
        """Why it would run, for people; empty if it would not."""
        if not self.runs:
            return ""
        if self.needs:
            needs = " and ".join(filter(None, (", ".join(self.needs[:-1]), self.needs[-1])))
            return f"{self.method} is built because it needs {needs}, which would be built"
        return "" if self.explanation is None else self.explanation.text()


@dataclass(slots=True)
class ScriptPreview:
    """What one script would do.

    Args:
        script: its module.
        jobs: in the order they are asked for.
        entries: ``user/list/timestamp`` of the urd entries it would write.
        ended: why the preview ended before the script did; empty if it did not.
        error: what went wrong in the script; empty if nothing did.
        warning: the box of warnings that the script would show.
        code: the exit code that the script would have, as far as that is known.
    """

    script: str
    jobs: list[PlannedJob] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    ended: str = ""
    error: str = ""
    warning: str = ""
    code: int = 0


def preview_scripts(project: Project, chosen: Chosen) -> list[ScriptPreview]:
    """Run the main of scripts without building anything, until one does not end well or reads what is not there.

    Args:
        project: the project.
        chosen: the scripts, and what else the command line said.

    Returns:
        What would happen, for each script that was run.

    Raises:
        UserError: a script has no main, or one with other arguments than ``urd`` and ``job``.
    """
    found: list[ScriptPreview] = []
    with ExitStack() as stack:
        stack.callback(uninstall, install(project.engine.catalogue.snapshot))
        for script in chosen.scripts:
            found.append(_preview(project, script, chosen))
            if found[-1].ended or found[-1].error or found[-1].code:
                break
    return found


def _preview(project: Project, script: MethodFile, chosen: Chosen) -> ScriptPreview:
    """Run the main of one script."""
    found = ScriptPreview(script.module)
    try:
        main = main_of(script)
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - users' code raises anything
        found.error, found.code = f"Cannot import the build script {script.module}:\n{report(error)}", 1
        return found
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ax-preview-"))).resolve()
        job = _scratch_job(project, script, chosen.options, scratch, stack)
        urd = _PreviewUrd(project, chosen.scripted, job, found, str(script.path), scratch)
        _call(main, arguments_for(main, urd, job), urd, found)
        found.warning = "" if found.ended or found.error else urd.take_warnings()
    return found


def _scratch_job(
    project: Project, script: MethodFile, options: Mapping[str, Any], scratch: Path, stack: ExitStack
) -> CurrentJob:
    """Make the script's job in a temporary workdir; leave it, and forget that, when the stack is unwound."""
    workdir = Workdir(_unused("preview", project), scratch / "preview")
    workdir.ensure(project.config.slices)
    context.register_workdirs({workdir.name: workdir.path, _unused("unbuilt", project): scratch / "unbuilt"})
    results, context.result_directory = context.result_directory, scratch / "results"
    stack.callback(setattr, context, "result_directory", results)
    script_job = ScriptJob.begin(workdir, script, project.engine.catalogue.snapshot, options)
    stack.callback(script_job.fail, {"launcher": "This was a preview."})
    return script_job.job


def _unused(name: str, project: Project) -> str:
    while name in project.config.workdirs:
        name += "_"
    return name


def _call(main: Callable[..., Any], given: Mapping[str, Any], urd: "_PreviewUrd", found: ScriptPreview) -> None:
    """Call main, and note how it ended."""
    result: Any
    try:
        result = main(**given)
    except FinishedEarly as early:
        result = early.result
    except UnreadableError as error:
        found.ended = urd.reading(error.jobid, error.__traceback__)
        return
    except SystemExit as leave:
        result = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        found.error = leave.code if isinstance(leave.code, str) else ""
    except (AcceleratorError, OSError) as error:
        unbuilt = urd.unbuilt_in(str(error))
        if unbuilt and not isinstance(error, BuildError | ServerError):
            found.ended = urd.reading(unbuilt[0], error.__traceback__)
            return
        result, found.error = 1, report(error)
    except Exception as error:  # noqa: BLE001 - users' code raises anything
        result, found.error = 1, report(error)
    found.code = int(result) if isinstance(result, int) else 0


class _Silent:
    """What a preview has in the place of the display of a run."""

    def say(self, text: str, style: str = "") -> None:  # noqa: ARG002 - there is no terminal to style it for
        print(text)  # noqa: T201 - only the flag why_build comes here

    def failure(self, error: Exception) -> None:
        """Nothing is built, so nothing fails."""


class _PreviewUrd(Urd):
    """The ``urd`` of a preview.

    Args:
        project: the project.
        scripted: what the command line said.
        build_job: the script's job.
        found: where to note what would happen.
        path: of the script.
        scratch: a temporary directory.
    """

    def __init__(
        self,
        project: Project,
        scripted: Scripted,
        build_job: Job,
        found: ScriptPreview,
        path: str,
        scratch: Path,
    ) -> None:
        super().__init__(project, _Silent(), scripted, build_job)
        self._found = found
        self._path = path
        self._scratch = scratch
        self._workdir = _unused("unbuilt", project)
        self._pattern = re.compile(rf"\b{re.escape(self._workdir)}-\d+\b")
        self._unbuilt: dict[str, PlannedJob] = {}
        self._planned: dict[str, str] = {}
        self._usual: dict[str, float | None] = {}
        self._copy: Database | None = None

    # Building

    def _run(self, call: BuildCall) -> Any:
        return self._plan(resolved(call))

    def _start(self, call: BuildCall, place: str) -> Any:  # noqa: ARG002 - nothing fails later
        build = Build(call, [])
        build.outcome.set_result(self._plan(resolved(call)))
        return PendingJob(build)

    def _plan(self, call: BuildCall) -> Job:
        """Note what would become of a call, and return the job or what stands for it."""
        engine = self._project.engine
        name = call.name or call.method
        needs = self.unbuilt_in(call.options, call.datasets, call.jobs, call.keywords)
        planned = PlannedJob(name, call.method, self._line(sys._getframe()), None, None)  # noqa: SLF001
        if needs:
            declaration = engine.declaration(call.method)
            assign_keywords(declaration, call.options, call.datasets, call.jobs, call.keywords)
            identity = repr((call.method, call.options, call.datasets, call.jobs, call.keywords))
            planned = replace(planned, needs=tuple(dict.fromkeys(self._unbuilt[job].name for job in needs)))
        else:
            explanation = engine.why(call)
            if explanation.exists is not None:
                row = engine.index.get(str(explanation.exists))
                seconds = None if row is None else row.endtime - row.starttime
                self._found.jobs.append(replace(planned, job=str(explanation.exists), seconds=seconds))
                return explanation.exists
            identity = engine.request(call).key
            planned = replace(planned, explanation=explanation)
        earlier = None if call.force_build else self._planned.get(identity)
        jobid = earlier or f"{self._workdir}-{len(self._unbuilt) + 1}"
        if call.method not in self._usual:
            rows = islice(engine.index.of_method(call.method), RUNS)
            self._usual[call.method] = typical([row.endtime - row.starttime for row in rows])
        planned = replace(planned, unbuilt=jobid, again=earlier is not None, seconds=self._usual[call.method])
        self._planned[identity] = jobid
        self._unbuilt.setdefault(jobid, planned)
        self._found.jobs.append(planned)
        return UnbuiltJob(jobid, name)

    def unbuilt_in(self, *values: Any) -> list[str]:
        """Return the ids of jobs that would run which some values name, at any depth and also within text."""
        found: dict[str, None] = {}

        def look(value: Any) -> None:
            if isinstance(value, str | PurePath):
                found.update(dict.fromkeys(self._pattern.findall(str(value))))
            elif isinstance(value, Mapping):
                for key, item in value.items():
                    look(key)
                    look(item)
            elif isinstance(value, list | tuple | set | frozenset):
                for item in value:
                    look(item)

        look(values)
        return [jobid for jobid in found if jobid in self._unbuilt]

    def reading(self, jobid: str, trace: TracebackType | None) -> str:
        """Say where the result of a job that would run is read."""
        line = 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._path:
                line = trace.tb_lineno
            trace = trace.tb_next
        return f"line {line} reads the result of {self._unbuilt[jobid].name}, which has not run"

    def _line(self, frame: FrameType | None) -> int:
        """The line of the script that is being executed; 0 if none is."""
        while frame is not None and frame.f_code.co_filename != self._path:
            frame = frame.f_back
        return 0 if frame is None else frame.f_lineno

    # Urd

    def _database(self) -> Database:
        return self._copy or super()._database()

    def _writable(self) -> Database:
        """Return a copy of the urd, made when it is first needed: there go the entries of this preview."""
        if self._copy is None:
            copy = _lazy.database.Database(f"sqlite:///{self._scratch / 'urd.db'}")
            copy.import_lines(self._project.urd.export_lines())
            self._copy = copy
        return self._copy

    def _add_entry(self, entry: Entry, *, update: bool) -> dict[str, bool | int]:
        answer = self._writable().add(entry, update=update)
        if answer["new"] or answer["changed"]:
            self._found.entries.append(f"{entry.path}/{entry.timestamp}")
        return answer

    def truncate(self, path: str, timestamp: Any) -> Any:
        self._writable()
        return super().truncate(path, timestamp)

    def _response(self, entry: Entry | None) -> UrdResponse:
        response = super()._response(entry)
        response["joblist"] = self._known(response["joblist"])
        for dependency in response["deps"].values():
            dependency["joblist"] = self._known(dependency["joblist"])
        return response

    def _known(self, jobs: Iterable[Job]) -> JobList:
        return JobList(UnbuiltJob(str(job), job.method) if str(job) in self._unbuilt else job for job in jobs)
