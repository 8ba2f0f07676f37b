"""What a build script prints: caught from the file descriptors, shown on the terminal and kept in its job.

Descriptors 1 and 2 are pipes while a script runs, read by a thread.  Questions (``input()``, ``breakpoint()``) get the
real terminal.
"""

import builtins
import contextlib
import fcntl
import io
import os
import pdb  # noqa: T100 - the debugger is what users get from breakpoint()
import select
import struct
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

__all__ = ["Capture"]

_BLOCK = 65536


class Capture:
    """Catches what this process and its children print.

    Args:
        show: called with a stream (1 or 2) and what was printed there, as it comes; from the reading thread or, to
            keep an order, from :meth:`drained`, never from both at once.

    Attributes:
        error: why what was printed could not be kept, or None.
    """

    def __init__(self, show: Callable[[int, bytes], None]) -> None:
        self._show = show
        self._tick: Callable[[], None] = _nothing
        self.error: OSError | None = None
        self._lock = threading.RLock()
        self._real = {stream: os.dup(stream) for stream in (1, 2)}
        self._write: dict[int, int] = {}
        self._read: dict[int, int] = {}
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._thread: threading.Thread | None = None
        self._wake_read, self._wake_write = os.pipe()
        self._ask: Any = None
        self._ask_debugger: Any = None
        self._streams: list[Any] = []

    def start(self, tick: Callable[[], None]) -> None:
        """Begin to catch.

        Args:
            tick: called about ten times a second from the reading thread, never while ``show`` runs.
        """
        self._tick = tick
        self._streams = [sys.stdout, sys.stderr]
        self._flush()
        if _same_file(self._real[1], self._real[2]):
            # One pipe for both keeps the order in which they were written to.
            self._read[1], self._write[1] = os.pipe()
            self._write[2] = self._write[1]
        else:
            for stream in (1, 2):
                self._read[stream], self._write[stream] = os.pipe()
        for stream, descriptor in self._write.items():
            os.dup2(descriptor, stream)
        for stream in self._streams:
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(line_buffering=True)
        self._ask, builtins.input = builtins.input, self._input
        self._ask_debugger, sys.breakpointhook = sys.breakpointhook, self._breakpoint
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Show what is still in the pipes, and give the process its real output back."""
        if self._thread is None:
            return
        self.record(None)
        builtins.input, sys.breakpointhook = self._ask, self._ask_debugger
        for stream, descriptor in self._real.items():
            os.dup2(descriptor, stream)
        os.write(self._wake_write, b"x")
        self._thread.join()
        self._thread = None
        for descriptor in {*self._read.values(), *self._write.values(), *self._real.values()}:
            os.close(descriptor)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def record(self, path: Path | None) -> None:
        """Keep what is printed from now on in a file too (in the one before no longer).

        Args:
            path: the file; it is made when something is printed.  None for none.
        """
        with self.drained():
            if self._file is not None:
                self._file.close()
            self._file, self._path, self.error = None, path, None

    @contextlib.contextmanager
    def drained(self) -> Iterator[None]:
        """All that was printed before has been shown, and nothing else is shown meanwhile."""
        # Before taking the lock: with a full pipe this waits for the thread, which needs the lock.
        self._flush()
        with self._lock:
            for stream, descriptor in self._read.items():
                while _waiting(descriptor):
                    self._take(stream, descriptor)
            yield

    def keep(self, data: bytes) -> None:
        """Put something into the recorded file that is shown in another way; only while :meth:`drained`."""
        try:
            if self._file is None and self._path is not None and data:
                self._path.parent.mkdir(exist_ok=True)
                self._file = self._path.open("ab", buffering=0)
            if self._file is not None:
                self._file.write(data)
        except OSError as error:
            # The script must not wait for ever for a reader that gave up: told when the script ends.
            self.error = self.error or error

    @contextlib.contextmanager
    def real_terminal(self) -> Iterator[None]:
        """The process prints straight to where it was started, and nothing is kept."""
        with self.drained():
            for stream, descriptor in self._real.items():
                os.dup2(descriptor, stream)
            try:
                yield
            finally:
                self._flush()
                for stream, descriptor in self._write.items():
                    os.dup2(descriptor, stream)

    def _run(self) -> None:
        poll = select.poll()
        for descriptor in (*self._read.values(), self._wake_read):
            poll.register(descriptor, select.POLLIN)
        streams = {descriptor: stream for stream, descriptor in self._read.items()}
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(100)]
            if self._wake_read in ready:
                return
            with self._lock:
                for descriptor in ready:
                    if _waiting(descriptor):  # drain may have been here first
                        self._take(streams[descriptor], descriptor)
                self._tick()

    def _take(self, stream: int, descriptor: int) -> None:
        data = os.read(descriptor, _BLOCK)
        self.keep(data)
        self._show(stream, data)

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()

    def _input(self, prompt: object = "", /) -> str:
        with self.real_terminal():
            return str(self._ask(prompt))

    def _breakpoint(self, *args: Any, **kw: Any) -> Any:
        if os.environ.get("PYTHONBREAKPOINT") or args or kw:
            return sys.__breakpointhook__(*args, **kw)  # noqa: T100 - the debugger that the user chose
        terminal = io.TextIOWrapper(io.FileIO(self._real[1], "w", closefd=False), write_through=True)
        debugger = pdb.Pdb(stdout=terminal)
        debugger.use_rawinput = True  # asks through input(), which is ours: with line editing
        caller: FrameType | None = sys._getframe(1)  # noqa: SLF001 - where breakpoint() stands
        with self.drained():
            pass
        debugger.set_trace(caller)
        return None


def _nothing() -> None:
    pass


def _waiting(descriptor: int) -> int:
    """Bytes that can be read from a pipe now."""
    answer: int = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0"))[0]
    return answer


def _same_file(one: int, other: int) -> bool:
    first, second = os.fstat(one), os.fstat(other)
    return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
