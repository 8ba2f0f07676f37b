"""Lines that are written anew below those that stay, on a terminal whose size changes."""

import fcntl
import os
import re
import struct
import termios

import pytest
from rich.console import Console, Group
from rich.text import Text

from accelerator.script.live import LiveLines

_PART = re.compile(r"\x1b\[\??(\d*)([A-Za-z])|(.)", re.DOTALL)


class Emulator:
    """What a terminal shows: rows, of which each may go on in the next one.

    Args:
        width: columns.
        reflows: whether rows are divided anew when the width changes, as most terminals do; else they are cut.
    """

    def __init__(self, width: int, *, reflows: bool) -> None:
        self.width = width
        self._reflows = reflows
        self._rows: list[list[str | bool]] = [["", False]]
        self._row = self._column = 0

    def feed(self, text: str) -> None:
        for number, command, character in _PART.findall(text):
            if command:
                self._control(command, int(number or 1))
            elif character == "\r":
                self._column = 0
            elif character == "\n":
                self._down()
            else:
                self._put(character)

    def resize(self, width: int) -> None:
        if not self._reflows:
            self._rows = [[str(text)[:width], False] for text, _ in self._rows]
            self._column = min(self._column, width - 1)
        else:
            rows, self._rows = self._rows, []
            text, at = "", None
            for number, (part, goes_on) in enumerate(rows):
                at = len(text) + self._column if number == self._row else at
                text += str(part)
                if goes_on:
                    continue
                if at is not None:
                    self._row, self._column = len(self._rows) + at // width, at % width
                pieces = [text[start : start + width] for start in range(0, max(1, len(text)), width)]
                self._rows += [[piece, piece is not pieces[-1]] for piece in pieces]
                text, at = "", None
        self.width = width

    def shown(self) -> list[str]:
        return [str(text).rstrip() for text, _ in self._rows if str(text).strip()]

    def _control(self, command: str, number: int) -> None:
        if command == "A":
            self._row = max(0, self._row - number)
        elif command == "C":
            self._column = min(self.width - 1, self._column + number)
        elif command in "JK":
            self._rows[self._row] = [str(self._rows[self._row][0])[: self._column], False]
            if command == "J":
                del self._rows[self._row + 1 :]
        else:
            assert command in "hlm", command

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append(["", False])

    def _put(self, character: str) -> None:
        if self._column == self.width:
            self._rows[self._row][1] = True
            self._down()
            self._column = 0
        text = str(self._rows[self._row][0]).ljust(self._column)
        self._rows[self._row][0] = text[: self._column] + character + text[self._column + 1 :]
        self._column += 1


@pytest.fixture
def terminal():
    """A function that sets the size of a terminal, and one that returns what has been written to it."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as file:

        def resize(columns: int, rows: int = 24) -> None:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def written() -> str:
            return os.read(ours, 1 << 16).decode()

        yield resize, written, LiveLines(Console(file=file, highlight=False), file)
    os.close(ours)


def lines(*texts: str) -> Group:
    return Group(*(Text(text, no_wrap=True, overflow="ellipsis") for text in texts))


@pytest.mark.parametrize("reflows", [True, False])
def test_nothing_stale_stays_when_the_terminal_gets_narrower(terminal, reflows):
    resize, written, live = terminal
    emulator = Emulator(60, reflows=reflows)
    emulator.feed("before\r\n")
    resize(60)
    live.show(lines("a" * 100, "b" * 50, "c"))
    emulator.feed(written())
    full = ["before", "a" * 59 + "…", "b" * 50, "c"]
    assert emulator.shown() == full

    emulator.resize(20)
    resize(20)
    live.show(lines("a" * 100, "b" * 50, "c"))
    emulator.feed(written())
    assert emulator.shown() == ["before", "a" * 19 + "…", "b" * 19 + "…", "c"]

    live.above("above\n")
    emulator.feed(written())
    assert emulator.shown() == ["before", "above", "a" * 19 + "…", "b" * 19 + "…", "c"]

    emulator.resize(60)
    resize(60)
    live.show(lines("a" * 100, "b" * 50, "c"))
    emulator.feed(written())
    assert emulator.shown() == ["before", "above", *full[1:]]

    emulator.resize(10)
    live.end()
    emulator.feed(written())
    assert emulator.shown() == ["before", "above"]


def test_more_lines_than_the_terminal_has_are_cut(terminal):
    resize, written, live = terminal
    resize(20, 4)
    emulator = Emulator(20, reflows=True)
    live.show(lines(*"abcdef"))
    emulator.feed(written())

    assert emulator.shown() == ["a", "b", "   …"]
