"""Runs the phases of a job again in this process, in a scratch copy of its directory, with the debugger at hand."""

import functools
import os
import pdb  # noqa: T100 - it is what this is for
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelerator.cli.errors import warn
from accelerator.dataset.lifecycle import close_slice, enter_slice, finish_all, finish_started_in_prepare
from accelerator.engine import analysis_res, parcel, travel
from accelerator.engine.calling import call
from accelerator.engine.cores import Cores
from accelerator.engine.failure import is_user_frame, report
from accelerator.engine.protocol import Channel
from accelerator.engine.request import BuildCall
from accelerator.engine.slices import ForkExecutor, Outcome, SliceFailed
from accelerator.error import UserError
from accelerator.job import CurrentJob, Job
from accelerator.job.context import context
from accelerator.job.current import FinishedEarly
from accelerator.job.record import Setup
from accelerator.job.status import begin_part, end_part, lines_at_raise, status
from accelerator.job.workdir import Workdir
from accelerator.method.declaration import Declaration
from accelerator.project import Project

__all__ = ["Builder", "Debugging", "PhaseFailed", "Target", "scratch_copy"]


class PhaseFailed(Exception):  # noqa: N818 - what went wrong has been told
    """A phase has raised an exception, which has been shown."""


@dataclass(frozen=True, slots=True)
class Target:
    """What to run again.

    Args:
        phase: ``prepare``, ``analysis`` or ``synthesis``.
        sliceno: which slice, in analysis.
        stop: stop in the debugger before the first line of it.
        post_mortem: start the debugger where it fails.
    """

    phase: str
    sliceno: int
    stop: bool
    post_mortem: bool


@contextmanager
def scratch_copy(job: Job, directory: Path, name: str) -> Iterator[CurrentJob]:
    """Make a copy of a job's parameters in a workdir of its own, and this process the one that runs it.

    Args:
        job: the job.
        directory: a temporary one.
        name: for the workdir.

    Yields:
        The copy; the current directory is its directory, as in a job.
    """
    setup = Setup.load(Path(job.path))
    context.slices = setup.slices
    workdir = Workdir(name, directory / name)
    workdir.ensure(setup.slices)
    context.register_workdirs({name: workdir.path})

    def fill(path: Path, jobid: str, uid: str) -> None:
        replace(setup, jobid=jobid, uid=uid).save(path)

    new = workdir.create_job(fill)
    copy = CurrentJob(new.jobid)
    came_from = Path.cwd()
    os.chdir(new.path)
    try:
        yield copy
    finally:
        os.chdir(came_from)
        context.leave_job()
        new.lock.release()


class Builder:
    """Builds the subjobs of a job that is run again: ordinary jobs, found if they exist.

    Args:
        project: the project.
        job: the job itself, and not its copy: what stays names a job that stays.
    """

    def __init__(self, project: Project, job: Job) -> None:
        self._engine = project.engine
        self._job = job

    def declaration(self, method: str) -> Declaration:
        """Return what a method declares."""
        return self._engine.declaration(method)

    def build(self, call: BuildCall) -> Job:
        """Return the job that answers a call."""
        copy, context.job = context.job, self._job
        try:
            return self._engine.build(call)
        finally:
            context.job = copy


class Debugging:
    """The phases of a method, run with the parameters of a job.

    Args:
        module: the method.
        job: the scratch copy.
        cores: how many slices may run at once where all of them must.
    """

    def __init__(self, module: types.ModuleType, job: CurrentJob, cores: int) -> None:
        self._module = module
        self._job = job
        self._path = Path(job.path)
        self._cores = cores
        self._slices = context.slices or 1
        params = job.params
        self._arguments = {name: params[name] for name in ("options", "datasets", "jobs")}
        for name, value in self._arguments.items():
            setattr(module, name, value)
        self._arguments.update(params=params, job=job, slices=self._slices, sliceno=-1)

    def run(self, target: Target) -> Any:
        """Run what must come before a phase, and then that phase.

        Args:
            target: which one, and how.

        Returns:
            What it returned.

        Raises:
            UserError: the method has no such phase, or finishes before it.
            PhaseFailed: it raised an exception.
            bdb.BdbQuit: the debugger was left.
        """
        phases = [name for name in ("prepare", "analysis", "synthesis") if callable(getattr(self._module, name, None))]
        if target.phase not in phases:
            raise UserError(f"{self._module.__name__} has no {target.phase}, only {' and '.join(phases)}")
        for phase in phases[: phases.index(target.phase)]:
            if phase == "analysis":
                early = self._all_slices()
            else:
                self._arguments["prepare_res"], early = self._phase(replace(target, phase="prepare", stop=False))
            if early:
                raise UserError(f"{phase} finishes the job early, so there is no {target.phase}")
        return self._phase(target)[0]

    def _phase(self, target: Target) -> tuple[Any, bool]:
        """Run a phase in this process; return its result, and whether it finishes the job early."""
        sliceno = target.sliceno if target.phase == "analysis" else -1
        context.enter_job(self._job, target.phase, sliceno)
        begin_part(self._path, target.phase if sliceno < 0 else sliceno)
        title = target.phase if sliceno < 0 else f"analysis({sliceno})"
        try:
            with status(title):
                return self._called(target, sliceno)
        except Exception as error:
            _show(error, title, post_mortem=target.post_mortem)
            raise PhaseFailed from error
        finally:
            end_part()
            os.chdir(self._path)

    def _called(self, target: Target, sliceno: int) -> tuple[Any, bool]:
        function = getattr(self._module, target.phase)
        if target.stop:
            function = _stopping(function)
        if target.phase == "analysis":
            enter_slice(sliceno)
        early = False
        try:
            result = call(function, {**self._arguments, "sliceno": sliceno}, target.phase)
        except FinishedEarly as finished:
            result, early = finished.result, True
        if target.phase == "analysis":
            close_slice(sliceno)
        self._job.wait_background()
        if target.phase == "prepare":
            finish_started_in_prepare()
        elif target.phase == "synthesis":
            finish_all()
            if result is not None:
                self._job.save(result)
        return result, early

    def _all_slices(self) -> bool:
        """Run all slices, for synthesis; return whether they finish the job early."""
        if parcel.needed(self._module):
            # They cannot be forked from here: one after the other, in this process.
            outcomes = {sliceno: self._slice(sliceno, forked=False) for sliceno in range(self._slices)}
        else:
            try:
                outcomes = ForkExecutor(_OwnCores(self._cores)).run(self._slices, None, self._slice)
            except SliceFailed as failed:
                warn(f"{failed.component} failed, which must come before synthesis:\n{failed.text}")
                raise PhaseFailed from failed
        for sliceno in range(self._slices):
            context.absorb_registrations(outcomes[sliceno]["registrations"])
        offsets = [outcomes[sliceno]["offsets"] for sliceno in range(self._slices)]
        self._arguments["analysis_res"] = analysis_res.AnalysisResults(self._path, offsets, travel.load)
        return all(outcomes[sliceno]["early"] for sliceno in range(self._slices))

    def _slice(self, sliceno: int, *, forked: bool = True) -> Outcome:
        """Run one of all slices."""
        if forked:
            sys.breakpointhook = _passed_over
        try:
            result, early = self._phase(Target("analysis", sliceno, stop=False, post_mortem=not forked))
        except PhaseFailed:
            if not forked:
                raise
            return {"error": f"See above; `--slice {sliceno}` runs this slice alone."}
        offsets = [] if early else analysis_res.save(self._path, sliceno, result, travel.dumps)
        return {"early": early, "offsets": offsets, "registrations": context.export_registrations()}


class _OwnCores(Cores):
    """Cores that are there from the beginning, for slices that no runner counts."""

    def __init__(self, cores: int) -> None:
        channel, self._other_end = Channel.pair()  # on which nothing ever comes
        super().__init__(channel)
        self.held = cores

    def want(self, count: int) -> None:
        """Nobody has more."""

    def give_back(self, keep: int) -> None:
        """Nobody wants them."""

    def settle(self) -> None:
        """Let go of the descriptors."""
        self.channel.close()
        self._other_end.close()


def _passed_over(*_args: Any, **_kw: Any) -> None:
    """Be ``breakpoint()`` where several processes would share the terminal."""


def _stopping(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the same arguments that stops in the debugger before its first line."""

    @functools.wraps(function)
    def stopped(*args: Any) -> Any:
        return pdb.Pdb().runcall(function, *args)

    return stopped


def _show(error: Exception, title: str, *, post_mortem: bool) -> None:
    """Print what went wrong, and start the debugger where it did, in the user's innermost frame."""
    print(f"\n{title} failed:\n{report(error, lines_at_raise(error))}", file=sys.stderr, flush=True)
    if post_mortem:
        debugger = pdb.Pdb()
        debugger.reset()
        debugger.interaction(None, _users_part(error.__traceback__))


def _users_part(trace: types.TracebackType | None) -> types.TracebackType | None:
    """Return a traceback from the user's first frame to the user's last one; all of it if there is none."""
    entries = []
    current = trace
    while current is not None:
        entries.append(current)
        current = current.tb_next
    users = [number for number, one in enumerate(entries) if is_user_frame(one.tb_frame.f_code.co_filename)]
    if not users:
        return trace
    part = None
    for one in reversed(entries[users[0] : users[-1] + 1]):
        part = types.TracebackType(part, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return part
