"""``ax alias``."""

import shlex
from collections.abc import Sequence

import click

from accelerator.cli import render, userconfig
from accelerator.cli.aliases import expansion
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option

__all__ = ["command"]


@ax_command(
    "alias",
    examples=[("ax alias", "all aliases"), ("ax alias cat", "what `ax cat` stands for")],
    details="Aliases are defined in the [alias] table of the user configuration; `ax noalias CMD` skips them.",
)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
def command(names: Sequence[str], *, as_json: bool) -> None:
    """Show the defined aliases."""
    aliases = userconfig.load(userconfig.location()).aliases
    shown = {name: aliases.get(name, name) for name in names} if names else dict(sorted(aliases.items()))
    if as_json:
        render.print_json(shown)
    elif names:
        render.print_lines(shlex.join(expansion(name, value)) for name, value in shown.items())
    else:
        render.print_lines(f"{name} = {value}" for name, value in shown.items())
