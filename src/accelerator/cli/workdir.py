"""``ax workdir``."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from accelerator.cli import render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import workdir_names
from accelerator.cli.nearest import did_you_mean
from accelerator.cli.tables import print_table
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.engine.index import Row
from accelerator.error import StorageError, UserError
from accelerator.job.record import Setup
from accelerator.job.workdir import Workdir
from accelerator.script.report import fmttime

__all__ = ["command"]


@ax_command(
    "workdir",
    examples=[
        ("ax workdir", "the workdirs and where they are"),
        ("ax workdir dev", "the jobs in one"),
        ("ax workdir -a --json", "all jobs, for programs"),
    ],
    details=(
        "The state of a job is `current` (finished, and its method's source is still the same), `old`, `running` or "
        "`unfinished`."
    ),
)
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=workdir_names)
@click.option("-a", "--all", "all_workdirs", is_flag=True, help="The jobs of all workdirs.")
@click.option("-p", "--path", "full_path", is_flag=True, help="Show paths instead of job ids.")
@json_option
@pass_workspace
def command(workspace: Workspace, names: Sequence[str], *, all_workdirs: bool, full_path: bool, as_json: bool) -> None:
    """Show workdirs and their jobs."""
    workdirs = workspace.config.workdirs
    for name in names:
        if name not in workdirs:
            raise UserError(f"No such workdir: {name}{did_you_mean(name, workdirs)}")
    if not names and not all_workdirs:
        if as_json:
            target = workspace.config.target_workdir
            render.print_json([{"name": n, "path": path, "target": n == target} for n, path in workdirs.items()])
        else:
            render.print_pairs(workdirs)
        return
    jobs = [
        about
        for name in (workdirs if all_workdirs else dict.fromkeys(names))
        for about in _jobs(Workdir(name, workdirs[name]), workspace)
    ]
    if as_json:
        render.print_json(jobs)
        return
    rows = (
        (
            about["path"] if full_path else about["job"],
            about["state"],
            about["method"],
            fmttime(about["seconds"]) or "",
        )
        for about in jobs
    )
    print_table(("job", "state", "method", "time"), rows, right=("time",))


def _jobs(workdir: Workdir, workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield what is shown of each job, by number, and of the link to the newest."""
    finished = {row.number: row for row in workspace.index.of_workdir(workdir.name)}
    for jobid in workdir.jobids():
        about = _describe(workdir, jobid, finished, workspace)
        if about:
            yield about
    link = workdir.path / f"{workdir.name}-LATEST"
    if link.is_symlink():
        about = _describe(workdir, link.readlink().name, finished, workspace)
        if about:
            yield about | {"job": link.name, "path": str(link), "latest": link.readlink().name}


def _describe(workdir: Workdir, jobid: str, finished: Mapping[int, Row], workspace: Workspace) -> dict[str, Any] | None:
    directory: Path = workdir.job_path(jobid)
    about: dict[str, Any] = {"job": jobid, "path": str(directory), "seconds": None}
    row = finished.get(int(jobid.rpartition("-")[2]))
    if row is not None:  # without reading anything of it: there may be very many
        current = not row.is_build and workspace.is_present_source(row.method, row.source_digest)
        state = "current" if current else "old"
        return about | {"state": state, "method": row.method, "seconds": row.endtime - row.starttime}
    try:
        setup = Setup.load(directory)
    except FileNotFoundError:
        return None  # deleted meanwhile
    except PermissionError:
        return about | {"state": "unreadable", "method": ""}
    except StorageError:
        return about | {"state": "damaged", "method": ""}
    if (directory / "post.json").exists():
        return about | {"state": "damaged", "method": setup.method}
    state = "running" if workdir.is_running(jobid) else "unfinished"
    return about | {"state": state, "method": setup.method}
