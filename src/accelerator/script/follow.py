"""What running jobs print, read from their OUTPUT files as they grow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Follower"]

_BLOCK = 1 << 20
"""Bytes of a file that are shown in one tick: the terminal is slower than a job that prints without end."""
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
    """

    def __init__(self, directory: Path) -> None:
        self._output = directory / "OUTPUT"
        self._files: dict[Path, _File] = {}

    def poll(self) -> Iterator[str]:
        """Yield the lines that were printed since last time."""
        for _, lines in self._read(_BLOCK):
            yield from lines

    def finish(self, report: str | None = None) -> Iterator[str]:
        """Yield the rest when the job is over, the last line of each part even if it has no end.

        Args:
            report: what is told of its failure by others; None if it did not fail.
        """
        told = set((report or "").split("\n"))
        told |= {line.strip() for line in told}
        for file, lines in self._read(-1):
            yield from lines
            if file.partial:
                file.held.append(_text(file.partial))
                file.partial = b""
        for file in self._files.values():
            yield from (line for line in file.held if not (report and (line in told or line.strip() in told)))
            file.held = []

    def _read(self, limit: int) -> Iterator[tuple[_File, list[str]]]:
        try:
            paths = sorted(self._output.iterdir(), key=_order)
        except OSError:
            return
        for path in paths:
            file = self._files.setdefault(path, _File())
            yield file, list(_new_lines(path, file, limit))


def _new_lines(path: Path, file: _File, limit: int) -> Iterator[str]:
    try:
        with path.open("rb") as stream:
            stream.seek(file.position)
            data = stream.read(limit)
            file.position = stream.tell()
    except OSError:
        return
    *lines, file.partial = (file.partial + data).split(b"\n") if data else [file.partial]
    file.age = file.age + 1 if file.held and not lines else 0
    if file.age > _PATIENCE:
        yield from file.held
        file.held = []
    for line in map(_text, lines):
        if file.held or _REPORT.match(line):
            file.held.append(line)
        else:
            yield line


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").rsplit(b"\r", 1)[-1].decode("utf-8", "backslashreplace")


def _order(path: Path) -> tuple[int, int]:
    if path.name.isdecimal():
        return 1, int(path.name)
    return (0 if path.name == "prepare" else 2), 0
