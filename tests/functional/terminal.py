"""A process on a terminal of its own: what a person would see, and keys pressed by a script."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PATIENCE = 100.0


class Terminal:
    """A running process whose standard streams, and controlling terminal, are a terminal.

    Args:
        command: what to run.
        directory: where.
        environment: of the process.
        columns: of the terminal.
        rows: of the terminal.

    Attributes:
        seen: all that was printed so far, with carriage returns and escape sequences as they came.
    """

    def __init__(
        self, command: Sequence[str], directory: Path, environment: Mapping[str, str], columns: int = 80, rows: int = 24
    ) -> None:
        self._ours, theirs = pty.openpty()
        self._read_so_far = 0
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            # The shell makes the terminal the controlling one by opening it as the leader of a session.
            ["/bin/sh", "-c", 'exec 3<>"$0" 3>&-; exec "$@"', os.ttyname(theirs), *command],
            cwd=directory,
            env={name: value for name, value in environment.items() if name != "COLUMNS"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def resize(self, columns: int, rows: int = 24) -> None:
        """Change the size of the terminal."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: str) -> None:
        """Press keys; ``"\\x03"`` is ^C."""
        os.write(self._ours, keys.encode())

    def wait_for(self, text: str) -> str:
        """Read until a text has been printed, and return what came before it since the last call."""
        deadline = time.monotonic() + _PATIENCE
        while text not in self.seen[self._read_so_far :]:
            assert time.monotonic() < deadline, f"{text!r} did not come in:\n{self.seen}"
            assert self._read(), f"it ended without {text!r}:\n{self.seen}"
        at = self.seen.index(text, self._read_so_far) + len(text)
        came = self.seen[self._read_so_far : at]
        self._read_so_far = at
        return came

    def finish(self, code: int | None = 0) -> str:
        """Read to the end, check the exit code (None: do not), and return all text with plain line ends."""
        while self._read():
            pass
        ended = self.process.wait(_PATIENCE)
        os.close(self._ours)
        assert code is None or ended == code, f"exited with {ended}:\n{self.seen}"
        return self.seen.replace("\r\n", "\n")

    def _read(self) -> bool:
        """Read what there is; False at the end."""
        ready, _, _ = select.select([self._ours], [], [], _PATIENCE)
        assert ready, f"nothing more came after:\n{self.seen}"
        try:
            data = os.read(self._ours, 1 << 16)
        except OSError:  # on Linux, when nobody has the terminal open any more
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)
