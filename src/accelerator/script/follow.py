"""What running jobs print, read from their OUTPUT files as they grow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

__all__ = ["Follower"]

_BLOCK = 1 << 20
_PATIENCE = 10
"""Ticks that the beginning of a failure report is held back for."""
_REPORT = re.compile(
    r"Traceback \(most recent call last\):$|Failed to build jobs:$|\S+-\d+ \(\w+\):$| *\+ Exception Group"
)


@dataclass(slots=True)
class _File:
    """One OUTPUT file: how far it was read, its last line if that is not complete, and lines held back."""

    position: int = 0
    partial: bytes = b""
    held: list[str] = field(default_factory=list)
    age: int = 0


class Follower:
    """Follows the output of one job.

    A failing job prints its report, which the caller shows too: lines that look like one are held back for a second,
    to be left out if the job indeed failed.

    Args:
        directory: of the job.
        most: bytes to show at once of what one part printed; more is passed over, which a line tells.  For terminals,
            which are slower than a job that prints without end.  None for all of it.
    """

    def __init__(self, directory: Path, most: int | None = None) -> None:
        self._directory = directory
        self._most = most
        self._files: dict[Path, _File] = {}

    def poll(self) -> Iterator[str]:
        """Yield the lines that were printed since last time (at most a block of each part)."""
        for path, file in self._look():
            yield from self._new_lines(path, file)

    def finish(self, report: str | None = None) -> Iterator[str]:
        """Yield the rest when the job is over, the last line of each part even if it has no end.

        Args:
            report: what is told of its failure by others; None if it did not fail.
        """
        # A job whose subjob failed has printed a heading above that one's report, too.
        told = {"Failed to build jobs:", *(report or "").split("\n")}
        told |= {line.strip() for line in told}
        for path, file in self._look():
            before = -1
            while file.position != before:
                before = file.position
                yield from self._new_lines(path, file)
            if file.partial:
                file.held.append(_text(file.partial))
                file.partial = b""
            yield from (line for line in file.held if not (report and (line in told or line.strip() in told)))
            file.held = []

    def _look(self) -> list[tuple[Path, _File]]:
        try:
            paths = sorted((self._directory / "OUTPUT").iterdir(), key=_order)
        except OSError:
            return []
        return [(path, self._files.setdefault(path, _File())) for path in paths]

    def _new_lines(self, path: Path, file: _File) -> Iterator[str]:
        """Yield what was added to a file; hold back what looks like a report, but not for long."""
        try:
            with path.open("rb") as stream:
                passed = self._pass_over(stream, file)
                data = stream.read(_BLOCK)
                file.position = stream.tell()
        except OSError:
            return
        *lines, file.partial = (file.partial + data).split(b"\n") if data else [file.partial]
        file.age = file.age + 1 if file.held else 0
        if passed or file.age > _PATIENCE:
            yield from file.held
            file.held = []
        if passed:
            yield f"… {passed} bytes are not shown here; `ax job --just-output {self._directory.name}` shows all"
        for line in map(_text, lines):
            if file.held or _REPORT.match(line):
                file.held.append(line)
            else:
                yield line

    def _pass_over(self, stream: BinaryIO, file: _File) -> int:
        """Go to the place in a file to read from; return how many bytes are left out before it."""
        end = stream.seek(0, SEEK_END)
        if self._most is None or end - file.position <= self._most:
            stream.seek(file.position)
            return 0
        stream.seek(end - self._most // 2)
        stream.readline()  # to the beginning of a line
        passed = stream.tell() - file.position + len(file.partial)
        file.partial = b""
        return passed


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").rsplit(b"\r", 1)[-1].decode("utf-8", "backslashreplace")


def _order(path: Path) -> tuple[int, int]:
    if path.name.isdecimal():
        return 1, int(path.name)
    return (0 if path.name == "prepare" else 2), 0
