"""``ax abort``."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from accelerator.cli import render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import job_names
from accelerator.cli.nearest import did_you_mean
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import UserError
from accelerator.job.running import RunningMarker
from accelerator.job.workdir import Workdir

__all__ = ["abort", "command", "running_jobs"]

# How long a job may take to end by itself.
_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.02


def running_jobs(workdirs: Sequence[Workdir]) -> dict[str, tuple[RunningMarker, Path]]:
    """Return the marker and the directory of each job that runs on this machine, by id."""
    return {
        marker.jobid: (marker, workdir.job_path(marker.jobid))
        for workdir in workdirs
        for marker in workdir.markers()
        if marker.here() and workdir.is_running(marker.jobid)
    }


def abort(marker: RunningMarker, directory: Path) -> bool:
    """End a running job: ask it to, and after some seconds make it.

    The job of a build script is the session itself: it is interrupted as by ^C, and ends its jobs.

    Args:
        marker: says which processes run it.
        directory: of the job.

    Returns:
        Whether it was still running.
    """
    if marker.runner is None:
        return _interrupt(marker)
    process = marker.job
    if process is None or not process.alive():
        return False
    # Says to those who report about the job that this end was wanted.
    with suppress(OSError):
        (directory / ".abort").touch()
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.group, number)
        deadline = time.monotonic() + _GRACE_SECONDS
        while process.alive() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    return True


def _interrupt(marker: RunningMarker) -> bool:
    process = marker.session or marker.job
    if process is None or not process.alive():
        return False
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGINT)
    return True


@ax_command(
    "abort",
    examples=[
        ("ax abort", "ends every job that runs in this project"),
        ("ax abort dev-12", "ends one"),
    ],
    details=(
        "The build script that waits for the job sees that it failed. A build script's own job can be named too: "
        "that is as ^C where it runs."
    ),
)
@click.argument("jobs", metavar="[JOB]...", nargs=-1, shell_complete=job_names)
@click.option("-q", "--quiet", is_flag=True, help="Do not say how many were ended.")
@json_option
@pass_workspace
def command(workspace: Workspace, jobs: Sequence[str], *, quiet: bool, as_json: bool) -> None:
    """End running jobs."""
    running = running_jobs([Workdir(name, path) for name, path in workspace.config.workdirs.items()])
    for job in jobs:
        if job not in running:
            raise UserError(f"{job} is not running{did_you_mean(job, running)}")
    # Without names: what works for the scripts, which then end by themselves.
    wanted = jobs or [jobid for jobid, (marker, _) in running.items() if marker.runner is not None]
    ended = [job for job in wanted if abort(*running[job])]
    if as_json:
        render.print_json({"killed": ended})
    elif not quiet:
        print(f"Killed {len(ended)} running {'job' if len(ended) == 1 else 'jobs'}.")
