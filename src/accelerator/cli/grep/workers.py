"""A process a slice, and what comes from them."""

import contextlib
import fcntl
import os
import pickle
import selectors
import signal
import struct
import traceback
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any, Self

from accelerator.cli.grep.chunk import Chunk
from accelerator.error import AcceleratorError
from accelerator.job.fork import fork

__all__ = ["Work", "Workers"]

Work = Callable[[int], Iterator[Chunk]]
"""From the number of a dataset to its lines."""

_Frame = tuple[memoryview, memoryview]
"""What is said about it, and its bytes."""

# Sizes of what is said about a frame, pickled, and of the bytes behind it.
_HEADER = struct.Struct("<QQ")
# What the system holds of a pipe, where it can be told: fewer changes between processes.
_PIPE = 1 << 20
# Bytes waiting to be used, of one process; it has to wait when there are more.
_ENOUGH = 1 << 25

_CHUNK, _END, _REFUSED, _CRASHED = range(4)


class Workers:
    """Processes that each go through all datasets; use it as a context, which ends them.

    Args:
        works: what each process does.
        datasets: number of datasets.
        before_waiting: called before anything takes a while.
    """

    def __init__(self, works: Sequence[Work], datasets: int, before_waiting: Callable[[], None]) -> None:
        self._works = works
        self._datasets = datasets
        self._before_waiting = before_waiting
        self._pids: list[int] = []
        self._pipes: list[_Pipe] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        for number, work in enumerate(self._works):
            reading, writing = os.pipe()
            if hasattr(fcntl, "F_SETPIPE_SZ"):
                with contextlib.suppress(OSError):  # more than this user may have
                    fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, _PIPE)
            close = [reading, *(pipe.fd for pipe in self._pipes)]
            try:
                pid = fork(partial(_work, writing, work, self._datasets), title=f"ax grep {number}", close_fds=close)
            finally:
                os.close(writing)
            self._pids.append(pid)
            self._pipes.append(_Pipe(reading, number))
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in self._pids:
            os.waitpid(pid, 0)
        for pipe in self._pipes:
            os.close(pipe.fd)
        self._selector.close()

    def of_dataset(self, number: int) -> Iterator[Chunk]:
        """Yield the next chunks of one process, up to the end of the dataset it is at."""
        while True:
            chunk = self._next([number])[1]
            if chunk is None:
                return
            yield chunk

    def of_all(self, datasets: int) -> Iterator[tuple[int, int, Chunk]]:
        """Yield process, number of the dataset since the call, and chunk, as they come.

        Args:
            datasets: how many datasets each process is to get through.
        """
        done = dict.fromkeys(range(len(self._pipes)), 0)
        while done:
            number, chunk = self._next(done)
            if chunk is not None:
                yield number, done[number], chunk
                continue
            done[number] += 1
            if done[number] == datasets:
                del done[number]

    def _next(self, numbers: Collection[int]) -> tuple[int, Chunk | None]:
        """Return the next chunk of any of these processes; None where it has come to the end of a dataset."""
        while True:
            for number in numbers:
                frame = self._pipes[number].frame()
                if frame is not None:
                    return number, _checked(frame)
            self._wait(numbers)

    def _wait(self, numbers: Collection[int]) -> None:
        self._before_waiting()
        for pipe in self._pipes:
            # Those that are not wanted now may work ahead, but not without end.
            pipe.follow(self._selector, wanted=pipe.number in numbers)
        for key, _ in self._selector.select():
            key.data.read()


class _Pipe:
    """What comes from one process, cut into frames."""

    def __init__(self, fd: int, number: int) -> None:
        self.fd = fd
        self.number = number
        self._header = bytearray(_HEADER.size)
        self._room = self._header  # what is being filled
        self._filled = 0
        self._frames: deque[_Frame] = deque()
        self._waiting = 0
        self._is_followed = False
        self._ended = False

    def follow(self, selector: selectors.BaseSelector, *, wanted: bool) -> None:
        follow = not self._ended and (wanted or self._waiting < _ENOUGH)
        if follow and not self._is_followed:
            selector.register(self.fd, selectors.EVENT_READ, self)
        elif not follow and self._is_followed:
            selector.unregister(self.fd)
        self._is_followed = follow

    def read(self) -> None:
        """Take what there is; never more than up to the end of a frame, so that nothing need be moved."""
        with memoryview(self._room) as room:
            done = os.readv(self.fd, [room[self._filled :]])
        if not done:
            self._ended = True
            return
        self._filled += done
        if self._filled < len(self._room):
            return
        about, data = _HEADER.unpack(self._header)
        if self._room is self._header:
            self._room = bytearray(about + data)
        else:
            whole = memoryview(self._room)
            self._frames.append((whole[:about], whole[about:]))
            self._waiting += len(whole)
            self._room = self._header
        self._filled = 0

    def frame(self) -> "_Frame | None":
        """Return the next frame, None if it is not there yet."""
        if self._frames:
            frame = self._frames.popleft()
            self._waiting -= sum(map(len, frame))
            return frame
        if self._ended:
            raise RuntimeError(f"the process of slice number {self.number} of `ax grep` ended before its work was done")
        return None


def _checked(frame: _Frame) -> Chunk | None:
    about, data = frame
    kind, content = pickle.loads(about)
    if kind == _REFUSED:
        raise AcceleratorError(content)
    if kind == _CRASHED:
        raise RuntimeError(content.strip().rpartition("\n")[2]) from RuntimeError(content)
    return Chunk(data, *content) if kind == _CHUNK else None


def _work(fd: int, work: Work, datasets: int) -> int:
    # ^C goes to all processes of the terminal; the one that started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):
        try:
            for number in range(datasets):
                for chunk in work(number):
                    _send(fd, _CHUNK, (chunk.ends, chunk.numbers, chunk.matches, chunk.keys), chunk.data)
                _send(fd, _END)
        except AcceleratorError as error:
            _send(fd, _REFUSED, str(error))
        except Exception:  # noqa: BLE001 - told by the process that started this one
            _send(fd, _CRASHED, traceback.format_exc())
    return 0


def _send(fd: int, kind: int, content: Any = None, data: bytes | memoryview = b"") -> None:
    about = pickle.dumps((kind, content), protocol=5)
    for part in (_HEADER.pack(len(about), len(data)) + about, data):
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(fd, rest) :]
