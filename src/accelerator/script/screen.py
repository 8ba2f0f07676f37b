"""The terminal of a run: lines that stay, and below them what is going on at the moment."""

import codecs
import contextlib
import locale
import os
import re
import signal
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.text import Text

from accelerator.script.live import LiveLines
from accelerator.script.status_key import StatusKey

__all__ = ["Screen"]

_ESCAPE = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]")


class Screen:
    """Writes to the standard streams that the process was started with; not thread safe, its user holds a lock.

    Args:
        output: descriptor of standard output.
        error: descriptor of standard error.
        live: whether to show what is going on, which needs a terminal.
    """

    def __init__(self, output: int, error: int, *, live: bool = True) -> None:
        self._descriptors = {1: os.dup(output), 2: os.dup(error)}
        self._files = {
            stream: open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115 - a descriptor, closed below
            for stream, descriptor in self._descriptors.items()
        }
        self._consoles = {stream: Console(file=file, highlight=False) for stream, file in self._files.items()}
        self._live: LiveLines | None = None
        self._key = StatusKey()
        self._partial: dict[int, str] = {}
        self._open_line = False
        """Whether what was written last to a terminal is a line that has not ended."""
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {stream: decoder("backslashreplace") for stream in (1, 2)}
        self._styled = {stream: console.is_terminal for stream, console in self._consoles.items()}
        self.is_terminal = live and self._styled[1] and not self._consoles[1].is_dumb_terminal

    @property
    def is_live(self) -> bool:
        """Whether something is shown below the lines now."""
        return self._live is not None

    def status_wanted(self) -> bool:
        """Whether ^T was pressed while something is shown below the lines."""
        return self._live is not None and self._key.pressed()

    @property
    def width(self) -> int:
        """Columns of the terminal now."""
        with contextlib.suppress(OSError):
            return os.get_terminal_size(self._descriptors[1]).columns or self._consoles[1].width
        return self._consoles[1].width

    @property
    def speaks_unicode(self) -> bool:
        """Whether what stands where it is shown can be more than ASCII."""
        return "utf" in (locale.getpreferredencoding(do_setlocale=False) or "").lower()

    def raw(self, stream: int, data: bytes) -> None:
        """Show bytes that somebody printed.

        Args:
            stream: 1 or 2.
            data: any bytes, also parts of lines.
        """
        if self._live is None or not self._styled[stream]:
            self._write(stream, data)
            return
        # Above the live part only whole lines can be put.
        text = self._partial.get(stream, "") + self._decoders[stream].decode(data)
        *lines, self._partial[stream] = text.split("\n")
        for line in lines:
            self._print(1, Text.from_ansi(line.rsplit("\r", 1)[-1]))

    def line(self, text: Text | str, *, error: bool = False) -> None:
        """Show a line (or several) of our own.

        Args:
            text: with its style, without the last line end.
            error: to standard error.
        """
        stream = 2 if error else 1
        if self._live is not None and self._styled[stream]:
            stream = 1  # the one that knows of the live part
        self._print(stream, Text(text) if isinstance(text, str) else text)

    def prefixed(self, prefix: str, lines: Iterable[str]) -> None:
        """Show lines that somebody else printed, each after a prefix.

        Args:
            prefix: says who.
            lines: without line ends; may have colours.
        """
        if not self._styled[1]:
            text = "".join(f"{prefix}{_ESCAPE.sub('', line)}\n" for line in lines)
            self._write(1, text.encode("utf-8", "backslashreplace"))
            return
        shown = [Text.assemble((prefix, "dim"), Text.from_ansi(line) if "\x1b" in line else line) for line in lines]
        if shown:
            self._print(1, Text("\n").join(shown))

    def _print(self, stream: int, text: Text) -> None:
        if not self._styled[stream]:
            # What rich would write, in a tenth of the time: scripts that reuse thousands of jobs print as many lines.
            self._write(stream, f"{text.plain}\n".encode("utf-8", "backslashreplace"))
            return
        console = self._consoles[stream]
        with self._quietly():
            if self._live is not None and stream == 1:
                with console.capture() as captured:
                    console.print(text, soft_wrap=True)
                self._live.above(captured.get())
                return
            self._end_open_line()
            console.print(text, soft_wrap=True)
            self._files[stream].flush()

    def show_live(self, renderable: RenderableType | None) -> None:
        """Replace what is shown below the lines.

        Args:
            renderable: None for nothing.
        """
        with self._quietly():
            if renderable is None:
                self._end_live()
                return
            if self._live is None:
                self._end_open_line()
                self._live = LiveLines(self._consoles[1], self._files[1])
                self._key.listen()
            self._live.show(renderable)

    def suspend(self) -> None:
        """Stop this process, as ^Z asks, with the terminal as a shell wants it; returns when it goes on."""
        with self._quietly():
            self._end_live()
        signal.raise_signal(signal.SIGSTOP)  # to this thread: kill() may return before the process stops

    def _end_live(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            self._key.release()
            live.end()
        for stream in (1, 2):
            rest = self._partial.pop(stream, "") + self._decoders[stream].decode(b"", final=True)
            self._decoders[stream].reset()
            if rest:
                self._write(stream, rest.encode("utf-8", "backslashreplace"))

    def _end_open_line(self) -> None:
        """Leave what has been printed without a line end, on a line of its own."""
        if self._open_line:
            self._write(1, b"\n")

    def _write(self, stream: int, data: bytes) -> None:
        with self._quietly():
            if data and self._styled[stream]:
                self._open_line = not data.endswith(b"\n")
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptors[stream], view) :]

    @staticmethod
    def _quietly() -> contextlib.AbstractContextManager[None]:
        """Whoever looked at our output may have gone (``ax run | head``): the jobs go on without a reader."""
        return contextlib.suppress(OSError, ValueError)

    def close(self) -> None:
        """Take the live part away and let go of the streams."""
        with self._quietly():
            self._end_live()
        for stream, descriptor in self._descriptors.items():
            with self._quietly():
                self._files[stream].close()
            os.close(descriptor)
