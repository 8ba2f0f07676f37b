"""``ax script``."""

from collections.abc import Sequence

import click

from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import script_names
from accelerator.cli.descriptions import description
from accelerator.cli.nearest import did_you_mean
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import UserError
from accelerator.method.discover import MethodFile, find_scripts, package_directory

__all__ = ["command"]


@ax_command(
    "script",
    examples=[
        ("ax script", "all build scripts, a line each"),
        ("ax script import", "those with `import` in the name, with their full descriptions"),
    ],
    details="A build script is a build.py or build_*.py in a method package; `ax run NAME` runs it.",
)
@click.argument("match", metavar="[MATCH]...", nargs=-1, shell_complete=script_names)
@click.option("-s", "--short", is_flag=True, help="Only the first line of each description.")
@click.option("-p", "--path", "with_path", is_flag=True, help="Show the directory of each package.")
@json_option
@pass_workspace
def command(workspace: Workspace, match: Sequence[str], *, short: bool, with_path: bool, as_json: bool) -> None:
    """Show build scripts."""
    scripts = find_scripts(workspace.config)
    shown = {module: script for module, script in scripts.items() if not match or any(part in module for part in match)}
    if not shown and match:
        wanted = " or ".join(map(repr, match))
        hint = did_you_mean(match[0], [*scripts, *(script.name for script in scripts.values())])
        raise UserError(f"No build script matches {wanted}{hint}")
    described = {module: _description(script) for module, script in shown.items()}
    if as_json:
        render.print_json(
            [
                {"script": module, "package": script.package, "path": script.path, "description": described[module]}
                for module, script in shown.items()
            ]
        )
        return
    for package in dict.fromkeys(workspace.config.methods):
        texts = {script.name: described[module] for module, script in shown.items() if script.package == package}
        if texts:
            print(f"{package}: {package_directory(package, workspace.config)}" if with_path else f"{package}:")
            render.print_descriptions(texts, full=bool(match) and not short)


def _description(script: MethodFile) -> str:
    try:
        return description(script.path)
    except UserError as error:
        errors.warn(str(error))
        return ""
