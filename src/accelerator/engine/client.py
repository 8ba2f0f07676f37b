"""The asker's end of a runner: the session's, which also starts and ends it, and a job's for its subjobs."""

import contextlib
import itertools
import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from accelerator.config import Config
from accelerator.engine.processes import ENVIRONMENT_MARK, end_marked, kill_group, mark_in_environment
from accelerator.engine.protocol import PROTOCOL, Channel, Frame
from accelerator.error import BuildError
from accelerator.job.running import mark_process

_RUNNER_GONE = "The runner process ended unexpectedly; the job was probably killed with it."
# For the allocators of pyarrow and of the C library. Jobs allocate and free arrays of the same sizes all the time. With
# huge pages the kernel clears two megabytes where little of it is used, a quarter of the time of a job that copies
# data; and memory that is given back at once, to be asked for again, costs a sixth of it. (What is kept for seconds
# makes the peak a third higher than it need be. The delay is in milliseconds, the thresholds are in bytes.)
_ALLOCATOR = {
    "MIMALLOC_ALLOW_THP": "0",
    "MIMALLOC_PURGE_DELAY": "300",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}
_CLOSE_SECONDS = 5.0
_numbers = itertools.count()

Answered = Callable[[Frame], None]
"""Takes the answer to a request."""


class Client:
    """Sends requests to a runner and collects the answers.

    Args:
        channel: connected to the runner.

    Attributes:
        answers: those that nobody has taken, by the number of the request.
        gone: the runner has ended.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._next = 0
        self._open: dict[int, tuple[str, Answered | None]] = {}
        self.answers: dict[int, Frame] = {}
        self.gone = False

    def fileno(self) -> int:
        """Return the descriptor on which frames arrive."""
        return self._channel.fileno()

    def ask(
        self,
        kind: str,
        frame: Mapping[str, Any],
        descriptors: Sequence[int] = (),
        answered: Answered | None = None,
    ) -> int:
        """Send a request.

        Args:
            kind: ``run``, ``declare`` or ``resume``.
            frame: what it says.
            descriptors: file descriptors that go with it.
            answered: called with the answer.

        Returns:
            A number; unless there is somebody to call, its answer appears in :attr:`answers` as
            :func:`wait` is called.
        """
        self._next += 1
        self._open[self._next] = kind, answered
        if not self._channel.send({**frame, "type": kind, "id": self._next}, descriptors):
            self._lose()
        return self._next

    def tell(self, frame: Mapping[str, Any]) -> None:
        """Send a frame that has no answer."""
        self._channel.send(frame)

    def pump(self) -> None:
        """Wait for frames and take them in."""
        alive = self._channel.receive()
        for frame, descriptors in self._channel.frames():
            self._take(frame, descriptors)
        if not alive:
            self._lose()

    def _take(self, frame: Frame, descriptors: list[int]) -> None:  # noqa: ARG002 - answers bring none
        if frame["type"] in {"done", "declared", "resumed"}:
            self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        number = frame["id"]
        if number in self._open:
            _, answered = self._open.pop(number)
            if answered is not None:
                answered(frame)
            else:
                self.answers[number] = frame

    def _lose(self) -> None:
        """Take note that the runner is gone: answer what is open."""
        self.gone = True
        self._channel.close()
        for number, (kind, _) in list(self._open.items()):
            if kind == "run":
                self._answer({"type": "done", "id": number, "ok": False, "status": {"launcher": _RUNNER_GONE}})
            else:
                self._answer({"type": "declared", "id": number, "error": "Submit failed: " + _RUNNER_GONE})


def wait(clients: Iterable[Client], wake: socket.socket | None = None, seconds: float | None = None) -> None:
    """Wait until a runner says something, and take it in.

    Args:
        clients: connected to the runners.
        wake: stop waiting as soon as something can be read here.
        seconds: wait no longer than this; None for as long as it takes.
    """
    # poll and not select: a program may have more than 1024 files open
    poll = select.poll()
    if wake is not None:
        poll.register(wake, select.POLLIN)
    waiting = {client.fileno(): client for client in clients if not client.gone}
    for descriptor in waiting:
        poll.register(descriptor, select.POLLIN)
    for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000):
        # What one says may end another, and its descriptor may be somebody else's then.
        if descriptor in waiting and not waiting[descriptor].gone:
            waiting[descriptor].pump()


class RunnerProcess(Client):
    """A runner that this process started.

    Args:
        config: the project.
        python: path of the interpreter.
        notice: called with this object and every frame that is no answer to a request (``started``, ``ended``, ...),
            and the descriptors that came with it; with a ``gone`` frame when the runner has ended.

    Attributes:
        process: the runner.
        groups: the process groups of its jobs, by job.
    """

    def __init__(
        self, config: Config, python: str, notice: "Callable[[RunnerProcess, Frame, list[int]], None]"
    ) -> None:
        ours, theirs = socket.socketpair()
        # The kernel would end the runner with the *thread* that started it: only the main thread lives as long as us.
        main = threading.current_thread() is threading.main_thread()
        command = [
            python,
            "-P",
            "-m",
            "accelerator.engine.runner",
            str(theirs.fileno()),
            str(os.getpid() if main else 0),
        ]
        session = mark_process()
        self._mark = mark_in_environment(session, next(_numbers))
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=2,
                pass_fds=[theirs.fileno()],
                process_group=0,
                cwd=config.project_directory,
                env={**_ALLOCATOR, **os.environ, ENVIRONMENT_MARK: self._mark},
            )
        except OSError as error:
            ours.close()
            raise BuildError(f"cannot start the interpreter {python}: {error.strerror}") from error
        finally:
            theirs.close()
        super().__init__(Channel(ours))
        self.groups: dict[str, int] = {}
        self._notice = notice
        self._hello = {
            "type": "hello",
            "protocol": PROTOCOL,
            "config": config.to_json(),
            "python": python,
            "session": msgspec.to_builtins(session),
        }

    def greet(self, cores: int, lent: int) -> None:
        """Have the runner begin.

        Args:
            cores: how many processes of the session may compute at once.
            lent: how many of these are this runner's at first.
        """
        self.tell({**self._hello, "cores": cores, "lent": lent})

    def _take(self, frame: Frame, descriptors: list[int]) -> None:
        if frame["type"] == "started":
            self.groups[frame["jobid"]] = frame["pid"]
        elif frame["type"] == "ended":
            self.groups.pop(frame["jobid"], None)
        super()._take(frame, descriptors)
        self._notice(self, frame, descriptors)

    def close(self) -> None:
        """End the runner, and with it every job it runs."""
        self._channel.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            tidy = self.process.wait(_CLOSE_SECONDS) == 0
        except subprocess.TimeoutExpired:
            tidy = False
            self.process.kill()
            self.process.wait()
        if not tidy:
            # Only then: of jobs that ended since we last listened the numbers may be those of others by now.
            for group in self.groups.values():
                kill_group(group)
            end_marked(self._mark)
        self.groups.clear()
        self.gone = True

    def _lose(self) -> None:
        self.gone = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        for group in self.groups.values():
            kill_group(group)
        self.groups.clear()
        # What its jobs have started in sessions of their own has lost the parent that would have ended it.
        end_marked(self._mark)
        # Only now: whoever is answered must find nothing of it alive.
        super()._lose()
        self._notice(self, {"type": "gone"}, [])
