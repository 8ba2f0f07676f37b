"""``ax run``: runs build scripts, each as a job of its own."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from accelerator import colour
from accelerator.engine.failure import is_user_frame, report
from accelerator.error import JobError, ServerError, UrdError, UserError
from accelerator.job import CurrentJob
from accelerator.job.current import FinishedEarly
from accelerator.method.discover import MethodFile
from accelerator.method.importer import install, uninstall
from accelerator.project import Project
from accelerator.script.chosen import choose, parse_concurrency
from accelerator.script.event_lines import EventLines
from accelerator.script.find import arguments_for, main_of
from accelerator.script.output import Capture
from accelerator.script.progress import Progress, Style
from accelerator.script.running import PastRuns
from accelerator.script.screen import Screen
from accelerator.script.tree import status_tree
from accelerator.script.urd import Scripted, StoppedError, Urd
from accelerator.urd.entry import current_user

__all__ = ["INTERRUPTED", "run_scripts"]

INTERRUPTED = 130
"""Exit code after ^C."""
_STYLES: dict[str, Style] = {"no": "no", "status": "status", "dots": "dots", "log": "log"}


@dataclass(frozen=True, slots=True)
class _Run:
    """What all scripts of one ``ax run`` share."""

    project: Project
    capture: Capture
    progress: Progress | EventLines
    scripted: Scripted
    options: Mapping[str, Any]


def run_scripts(
    project: Project,
    names: Sequence[str],
    *,
    flags: Iterable[str] = (),
    concurrency: Mapping[str, int] | Iterable[str] = (),
    workdir: str | None = None,
    full_path: bool = False,
    verbose: str = "status",
    quiet: bool = False,
    horizon: str | None = None,
    why: bool = False,
    output: bool = True,
    keep_temp_files: bool = False,
    events: bool = False,
) -> int:
    """Run build scripts one after the other, until one does not end well.

    Args:
        project: where; its engine tells this run what happens from now on.
        names: of the scripts, as :func:`~accelerator.script.find.find_script` takes them.
        flags: for the scripts; ``force_build`` and ``why_build`` are known here.
        concurrency: how many slices may run at once: by method (``""``: all others), or as texts.
        workdir: where new jobs go.
        full_path: show paths of jobs instead of their ids.
        verbose: how to show a job that takes long: ``no``, ``status``, ``dots`` or ``log``.
        quiet: the same as ``verbose="no"``.
        horizon: timestamp after which ``latest`` sees nothing.
        why: tell why each job is built that is built.
        output: show what jobs print.
        keep_temp_files: keep and list the files that jobs made as temporary.
        events: write events as JSON lines instead of showing anything.

    Returns:
        Exit code: 0, what a script returned, 1 for a script that failed, 130 after ^C.

    Raises:
        BuildError: there is no such script.
        UserError: something else that was asked for does not exist.
    """
    shown = _Shown(_style(verbose, quiet=quiet), full_path, output)
    limits = dict(concurrency) if isinstance(concurrency, Mapping) else parse_concurrency(concurrency)
    chosen = choose(project, names, flags=flags, concurrency=limits, workdir=workdir, horizon=horizon, why=why)
    project.engine.concurrency = limits
    project.engine.keep_temp_files = keep_temp_files
    with ExitStack() as stack:
        capture, progress = _watch_events(project, shown) if events else _watch(project, shown, stack)
        _take_over(project, capture, progress, stack)
        code = _run_all(_Run(project, capture, progress, chosen.scripted, chosen.options), chosen.scripts)
    if isinstance(progress, EventLines):
        progress.close(code)
    return code


@dataclass(frozen=True, slots=True)
class _Shown:
    """How a run is shown: arguments of :class:`~accelerator.script.progress.Progress`."""

    style: Style
    full_path: bool
    output: bool


def _style(verbose: str, *, quiet: bool) -> Style:
    if verbose not in _STYLES:
        raise UserError(f"verbose is one of {', '.join(_STYLES)}, not {verbose!r}")
    return "no" if quiet else _STYLES[verbose]


def _watch(project: Project, shown: _Shown, stack: ExitStack) -> tuple[Capture, Progress]:
    """Make what shows to people what happens."""
    screen = Screen(1, 2, live=shown.style == "status")
    stack.callback(screen.close)
    capture = Capture(screen.raw)
    progress = Progress(
        capture,
        screen,
        slices=project.config.slices,
        style=shown.style,
        full_path=shown.full_path,
        output=shown.output,
        tree=lambda: status_tree(project.config.workdirs.values()),
        history=PastRuns(project.engine.index),
    )
    _keep_colour(stack)
    return capture, progress


def _watch_events(project: Project, shown: _Shown) -> tuple[Capture, EventLines]:
    """Make what tells programs what happens."""
    events = EventLines(
        1,
        slices=project.config.slices,
        output=shown.output,
        tree=lambda: status_tree(project.config.workdirs.values()),
        history=PastRuns(project.engine.index),
    )
    capture = Capture(events.raw)
    events.bind(capture)
    return capture, events


def _take_over(project: Project, capture: Capture, progress: Progress | EventLines, stack: ExitStack) -> None:
    """Take over output, events, signals and imports, until the stack is unwound."""
    engine = project.engine
    stack.callback(uninstall, install(engine.catalogue.snapshot))
    capture.start(progress.tick)
    stack.callback(capture.stop)
    stack.callback(progress.end)
    _answer_signals(progress, stack)
    previous, engine.observer = engine.observer, progress
    stack.callback(setattr, engine, "observer", previous)


def _run_all(run: _Run, scripts: Sequence[MethodFile]) -> int:
    try:
        mains = []
        for script in scripts:
            main = _import(script)
            if main is None:
                return 1
            mains.append(main)
        for script, main in zip(scripts, mains, strict=True):
            code = _run_one(run, script, main)
            if code:
                return code
    except KeyboardInterrupt:
        # Everything that runs is ended before the words, so that nothing follows them.
        run.project.close()
        _complain("Interrupted.")
        return INTERRUPTED
    return 0


def _import(script: MethodFile) -> Callable[..., Any] | None:
    """Return a script's main; None if importing it failed, which is told."""
    try:
        return main_of(script)
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - users' code raises anything
        _complain(f"Cannot import the build script {script.module}:\n{report(error)}")
        return None


def _run_one(run: _Run, script: MethodFile, main: Callable[..., Any]) -> int:
    """Run one script as a job, and return its exit code."""
    engine, config = run.project.engine, run.project.config
    started = datetime.now(UTC).replace(tzinfo=None)
    auto = f"{current_user(os.environ)}/__auto__", started.isoformat(timespec="microseconds")
    options = {**run.options, "urd-list": "/".join(auto)} if config.urd else dict(run.options)
    job = engine.start_build_job(script, options, workdir=run.scripted.workdir)
    run.progress.began(script.module, job)
    run.capture.record(Path(job.path) / "OUTPUT" / "synthesis")
    urd = Urd(run.project, run.progress, run.scripted, job)
    try:
        code, reason = _call(main, urd, job)
    except KeyboardInterrupt:
        run.capture.record(None)
        reason = "The script was interrupted."
        engine.fail_build_job({"launcher": reason})
        run.progress.ended(script.module, job, INTERRUPTED, reason)
        raise
    if code:
        run.capture.record(None)
        engine.fail_build_job({"synthesis": reason or f"The script ended with exit code {code}."})
    else:
        code, reason = _finish(run, urd, auto)
    run.progress.ended(script.module, job, code, reason)
    return code


def _finish(run: _Run, urd: Urd, auto: tuple[str, str]) -> tuple[int, str]:
    """Record what a script has built, show its warnings, finish its job; return its exit code, and what went wrong."""
    engine = run.project.engine
    if urd.joblist_all and run.project.config.urd:
        try:
            urd.record_all(*auto)
        except UrdError as error:
            _complain(f"Warning: the list of runs {'/'.join(auto)} could not be written: {error}")
    if warning := urd.take_warnings():
        run.progress.say(f"\n{warning}", "magenta")
    lost = run.capture.error
    run.capture.record(None)
    if lost is not None:
        _complain(f"What the script printed could not be kept: {lost}")
        engine.fail_build_job({"synthesis": str(lost)})
        return 1, str(lost)
    engine.finish_build_job(urd.subjobs)
    return 0, ""


def _call(main: Callable[..., Any], urd: Urd, job: CurrentJob) -> tuple[int, str]:
    """Call a script's main and save what it returns; give its exit code, and what went wrong, which is told."""
    reason = ""
    try:
        result = _call_and_wait(main, arguments_for(main, urd, job), urd)
    except StoppedError:
        result = None
    except SystemExit as error:
        result = int(error.code or 0) if error.code is None or isinstance(error.code, int) else 1
        reason = str(error.code) if isinstance(error.code, str) else ""
    except JobError as error:
        result, reason = 1, f"Failed to build job {error.job} on {_place(error, urd)}"
    except ServerError as error:
        result, reason = 1, f"Refused on {_place(error, urd)}:\n{error}"
    except Exception as error:  # noqa: BLE001 - users' code raises anything
        result, reason = 1, report(error)
    if not isinstance(result, int):
        result, reason = _keep(result, job)
    if reason:
        _complain(reason)
    return int(result), reason


def _call_and_wait(main: Callable[..., Any], given: Mapping[str, Any], urd: Urd) -> Any:
    """Call a script's main and wait for the jobs that it has begun to build; return what main returned."""
    try:
        result = main(**given)
    except FinishedEarly as early:
        result = early.result
    except KeyboardInterrupt:
        raise
    except BaseException:
        # This is what is told; what still runs may end, but nothing more is started.
        urd.wait(drop=True)
        raise
    urd.wait()
    return result


def _keep(result: Any, job: CurrentJob) -> tuple[int, str]:
    """Save what main returned, and wait for what it saves in the background."""
    try:
        if result is not None:
            job.save(result)
        job.wait_background()
    except Exception as error:  # noqa: BLE001 - pickling runs users' code, and the disk may be full
        return 1, f"The result of the script cannot be saved: {type(error).__name__}: {error}"
    return 0, ""


def _place(error: BaseException, urd: Urd) -> str:
    """The innermost line of the user's that an exception went through, or where the build began that it ended."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_user_frame(frame.filename)]
    return f"{frames[-1].filename} line {frames[-1].lineno}" if frames else urd.place_of(error)


def _complain(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - goes the way of what the script prints, into its job too


def _keep_colour(stack: ExitStack) -> None:
    """The script's output is a pipe, but one that ends at what was there: colour stays as it is."""
    if colour.colour("x", "red") != "x":
        colour.enable()
        stack.callback(setattr, colour, "_forced", None)


def _answer_signals(progress: Progress | EventLines, stack: ExitStack) -> None:
    """^T (SIGINFO) and SIGUSR1 show the status tree while this runs; ^Z takes away what is shown of running jobs."""
    if threading.current_thread() is not threading.main_thread():
        return

    def show(_number: int, _frame: FrameType | None) -> None:
        progress.tree_wanted = True  # shown by the thread: a signal may come in the middle of a print

    for name in ("SIGUSR1", "SIGINFO"):
        number = getattr(signal, name, None)
        if number is not None:
            stack.callback(signal.signal, number, signal.signal(number, show))
    if isinstance(progress, Progress):
        _stop_on_signal(progress, stack)


def _stop_on_signal(progress: Progress, stack: ExitStack) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        progress.stop_wanted = True

    with suppress(OSError):
        # Without a shell in this session nobody would continue us: the system itself takes no notice of ^Z then.
        has_shell = os.getsid(os.getppid()) == os.getsid(0)
        if has_shell and signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
            stack.callback(signal.signal, signal.SIGTSTP, signal.signal(signal.SIGTSTP, stop))
