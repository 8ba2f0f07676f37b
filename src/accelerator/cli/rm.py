"""``ax rm``."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import click

from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import job_names
from accelerator.cli.deletion import confirmed, delete, plural
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import AcceleratorError, StorageError, UserError
from accelerator.job import Job
from accelerator.job.record import Post, Setup
from accelerator.job.workdir import Workdir

__all__ = ["command", "dependants", "needs"]


def needs(workdirs: Mapping[str, Path]) -> dict[str, set[str]]:
    """Return what each job of some workdirs needs that has finished or runs: the jobs it was given, those it built."""
    found: dict[str, set[str]] = {}
    for name, path in workdirs.items():
        workdir = Workdir(name, path)
        for jobid in workdir.jobids():
            directory = workdir.job_path(jobid)
            try:
                needed = set(Setup.load(directory).references)
            except (FileNotFoundError, StorageError):
                continue
            try:
                needed |= set(Post.load(directory).subjobs)
            except FileNotFoundError:
                if not workdir.is_running(jobid):
                    continue  # nothing will come of it
            except StorageError:
                continue
            found[jobid] = needed
    return found


def dependants(jobs: Collection[str], needed: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return the jobs that need some jobs, also by way of others, each with a job through which it does.

    Args:
        jobs: the jobs in question; they are not in the result.
        needed: what each job needs.
    """
    found: dict[str, str] = {}
    reached = set(jobs)
    while True:
        new = {
            jobid: next(iter(sorted(reached.intersection(wants))))
            for jobid, wants in needed.items()
            if jobid not in reached and not reached.isdisjoint(wants)
        }
        if not new:
            return found
        found |= new
        reached |= set(new)


@ax_command(
    "rm",
    examples=[
        ("ax rm dev-12", "shows what needs the job, and asks"),
        ("ax rm --yes dev-12 dev-13", "deletes without asking, if nothing else needs them"),
    ],
    details="A job number is never given again. What needs a deleted job cannot be used any more and is built anew.",
)
@click.argument("specs", metavar="JOB...", nargs=-1, required=True, shell_complete=job_names)
@click.option("-y", "--yes", is_flag=True, help="Delete without asking, if no other job needs them.")
@click.option("--force", is_flag=True, help="Delete without asking, even if other jobs need them.")
@json_option
@pass_workspace
def command(workspace: Workspace, specs: Sequence[str], *, yes: bool, force: bool, as_json: bool) -> int:
    """Delete jobs, after showing what needs them."""
    jobs = list(dict.fromkeys(str(workspace.job(spec)) for spec in specs))
    others = dependants(jobs, needs(workspace.config.workdirs))
    if not as_json:
        for job in jobs:
            print(f"{job} ({_method(job)})")
        for other, through in others.items():
            print(f"    {other} ({_method(other)}) needs {through}")
    refused = bool(others) and yes and not force
    wanted = not refused and confirmed(f"Delete {plural(len(jobs))}?", yes=yes or force)
    done = not wanted or delete(jobs)
    if as_json:
        about = [{"job": job, "method": _method(job), "needs": through} for job, through in others.items()]
        left = [job for job in jobs if Path(Job(job).path).exists()]
        render.print_json({"jobs": jobs, "needed_by": about, "deleted": [job for job in jobs if job not in left]})
    elif not refused:
        print(_outcome(len(jobs), wanted=wanted, done=done))
    if refused:
        raise UserError(f"{plural(len(others))} would be lost with them; --force deletes all the same")
    return errors.ExitCode.OK if done else errors.ExitCode.ERROR


def _outcome(number: int, *, wanted: bool, done: bool) -> str:
    if not wanted:
        return f"Would have deleted {plural(number)}."
    return f"Deleted {plural(number)}." if done else "Not all could be deleted."


def _method(jobid: str) -> str:
    """Return the method of a job; also of one that is damaged, which is the more reason to delete it."""
    try:
        return Setup.load(Path(Job(jobid).path)).method
    except (AcceleratorError, OSError):
        return "damaged"
