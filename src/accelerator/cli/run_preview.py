"""What ``ax run --dry-run`` prints."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from accelerator.cli import render
from accelerator.cli.tables import print_table
from accelerator.project import Project
from accelerator.script.chosen import Chosen
from accelerator.script.preview import PlannedJob, ScriptPreview, preview_scripts
from accelerator.script.report import fmttime

__all__ = ["preview"]


def preview(project: Project, chosen: Chosen, *, as_json: bool) -> int:
    """Find out and print what a run would do.

    Args:
        project: the project.
        chosen: the scripts, and what else the command line said.
        as_json: for programs.

    Returns:
        The exit code.
    """
    with _output_aside() if as_json else nullcontext():
        previews = preview_scripts(project, chosen)
    if as_json:
        render.print_json(_jsonable(previews))
    else:
        _show(previews)
    for one in previews:
        if one.error:
            print(one.error, file=sys.stderr)
    return previews[-1].code


@contextmanager
def _output_aside() -> Iterator[None]:
    """What is printed to the standard output goes to standard error."""
    sys.stdout.flush()
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(output, 1)
        os.close(output)


def _show(previews: Sequence[ScriptPreview]) -> None:
    """Print previews for people: a table for each script, why jobs would run, and the sum."""
    for preview in previews:
        print(f"{preview.script} would ask for:" if preview.jobs else f"{preview.script} would ask for no job.")
        if preview.jobs:
            columns = ("line", "name", "would", "job", "time")
            print_table(columns, map(_row, preview.jobs), right=("line", "time"))
        render.print_lines(why for job in preview.jobs if (why := job.why))
        render.print_lines(f"urd entry {entry} would be written" for entry in preview.entries)
        if preview.warning:
            print(f"\n{preview.warning}")
        if preview.ended:
            print(f"The preview ends here: {preview.ended}.")
    print(_summary([job for preview in previews for job in preview.jobs]))


def _row(job: PlannedJob) -> tuple[str, ...]:
    time = fmttime(job.seconds) or ""
    if job.runs:
        return str(job.line), job.name, "run", "", f"about {time}" if time else "not known"
    return str(job.line), job.name, "reuse", job.job or "the one above", time if job.job else ""


def _summary(jobs: Sequence[PlannedJob]) -> str:
    run = [job for job in jobs if job.runs]
    text = f"{len(run)} of {len(jobs)} {'job' if len(jobs) == 1 else 'jobs'} would run"
    known = [job.seconds for job in run if job.seconds is not None]
    if known:
        text += f", for about {fmttime(sum(known))}"
        unknown = len(run) - len(known)
        if unknown:
            text += f" and what {unknown} of which nothing is known will take"
    return f"{text}."


def _jsonable(previews: Iterable[ScriptPreview]) -> list[dict[str, Any]]:
    """Return previews as what JSON can hold."""
    return [
        {
            "script": preview.script,
            "jobs": [_job(job) for job in preview.jobs],
            "urd": preview.entries,
            "ended": preview.ended or None,
            "error": preview.error or None,
            "exit_code": preview.code,
        }
        for preview in previews
    ]


def _job(job: PlannedJob) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": job.name,
        "method": job.method,
        "line": job.line,
        "action": "run" if job.runs else "reuse",
        "job": job.job,
        "stands_for": job.unbuilt or None,
        "seconds": job.seconds,
    }
    if job.runs:
        found |= {"why": job.why, "needs": list(job.needs), "nearest": None, "differences": []}
        if job.explanation is not None and job.explanation.candidates:
            nearest = job.explanation.candidates[0]
            found["nearest"] = nearest.jobid
            found["differences"] = [
                {"section": one.section, "name": one.name, "text": one.text} for one in nearest.differences
            ]
    return found
