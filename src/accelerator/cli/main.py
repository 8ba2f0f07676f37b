"""``ax``: finds the command, and imports nothing but that one."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from accelerator.cli import aliases, userconfig
from accelerator.cli.command import State
from accelerator.cli.commands import COMMANDS, CommandEntry
from accelerator.cli.errors import ExitCode, run_guarded
from accelerator.cli.nearest import did_you_mean

__all__ = ["ax", "main"]

COMPLETION_VARIABLE = "_AX_COMPLETE"
# What only the TAB key needs.
_SHELLS = "accelerator.cli.shells"


class _LazyGroup(click.Group):
    """The commands of the table, each imported when it is asked for.

    Attributes:
        found: the command that was asked for last.
    """

    found: CommandEntry | None = None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if entry.reads_data:
            # NumPy's linear algebra, which nothing here uses, would start threads that wait busily: a fifth of the time
            # of such a command on few rows.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        self.found = entry
        command = import_module(entry.module).command
        if not gc.isenabled():
            # The modules stay: no need to look through them again and again.
            gc.freeze()
            gc.enable()
        assert isinstance(command, click.Command), entry.module
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not ctx.resilient_parsing:
            click.echo(ctx.get_help() + "\n", err=True)
            raise click.UsageError(f"there is no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return import_module(_SHELLS).command_words(incomplete)  # type: ignore[no-any-return]  # loaded late, so untyped

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in sorted(COMMANDS.items())])


def _show_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        command = ctx.command
        assert isinstance(command, click.Group)
        version = command.get_command(ctx, "version")
        assert version is not None
        ctx.invoke(version)
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="ax COMMAND --help tells about a command. Each flag --NAME has a form --no-NAME, and the last one counts.",
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file; otherwise the nearest accelerator.toml here or above.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show versions."
)
@click.pass_context
def ax(ctx: click.Context, config: Path | None) -> None:
    """Fast, parallel and reproducible processing of large data sets."""
    ctx.obj = State(config)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(ExitCode.USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``ax``.

    Args:
        arguments: the command line without the program; None for that of this process.

    Returns:
        The exit code.
    """
    _open_missing_streams()
    return run_guarded(lambda: _run(sys.argv[1:] if arguments is None else list(arguments)))


def _open_missing_streams() -> None:
    """Open standard streams that the shell has closed (``>&-``), leading nowhere.

    Else the next file that is opened gets their number, and what a job prints goes into that file.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is the missing one
            os.set_inheritable(descriptor, True)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115  # stays open


def _run(arguments: list[str]) -> int | None:
    if COMPLETION_VARIABLE in os.environ:
        click.echo(import_module(_SHELLS).answer(ax, os.environ[COMPLETION_VARIABLE]), nl=False)
        return None
    words = aliases.expand(arguments, userconfig.load(userconfig.location()).aliases)
    # Not ax.main(): that one would answer a closed pipe and ^C by itself.
    try:
        with ax.make_context("ax", words) as ctx:
            result = ax.invoke(ctx)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    return result if isinstance(result, int) else None
