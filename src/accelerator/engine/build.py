"""The engine: from a request to a finished job."""

import contextlib
import socket
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

from accelerator.config import Config
from accelerator.engine import birth, plan
from accelerator.engine.catalogue import Catalogue
from accelerator.engine.cleanup import end_orphans, leave_word
from accelerator.engine.decide import Decider
from accelerator.engine.events import Event, Kind, Observer, subjob_event
from accelerator.engine.explain import Explanation
from accelerator.engine.index import Index, Row
from accelerator.engine.keys import KeyLock
from accelerator.engine.lineage import Lineage
from accelerator.engine.order import order_of
from accelerator.engine.protocol import Frame
from accelerator.engine.request import BuildCall, Request
from accelerator.engine.runners import Runners
from accelerator.engine.script_job import ScriptJob
from accelerator.engine.task import Task, wait_for_news
from accelerator.error import BuildError, JobError, ServerError
from accelerator.job import CurrentJob, Job
from accelerator.job.context import context
from accelerator.job.record import Post
from accelerator.job.workdir import Workdir
from accelerator.method.declaration import Declaration
from accelerator.method.discover import MethodFile
from accelerator.method.source import MethodSource
from accelerator.storage.dotdict import DotDict
from accelerator.storage.fingerprint import DigestCache


class Engine:
    """Decides what to run and has it run.

    One thread may use it. A build goes through :meth:`submit`, then :meth:`advance` until the task is done, so
    several can be under way at once; :meth:`build` does that for one.

    Args:
        config: the project.
        observer: called with an :class:`~accelerator.engine.events.Event` for each thing that happens to a job.
        keep_temp_files: keep and list the files that jobs made as temporary.
        lineage: in the process of a job, where it stands.
    """

    def __init__(
        self,
        config: Config,
        *,
        observer: Observer | None = None,
        keep_temp_files: bool = False,
        lineage: Lineage | None = None,
    ) -> None:
        self.config = config
        self.observer = observer
        self.keep_temp_files = keep_temp_files
        self.concurrency: dict[str, int] = dict(lineage.concurrency) if lineage else {}
        self.made: dict[str, bool] = {}
        self.uids: dict[str, str] = {} if lineage is None else lineage.uids
        self._lineage = lineage
        self._runners = Runners(config, self._on_notice, lineage)
        self._tasks: list[Task] = []
        self._script: ScriptJob | None = None
        context.register_workdirs(config.workdirs)
        if lineage is None:
            context.slices = config.slices
            context.input_directory = config.input_directory
            context.result_directory = config.result_directory
            context.cores, context.memory = config.execution.cores, config.execution.memory
            Workdir(config.target_workdir, config.workdirs[config.target_workdir]).ensure(config.slices)
        cache = config.project_directory / ".accelerator"
        self._index = Index(cache, config.workdirs, birth.read_row)
        self._digests = DigestCache(cache / "digests.sqlite" if cache.is_dir() else None)
        self.catalogue = Catalogue(config, self._index, self._declare, lineage.snapshot if lineage else None)
        self._decider = Decider(config, self._index, self.catalogue, self._digests, self._tell_reading)
        if lineage is None:
            for name, path in config.workdirs.items():
                end_orphans(Workdir(name, path))
            self._index.scan()

    @property
    def methods(self) -> dict[str, MethodFile]:
        """The methods of the project by name."""
        return self.catalogue.methods

    @property
    def index(self) -> Index:
        """The finished jobs."""
        return self._index

    def declaration(self, method: str) -> Declaration:
        """Return what a method declares.

        Raises:
            BuildError: if there is no such method.
            ServerError: if it cannot be imported, or declares nonsense.
        """
        return self.catalogue.declaration(method)

    # -- building --

    def build(self, call: BuildCall) -> Job:
        """Return the job that answers a call: an existing one, else a new one.

        Args:
            call: what is wanted.

        Returns:
            The job; its ``method`` is the name asked for.

        Raises:
            BuildError: the call makes no sense.
            ServerError: the parameters were refused; the text starts ``Submit failed``.
            JobError: the job failed.
        """
        task = self.submit(call)
        try:
            while not task.done:
                self.advance()
        except BaseException:
            self.abandon()
            raise
        self._runners.resume()
        if task.error is not None:
            raise task.error
        assert task.result is not None
        return task.result

    def submit(self, call: BuildCall) -> Task:
        """Start a build.

        Returns:
            What :meth:`advance` carries on; done at once if the job exists.

        Raises:
            BuildError: the call makes no sense.
            ServerError: the parameters were refused.
        """
        request = self._decider.request(call)
        task = Task(request, self._workdir(call), retries=int(request.execution.get("retries", 0)))
        if not call.force_build and (row := self._decider.answer(request)) is not None:
            self._link(task, row)
            return task
        ancestors = [] if self._lineage is None else self._lineage.ancestors
        if (reason := plan.refuse_nesting(ancestors, request.key)) is not None:
            raise ServerError(f"Submit failed: method {call.method!r}: {reason}")
        self._tasks.append(task)
        self._try(task)
        return task

    def advance(self, wake: socket.socket | None = None) -> None:
        """Wait until something happens to the builds under way, and act on it.

        Args:
            wake: stop waiting as soon as something can be read here.
        """
        wait_for_news(self._tasks, self._runners.clients, wake)
        for task in list(self._tasks):
            if task.new is None:
                self._try(task)
            elif task.client is not None and task.number in task.client.answers:
                self._complete(task, task.client.answers.pop(task.number))
        self._tasks = [task for task in self._tasks if not task.done]

    def request(self, call: BuildCall) -> Request:
        """Return what a call means. Nothing is built.

        Raises:
            BuildError: the call makes no sense.
            ServerError: the parameters were refused.
        """
        return self._decider.request(call)

    def why(self, call: BuildCall) -> Explanation:
        """Say which job answers a call, or why none does. Nothing is built.

        Raises:
            BuildError: the call makes no sense.
            ServerError: the parameters were refused.
        """
        return self._decider.why(call)

    def refresh(self) -> None:
        """Look at the sources and the workdirs again; if sources changed, jobs run in a new runner."""
        if self.catalogue.refresh():
            self._runners.close()
        self._index.scan()

    def close(self) -> None:
        """End everything that still runs, and let go of the files."""
        self.abandon()
        self._index.close()
        self._digests.close()

    # -- build scripts --

    def start_build_job(
        self, script: MethodFile, options: Mapping[str, Any], *, workdir: str | None = None
    ) -> CurrentJob:
        """Make the job of a build script, and make this process the one that runs it.

        Args:
            script: the script.
            options: what it was started with.
            workdir: where the job goes; the configured target if None.

        Returns:
            The job; the current directory is its directory now.

        Raises:
            BuildError: the workdir cannot be written.
            ServerError: there is no such workdir.
        """
        place = self._workdir(BuildCall("", workdir=workdir))
        try:
            place.ensure(self.config.slices)
            self._script = ScriptJob.begin(place, script, self.catalogue.snapshot, options)
        except OSError as error:
            raise BuildError(f"cannot make a job in workdir {place.path}: {error.strerror}") from error
        return self._script.job

    def finish_build_job(self, subjobs: Mapping[str, bool]) -> Job:
        """Finish the job of the build script that has run in this process, and leave it.

        Args:
            subjobs: the jobs that the script built (True) or found (False).

        Returns:
            The finished job.

        Raises:
            BuildError: something could not be written; the job counts as failed then.
        """
        script, self._script = self._script, None
        assert script is not None, "no build job has been started"
        try:
            post = script.finish(subjobs, self.uids)
        except OSError as error:
            script.fail({"synthesis": str(error)})
            raise BuildError(f"{script.new.path} could not be finished: {error}") from error
        self._index.add(birth.row_of(script.new.jobid, post))
        return Job(script.new.jobid)

    def fail_build_job(self, status: Mapping[str, str]) -> None:
        """Say that the build script in this process has failed, and leave its job.

        Args:
            status: text by component, as in a :class:`~accelerator.error.JobError`.
        """
        script, self._script = self._script, None
        assert script is not None, "no build job has been started"
        script.fail(status)

    # -- deciding --

    def _declare(self, file: MethodFile, source: MethodSource, archive: bytes) -> Declaration:
        place = self._runners.place_for(self.catalogue.snapshot.read(file.path))
        return self._runners.declare(place, file, source.code_digest, archive)

    def _link(self, task: Task, row: Row) -> None:
        task.release()
        self._note(row.jobid, row.uid, made=False)
        call = task.request.call
        task.result = Job(row.jobid, call.name or call.method)
        self._tell("linked", row.jobid, task.request, row.endtime - row.starttime)

    def _note(self, jobid: str, uid: str, *, made: bool) -> None:
        self.made[jobid] = self.made.get(jobid, False) or made
        self.uids[jobid] = uid
        if self._lineage is not None:
            context.subjobs[jobid] = self.made[jobid]

    def _workdir(self, call: BuildCall) -> Workdir:
        name = call.workdir
        if name is None and self._lineage is not None:
            name = self._lineage.order["jobid"].rpartition("-")[0]
        return self._decider.workdir(name)

    # -- running --

    def _try(self, task: Task) -> None:
        """Take the key's lock and run the job, or find that another process has just built it."""
        try:
            if task.lock is None:
                task.workdir.ensure(self.config.slices)
                task.lock = KeyLock(task.workdir, task.request.key)
            if not task.lock.acquire():
                self._runners.rest()
                if not task.announced:
                    task.announced = True
                    holder = (task.lock.jobids() or [""])[0]
                    self._tell("waiting", holder, task.request, None)
                return
            if not task.request.call.force_build or task.announced:
                for jobid in task.lock.jobids():
                    if self._index.get(jobid) is None:
                        self._index.discover(jobid)
                if (row := self._decider.answer(task.request)) is not None:
                    self._link(task, row)
                    return
            self._start(task)
        except OSError as error:
            task.error = BuildError(f"cannot make a job in workdir {task.workdir.path}: {error.strerror}")
            task.release()
        except Exception as error:  # noqa: BLE001 - raised by whoever waits for the task
            task.error = error
            task.release()

    def _start(self, task: Task) -> None:
        request = task.request
        call, file = request.call, self.catalogue.file(request.call.method)
        place = self._runners.place_for(self.catalogue.snapshot.read(file.path))
        archive = self.catalogue.archive(call.method)
        found = self._runners.environment(place, file, request.source.code_digest, archive)
        assert task.lock is not None
        around = birth.Surroundings(
            self.config, context.job and str(context.job), found, call.limit(self.concurrency), request.execution
        )
        task.new = birth.create_job(task.workdir, request, archive, around)
        task.lock.note(task.new.jobid)
        self._tell("started", task.new.jobid, request, None)
        order: Frame = {
            **order_of(task.new, request, file, self._lineage),
            "concurrency": around.concurrency,
            "limits": self.concurrency,
            "keep_temp": self.keep_temp_files or context.keep_temp_files,
            "timeout": around.execution.get("timeout"),
            "python": astuple(self._runners.python),
            "interpreter": place.python,
        }
        task.client = place.client
        task.number = self._runners.run(place, order, [task.new.lock.fileno(), task.lock.lock.fileno()])

    def _complete(self, task: Task, answer: Frame) -> None:
        new, request = task.new, task.request
        assert new is not None
        with contextlib.suppress(OSError):
            task.workdir.remove_marker(new.jobid)
        try:
            post = Post.load(new.path)
        except FileNotFoundError:
            self._failed(task, answer["status"])
            return
        with contextlib.suppress(OSError):  # for people; the job is finished without it
            task.workdir.link_latest(new.jobid)
        self._index.add(birth.row_of(new.jobid, post))
        task.release()
        self._note(new.jobid, new.uid, made=True)
        task.result = Job(new.jobid, request.call.name or request.call.method)
        self._tell("done", new.jobid, request, post.endtime - post.starttime)

    def _failed(self, task: Task, status: Mapping[str, str]) -> None:
        new, request = task.new, task.request
        assert new is not None
        method = request.call.method
        leave_word(new, method, status)
        task.release()
        self._tell("failed", new.jobid, request, None)
        if task.retries > 0:
            task.retries -= 1
            task.new, task.client = None, None
            return
        task.error = JobError(Job(new.jobid, method), method, DotDict(status))

    def _tell(self, kind: Kind, jobid: str, request: Request, seconds: float | None) -> None:
        if self.observer is not None:
            path = self._index.directory(jobid) if jobid else Path()
            call = request.call
            parent = None if self._lineage is None else str(context.job)
            self.observer(Event(kind, jobid, path, call.method, call.caption or "", seconds, parent))

    def _tell_reading(self, method: str, done: int, expected: int) -> None:
        if self.observer is not None:
            self.observer(Event("reading", "", Path(), method, bytes=(done, expected)))

    def _on_notice(self, frame: Frame) -> None:
        """Tell the observer about subjobs; our own jobs it knows from us."""
        if frame["type"] == "absorbed":
            self.catalogue.note(frame["method"], frame["source"])
            return
        if self.observer is None or frame.get("parent") is None:
            return
        self.observer(subjob_event(frame))

    def abandon(self) -> None:
        """End all builds under way."""
        self._runners.close()
        for task in self._tasks:
            if task.new is not None:
                with contextlib.suppress(OSError):
                    task.workdir.remove_marker(task.new.jobid)
                leave_word(task.new, task.request.call.method, {"launcher": "The job was interrupted."})
            task.release()
        self._tasks.clear()
