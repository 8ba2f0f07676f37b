"""What ``ax gc`` and ``ax rm`` share: listing jobs, asking, deleting."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from accelerator.cli import errors
from accelerator.error import AcceleratorError
from accelerator.job import Job
from accelerator.job.workdir import Workdir

__all__ = ["confirmed", "delete", "plural"]


def plural(number: int) -> str:
    """Return ``1 job``, ``2 jobs``."""
    return f"{number} {'job' if number == 1 else 'jobs'}"


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask, unless that was answered on the command line; without a terminal the answer is no."""
    if yes:
        return True
    if not sys.stdin or not sys.stdin.isatty():
        return False
    return click.confirm(question, default=False, err=True)


def delete(jobids: Sequence[str]) -> bool:
    """Delete jobs; report those that could not be and go on.

    Returns:
        Whether all could.
    """
    done = True
    for jobid in jobids:
        try:
            job = Job(jobid)
            Workdir(job.workdir, Path(job.path).parent).delete_job(jobid)
        except AcceleratorError as error:
            errors.warn(str(error))
            done = False
        except OSError as error:
            errors.warn(f"{jobid} cannot be deleted: {errors.describe(error)}")
            done = False
    return done
