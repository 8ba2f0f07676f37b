"""``ax version``."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from accelerator.cli import render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option

__all__ = ["command", "versions"]

_DEPENDENCIES = ("pyarrow", "numpy", "duckdb", "polars", "pandas", "sqlalchemy", "click", "rich")


def versions() -> dict[str, str]:
    """Return the versions of the program, Python, the platform and the main dependencies that are installed."""
    found = {
        "accelerator": version("accelerator"),
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
    }
    for name in _DEPENDENCIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@ax_command("version", examples=[("ax version", "what is installed"), ("ax version --json", "the same, for programs")])
@json_option
def command(*, as_json: bool = False) -> None:
    """Show versions."""
    found = versions()
    if as_json:
        render.print_json(found)
    else:
        render.print_pairs(found)
