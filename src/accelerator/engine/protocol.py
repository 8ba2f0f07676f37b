"""How session, runner and jobs talk: frames of JSON over a socketpair, with file descriptors beside them.

A frame is four bytes of length (big endian) and a JSON object. What a socket might not take at once travels beside it,
in a file without a name: two ends that both wait for the other to read would wait for ever. ``type`` says what it is:

========  ==================  ====================================================================
frame     from → to           meaning
========  ==================  ====================================================================
hello     session → runner    protocol version, configuration, who the session is, how many cores there are
ready     runner → session    the runner's pid
declare   asker → runner      import a method (sources travel along) and tell what it declares
declared  runner → asker      the declaration, or why there is none
run       asker → runner      run this job directory; the descriptors of its locks travel along
order     runner → job        what a process that was forked for a job shall run; its locks travel along
started   runner → session    a job's process exists
ended     runner → session    a job's process is gone
done      job → runner        how the job went, in the job's own words
done      runner → asker      the outcome of a ``run``
tokens    job → runner        cores wanted or given back
resume    job → runner        its one core wanted again, which it gave back while it waited for others
resumed   runner → job        that core given
grant     runner → job        a core given
withdrawn runner → job        requests for cores that were taken back have been
slice     job → runner        fork a slice of this job; where to say how it went and the locks travel along
sliced    runner → job        a slice that the runner forked has ended
cancel    session → runner    end a job
lack      runner → session    cores wanted that other runners have
lend      session → runner    cores given
recall    session → runner    cores to be given back as soon as they are free
return    runner → session    cores given back
route     runner → session    what a job asks of the runner of another interpreter
routed    session → runner    the answer to it
========  ==================  ====================================================================
"""

import json
import os
import select
import socket
import struct
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from accelerator.error import AcceleratorError

PROTOCOL = 2
_LENGTH = struct.Struct(">I")
_LARGEST = 1 << 30
_MAX_DESCRIPTORS = 16
# Larger frames travel in a file: a socket has room for many of this size. What says so is a frame with this key.
_INLINE = 1 << 14
_BESIDE = "beside"
# Larger buffers come from the system each time, and go back to it.
_READ = 1 << 16

Frame = dict[str, Any]


class ProtocolError(AcceleratorError):
    """The other end speaks another version, or nonsense."""


def encode(frame: Mapping[str, Any]) -> bytes:
    """Return the bytes of a frame.

    Raises:
        ProtocolError: if it is larger than any frame should be.
    """
    data = json.dumps(frame, separators=(",", ":")).encode("ascii")
    if len(data) > _LARGEST:
        raise ProtocolError(f"a message of {len(data)} bytes is too large to send")
    return _LENGTH.pack(len(data)) + data


def _decoded(data: bytes) -> tuple[Frame, int]:
    """Return a frame and with how many descriptors it comes."""
    try:
        frame: Frame = json.loads(data)
        return frame, int(frame.get("descriptors", 0))
    except (ValueError, AttributeError, TypeError) as error:
        raise ProtocolError(f"a message that is not a frame was received: {error}") from None


def _nameless_file() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("message"), "w+b")
    return tempfile.TemporaryFile()


class Channel:
    """One end of a socketpair that carries frames.

    Sending waits for room in the socket, as both ends read all the time; receiving takes what has come.

    Args:
        sock: a connected stream socket of the Unix family; it is closed with the channel.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._descriptors: deque[int] = deque()
        self.closed = False

    @classmethod
    def pair(cls) -> tuple["Channel", "Channel"]:
        """Return the two ends of a new connection."""
        one, other = socket.socketpair()
        return cls(one), cls(other)

    def fileno(self) -> int:
        """Return the descriptor, for select."""
        return self._socket.fileno()

    def send(self, frame: Mapping[str, Any], descriptors: Sequence[int] = ()) -> bool:
        """Send a frame, and descriptors with it.

        Returns:
            False if the other end is gone.
        """
        if descriptors:
            frame = {**frame, "descriptors": len(descriptors)}
        data = encode(frame)
        if len(data) <= _INLINE:
            return self._send(data, descriptors)
        with _nameless_file() as file:
            file.write(data[_LENGTH.size :])
            file.flush()
            return self._send(
                encode({_BESIDE: True, "descriptors": len(descriptors) + 1}), [file.fileno(), *descriptors]
            )

    def _send(self, data: bytes, descriptors: Sequence[int]) -> bool:
        try:
            if descriptors:
                sent = socket.send_fds(self._socket, [data], list(descriptors))
                data = data[sent:]
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        except OSError:
            if self.closed:
                return False
            raise
        return True

    def receive(self) -> bool:
        """Read once what has come (waits if nothing has).

        Returns:
            False at the end of the stream.
        """
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, _READ, _MAX_DESCRIPTORS)
        except ConnectionResetError:
            return False
        self._descriptors.extend(descriptors)
        self._buffer += data
        return bool(data)

    def ready(self) -> bool:
        """Tell whether something can be received without waiting."""
        poll = select.poll()
        poll.register(self._socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def frames(self) -> Iterator[tuple[Frame, list[int]]]:
        """Hand out the whole frames that have been received, each with its descriptors.

        Raises:
            ProtocolError: if what came is not a frame.
        """
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > _LARGEST:
                raise ProtocolError("a message with an impossible length was received")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            frame, count = _decoded(bytes(self._buffer[_LENGTH.size : end]))
            del self._buffer[:end]
            if count > len(self._descriptors):
                raise ProtocolError("a message arrived without its file descriptors")
            if _BESIDE in frame and count:
                with open(self._descriptors.popleft(), "rb") as file:  # noqa: PTH123 - a descriptor
                    file.seek(0)
                    frame, _ = _decoded(file.read())
                count -= 1
            yield frame, [self._descriptors.popleft() for _ in range(count)]

    def wait(self, kind: str) -> Frame | None:
        """Read until a frame of this kind comes; for ends that expect nothing else meanwhile.

        Returns:
            The frame, or None at the end of the stream.

        Raises:
            ProtocolError: if another kind comes.
        """
        while True:
            for frame, _ in self.frames():
                if frame.get("type") != kind:
                    raise ProtocolError(f"expected a {kind!r} message, got {frame.get('type')!r}")
                return frame
            if not self.receive():
                return None

    def close(self) -> None:
        """Close this end, with what has come and nobody has taken: a lock that arrived must not stay with us."""
        self.closed = True
        self._socket.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())


def check_hello(frame: Frame) -> None:
    """Check that the other end speaks our version.

    Raises:
        ProtocolError: if not; the text says what to do.
    """
    if frame.get("protocol") != PROTOCOL:
        raise ProtocolError(
            f"the runner speaks protocol {PROTOCOL}, the session {frame.get('protocol')!r}: "
            "the same version of the accelerator must be installed for both interpreters"
        )
