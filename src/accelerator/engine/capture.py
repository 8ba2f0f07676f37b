"""What the parts of a job print, straight into files: file descriptors 1 and 2 are the file."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_DIRECTORY = "OUTPUT"


def write_through() -> None:
    """Make Python's own output streams keep nothing back: what is printed is in the file, however we end."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(descriptor, "w", closefd=False)
        stream = io.TextIOWrapper(
            raw, encoding="utf-8", errors="backslashreplace", line_buffering=True, write_through=True
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


@contextlib.contextmanager
def captured(directory: Path, part: str | int) -> Iterator[None]:
    """Send what this process and its children print to ``OUTPUT/<part>`` of a job.

    Args:
        directory: the job's directory.
        part: ``prepare``, ``synthesis`` or the number of a slice.
    """
    path = directory / _DIRECTORY / str(part)
    path.parent.mkdir(exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
    finally:
        os.close(descriptor)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        with contextlib.suppress(OSError):
            if path.stat().st_size == 0:
                path.unlink()


def add(directory: Path, part: str | int, text: str) -> None:
    """Add lines to what a part has printed, after it has ended.

    Args:
        directory: the job's directory.
        part: as for :func:`captured`.
        text: without the last line end.
    """
    path = directory / _DIRECTORY / str(part)
    with contextlib.suppress(OSError):  # the disk may be full, and the text is told in any case
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as file:
            file.write(f"{text}\n".encode("utf-8", "backslashreplace"))


def tidy(directory: Path) -> None:
    """Remove the output files of parts that printed nothing, and the directory if none printed."""
    output = directory / _DIRECTORY
    with contextlib.suppress(OSError):
        with os.scandir(output) as entries:
            empty = [entry.path for entry in entries if entry.stat().st_size == 0]
        for path in empty:
            os.unlink(path)  # noqa: PTH108 - a path from scandir
        output.rmdir()
