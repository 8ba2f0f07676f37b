"""``ax accept``."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click

from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import job_names, method_names
from accelerator.cli.deletion import plural
from accelerator.cli.nearest import did_you_mean
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.engine.index import Row
from accelerator.error import UserError
from accelerator.method.accepted import FILENAME, Acceptance, accept

__all__ = ["command", "sources_to_accept"]

_DETAILS = f"""
After a change that makes no difference to results, the jobs made before it stay valid: builds find them as if the
source had not changed. An option added with its default counts as no difference, too.

Without --job or --all, it is the source of the newest finished job that counts as equal to the present one. The
statement is added to {FILENAME}, which belongs into version control.
"""


def sources_to_accept(rows: Iterable[Row], valid: frozenset[str], *, every: bool) -> tuple[str, ...]:
    """Return the source digests of jobs that do not count as present, those of the newest job first.

    Args:
        rows: the finished jobs of a method.
        valid: the source digests that count as present already.
        every: all of them; otherwise only that of the newest job, none if that one has a valid source.
    """
    newest_first = sorted(rows, key=lambda row: row.starttime, reverse=True)
    considered = newest_first if every else newest_first[:1]
    return tuple(dict.fromkeys(row.source_digest for row in considered if row.source_digest not in valid))


@ax_command(
    "accept",
    examples=[
        ('ax accept delays -m "renamed variables"', "the newest delays job stays valid"),
        ('ax accept delays --job dev-7 -m "as then"', "jobs made with the source of dev-7 are valid again"),
        ('ax accept delays --all -m "only faster"', "so are all that there are"),
    ],
    details=_DETAILS,
)
@click.argument("method", shell_complete=method_names)
@click.option("-m", "--message", metavar="WHY", required=True, help="Why it makes no difference; kept with it.")
@click.option(
    "--job", "specs", metavar="JOB", multiple=True, shell_complete=job_names, help="Accept the source of this job."
)
@click.option("--all", "every", is_flag=True, help="Accept the sources of all existing jobs of the method.")
@json_option
@pass_workspace
def command(
    workspace: Workspace, method: str, *, message: str, specs: Sequence[str], every: bool, as_json: bool
) -> int:
    """Declare the present source of a method equal to the one that existing jobs were made with."""
    if every and specs:
        raise click.UsageError("give either --job or --all")
    if not message.strip():
        raise click.UsageError("say why, for those who come later: -m WHY")
    engine = workspace.project.engine
    if method not in engine.catalogue.methods:
        raise UserError(f"Method {method!r} not found{did_you_mean(method, engine.catalogue.methods)}")
    rows = [row for row in engine.index.of_method(method) if engine.index.exists(row)]
    if specs:
        chosen = [_row_of(workspace, spec, method, rows) for spec in specs]
        every = True
    else:
        chosen = rows
    if not rows:
        raise UserError(f"there is no finished job of {method}, so there is nothing to keep valid")
    digests = sources_to_accept(chosen, engine.catalogue.valid_sources(method), every=every)
    valid = [row.jobid for row in rows if row.source_digest in digests]
    if digests:
        _state(workspace, method, digests, message)
    if as_json:
        render.print_json({"method": method, "jobs": valid, "file": FILENAME if digests else None})
    elif digests:
        print(
            f"{plural(len(valid))} of {method} {'stays' if len(valid) == 1 else 'stay'} valid, as stated in {FILENAME}."
        )
    else:
        newest = max(chosen, key=lambda row: row.starttime).jobid
        hint = "" if every else " (--job and --all accept older ones)"
        print(f"Nothing to accept: {newest} is valid with the present source{hint}.")
    return errors.ExitCode.OK


def _state(workspace: Workspace, method: str, digests: tuple[str, ...], message: str) -> None:
    """Add the statement to the file."""
    present = workspace.project.engine.catalogue.source_digest(method)
    statement = Acceptance(method, present, digests, message, workspace.user(), datetime.now(UTC))
    accept(workspace.config.project_directory / FILENAME, statement)


def _row_of(workspace: Workspace, spec: str, method: str, rows: Sequence[Row]) -> Row:
    job = workspace.job(spec)
    for row in rows:
        if row.jobid == job:
            return row
    if job.method != method:
        raise UserError(f"{job} is a job of {job.method}, not of {method}")
    raise UserError(f"{job} has not finished, so no build would use it")
