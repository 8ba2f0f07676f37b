"""Tables on the terminal, by rich; apart because importing that takes as long as everything else a command does."""

from collections.abc import Iterable, Sequence
from typing import NoReturn

from rich.console import Console
from rich.table import Table
from rich.text import Text

from accelerator.cli.render import print_lines

__all__ = ["print_table"]


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Leave the decision about a closed pipe to the one place that makes it."""
        raise BrokenPipeError


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print a table: aligned with headers on a terminal, TAB-separated lines without headers for programs."""
    screen = _Console(highlight=False)
    if screen.is_terminal:
        screen.print(_table(headers, rows, right=right))
    else:
        print_lines("\t".join(row) for row in rows)


def _table(headers: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: Sequence[str] = ()) -> Table:
    """Return a table without lines: what fits is shown, the rest of a cell is folded.

    Args:
        headers: a name for each column.
        rows: the cells; a ``str`` is taken as it is, without markup.
        right: names of the columns to align to the right.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        table.add_column(header, justify="right" if header in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return table
