"""A job's own process: prepare, the slices, synthesis, and making the result last."""

import os
import shutil
import sys
import time
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from setproctitle import setproctitle

from accelerator.dataset.lifecycle import close_slice, enter_slice, finish_all, finish_started_in_prepare
from accelerator.engine import analysis_res, inputs, parcel, travel
from accelerator.engine.calling import call, parameters_of
from accelerator.engine.capture import add, captured, tidy
from accelerator.engine.cores import Cores, use_one_core
from accelerator.engine.durable import make_durable
from accelerator.engine.failure import report
from accelerator.engine.protocol import Channel, Frame
from accelerator.engine.slices import ForkExecutor, Outcome, RunnerExecutor, SliceExecutor, SliceFailed
from accelerator.error import AcceleratorError
from accelerator.job import CurrentJob
from accelerator.job.context import context
from accelerator.job.current import FinishedEarly
from accelerator.job.record import Failed, Post
from accelerator.job.scratch import remove_scratch
from accelerator.job.status import begin_part, end_part, lines_at_raise, status

_PARCEL = ".tmp/prepare.pickle"


class PhaseFailed(Exception):  # noqa: N818 - carries a report, is not one
    """The job cannot go on: a report filed under a component.

    Args:
        component: what the report is filed under.
        text: the report.
    """

    def __init__(self, component: str, text: str) -> None:
        super().__init__(component, text)
        self.status = {component: text}


class Worker:
    """One job.

    Args:
        order: the ``run`` frame.
        channel: connected to the runner; None in a slice that the runner forked.
        locks: descriptors of the job's locks.
    """

    def __init__(self, order: Frame, channel: Channel | None, locks: Sequence[int] = ()) -> None:
        self._order = order
        self._channel = channel
        self._locks = locks
        self._path = Path(order["path"])
        self.job = CurrentJob(order["jobid"])
        self._slices: int = context.slices or 1
        self.uids: dict[str, str] = {}
        self._arguments: dict[str, Any] = {}
        self._exectime: dict[str, Any] = {"prepare": 0, "analysis": 0, "per_slice": [], "synthesis": 0}

    # -- before the method runs --

    def enter(self) -> None:
        """Make this process the job's."""
        os.chdir(self._path)
        context.enter_job(self.job, "prepare")
        context.keep_temp_files = bool(self._order.get("keep_temp"))

    def _restore(self, module: types.ModuleType) -> None:
        try:
            self._setup = self.job._setup  # noqa: SLF001 - the record that params is made of, read once
            params = self.job.params
        except Exception as error:
            text = report(error)
            raise PhaseFailed("server", text) from error
        for name in ("options", "datasets", "jobs"):
            self._arguments[name] = params[name]
            setattr(module, name, params[name])
        self._arguments.update(params=params, job=self.job, slices=self._slices, sliceno=-1)

    # -- the phases --

    def execute(self, module: types.ModuleType) -> None:
        """Run the phases of the method and finish the job.

        Raises:
            PhaseFailed: if anything went wrong.
        """
        self._restore(module)
        start = time.time()
        prepare, analysis, synthesis = (getattr(module, name, None) for name in ("prepare", "analysis", "synthesis"))
        result, early = None, False
        before = parcel.globals_of(module) if callable(prepare) and callable(analysis) else None
        if callable(prepare):
            result, early = self._part("prepare", prepare)
            self._arguments["prepare_res"] = result
        if callable(analysis) and not early:
            wanted = callable(synthesis) and "analysis_res" in parameters_of(synthesis)
            executor = self._executor(module, before)
            early = self._analysis(analysis, wanted, executor)
            result = None
        if early:
            self._part("synthesis", None, lambda: self._keep(result))
        elif callable(synthesis):
            self._part("synthesis", synthesis, lambda: None)
        else:
            self._part("synthesis", None, lambda: self._keep(None))
        self._finish(start)

    def _part(self, part: str, function: Callable[..., Any] | None, otherwise: Callable[[], None] | None = None) -> Any:
        """Run prepare or synthesis in this process; returns the result and whether the job finishes early."""
        self._title(part)
        context.enter_job(self.job, part)
        begin_part(self._path, part)
        start = time.time()
        result, early = None, False
        try:
            with captured(self._path, part):
                try:
                    with status(part):
                        if function is None:
                            assert otherwise is not None
                            otherwise()
                        else:
                            try:
                                result = call(function, self._arguments, part)
                            except FinishedEarly as finished:
                                result, early = finished.result, True
                            if part == "prepare":
                                self.job.wait_background()
                                finish_started_in_prepare()
                            else:
                                self._keep(result)
                except Exception as error:  # noqa: BLE001 - users' code raises anything
                    raise PhaseFailed(part, _printed(error)) from None
                except BaseException as error:  # noqa: BLE001 - SystemExit and ^C end the job, not this process
                    text = f"{part} was probably killed: it ended with {error!r}\n{_printed(error)}"
                    raise PhaseFailed("launcher", text) from None
        finally:
            end_part()
            os.chdir(self._path)
        if function is not None:
            self._exectime[part] = time.time() - start
        return result, early

    def _keep(self, result: Any) -> None:
        """Finish what the method left open and save its result."""
        finish_all()
        self.job.wait_background()
        self.job.auto_register()
        if result is not None:
            try:
                self.job.save(result)
            except Exception as error:
                error.add_note("This is what came of saving the result of the method.")
                raise

    def _executor(self, module: types.ModuleType, before: parcel.Before | None) -> SliceExecutor:
        """Choose who forks the slices; ``before`` is None if there was no prepare to use anything."""
        assert self._channel is not None
        cores = Cores(self._channel)
        if before is None or not parcel.needed(module):
            return ForkExecutor(cores)
        try:
            parcel.pack(self._path / _PARCEL, module, before, self._arguments["prepare_res"])
        except AcceleratorError as error:
            raise PhaseFailed("prepare", str(error)) from None
        return RunnerExecutor(cores, self._locks)

    def _analysis(self, analysis: Callable[..., Any], wanted: bool, executor: SliceExecutor) -> bool:
        """Run the slices; returns whether all of them finished early."""
        self._title("analysis")
        if "sliceno" not in parameters_of(analysis):
            raise PhaseFailed("analysis", "analysis() must take the argument sliceno")
        start = time.time()
        limit = self._order.get("concurrency") or None
        try:
            outcomes = executor.run(self._slices, limit, lambda sliceno: self._slice(analysis, sliceno, wanted))
        except SliceFailed as failed:
            if failed.sliceno is not None:
                # Not by the slice: of two that fail at once only the one that is told about says so in its output.
                add(self._path, failed.sliceno, failed.text)
            raise PhaseFailed(failed.component, failed.text) from None
        self._exectime["analysis"] = time.time() - start
        in_order = [outcomes[sliceno] for sliceno in range(self._slices)]
        self._exectime["per_slice"] = [outcome["seconds"] for outcome in in_order]
        for outcome in in_order:
            context.absorb_registrations(outcome["registrations"])
        early = [outcome["early"] for outcome in in_order]
        if any(early):
            if not all(early):
                others = ", ".join(str(sliceno) for sliceno, one in enumerate(early) if not one)
                raise PhaseFailed("analysis", f"not all slices agreed to finish early: slices {others} did not")
            return True
        if wanted:
            offsets = [outcome["offsets"] for outcome in in_order]
            self._arguments["analysis_res"] = analysis_res.AnalysisResults(self._path, offsets, travel.load)
        return False

    def _slice(self, analysis: Callable[..., Any], sliceno: int, wanted: bool) -> Outcome:
        """Run one slice, in its own process, forked from the one that ran prepare."""
        if self._channel is not None:
            self._channel.close()
        context.enter_job(self.job, "analysis", sliceno)
        enter_slice(sliceno)
        return self._captured_slice(sliceno, lambda outcome: self._run_slice(analysis, sliceno, wanted, outcome))

    def arrived_slice(self, module: types.ModuleType, sliceno: int) -> Outcome:
        """Run one slice in a process that does not come from prepare's."""

        def work(outcome: Outcome) -> None:
            self._restore(module)
            enter_slice(sliceno)
            self._arguments["prepare_res"] = parcel.unpack(self._path / _PARCEL, module)
            synthesis = getattr(module, "synthesis", None)
            wanted = callable(synthesis) and "analysis_res" in parameters_of(synthesis)
            self._run_slice(module.analysis, sliceno, wanted, outcome)

        return self._captured_slice(sliceno, work)

    def _captured_slice(self, sliceno: int, work: Callable[[Outcome], None]) -> Outcome:
        self._title(f"analysis({sliceno})")
        use_one_core()
        begin_part(self._path, sliceno)
        start = time.time()
        outcome: Outcome = {"early": False, "offsets": []}
        try:
            with captured(self._path, sliceno):
                try:
                    with status(f"analysis({sliceno})"):
                        work(outcome)
                except BaseException as error:  # noqa: BLE001 - told to the job, which ends the others
                    return {"error": report(error, lines_at_raise(error))}
        finally:
            end_part()
        outcome["seconds"] = time.time() - start
        outcome["registrations"] = context.export_registrations()
        return outcome

    def _run_slice(self, analysis: Callable[..., Any], sliceno: int, wanted: bool, outcome: Outcome) -> None:
        result = None
        try:
            result = call(analysis, {**self._arguments, "sliceno": sliceno}, "analysis")
        except FinishedEarly as finished:
            if finished.result is not None:
                raise AcceleratorError("finish_early in analysis cannot have a result") from finished
            outcome["early"] = True
        close_slice(sliceno)
        self.job.wait_background()
        if wanted and not outcome["early"]:
            try:
                outcome["offsets"] = analysis_res.save(self._path, sliceno, result, travel.dumps)
            except Exception as error:
                error.add_note("This is what came of saving the result of analysis for synthesis.")
                raise

    # -- after the method --

    def _finish(self, start: float) -> None:
        """Make everything last, and say last that the job is finished."""
        numbers = [value for value in self._exectime.values() if isinstance(value, int | float)]
        self._exectime["total"] = sum(numbers)
        if self._order.get("concurrency"):
            self._exectime["concurrency"] = self._order["concurrency"]
        changed = inputs.changed(self._setup.input_files)
        if changed:
            raise PhaseFailed("server", f"the input file {changed} changed while the job was reading it")
        self.job.remove_temporary()
        files = self.job.kept_files()
        self._clean()
        make_durable(self._path)
        Post(
            uid=self._setup.uid,
            key=self._setup.key,
            method=self._setup.method,
            source_digest=self._setup.source_digest,
            starttime=start,
            endtime=time.time(),
            exectime=self._exectime,
            files=files,
            subjobs=dict(context.subjobs),
            subjob_uids={jobid: self.uids.get(jobid, "") for jobid in context.subjobs},
            datasets=list(context.finished_datasets),
            input_files=dict(self._setup.input_files),
        ).save(self._path)

    def _clean(self) -> None:
        tidy(self._path)
        if "analysis_res" in self._arguments:
            for sliceno in range(self._slices):
                analysis_res.path_of(self._path, sliceno).unlink(missing_ok=True)
        remove_scratch(self._path)
        try:
            (self._path / ".status").rmdir()  # as a rule it is empty
        except OSError:
            shutil.rmtree(self._path / ".status", ignore_errors=True)

    def leave_failed(self, status: Mapping[str, str]) -> None:
        """Leave word of what went wrong."""
        try:
            tidy(self._path)
            remove_scratch(self._path)
            shutil.rmtree(self._path / ".status", ignore_errors=True)
            Failed(jobid=str(self.job), method=self._order["method"], status=status, time=time.time()).save(self._path)
        except OSError as error:
            # Best effort: the disk may be full, and whoever asked for the job is told in any case.
            print(f"failed.json could not be written: {error}", file=sys.stderr)  # noqa: T201 - the job's own output

    def _title(self, phase: str) -> None:
        setproctitle(f"{self.job} {phase} ({self._order['method']})")


def _printed(error: BaseException) -> str:
    """Report an exception, on stderr too."""
    text = report(error, lines_at_raise(error))
    print(text, file=sys.stderr)  # noqa: T201 - into the job's output
    return text
