"""``ax completion``."""

import click

from accelerator.cli.command import command as ax_command
from accelerator.cli.shells import SHELLS

__all__ = ["command"]


@ax_command(
    "completion",
    examples=[
        ('eval "$(ax completion bash)"', "in ~/.bashrc"),
        ('eval "$(ax completion zsh)"', "in ~/.zshrc"),
        ("ax completion fish | source", "in ~/.config/fish/config.fish"),
    ],
    details=(
        "Commands, aliases, options, build scripts, methods, workdirs, jobs, datasets, columns and urd lists are "
        "completed."
    ),
)
@click.argument("shell", type=click.Choice(list(SHELLS)))
def command(shell: str) -> None:
    """Print shell completion for bash, zsh or fish."""
    click.echo(SHELLS[shell], nl=False)
