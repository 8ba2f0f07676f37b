"""What a job prints while it prints it, for ``ax job -o --follow``."""

import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click

from accelerator.job import Job
from accelerator.job.workdir import Workdir
from accelerator.script.follow import Follower

__all__ = ["follow"]

_TICK = 0.1
"""Seconds between two looks at the files."""


def follow(job: Job) -> bool:
    """Print what a job has printed and prints, until it is over.

    Args:
        job: running, or over already.

    Returns:
        Whether the job has finished.
    """
    directory = Path(job.path)
    workdir = Workdir(job.workdir, directory.parent)
    follower = Follower(directory)
    while workdir.is_running(str(job)):
        _print(follower.poll())
        time.sleep(_TICK)
    # Nobody prints any more, so this is the rest.
    _print(follower.finish())
    return (directory / "post.json").exists()


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
    sys.stdout.flush()
