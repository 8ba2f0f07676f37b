"""``ax status``."""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from accelerator.cli import render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import StorageError
from accelerator.job.record import Failed, Setup
from accelerator.job.status import read_status
from accelerator.job.workdir import Workdir
from accelerator.script.tree import status_summary, status_tree

__all__ = ["command", "last_failure"]

_IDLE = ["Idle."]


@ax_command(
    "status",
    examples=[
        ("ax status", "what runs now, down to what each slice does; if nothing, the last error"),
        ("ax status -s", "a line for each running job"),
    ],
    details="The same as ^T or SIGUSR1 shows in `ax run`.",
)
@click.option("-s", "--short", is_flag=True, help="A line for each running job.")
@json_option
@pass_workspace
def command(workspace: Workspace, *, short: bool, as_json: bool) -> None:
    """Show what is running now."""
    workdirs = workspace.config.workdirs
    if as_json:
        failed = last_failure(workdirs.values())
        render.print_json({"running": _running(workdirs.items()), "last_error": failed and vars(failed)})
        return
    if short:
        render.print_lines(status_summary(workdirs.values()))
        return
    lines = status_tree(workdirs.values())
    render.print_lines(lines)
    failed = last_failure(workdirs.values()) if lines == _IDLE else None
    if failed is not None:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(failed.time))
        print(f"\nLast error at {when}:\n{failed.jobid} ({failed.method}):")
        for part, text in failed.status.items():
            print(f"  {part}:")
            render.print_lines(f"    {line}".rstrip() for line in text.rstrip().split("\n"))


def last_failure(workdirs: Iterable[Path]) -> Failed | None:
    """Return the failure that was recorded last in any of some workdirs, or None.

    A build script that failed because a job did says less than the job.
    """
    found = sorted(
        ((when, workdir / name) for workdir in workdirs for when, name in _failures(workdir)),
        reverse=True,
    )
    if not found:
        return None
    try:
        chosen = found[0][1]
        script = Setup.load(chosen)
        if script.is_build:
            during = (path for when, path in found if when >= script.starttime)
            chosen = next((path for path in during if not Setup.load(path).is_build), chosen)
        return Failed.load(chosen)
    except (OSError, StorageError):
        return None  # deleted meanwhile, or damaged


def _failures(workdir: Path) -> Iterator[tuple[float, str]]:
    """Yield time and job of each failure recorded in a workdir; there may be very many jobs without one."""
    with contextlib.suppress(FileNotFoundError), os.scandir(workdir) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                yield os.stat(f"{entry.path}/failed.json").st_mtime, entry.name  # noqa: PTH116 - quicker than a Path


def _running(workdirs: Iterable[tuple[str, Path]]) -> list[dict[str, Any]]:
    """Return the running jobs with what their processes do."""
    found = []
    for name, path in workdirs:
        workdir = Workdir(name, path)
        for marker in workdir.markers():
            if not workdir.is_running(marker.jobid):
                continue
            directory = workdir.job_path(marker.jobid)
            found.append(
                {
                    "job": marker.jobid,
                    "method": marker.method,
                    "starttime": Setup.load(directory).starttime,
                    "pid": marker.job and marker.job.pid,
                    "parts": [
                        {
                            "part": part.part,
                            "pid": part.pid,
                            "stack": [{"message": message, "start": start} for message, start in part.stack],
                            "rows": part.rows,
                            "expected": part.expected,
                        }
                        for part in read_status(directory)
                    ],
                }
            )
    return found
