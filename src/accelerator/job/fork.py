"""The one place that forks."""

import contextlib
import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable

from setproctitle import setproctitle

__all__ = ["before_fork", "die_with_parent", "fork"]

# Called before every fork: whoever has a live thread stops it here, because threads do not survive a fork
# and what they hold stays locked for ever.
before_fork: list[Callable[[], None]] = []

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent goes. On Linux only; elsewhere the running marker must do.

    Args:
        parent: pid that the parent has; if it is gone already, this process ends at once.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have gone before the request was made, and then no signal comes.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def fork(
    target: Callable[[], int | None],
    *,
    new_group: bool = False,
    kill_with_parent: bool = True,
    title: str | None = None,
    close_fds: Iterable[int] = (),
) -> int:
    """Run a function in a forked process.

    The child ends with what the function returns as its exit code (None is 0) and never comes back into the
    caller's code: an exception is printed on stderr and gives exit code 1, ``SystemExit`` its own code.
    No ``atexit`` handlers run in the child.

    Args:
        target: the function.
        new_group: give the child a process group of its own.
        kill_with_parent: have the child killed when this process goes (Linux).
        title: process title of the child.
        close_fds: descriptors that the child must not have.

    Returns:
        Process id of the child. The caller must wait for it.

    Raises:
        OSError: the system cannot make another process.
    """
    for callback in before_fork:
        callback()
    # What is in the buffers would be written twice.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        if new_group:
            # Both sides do it, so that it is done for whoever looks first.
            with contextlib.suppress(OSError):
                os.setpgid(pid, pid)
        return pid
    code = 1
    try:
        if new_group:
            os.setpgid(0, 0)
        if kill_with_parent:
            die_with_parent(parent)
        for fd in close_fds:
            os.close(fd)
        if title is not None:
            setproctitle(title)
        code = _run(target)
    finally:
        os._exit(code & 0xFF)


def _run(target: Callable[[], int | None]) -> int:
    try:
        code = target() or 0
    except SystemExit as e:
        code = _exit_code(e)
    except BaseException:  # noqa: BLE001  (reported, and nothing may leave the child)
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return code


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code
    print(error.code, file=sys.stderr)  # noqa: T201  (as Python itself does)
    return 1
