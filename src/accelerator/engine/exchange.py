"""The runners of a session, one per interpreter: lends them its cores, and passes on what jobs ask of one another's."""

import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from accelerator.config import Config
from accelerator.engine.client import RunnerProcess
from accelerator.engine.protocol import Frame
from accelerator.engine.tokens import Lender
from accelerator.error import BuildError


@dataclass(frozen=True, slots=True)
class _Passed:
    """A request that was passed on.

    Args:
        origin: the runner of the job that asked.
        asker: that job.
        target: the runner that was asked.
        number: of the request there.
    """

    origin: RunnerProcess
    asker: str
    target: RunnerProcess
    number: int


class Exchange:
    """Starts runners when they are needed.

    Args:
        config: the project.
        notice: called with what runners tell about jobs that were not asked for here.
    """

    def __init__(self, config: Config, notice: Callable[[Frame], None]) -> None:
        self._config = config
        self._notice = notice
        self._runners: dict[str, RunnerProcess] = {}
        self._lender = self._new_lender()
        self._passed: list[_Passed] = []

    @property
    def running(self) -> list[RunnerProcess]:
        """The runners that live, as far as is known."""
        return list(self._runners.values())

    def runner(self, python: str) -> RunnerProcess:
        """Return the runner of an interpreter, started if need be.

        Args:
            python: path of the interpreter.

        Raises:
            BuildError: it does not start.
        """
        runner = self._runners.get(python)
        if runner is None:
            runner = RunnerProcess(self._config, python, self._take)
            self._runners[python] = runner
            runner.greet(self._config.execution.cores, self._lender.enter(runner))
        return runner

    def close(self) -> None:
        """End all runners."""
        runners = self.running
        self._runners.clear()
        self._passed.clear()
        self._lender = self._new_lender()
        for runner in runners:
            runner.close()

    def _new_lender(self) -> Lender:
        def tell(kind: str) -> Callable[[Hashable, int], None]:
            def send(borrower: Hashable, count: int) -> None:
                assert isinstance(borrower, RunnerProcess)
                borrower.tell({"type": kind, "count": count})

            return send

        return Lender(self._config.execution.cores, tell("lend"), tell("recall"))

    def _take(self, runner: RunnerProcess, frame: Frame, descriptors: list[int]) -> None:
        kind = frame["type"]
        if kind == "lack":
            self._lender.want(runner, frame["count"])
        elif kind == "return":
            self._lender.returned(runner, frame["count"])
        elif kind == "route":
            self._pass_on(runner, frame["asker"], frame["request"], descriptors)
        elif kind == "gone":
            self._forget(runner)
        elif kind in {"started", "ended", "absorbed"}:
            if kind == "ended":
                self._cancel(lambda passed: passed.asker == frame["jobid"])
            self._notice(frame)

    def _pass_on(self, origin: RunnerProcess, asker: str, request: Frame, descriptors: list[int]) -> None:
        """Have the runner of another interpreter answer a job."""

        def answered(answer: Frame) -> None:
            self._passed = [one for one in self._passed if (one.target, one.number) != (target, answer["id"])]
            origin.tell({"type": "routed", "asker": asker, "answer": {**answer, "id": request["id"]}})

        try:
            target = self.runner(request["interpreter"])
        except BuildError as error:
            text = str(error)
            refusal = {"error": text} if request["type"] == "declare" else {"ok": False, "status": {"launch": text}}
            kind = "declared" if request["type"] == "declare" else "done"
            answer = {**refusal, "type": kind, "id": request["id"]}
            origin.tell({"type": "routed", "asker": asker, "answer": answer})
        else:
            number = target.ask(request["type"], {**request, "parent": asker}, descriptors, answered)
            if not target.gone:
                self._passed.append(_Passed(origin, asker, target, number))
            if request["type"] == "declare":
                self._notice({"type": "absorbed", "method": request["method"], "source": request["source"]})
        finally:
            # They were on their way: nobody but the job is to hold its locks.
            for descriptor in descriptors:
                os.close(descriptor)

    def _forget(self, runner: RunnerProcess) -> None:
        self._runners = {python: one for python, one in self._runners.items() if one is not runner}
        self._cancel(lambda passed: passed.origin is runner)
        self._lender.leave(runner)

    def _cancel(self, concerns: Callable[[_Passed], bool]) -> None:
        """End jobs that were asked for by others that have ended."""
        for passed in [passed for passed in self._passed if concerns(passed)]:
            self._passed.remove(passed)
            passed.target.tell({"type": "cancel", "id": passed.number})
