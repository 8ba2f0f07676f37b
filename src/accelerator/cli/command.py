"""What all commands share: their click class with examples, common options, and the state handed to each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from accelerator.cli.commands import COMMANDS

__all__ = ["Command", "State", "command", "json_option"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class State:
    """What the options before the command word said; ``ctx.obj`` of every command.

    Args:
        config: the configuration file of ``--config``, or None for the nearest ``accelerator.toml``.
    """

    config: Path | None = None


class Command(click.Command):
    """A click command whose help ends in examples.

    Args:
        examples: pairs of a command line and what it does.
    """

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def make_parser(self, ctx: click.Context) -> Any:
        """Give every flag that has none its ``--no-`` form, which takes back one that an alias gave.

        Not as secondary names of the options: their help would be twice as long.
        """
        parser = super().make_parser(ctx)
        for option in self.params:
            if not isinstance(option, click.Option) or not option.is_bool_flag or option.secondary_opts:
                continue
            for name in option.opts:
                if name.startswith("--") and not name.startswith("--no-"):
                    parser.add_option(option, [f"--no-{name[2:]}"], dest=option.name, action="store_const", const=False)
        return parser

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, each on its own line."""
        with formatter.section("Examples"):
            formatter.write_dl(self.examples, col_max=44)
        super().format_epilog(ctx, formatter)


def command(name: str, *, examples: Sequence[tuple[str, str]], details: str = "") -> Callable[[F], Command]:
    """Make a function a command of ``ax``; its summary comes from the table of commands.

    Args:
        name: the command word.
        examples: pairs of a command line and what it does; at least one.
        details: what ``--help`` says below the summary.
    """
    text = COMMANDS[name].summary + (f"\n\n{details.strip()}" if details else "")
    return click.command(name, cls=Command, help=text, examples=examples)


def json_option(function: F) -> F:
    """Add ``--json`` to a command, as its parameter ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(function)
