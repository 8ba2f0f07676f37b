"""``ax du``."""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click

from accelerator.cli import render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import job_names
from accelerator.cli.tables import print_table
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import StorageError
from accelerator.job.record import Setup
from accelerator.job.workdir import Workdir

__all__ = ["command", "disk_use"]


def disk_use(directory: Path) -> int:
    """Return the bytes that a directory takes on disk, links not followed."""
    total = 0
    pending = [str(directory)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
        except FileNotFoundError:
            continue  # deleted meanwhile
    return total


@ax_command(
    "du",
    examples=[
        ("ax du", "by method, the largest first"),
        ("ax du -j", "by job"),
        ("ax du dev-12", "the datasets of a job, and the rest"),
    ],
)
@click.argument("specs", metavar="[JOB]...", nargs=-1, shell_complete=job_names)
@click.option("-j", "--jobs", "by_job", is_flag=True, help="A line for each job.")
@json_option
@pass_workspace
def command(workspace: Workspace, specs: Sequence[str], *, by_job: bool, as_json: bool) -> None:
    """Show disk use by method and job."""
    if specs:
        rows = [row for spec in specs for row in _in_job(Path(workspace.job(spec).path))]
        _print(rows, ("job", "dataset"), as_json=as_json)
        return
    jobs = [row for name, path in workspace.config.workdirs.items() for row in _in_workdir(Workdir(name, path))]
    if by_job:
        _print(sorted(jobs, key=_by_size), ("job", "method"), as_json=as_json)
        return
    total: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for job in jobs:
        total[job["method"]][0] += 1
        total[job["method"]][1] += job["bytes"]
    rows = [{"method": method, "jobs": number, "bytes": size} for method, (number, size) in total.items()]
    _print(sorted(rows, key=_by_size), ("method", "jobs"), as_json=as_json)


def _by_size(row: dict[str, Any]) -> int:
    return -int(row["bytes"])


def _in_workdir(workdir: Workdir) -> list[dict[str, Any]]:
    found = []
    for jobid in workdir.jobids():
        directory = workdir.job_path(jobid)
        try:
            method = Setup.load(directory).method
        except PermissionError:
            method = "(unreadable)"
        except (FileNotFoundError, StorageError):
            method = ""
        try:
            size = disk_use(directory)
        except PermissionError:
            size = 0  # and the others are what was asked for
        found.append({"job": jobid, "method": method, "bytes": size})
    return found


def _in_job(directory: Path) -> list[dict[str, Any]]:
    """The datasets of a job, the largest first, and at last everything else in it."""
    whole = disk_use(directory)
    datasets = directory / "DS"
    rows: list[dict[str, Any]] = [
        {"job": directory.name, "dataset": unquote(path.name), "bytes": disk_use(path)}
        for path in (datasets.iterdir() if datasets.is_dir() else ())
        if path.is_dir()
    ]
    rest = whole - sum(row["bytes"] for row in rows)
    return [*sorted(rows, key=_by_size), {"job": directory.name, "dataset": "", "bytes": rest}]


def _cell(name: str, value: Any) -> str:
    return "(damaged)" if name == "method" and not value else str(value)


def _print(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        render.print_json(rows)
        return
    cells = [[render.size(row["bytes"]), *(_cell(name, row[name]) for name in columns)] for row in rows]
    print_table(("size", *columns), cells, right=("size", "jobs"))
    print(f"{render.size(sum(row['bytes'] for row in rows))} in all")
