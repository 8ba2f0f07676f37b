"""How ``ax ds`` words columns, values and slices."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from accelerator import _lazy
from accelerator.cli import render
from accelerator.dataset.names import quoted

__all__ = ["column_lines", "print_balance", "print_in_columns", "value_text"]

# Minimum and maximum are not padded further than this.
_VALUE_WIDTH = 18
_ROWS = 8


def value_text(value: Any) -> str:
    """Return a minimum or maximum in few characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (datetime, date, time)):
        return str(value)
    return repr(value)


def column_lines(
    columns: Sequence[Mapping[str, Any]], hashlabel: str | None, *, min_max: bool, location: bool
) -> Iterator[str]:
    """Yield a line for each column: a star for the hashlabel, name, type, minimum and maximum, where it is stored.

    With ``location`` a second line follows if the column was typed.
    """
    names = [quoted(column["name"]) for column in columns]
    types = [f"{column['type']}{'+None' if column['none_support'] else ''}" for column in columns]
    lows = [value_text(column["min"]) for column in columns]
    highs = [value_text(column["max"]) for column in columns]
    name_width = max(map(len, names), default=0)
    type_width = max(map(len, types), default=0)
    low_width = _usual_width(lows)
    high_width = _usual_width(highs)
    range_width = low_width + high_width + 4
    for column, name, kind, low, high in zip(columns, names, types, lows, highs, strict=True):
        star = "*" if column["name"] == hashlabel else " "
        limits = f"[{low:>{low_width}}, {high:>{high_width}}]" if min_max and low else ""
        where = f"  {column['location']}" if location else ""
        padded = f"{limits:<{range_width}}" if min_max and location else limits
        yield f"{star} {name:<{name_width}}  {kind:<{type_width}}  {padded}{where}".rstrip()
        if location and column["typed_from"]:
            yield f"  {'':<{name_width}}  typed from {column['typed_from']}"


def _usual_width(texts: Sequence[str]) -> int:
    """Return the width for all but the longest texts: those would push everything else to the right."""
    return max((len(text) for text in texts if len(text) <= _VALUE_WIDTH), default=0)


def print_balance(lines: Sequence[int]) -> None:
    """Print the share of each slice, the largest first, and how uneven they are."""
    total = sum(lines)
    width = len(str(len(lines) - 1))
    numbers = {sliceno: render.count(number) for sliceno, number in enumerate(lines)}
    for sliceno in sorted(numbers, key=lambda sliceno: (-lines[sliceno], sliceno)):
        share = lines[sliceno] / total if total else 0
        print(f"        {sliceno:>{width}}: {share:>7.2%} ({numbers[sliceno]})")
    if total:
        print(f"    Max to average ratio: {max(lines) * len(lines) / total:.3f}")


def print_in_columns(texts: Sequence[str], *, indent: int) -> None:
    """Print texts down as many columns as the terminal is wide, at least eight to a column; one where there is none."""
    columns = 1
    width = max(map(len, texts), default=0)
    if sys.stdout is not None and sys.stdout.isatty():
        fitting = max(1, (_lazy.shutil.get_terminal_size().columns - indent + 2) // (width + 2))
        columns = min(fitting, max(1, len(texts) // _ROWS))
    rows = -(-len(texts) // columns)
    for row in range(rows):
        line = "  ".join(f"{text:<{width}}" for text in texts[row::rows])
        print(f"{'':{indent}}{line.rstrip()}")
