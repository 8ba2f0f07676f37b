"""^T in the terminal of a run, where the system sends no signal for it (Linux)."""

import fcntl
import os
import signal
import struct
import termios
from contextlib import suppress
from typing import Any

__all__ = ["StatusKey"]

_KEY = b"\x14"
_SPECIAL = 6  # place of the special characters in what tcgetattr returns
_LOCAL = 3


class StatusKey:
    """Notices that ^T was pressed, without taking what else is typed from whoever reads it next.

    The terminal goes on to collect lines, and ^T becomes one more end of a line; it is read only when nothing has been
    typed before it.

    Args:
        descriptor: where keys come from.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._before: bytes | int | None = None

    def listen(self) -> None:
        """Begin to notice, if this is a terminal and we are in its foreground."""
        if self._before is not None or hasattr(signal, "SIGINFO") or not self._in_foreground():
            return
        with suppress(termios.error):
            modes = termios.tcgetattr(self._descriptor)
            if modes[_LOCAL] & termios.ICANON:
                self._before = modes[_SPECIAL][termios.VEOL]
                self._set(modes, _KEY)

    def release(self) -> None:
        """Give the terminal back as it was."""
        before, self._before = self._before, None
        if before is None or not self._in_foreground():
            return
        with suppress(termios.error):
            modes = termios.tcgetattr(self._descriptor)
            if modes[_SPECIAL][termios.VEOL] == _KEY:
                self._set(modes, before)

    def pressed(self) -> bool:
        """Tell whether ^T has been pressed since the last call."""
        if self._before is None:
            return False
        with suppress(OSError):
            typed: int = struct.unpack("i", fcntl.ioctl(self._descriptor, termios.FIONREAD, b"\0\0\0\0"))[0]
            return typed == 1 and self._in_foreground() and os.read(self._descriptor, 1) == _KEY
        return False

    def _set(self, modes: list[Any], key: bytes | int) -> None:
        modes[_SPECIAL][termios.VEOL] = key
        termios.tcsetattr(self._descriptor, termios.TCSANOW, modes)

    def _in_foreground(self) -> bool:
        """Whether we may touch the terminal: who is in the background is stopped for it."""
        with suppress(OSError):
            return os.isatty(self._descriptor) and os.tcgetpgrp(self._descriptor) == os.getpgrp()
        return False
