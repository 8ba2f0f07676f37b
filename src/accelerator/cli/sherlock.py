"""``ax sherlock``."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import click

from accelerator import _lazy
from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.job_files import JobFiles
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import AcceleratorError
from accelerator.job import Job
from accelerator.job.record import Setup

__all__ = ["Match", "command"]

_BLOCK = 1 << 20
_PARQUET = b"PAR1"


@dataclass(frozen=True)
class Match:
    """A job that a file came from.

    Attributes:
        job: its id.
        name: of the file in the job, as far as that is known.
        method: its method; None if the job is gone.
        time: when it started, ``2026-11-22 13:37:39``.
        found_by: ``place`` (the file is the job's own, or a link to it), ``content``, or ``metadata`` (it says so).
        warning: in which way the job may not be what the file came from.
    """

    job: str
    name: str | None
    method: str | None
    time: str | None
    found_by: str
    warning: str | None = None


@ax_command(
    "sherlock",
    examples=[
        ("ax sherlock report.svg", "the job that wrote it, the oldest first if there are several"),
        ("ax sherlock -v results/*", "also where it is in the job, and what the job was"),
    ],
    details=(
        "A file is found by its content, whatever it is called now. Parquet files of datasets say themselves which "
        "job wrote them, and are known even when that job is gone. Nothing else can be said of a file that was "
        "changed. The exit code is 1 if the job of a file was not found."
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-v", "--verbose", is_flag=True, help="Show where the file is in the job, its method and time.")
@json_option
@pass_workspace
def command(workspace: Workspace, files: Sequence[Path], *, verbose: bool, as_json: bool) -> int:
    """Find the job that a file came from."""
    detective = _Detective(workspace)
    found: list[dict[str, object]] = []
    missed = False
    try:
        for file in files:
            matches, problem = detective.investigate(file)
            missed = missed or problem is not None
            if as_json:
                found.append({"file": str(file), "matches": [asdict(match) for match in matches], "error": problem})
                continue
            if problem is not None:
                errors.warn(f"{file}: {problem}")
            prefix = f"{file}: " if len(files) > 1 else ""
            render.print_lines(f"{prefix}{_text(match, verbose=verbose)}" for match in matches)
    finally:
        detective.close()
    if as_json:
        render.print_json(found)
    return errors.ExitCode.ERROR if missed else errors.ExitCode.OK


def _text(match: Match, *, verbose: bool) -> str:
    text = match.job
    if verbose:
        text = match.job if match.name is None else os.path.join(Job(match.job).path, match.name)  # noqa: PTH118  # may be absolute
        if match.method is not None:
            text += f" ({match.method} at {match.time})"
    return text if match.warning is None else f"{text} ({match.warning})"


class _Detective:
    """Finds the jobs of files.

    Args:
        workspace: the project.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._config = workspace.config
        self._job_files: JobFiles | None = None

    def close(self) -> None:
        if self._job_files is not None:
            self._job_files.close()

    def investigate(self, file: Path) -> tuple[list[Match], str | None]:
        """Return where a file came from, or why that cannot be said."""
        try:
            if not file.is_file():
                return [], "is a directory" if file.is_dir() else "there is no such file"
            matches = list(self._by_place(file))
            if not matches and not file.stat().st_size:
                return [], "is empty, and so are many"
            matches = matches or sorted(self._by_content(file), key=lambda match: (match.time or "", match.job))
            matches = matches or list(self._by_metadata(file))
        except OSError as error:
            return [], error.strerror or str(error)
        return matches, None if matches else "no job has a file with this content"

    def _by_place(self, file: Path) -> Iterator[Match]:
        real = file.resolve()
        for name, directory in self._config.workdirs.items():
            root = directory.resolve()
            if real.is_relative_to(root):
                jobid, *rest = real.relative_to(root).parts
                if rest and jobid.startswith(f"{name}-") and (root / jobid / "setup.json").exists():
                    yield _match(jobid, str(Path(*rest)), "place")

    def _by_content(self, file: Path) -> Iterator[Match]:
        if self._job_files is None:
            cache = self._config.project_directory / ".accelerator" / "files.sqlite"
            self._job_files = JobFiles(cache, self._config.workdirs)
        for job, name in self._job_files.of_size(file.stat().st_size):
            candidate = os.path.join(Job(job).path, name)  # noqa: PTH118  # may be absolute
            with suppress(FileNotFoundError):  # deleted meanwhile, or by hand
                if _same_content(str(file), candidate):
                    yield _match(job, name, "content")

    def _by_metadata(self, file: Path) -> Iterator[Match]:
        if not _is_parquet(file):
            return
        origin = _lazy.origin.read_origin(file)
        if origin is None:
            return
        warning = "changed since the job wrote it"
        try:
            uid = Setup.load(Path(Job(origin.job).path)).uid
        except (AcceleratorError, OSError):
            uid, warning = None, "the job is gone"
        if uid not in {None, origin.uid}:
            uid, warning = None, "the job is gone, another one has its name now"
        if uid is None:
            yield Match(origin.job, None, None, None, "metadata", warning)
        else:
            yield _match(origin.job, None, "metadata", warning)


def _match(jobid: str, name: str | None, found_by: str, warning: str | None = None) -> Match:
    setup = Setup.load(Path(Job(jobid).path))
    time = datetime.fromtimestamp(setup.starttime).isoformat(" ", "seconds")
    return Match(jobid, name, setup.method, time, found_by, warning)


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(_PARQUET)) == _PARQUET


def _same_content(one: str, other: str) -> bool:
    """Compare two files of the same size; most that differ do so at once, so this reads less than digests would."""
    with open(one, "rb") as left, open(other, "rb") as right:  # noqa: PTH123  # many, and a Path for each takes long
        size = 4096
        while block := left.read(size):
            if block != right.read(size):
                return False
            size = _BLOCK
    return True
