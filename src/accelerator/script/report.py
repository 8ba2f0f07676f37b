"""What a run of build scripts says: times, the line of a job, the box with warnings."""

import re
import textwrap
from collections.abc import Sequence

__all__ = ["WIDTH", "build_line", "fmttime", "time_line", "warning_box"]

WIDTH = 79
"""Columns of a line about a job."""

_UNITS = ((60.0, "seconds", "s", 1, 0), (60.0, "minutes", "m", 1, 1), (24.0, "hours", "h", 2, 2))
_ESCAPE = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]")


def fmttime(seconds: float | None, short: bool = False) -> str | None:
    """Return a time for people: ``119.9 seconds``, ``2.0 minutes``, ``2.00 hours``, ``2.00 days``.

    Args:
        seconds: how long; None gives None.
        short: ``5s``, ``2.0m``, ``2.00h``, ``2.00d`` instead.

    A unit is used from two of it upwards.

    >>> fmttime(119.9), fmttime(120), fmttime(1.0), fmttime(5, short=True)
    ('119.9 seconds', '2.0 minutes', '1 second', '5s')
    """
    if seconds is None:
        return None
    value = float(seconds)
    for size, long_name, short_name, digits, short_digits in _UNITS:
        # Rounded first: 119.96 seconds shall be 2.0 minutes, and never "120.0 seconds".
        if round(value, short_digits if short else digits) < 2 * size:
            if short:
                return f"{value:.{short_digits}f}{short_name}"
            text = f"{value:.{digits}f} {long_name}"
            return "1 second" if text == "1.0 seconds" else text
        value /= size
    return f"{value:.2f}d" if short else f"{value:.2f} days"


def build_line(method: str, status: str, job: str, seconds: float | None = None) -> str:
    """Return the line that says what became of a request.

    Args:
        method: name of the job's method.
        status: ``link`` (it existed), ``DONE`` (built), ``MAKE`` (being built) or ``FAIL``.
        job: its id or path.
        seconds: how long it ran, if known; ends the line at column 79.
    """
    line = f"   - {method:<35} {status:<5} {job}"
    time = fmttime(seconds)
    return line if time is None else f"{line} {time:>{max(0, WIDTH - len(line) - 1)}}"


def time_line(seconds: float) -> str:
    """Return the line that follows a ``MAKE`` line once the job is done: how long it ran, below the other times."""
    return f"{fmttime(seconds):>{WIDTH}}"


def warning_box(lines: Sequence[str]) -> str:
    """Return the warnings of a script in a box of ``#``, wrapped, with each line's indent kept.

    Args:
        lines: without line ends or tabs.
    """
    inner = WIDTH - 8
    wrapped: list[str] = []
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())][: inner // 2]
        wrapped.extend(_wrap(line, inner, indent))
    width = max(_width(line) for line in wrapped)
    rule = "#" * (width + 6)
    return "\n".join([rule, *(f"## {line}{' ' * (width - _width(line))} ##" for line in wrapped), rule])


def _wrap(line: str, width: int, indent: str) -> list[str]:
    if _width(line) <= width:
        return [line.rstrip()]
    return textwrap.wrap(line, width, subsequent_indent=indent, expand_tabs=False) or [""]


def _width(line: str) -> int:
    """Columns that a line takes; colours take none."""
    return len(_ESCAPE.sub("", line))
