"""Analysis: one process for each slice, as many at a time as there are cores, and what became of each."""

import contextlib
import json
import os
import select
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from accelerator.engine import memory
from accelerator.engine.cores import Cores
from accelerator.engine.failure import death, no_process
from accelerator.engine.processes import has_ended, reap
from accelerator.job.fork import fork

Outcome = dict[str, Any]


class SliceFailed(Exception):  # noqa: N818 - carries a report, is not one
    """A slice did not end well.

    Args:
        component: what the report is filed under.
        text: the report.
        sliceno: the slice whose own report it is; None if it is about one that died.
    """

    def __init__(self, component: str, text: str, sliceno: int | None = None) -> None:
        super().__init__(component, text, sliceno)
        self.component = component
        self.text = text
        self.sliceno = sliceno


class SliceExecutor(Protocol):
    """Runs the slices of a job."""

    def run(self, slices: int, limit: int | None, body: Callable[[int], Outcome]) -> dict[int, Outcome]:
        """Run ``body(sliceno)`` once for each slice, each in a process of its own.

        Args:
            slices: how many.
            limit: how many at a time; None for as many as there are cores.
            body: does the work of one slice and returns what JSON can hold; it catches what the user's code raises.

        Returns:
            What each slice returned.

        Raises:
            SliceFailed: one failed or died; the others have been ended.
        """


@dataclass(slots=True)
class _Slice:
    """A running slice.

    Args:
        sliceno: its number.
        pid: its process.
        pipe: where it says how it went.
        data: what it has said so far.
    """

    sliceno: int
    pid: int
    pipe: int
    data: bytearray = field(default_factory=bytearray)

    def read(self) -> bool:
        """Read what is there; False at the end."""
        try:
            data = os.read(self.pipe, 1 << 16)
        except BlockingIOError:
            return True
        self.data += data
        return bool(data)


class ForkExecutor:
    """Forks the slices from this process.

    Args:
        cores: the job's share of the cores.
    """

    def __init__(self, cores: Cores) -> None:
        self._cores = cores
        self._running: dict[int, _Slice] = {}
        self._outcomes: dict[int, Outcome] = {}

    def run(self, slices: int, limit: int | None, body: Callable[[int], Outcome]) -> dict[int, Outcome]:
        """Run the slices; see :class:`SliceExecutor`."""
        at_once = min(slices, limit or slices)
        self._cores.want(at_once - 1)
        todo = list(range(slices))
        with _child_signals() as woken:
            try:
                while todo or self._running:
                    while todo and len(self._running) < min(at_once, self._cores.held):
                        self._start(todo.pop(0), body)
                    if not todo:
                        self._cores.give_back(max(1, len(self._running)))
                    self._wait(woken)
            except BaseException:
                self._end_all()
                raise
        self._cores.settle()
        return self._outcomes

    def _start(self, sliceno: int, body: Callable[[int], Outcome]) -> None:
        pipe, theirs = os.pipe()

        def be_slice() -> int:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(pipe)
            tell(theirs, body(sliceno))
            return 0

        try:
            pid = fork(be_slice)
        except OSError as error:
            os.close(pipe)
            raise SliceFailed("analysis", no_process(error)) from error
        finally:
            os.close(theirs)
        os.set_blocking(pipe, False)
        self._running[sliceno] = _Slice(sliceno, pid, pipe)

    def _wait(self, woken: socket.socket) -> None:
        poll = select.poll()
        poll.register(woken, select.POLLIN)
        poll.register(self._cores, select.POLLIN)
        pipes = {}
        for running in self._running.values():
            if running.pipe >= 0:
                pipes[running.pipe] = running
                poll.register(running.pipe, select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll()]
        for descriptor in ready:
            if descriptor in pipes and not pipes[descriptor].read():
                os.close(descriptor)
                pipes[descriptor].pipe = -1
        if self._cores.fileno() in ready:
            self._cores.take()
            self._take_told()
        if woken.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                woken.recv(4096)
            self._reap()

    def _reap(self) -> None:
        for one in [one for one in self._running.values() if has_ended(one.pid)]:
            self._judge(one, *reap(one.pid))

    def _take_told(self) -> None:
        """Act on what the runner has told; here it has nothing to tell."""

    def _judge(self, one: _Slice, exitcode: int, peak: int) -> None:
        del self._running[one.sliceno]
        if one.pipe >= 0:
            # What it said is in the pipe by now, but a process that it left may hold the other end open.
            before = -1
            while before != len(one.data):
                before = len(one.data)
                one.read()
            os.close(one.pipe)
        if exitcode != 0:
            how = death(exitcode, peak, memory=memory.evidence())
            raise SliceFailed("analysis", f"analysis-{one.sliceno} {how}")
        if not one.data:
            raise SliceFailed("analysis", f"analysis-{one.sliceno} ended without a result: not all slices returned one")
        outcome: Outcome = json.loads(bytes(one.data))
        if "error" in outcome:
            raise SliceFailed(f"analysis({one.sliceno})", outcome["error"], one.sliceno)
        self._outcomes[one.sliceno] = outcome

    def _end_all(self) -> None:
        for one in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
        for one in self._running.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(one.pid, 0)
            if one.pipe >= 0:
                os.close(one.pipe)
        self._running.clear()


class RunnerExecutor(ForkExecutor):
    """Has the runner fork the slices: for methods whose prepare has used what does not survive a fork.

    Args:
        cores: the job's share of the cores.
        locks: descriptors of the job's locks, which must be held as long as a slice lives.
    """

    def __init__(self, cores: Cores, locks: Sequence[int]) -> None:
        super().__init__(cores)
        self._locks = locks

    def _start(self, sliceno: int, body: Callable[[int], Outcome]) -> None:  # noqa: ARG002 - it runs elsewhere
        pipe, theirs = os.pipe()
        try:
            self._cores.channel.send({"type": "slice", "sliceno": sliceno}, [theirs, *self._locks])
        finally:
            os.close(theirs)
        os.set_blocking(pipe, False)
        self._running[sliceno] = _Slice(sliceno, 0, pipe)

    def _reap(self) -> None:
        """Its children are not slices."""

    def _take_told(self) -> None:
        told, self._cores.sliced = self._cores.sliced, []
        for frame in told:
            self._judge(self._running[frame["sliceno"]], frame["exitcode"], frame["peak"])

    def _end_all(self) -> None:
        """Leave it to the end of the job, which is near: the runner then ends its whole group."""
        for one in self._running.values():
            if one.pipe >= 0:
                os.close(one.pipe)
        self._running.clear()


def tell(descriptor: int, outcome: Outcome) -> None:
    """In the process of a slice: say how it went, and close the pipe."""
    with open(descriptor, "wb") as file:
        file.write(json.dumps(outcome).encode("ascii"))


@contextlib.contextmanager
def _child_signals() -> Iterator[socket.socket]:
    """Give a socket on which something can be read when a child has ended."""
    woken, wake = socket.socketpair()
    for end in (woken, wake):
        end.setblocking(False)
    before = signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    try:
        yield woken
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, before if before is not None else signal.SIG_DFL)
        woken.close()
        wake.close()
