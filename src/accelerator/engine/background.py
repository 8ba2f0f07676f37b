"""Builds that go on while the script does: one thread that plans and submits them."""

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from accelerator.engine.build import Engine
from accelerator.engine.pending import Build, Failure, PendingJob, pending_inputs, resolved
from accelerator.engine.request import BuildCall
from accelerator.error import BuildError
from accelerator.job import Job

T = TypeVar("T")

_AT_ONCE_PER_CORE = 4
_JOIN_SECONDS = 2.0


class Background:
    """The thread that an engine belongs to, from the first ``build_async`` on.

    The engine is for one thread, so all that is asked of it goes through here: builds by :meth:`start`, other things
    by :meth:`do`.

    Args:
        engine: the engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._at_once = _AT_ONCE_PER_CORE * engine.config.execution.cores
        self._asked: deque[Callable[[], None]] = deque()
        self._builds: list[Build] = []
        self._waiting: list[Build] = []
        self._running: list[Build] = []
        self._stopping = False
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._thread = threading.Thread(target=self._serve, name="builds", daemon=True)
        self._thread.start()

    # -- for the script --

    def start(self, call: BuildCall, ended: Callable[[BaseException], None] | None = None) -> PendingJob:
        """Begin a build, as soon as the jobs that it needs have been built.

        Args:
            call: what is wanted; its inputs may be pending jobs.
            ended: called in the engine's thread with what went wrong, unless that is an input's failure.
        """
        build = Build(call, pending_inputs(call), ended)
        self._builds.append(build)
        self._ask(lambda: self._waiting.append(build))
        return PendingJob(build)

    def do(self, function: Callable[[], T]) -> T:
        """Call a function in the engine's thread, and return what it returns or raise what it raises."""
        answer: Future[T] = Future()

        def work() -> None:
            try:
                answer.set_result(function())
            except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
                answer.set_exception(error)

        self._ask(work)
        return answer.result()

    @property
    def idle(self) -> bool:
        """Whether all that was started has come to an end."""
        return all(build.outcome.done() for build in self._builds)

    def drop(self) -> None:
        """Start nothing more: what has not been started fails, and nobody needs to be told."""

        def work() -> None:
            for build in self._waiting:
                build.fail(Failure(BuildError(f"{build.call.method} was not started"), raised=True))
            self._waiting.clear()

        self.do(work)

    def wait(self) -> BaseException | None:
        """Wait for everything that was started.

        Returns:
            The first error that nobody has been told of; from now on it counts as told.
        """
        untold = None
        for build in self._builds:
            build.outcome.result()
            failure = build.failure
            if failure is not None and not failure.raised:
                failure.raised = True
                untold = untold or failure.error
        self._builds.clear()
        return untold

    def stop(self) -> None:
        """End the thread. The engine must be closed next: that ends what still runs."""
        self._stopping = True
        self._rouse()
        # It may be waiting for a module that takes its time to be imported; the end of its runner ends that too.
        self._thread.join(_JOIN_SECONDS)

    def close(self) -> None:
        """Fail what is left, once the engine has been closed."""
        self._thread.join(_JOIN_SECONDS)
        self._fail_all(BuildError("the project was closed before the job had been built"))
        for end in (self._woken, self._wake):
            end.close()

    # -- in the thread --

    def _ask(self, work: Callable[[], None]) -> None:
        self._asked.append(work)
        self._rouse()

    def _rouse(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it has been roused often enough then
            self._wake.send(b"\0")

    def _serve(self) -> None:
        while not self._stopping:
            try:
                while self._asked:
                    self._asked.popleft()()
                self._begin()
                self._engine.advance(wake=self._woken)
                with contextlib.suppress(BlockingIOError):
                    while self._woken.recv(4096):
                        pass
                self._collect()
            except BaseException as error:  # noqa: BLE001 - whoever waits must get to know
                if not self._stopping:
                    self._engine.abandon()
                self._fail_all(error)

    def _begin(self) -> None:
        """Start what has all that it needs."""
        for build in list(self._waiting):
            if not all(need.outcome.done() for need in build.needs):
                continue
            failed = next((need.failure for need in build.needs if need.failure is not None), None)
            if failed is not None:
                self._waiting.remove(build)
                build.fail(failed)
            elif len(self._running) < self._at_once:
                self._waiting.remove(build)
                self._submit(build)

    def _submit(self, build: Build) -> None:
        try:
            build.task = self._engine.submit(resolved(build.call))
        except Exception as error:  # noqa: BLE001 - raised where the build is waited for
            self._fail(build, error)
            return
        self._running.append(build)
        self._collect()

    def _collect(self) -> None:
        for build in [build for build in self._running if build.task is not None and build.task.done]:
            self._running.remove(build)
            task, build.task = build.task, None
            assert task is not None
            if task.error is not None:
                self._fail(build, task.error)
            else:
                build.outcome.set_result(task.result)

    def _fail(self, build: Build, error: BaseException) -> None:
        if build.ended is not None:
            build.ended(error)
        build.fail(Failure(error))

    def _fail_all(self, error: BaseException) -> None:
        failure = Failure(error)
        for build in [*self._running, *self._waiting]:
            if not build.outcome.done():
                build.fail(failure)
        self._running.clear()
        self._waiting.clear()


def finished(job: Any) -> Job | None:
    """Return the job that an element of a job list stands for, waited for; None if its failure has been told before.

    Raises:
        AcceleratorError: it failed, and nobody has been told.
    """
    if not isinstance(job, PendingJob):
        return job  # type: ignore[no-any-return]  # lists hold jobs
    build = job._build  # noqa: SLF001 - the other half of this module
    build.outcome.result()
    if build.failure is not None and build.failure.raised:
        return None
    return build.wait()
