"""What ``ax job`` shows of the inside of a job: its output, the source that it ran, its files."""

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import click

from accelerator import _lazy
from accelerator.error import UserError
from accelerator.job import Job

__all__ = ["ALL", "output_of", "show_files", "show_output", "show_sources", "sources_of"]

ALL = "\0"
"""The pattern of an option that was given none: list the names."""


def output_of(job: Job) -> dict[str, str]:
    """Return what each part of a job printed: ``prepare``, ``analysis(0)``, …, ``synthesis``."""
    return {f"analysis({part})" if isinstance(part, int) else part: text for part, text in job.output("parts").items()}


def show_output(job: Job, *, headers: bool) -> None:
    """Print what a job printed.

    Args:
        job: which.
        headers: put the name of the part above it.
    """
    for part, text in output_of(job).items():
        if headers:
            _underlined(part)
        click.echo(text, nl=not text.endswith("\n") and headers)


def sources_of(job: Job, pattern: str) -> dict[str, str]:
    """Return the source files of a job that match a pattern.

    Raises:
        UserError: none does.
    """
    files = _lazy.archive.unpack(Path(job.filename("method.tar.gz")).read_bytes())
    wanted = "*" if pattern == ALL else pattern
    found = [name for name in files if fnmatchcase(name, wanted) or fnmatchcase(Path(name).name, wanted)]
    if not found:
        raise _no_match(job, "source", pattern, files)
    return {name: files[name].data.decode("utf-8", "backslashreplace") for name in found}


def show_sources(job: Job, pattern: str) -> None:
    """Print the source files of a job that match a pattern, or all names.

    Raises:
        UserError: none matches.
    """
    found = sources_of(job, pattern)
    if pattern == ALL:
        _list_names("Available sources:", found)
        return
    for name, text in found.items():
        if len(found) > 1:
            _underlined(name)
        click.echo(text, nl=not text.endswith("\n"))


def show_files(job: Job, pattern: str) -> None:
    """Print the files of a job that match a pattern, or all names.

    Raises:
        UserError: none matches.
    """
    files = sorted(job.files())
    if pattern == ALL:
        _list_names("Available files:", files)
        return
    found = sorted(job.files(pattern))
    # A file that the job did not register can be asked for by its exact name.
    if not found and _is_file_in(job, pattern):
        found = [pattern]
    if not found:
        raise _no_match(job, "file", pattern, files)
    for name in found:
        if len(found) > 1:
            _underlined(name)
        click.echo(Path(job.filename(name)).read_bytes(), nl=False)


def _is_file_in(job: Job, name: str) -> bool:
    """Tell whether a job's directory, and no other, has a file of this name."""
    directory = Path(os.path.realpath(job.path))
    path = Path(os.path.realpath(job.filename(name)))
    return path.is_relative_to(directory) and path.is_file()


def _no_match(job: Job, kind: str, pattern: str, names: Iterable[str]) -> UserError:
    listed = "".join(f"\n    {name}" for name in names) or " none"
    return UserError(f"{job} has no {kind} that matches {pattern!r}; it has{listed}")


def _list_names(title: str, names: Iterable[str]) -> None:
    print(title)
    for name in names:
        print(f"    {name}")


def _underlined(title: str) -> None:
    print(title)
    print("=" * len(title))
