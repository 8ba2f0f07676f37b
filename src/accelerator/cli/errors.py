"""The one place where an exception becomes a message and an exit code.

======  ================================================================================
code    meaning
======  ================================================================================
0       done
1       an error that the command reports: the text names the thing and the mend
2       the command line itself was wrong
3       a mistake of ours: a short message, and the traceback in a file that it names
130     interrupted with ^C
======  ================================================================================
"""

import errno
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum

import click

from accelerator import _lazy
from accelerator.error import AcceleratorError, JobError

__all__ = ["ExitCode", "describe", "run_guarded", "warn"]

# What the machine refuses is for the user to mend; any other OSError that gets here is a mistake of ours.
_REFUSED = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.ELOOP,
        errno.EMFILE,
        errno.ENAMETOOLONG,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.EPERM,
        errno.EROFS,
        errno.ESTALE,
    }
)


class ExitCode(IntEnum):
    """What ``ax`` tells the shell."""

    OK = 0
    ERROR = 1
    USAGE = 2
    BUG = 3
    INTERRUPTED = 130


def run_guarded(command: Callable[[], int | None]) -> int:
    """Run a command; print what went wrong on stderr.

    Args:
        command: does the work and returns an exit code, None standing for 0.

    Returns:
        The exit code.
    """
    try:
        code = command() or ExitCode.OK
        _flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough (`ax job x | head`).
        _discard_output()
        code = ExitCode.OK
    except (KeyboardInterrupt, click.Abort):
        code = ExitCode.INTERRUPTED
    except click.UsageError as error:
        code = _report_usage(error)
    except click.ClickException as error:
        code = _report(error.format_message())
    except JobError as error:
        code = _report(f"{error}\n{error.format_msg()}")
    except AcceleratorError as error:
        code = _report(str(error))
    except OSError as error:
        code = _report(describe(error)) if error.errno in _REFUSED else _report_bug(error)
    except Exception as error:  # noqa: BLE001  # the last resort: no user ever sees a traceback of ours
        code = _report_bug(error)
    try:
        _flush()
    except (OSError, ValueError):
        # What went wrong has been said; the interpreter would find it once more, and have its own exit code for it.
        _discard_output()
    return code


def warn(message: str) -> None:
    """Print a message about something that went wrong to stderr, marked as coming from ``ax``."""
    _report(message)


def _report(message: str) -> ExitCode:
    with suppress(BrokenPipeError):
        click.echo(f"ax: {message}", err=True)
    return ExitCode.ERROR


def describe(error: OSError) -> str:
    """Return what the machine refused in the words of a shell: the file, and why."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _report_usage(error: click.UsageError) -> ExitCode:
    where = error.ctx.command_path if error.ctx else "ax"
    message = " ".join(error.format_message().split())
    with suppress(BrokenPipeError):
        click.echo(f"{where}: {message} [see {where} --help]", err=True)
    return ExitCode.USAGE


def _report_bug(error: Exception) -> ExitCode:
    text = "".join(_lazy.traceback.format_exception(error))
    # Not through tempfile, whose import every start of ax would pay for.
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"ax-crash-{os.getpid()}-{time.time_ns()}.txt")  # noqa: PTH118, S108  # opened exclusively
    where = "and the traceback could not be saved"
    with suppress(OSError), open(path, "x", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123  # pathlib has no gain here
        file.write(f"{sys.argv}\n{sys.version}\n\n{text}")
        where = f"please report it with {path}"
    summary = _lazy.traceback.format_exception_only(error)[-1].strip()
    _report(f"this is a mistake in the Accelerator, {where}\n    {summary}")
    return ExitCode.BUG


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # None if the shell closed it before we started.
        if stream is not None and not stream.closed:
            stream.flush()


def _discard_output() -> None:
    """Send the rest of the output nowhere, so that the interpreter does not complain when it exits."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
