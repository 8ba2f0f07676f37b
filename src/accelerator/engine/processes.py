"""Process groups, orphans and parents: what the runner needs to leave nobody behind."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Collection
from pathlib import Path

_LINUX = sys.platform == "linux"
# The system counts memory in other units.
_MAXRSS_UNIT = 1024 if _LINUX else 1
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def kill_group(group: int) -> None:
    """End all processes of a process group at once, if there are any."""
    if group > 1:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """Return the direct children of a process (Linux; empty elsewhere)."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found.extend(int(child) for child in (task / "children").read_text(encoding="ascii").split())
    return found


def has_ended(pid: int) -> bool:
    """Tell whether a child has ended, and leave it to be reaped."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def reap(pid: int) -> tuple[int, int]:
    """Take in a child, waiting for its end.

    Returns:
        Its exit code, negative for a signal, and the bytes of memory that it used at most.
    """
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * _MAXRSS_UNIT


def reap_strangers(known: Collection[int], *, end: bool) -> None:
    """Take in children that this process has not started itself: what descendants left when they ended.

    Args:
        known: the children that it has started.
        end: end those that live, too, and what they leave in turn.
    """
    while True:
        strangers = [pid for pid in children(os.getpid()) if pid not in known]
        gone = [pid for pid in strangers if end or has_ended(pid)]
        for pid in gone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        if not gone:
            return


def die_with_parent(parent: int, number: int) -> None:
    """Have the kernel send this process a signal when its parent ends (Linux; nothing elsewhere).

    Args:
        parent: the pid that the parent should have; if it is gone already this process ends at once.
        number: the signal.
    """
    if _LINUX:
        _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parents end (Linux; nothing elsewhere)."""
    if _LINUX:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "prctl")
