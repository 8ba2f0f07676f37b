"""``ax run``."""

from collections.abc import Sequence

import click

from accelerator import _lazy
from accelerator.cli.command import command as ax_command
from accelerator.cli.complete import limited_method_names, script_names, workdir_names
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.script.chosen import choose
from accelerator.script.session import run_scripts

__all__ = ["command"]


def _concurrency(_ctx: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> dict[str, int]:
    """Read ``method=N`` and ``N``; the method of a bare number is empty: all others."""
    limits = {}
    for value in values:
        method, _, number = value.rpartition("=")
        if not (number.isascii() and number.isdigit()):
            raise click.BadParameter(f"{value!r} is neither N nor METHOD=N")
        limits[method] = int(number)
    return limits


def _flags(_ctx: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(flag.strip() for value in values for flag in value.split(","))


@ax_command(
    "run",
    examples=[
        ("ax run", "runs build.py"),
        ("ax run import report", "runs build_import.py, then build_report.py"),
        ("ax run --why", "also tells why each job is built that is built"),
        ("ax run --dry-run report", "builds nothing, tells what would be built, and why"),
        ("ax run -w test -c 4 import", "new jobs in workdir test, at most 4 slices at a time"),
    ],
    details=(
        "SCRIPT is the name of a build script, with or without `build_` and its package; `build` if none is given. "
        "Several run in this order until one fails. Jobs that exist are not built again.\n\n"
        "^T, or the signal SIGUSR1, shows what every process is doing, as ax status does."
    ),
)
@click.argument("scripts", metavar="[SCRIPT]...", nargs=-1, shell_complete=script_names)
@click.option(
    "-f",
    "--flags",
    metavar="A,B",
    multiple=True,
    callback=_flags,
    help="For the script (urd.flags); force_build and why_build are known to ax.",
)
@click.option(
    "-c",
    "--concurrency",
    metavar="[METHOD=]N",
    multiple=True,
    shell_complete=limited_method_names,
    callback=_concurrency,
    help="How many slices run at a time, of this method or of all others.",
)
@click.option(
    "-w",
    "--workdir",
    metavar="NAME",
    shell_complete=workdir_names,
    help="Where new jobs go; otherwise the target workdir.",
)
@click.option("-p", "--full-path", is_flag=True, help="Show the paths of jobs instead of their ids.")
@click.option(
    "--verbose",
    type=click.Choice(["no", "status", "dots", "log"]),
    default="status",
    show_default=True,
    help="How to show progress.",
)
@click.option("--quiet", is_flag=True, help="The same as --verbose no.")
@click.option("--horizon", metavar="TIMESTAMP", help="Urd entries later than this are not seen as the latest.")
@click.option("--why", is_flag=True, help="Tell why jobs are built instead of found.")
@click.option(
    "-n",
    "--dry-run",
    is_flag=True,
    help="Build and record nothing: tell which jobs would be reused, which would run, why, and for how long.",
)
@click.option("--output/--no-output", default=True, show_default=True, help="Show what jobs print.")
@click.option("--keep-temp-files", is_flag=True, help="Keep the files that jobs mark as temporary.")
@click.option("-q", "--quick", is_flag=True, hidden=True, help="Does nothing; every run is quick.")
@click.option("-W", "--just-wait", is_flag=True, hidden=True, help="Does nothing; there is nothing to wait for.")
@click.option("--json", "as_json", is_flag=True, help="Print what happens as JSON lines, for programs.")
@pass_workspace
def command(
    workspace: Workspace,
    scripts: Sequence[str],
    *,
    flags: tuple[str, ...],
    concurrency: dict[str, int],
    workdir: str | None,
    full_path: bool,
    verbose: str,
    quiet: bool,
    horizon: str | None,
    why: bool,
    dry_run: bool,
    as_json: bool,
    output: bool,
    keep_temp_files: bool,
    quick: bool,  # noqa: ARG001  # accepted for old habits
    just_wait: bool,
) -> int:
    """Run build scripts."""
    if just_wait:
        return 0
    names = list(scripts) or ["build"]
    if dry_run:
        chosen = choose(
            workspace.project, names, flags=flags, concurrency=concurrency, workdir=workdir, horizon=horizon
        )
        code: int = _lazy.run_preview.preview(workspace.project, chosen, as_json=as_json)
        return code
    return run_scripts(
        workspace.project,
        names,
        flags=flags,
        concurrency=concurrency,
        workdir=workdir,
        full_path=full_path,
        verbose=verbose,
        quiet=quiet,
        horizon=horizon,
        why=why,
        output=output,
        keep_temp_files=keep_temp_files,
        events=as_json,
    )
