"""``ax gc``."""

from collections.abc import Mapping
from pathlib import Path

import click

from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.deletion import confirmed, delete, plural
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import StorageError
from accelerator.job.record import Post
from accelerator.job.workdir import Workdir

__all__ = ["command", "unfinished"]


def unfinished(workdirs: Mapping[str, Path]) -> list[str]:
    """Return the jobs of some workdirs that have not finished and do not run."""
    known = (Workdir(name, path) for name, path in workdirs.items())
    # Running is looked at first: a job may finish between the two.
    return [
        jobid
        for workdir in known
        for jobid in workdir.jobids()
        if not workdir.is_running(jobid) and not _finished(workdir.job_path(jobid))
    ]


def _finished(directory: Path) -> bool:
    try:
        Post.load(directory)
    except FileNotFoundError:
        return False
    except StorageError:
        return True  # damaged: not for us to throw away
    return True


@ax_command(
    "gc",
    examples=[
        ("ax gc", "lists the jobs that failed or were interrupted, and asks whether to delete them"),
        ("ax gc --yes", "deletes them"),
    ],
    details="Jobs that run now are left alone, and so is everything that has finished.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Only list what would be deleted.")
@click.option("-y", "--yes", is_flag=True, help="Delete without asking.")
@json_option
@pass_workspace
def command(workspace: Workspace, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Delete jobs that never finished."""
    jobs = unfinished(workspace.config.workdirs)
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
    done = delete(jobs)
    if not as_json:
        print(f"Deleted {plural(len(jobs))}." if done else "Not all could be deleted.")
    return errors.ExitCode.OK if done else errors.ExitCode.ERROR
