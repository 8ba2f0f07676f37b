"""Reports of failures: tracebacks with the user's frames only, and the words for processes that were killed."""

import contextlib
import signal
import traceback
from collections.abc import Sequence
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException

from accelerator.engine.memory import Evidence
from accelerator.error import AcceleratorError, JobError

# Who uses less of the memory than this is not whom those choose that watch over memory.
_MUCH = 0.25
_FRAMEWORK = str(Path(__file__).resolve().parent.parent) + "/"
_STANDARD_METHODS = _FRAMEWORK + "standard_methods/"
_PYTHON = str(Path(contextlib.__file__).parent) + "/"
_PACKAGES = ("site-packages", "dist-packages")
# What is nobody's mistake.
_OUTSIDE = (OSError, MemoryError, KeyboardInterrupt, SystemExit)


def is_user_frame(filename: str) -> bool:
    """Tell whether a frame of this file belongs in a report: neither ours nor the import machinery's.

    A standard method counts as user code: its line says more than the framework's.
    """
    if filename.startswith("<frozen "):
        return False
    return not filename.startswith(_FRAMEWORK) or filename.startswith(_STANDARD_METHODS)


def _is_pythons(filename: str) -> bool:
    """Tell whether a frame is that of Python's own library."""
    return filename.startswith(_PYTHON) and not filename.removeprefix(_PYTHON).startswith(_PACKAGES)


def _by_standard_method(error: BaseException) -> bool:
    """Tell whether a standard method was running, not a method of the user's."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if is_user_frame(filename := frame.f_code.co_filename):
            return filename.startswith(_STANDARD_METHODS)
    return False


def _strip(trace: TracebackException, seen: set[int]) -> None:
    if id(trace) in seen:
        return
    seen.add(id(trace))
    frames: list[FrameSummary] = []
    ours = False
    for frame in trace.stack:
        if not _is_pythons(frame.filename):
            ours = not is_user_frame(frame.filename)
        # What Python's own library does belongs to whoever called it.
        if not ours:
            frames.append(frame)
    # Without a stack no heading is written either.
    trace.stack = StackSummary.from_list(frames) if frames else None  # type: ignore[assignment]  # format() checks for it
    for other in (trace.__cause__, trace.__context__, *(getattr(trace, "exceptions", None) or ())):
        if other is not None:
            _strip(other, seen)


def report(error: BaseException, stack: Sequence[str] = (), *, ours: bool = False) -> str:
    """Return the text that says what went wrong, in the shape of every failure report.

    That is: for a failed subjob its own report, then the traceback without our frames, then the status
    lines that were active when the exception was raised, and last the exception itself.

    A standard method that raises an error of ours says what is wrong with what it was given: then that is all. If it
    raises anything else that is our mistake, and our frames are shown, unless it comes from the system.

    Args:
        error: what was raised.
        stack: the status lines at that moment, outermost (the phase) first; one alone is not shown.
        ours: show our frames too: the mistake is not the user's.

    Returns:
        Lines of text without a line end after the last.
    """
    if not ours and _by_standard_method(error):
        if isinstance(error, AcceleratorError):
            return f"{error.format_msg()}\n{error}" if isinstance(error, JobError) else str(error)
        ours = not isinstance(error, _OUTSIDE)
    trace = TracebackException.from_exception(error, compact=True)
    if not ours:
        _strip(trace, set())
    text = "".join(trace.format())
    parts = []
    if isinstance(error, JobError):
        parts.append(error.format_msg() + "\n")
    if len(stack) > 1:
        last = "".join(trace.format_exception_only())
        if text.endswith(last):
            text = text[: -len(last)]
        else:  # an exception group draws a frame around its last lines
            last = ""
        parts.extend([text, "Status when the exception occurred:\n"])
        parts.extend(f"{'  ' * level}{message}\n" for level, message in enumerate(stack, 1))
        parts.append(last)
    else:
        parts.append(text)
    return "".join(parts).rstrip("\n")


def death(exitcode: int, peak_memory: int = 0, *, aborted: bool = False, memory: Evidence | None = None) -> str:
    """Say how a process ended that did not end well.

    Args:
        exitcode: its exit code, negative for a signal.
        peak_memory: bytes of memory that it used at most; 0 if unknown.
        aborted: whether it was aborted on purpose.
        memory: what is known about memory having run out.

    Returns:
        For example ``terminated with exitcode -9 (SIGKILL, probably out of memory: it used 3.2 GiB of 4.0 GiB)``.
    """
    text = f"terminated with exitcode {exitcode}"
    if aborted:
        return f"{text} (aborted)"
    if exitcode >= 0:
        return text
    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        return text
    if exitcode == -signal.SIGKILL:
        return f"{text} ({name}, {_who_killed(peak_memory, memory or Evidence())})"
    return f"{text} ({name})"


def no_process(error: OSError) -> str:
    """Say that a process could not be forked.

    Args:
        error: what fork raised.
    """
    return f"The system cannot make another process: {error.strerror}"


def _who_killed(peak: int, memory: Evidence) -> str:
    of = f" of {size(memory.total)}" if memory.total else ""
    used = f"it used {size(peak)}{of}"
    if memory.killed:
        return f"out of memory, as the kernel says: {used}"
    if memory.killed is False and peak and memory.total and peak < memory.total * _MUCH:
        return (
            f"killed by somebody, probably not out of memory: {used}, and the kernel has ended nothing for lack of it"
        )
    return f"probably out of memory: {used}" if peak else "probably out of memory"


def size(count: int) -> str:
    """Return a number of bytes for people, in binary units."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"
