"""Process groups, orphans and parents: what the runner needs to leave nobody behind."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Collection
from pathlib import Path

from accelerator.job.running import ProcessMark

_LINUX = sys.platform == "linux"
# The system counts memory in other units.
_MAXRSS_UNIT = 1024 if _LINUX else 1
ENVIRONMENT_MARK = "ACCELERATOR_RUNNER"
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


def mark_in_environment(session: ProcessMark, number: int | None = None) -> str:
    """Return what :data:`ENVIRONMENT_MARK` is set to for a runner and all that comes from it.

    Args:
        session: the process that started the runner.
        number: which of its runners; None for what the marks of all of them begin with.
    """
    return f"{session.pid}-{session.started}-" + ("" if number is None else f"{number}.")


def end_marked(mark: str) -> None:
    """End all processes that come from certain runners, whoever is their parent by now (Linux; nothing elsewhere).

    Those that were given an environment without the mark are not found.

    Args:
        mark: what :data:`ENVIRONMENT_MARK` begins with in their environment.
    """
    if not _LINUX:
        return
    wanted = f"\0{ENVIRONMENT_MARK}={mark}".encode()
    ended: set[int] = set()
    while True:
        # Again, until there are none that others have forked meanwhile.
        pids = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()}
        found = {pid for pid in pids - ended if _end_if(pid, wanted)}
        if not found:
            return
        ended |= found


def _end_if(pid: int, wanted: bytes) -> bool:
    # What this descriptor stands for stays the process whose environment is read next.
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if wanted not in b"\0" + Path(f"/proc/{pid}/environ").read_bytes():
            return False
        signal.pidfd_send_signal(process, signal.SIGKILL)
    except OSError:  # it is somebody else's, or gone
        return False
    finally:
        os.close(process)
    return True


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
