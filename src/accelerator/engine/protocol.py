"""How session, runner and jobs talk: frames of JSON over a socketpair, with file descriptors beside them.

A frame is four bytes of length (big endian) and a JSON object. ``type`` says what it is:

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
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from accelerator.error import AcceleratorError

PROTOCOL = 2
_LENGTH = struct.Struct(">I")
_LARGEST = 1 << 30
_MAX_DESCRIPTORS = 16
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


class Channel:
    """One end of a socketpair that carries frames.

    Sending blocks, as both ends always read; receiving takes what has come.

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
            try:
                frame = json.loads(bytes(self._buffer[_LENGTH.size : end]))
                count = int(frame.get("descriptors", 0))
            except (ValueError, AttributeError, TypeError) as error:
                raise ProtocolError(f"a message that is not a frame was received: {error}") from None
            del self._buffer[:end]
            if count > len(self._descriptors):
                raise ProtocolError("a message arrived without its file descriptors")
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
