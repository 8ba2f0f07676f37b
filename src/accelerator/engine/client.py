"""The asker's end of a runner: the session's, which also starts and ends it, and a job's for its subjobs."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from accelerator.config import Config
from accelerator.engine.processes import kill_group
from accelerator.engine.protocol import PROTOCOL, Channel, Frame
from accelerator.error import BuildError
from accelerator.job.running import mark_process

_RUNNER_GONE = "The runner process ended unexpectedly; the job was probably killed with it."
# For the allocator in pyarrow. Jobs allocate and free arrays of the same sizes all the time. With huge pages the kernel
# clears two megabytes where little of it is used, a quarter of the time of a job that copies data; and memory that is
# kept for long makes the peak a third higher than it need be (the delay is in milliseconds).
_ALLOCATOR = {"MIMALLOC_ALLOW_THP": "0", "MIMALLOC_PURGE_DELAY": "10"}
_CLOSE_SECONDS = 5.0


class Client:
    """Sends requests to a runner and collects the answers.

    Args:
        channel: connected to the runner.
        python: path of the interpreter that runs it.
        notice: called with every frame that is no answer to a request (``started``, ``ended``).
    """

    def __init__(self, channel: Channel, python: str, notice: Callable[[Frame], None] | None = None) -> None:
        self.python = python
        self._channel = channel
        self._notice = notice
        self._next = 0
        self._open: dict[int, str] = {}
        self.answers: dict[int, Frame] = {}
        self.groups: dict[str, int] = {}
        self.gone = False

    def fileno(self) -> int:
        """Return the descriptor on which frames arrive."""
        return self._channel.fileno()

    def ask(self, kind: str, frame: Mapping[str, Any], descriptors: Sequence[int] = ()) -> int:
        """Send a request.

        Args:
            kind: ``run`` or ``declare``.
            frame: what it says.
            descriptors: file descriptors that go with it.

        Returns:
            A number; its answer appears in :attr:`answers` while :meth:`pump` is called.
        """
        self._next += 1
        self._open[self._next] = kind
        if not self._channel.send({**frame, "type": kind, "id": self._next}, descriptors):
            self._lose()
        return self._next

    def tell(self, frame: Mapping[str, Any]) -> None:
        """Send a frame that has no answer."""
        self._channel.send(frame)

    def pump(self, timeout: float | None) -> None:
        """Wait for frames, at most ``timeout`` seconds (None: until one comes), and take them in."""
        if self.gone:
            return
        # poll and not select: a program may have more than 1024 files open
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        if poll.poll(None if timeout is None else timeout * 1000):
            alive = self._channel.receive()
            for frame, _ in self._channel.frames():
                self._take(frame)
            if not alive:
                self._lose()

    def answer(self, number: int) -> Frame:
        """Wait for the answer to a request and return it."""
        while number not in self.answers:
            self.pump(None)
        return self.answers.pop(number)

    def _take(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind in {"done", "declared"}:
            if self._open.pop(frame["id"], None) is not None:
                self.answers[frame["id"]] = frame
            return
        if kind == "started":
            self.groups[frame["jobid"]] = frame["pid"]
        elif kind == "ended":
            self.groups.pop(frame["jobid"], None)
        if self._notice is not None:
            self._notice(frame)

    def _lose(self) -> None:
        """Take note that the runner is gone: end what it may have left, answer what is open."""
        self.gone = True
        self._channel.close()
        for group in self.groups.values():
            kill_group(group)
        self.groups.clear()
        for number, kind in self._open.items():
            if kind == "run":
                self.answers[number] = {"type": "done", "ok": False, "status": {"launcher": _RUNNER_GONE}}
            else:
                self.answers[number] = {"type": "declared", "error": "Submit failed: " + _RUNNER_GONE}
        self._open.clear()


class RunnerProcess(Client):
    """A runner that this process started.

    Args:
        config: the project.
        python: path of the interpreter.
        cores: how many processes may compute at once.
        notice: called with every frame that is no answer to a request.
    """

    def __init__(self, config: Config, python: str, cores: int, notice: Callable[[Frame], None]) -> None:
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
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=2,
                pass_fds=[theirs.fileno()],
                process_group=0,
                cwd=config.project_directory,
                env={**_ALLOCATOR, **os.environ},
            )
        except OSError as error:
            ours.close()
            raise BuildError(f"cannot start the interpreter {python}: {error.strerror}") from error
        finally:
            theirs.close()
        super().__init__(Channel(ours), python, notice)
        self._channel.send(
            {
                "type": "hello",
                "protocol": PROTOCOL,
                "config": config.to_json(),
                "cores": cores,
                "session": msgspec.to_builtins(mark_process()),
            }
        )

    def close(self) -> None:
        """End the runner, and with it every job it runs."""
        groups = list(self.groups.values())
        self._channel.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for group in groups:
            kill_group(group)
        self.groups.clear()
        self.gone = True

    def _lose(self) -> None:
        super()._lose()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
