"""``ax gc``."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

import click

from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.deletion import confirmed, delete, plural
from accelerator.cli.unreferenced import unreferenced as find_unreferenced
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import UserError
from accelerator.job.workdir import Workdir

__all__ = ["command", "unfinished"]


def unfinished(workdirs: Mapping[str, Path]) -> list[str]:
    """Return the jobs of some workdirs that have not finished and do not run."""
    known = (Workdir(name, path) for name, path in workdirs.items())
    return [
        jobid
        for workdir in known
        for jobid in workdir.unfinished()
        # After running it is looked at once more: it may have finished between the two.
        if not workdir.is_running(jobid) and not (workdir.path / jobid / "post.json").exists()
    ]


_KEEP_AUTO = 10
_DURATION = re.compile(r"(\d+)([mhdw])", re.ASCII)
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.ASCII)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}

_DETAILS = """
Jobs that run now are left alone, and so is everything that has finished, unless there is --unreferenced.

With that, finished jobs of the target workdir go, too, if nothing refers to them: no urd list, no link in the result
directory, no job in another workdir, and nothing that one of these needs (parameters, subjobs, parts of datasets,
links, build jobs). In `__auto__`, the lists of all that `ax run` did, only the newest entries count.
"""


def _duration(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """Read ``90m``, ``12h``, ``30d`` and ``8w``; return seconds."""
    if value is None:
        return None
    found = _DURATION.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not a time like 12h, 30d or 8w")
    return int(found[1]) * _SECONDS[found[2]]


def _bytes(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """Read ``500M``, ``1.5 TB``; return bytes."""
    if value is None:
        return None
    found = _SIZE.fullmatch(value.strip().upper().replace("IB", "B"))
    if found is None:
        raise click.BadParameter(f"{value!r} is not a size like 500M or 20G")
    return int(float(found[1]) * 1024 ** _POWERS[found[2]])


@ax_command(
    "gc",
    examples=[
        ("ax gc", "lists the jobs that failed or were interrupted, and asks whether to delete them"),
        ("ax gc --yes", "deletes them"),
        ("ax gc --unreferenced --older-than 30d", "also those of more than 30 days ago that nothing refers to"),
        ("ax gc --unreferenced --keep-size 50G", "also the oldest of these, 50 GiB of them stay"),
    ],
    details=_DETAILS,
)
@click.option("-n", "--dry-run", is_flag=True, help="Only list what would be deleted.")
@click.option("-y", "--yes", is_flag=True, help="Delete without asking.")
@click.option("--unreferenced", is_flag=True, help="Delete finished jobs that nothing refers to, too.")
@click.option(
    "--keep-auto",
    metavar="N",
    type=click.IntRange(0),
    help=f"So many of the newest entries in __auto__ count; default: {_KEEP_AUTO}.",
)
@click.option(
    "--older-than", metavar="TIME", callback=_duration, help="Only if they finished so long ago: 12h, 30d, 8w."
)
@click.option("--keep-size", metavar="SIZE", callback=_bytes, help="Leave so much of them, the newest: 500M, 20G.")
@json_option
@pass_workspace
def command(
    workspace: Workspace,
    *,
    dry_run: bool,
    yes: bool,
    unreferenced: bool,
    keep_auto: int | None,
    older_than: int | None,
    keep_size: int | None,
    as_json: bool,
) -> int:
    """Delete jobs that never finished, and those that nothing refers to."""
    if not unreferenced and (keep_auto, older_than, keep_size) != (None, None, None):
        raise click.UsageError("--keep-auto, --older-than and --keep-size need --unreferenced")
    workdirs = workspace.config.workdirs
    jobs = unfinished(workdirs)
    if unreferenced:
        _refuse_while_running(workdirs)
        jobs += find_unreferenced(
            workspace,
            keep_auto=_KEEP_AUTO if keep_auto is None else keep_auto,
            since=None if older_than is None else time.time() - older_than,
            keep_size=keep_size or 0,
        )
    if as_json:
        render.print_json(jobs)
    elif not jobs:
        print("Nothing to do.")
    else:
        render.print_lines(jobs)
    if not jobs:
        return errors.ExitCode.OK
    if dry_run or not confirmed(f"Delete {plural(len(jobs))}?", yes=yes):
        if not as_json:
            print(f"Would have deleted {plural(len(jobs))}.")
        return errors.ExitCode.OK
    if unreferenced:
        _refuse_while_running(workdirs)  # the answer may have taken its time
    done = delete(jobs)
    if not as_json:
        print(f"Deleted {plural(len(jobs))}." if done else "Not all could be deleted.")
    return errors.ExitCode.OK if done else errors.ExitCode.ERROR


def _refuse_while_running(workdirs: Mapping[str, Path]) -> None:
    """Raise UserError while a job runs: which older jobs it has found and uses is written only when it has finished."""
    for name, path in workdirs.items():
        workdir = Workdir(name, path)
        for jobid in workdir.unfinished():
            if workdir.is_running(jobid):
                raise UserError(f"{jobid} is running, and what it needs is known when it has finished; try again then")
