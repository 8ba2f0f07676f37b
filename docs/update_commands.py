"""Writes the present ``--help`` of every command into ``commands.md``, between the fences that are there for it.

    python docs/update_commands.py

A test fails while the two differ.
"""

import re
import sys
from importlib import import_module
from pathlib import Path

import click

from accelerator.cli.commands import COMMANDS
from accelerator.cli.main import ax

PAGE = Path(__file__).parent / "commands.md"
BLOCK = re.compile(r"(^## ax (\S+)\n.*?^```text\n).*?(^```$)", re.MULTILINE | re.DOTALL)
WIDTH = 100


def help_text(name: str) -> str:
    """Return what ``ax NAME --help`` prints on a terminal of 100 columns."""
    command = import_module(COMMANDS[name].module).command
    above = click.Context(ax, info_name="ax", terminal_width=WIDTH, **ax.context_settings)
    with click.Context(command, parent=above, info_name=name) as ctx:
        return "".join(f"{line.rstrip()}\n" for line in command.get_help(ctx).split("\n"))


def updated(page: str) -> str:
    """Return the page with every command's help as it is now."""
    return BLOCK.sub(lambda found: found[1] + help_text(found[2]) + found[3], page)


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
    sys.exit(0)
