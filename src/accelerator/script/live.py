"""Lines at the end of a terminal's text that are written anew again and again."""

import os
from typing import IO

from rich.console import Console, RenderableType

__all__ = ["LiveLines"]

_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
# From the second column: tmux takes erasing all from the first one of the screen for clearing it, and would keep what
# was there each time.
_ERASE_BEHIND = "\r\x1b[C\x1b[J\r\x1b[K"


class LiveLines:
    """What is going on, below all that stays.

    Between two writes the cursor waits at the beginning of these lines. A terminal that is made narrower may break them
    into more rows than they had, or may cut them; the cursor stays where they begin, and all behind it can be erased.

    Args:
        console: knows about colours.
        file: the terminal.
    """

    def __init__(self, console: Console, file: IO[str]) -> None:
        self._console = console
        self._file = file
        self._shown = ""

    def show(self, renderable: RenderableType) -> None:
        """Write these lines in place of those that are there.

        Args:
            renderable: has one line for each thing that is going on, and cuts it at the width of the console.
        """
        size = os.get_terminal_size(self._file.fileno())
        with self._console.capture() as captured:
            self._console.print(renderable, width=size.columns or None)
        lines = captured.get().splitlines()
        most = max(1, size.lines - 1) if size.lines else len(lines)
        if len(lines) > most:
            lines[most - 1 :] = ["   …"]
        up = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        self._shown = "\r\n".join(lines) + f"\r{up}"
        self._write(_HIDE + _ERASE_BEHIND + self._shown)

    def above(self, text: str) -> None:
        """Write lines that stay, and these lines behind them again.

        Args:
            text: whole lines, with their last line end.
        """
        self._write(_ERASE_BEHIND + text + self._shown)

    def end(self) -> None:
        """Take the lines away."""
        self._write(_ERASE_BEHIND + _SHOW)

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()
