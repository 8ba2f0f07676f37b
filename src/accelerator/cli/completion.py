"""``ax completion``."""

import click
from click.shell_completion import get_completion_class

from accelerator.cli.command import command as ax_command

__all__ = ["command"]

_COMPLETION_VARIABLE = "_AX_COMPLETE"


@ax_command(
    "completion",
    examples=[
        ('eval "$(ax completion bash)"', "in ~/.bashrc"),
        ('eval "$(ax completion zsh)"', "in ~/.zshrc"),
        ("ax completion fish | source", "in ~/.config/fish/config.fish"),
    ],
    details="Commands, options, build scripts, methods, workdirs and job ids are completed.",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print shell completion for bash, zsh or fish."""
    completion = get_completion_class(shell)
    assert completion is not None, shell
    script = completion(ctx.find_root().command, {}, "ax", _COMPLETION_VARIABLE).source()
    click.echo(script)
