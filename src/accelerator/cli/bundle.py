"""``ax bundle``."""

import contextlib
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from accelerator.cli import errors, render
from accelerator.cli.bundle_format import Head
from accelerator.cli.bundle_pack import contents, write
from accelerator.cli.bundle_unpack import Taken, take_in
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import job_names
from accelerator.cli.deletion import plural
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.config import Config
from accelerator.error import UrdConflictError, UserError
from accelerator.storage.atomic import fsync_directory, fsync_files, write_bytes

__all__ = ["command", "with_workdirs"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DETAILS = """
A bundle is a tar with everything that the jobs need: input jobs and datasets, chains, parents, subjobs, the build
scripts that asked for them, their sources, and the urd entries that list them. What comes out of it are the same jobs:
a project with the same methods finds them instead of building them. FILE may be `-`: standard output, or input.

Jobs keep their numbers, and so the names of their workdirs. A workdir that the importing project does not have is made
beside the target workdir and added to accelerator.toml. If another job has a number, nothing is imported.
"""


@ax_command(
    "bundle",
    examples=[
        ("ax bundle dev-12 -o report.tar", "packs a job with all that it needs"),
        ("ax bundle :flights: -o flights.tar", "the newest jobs of an urd list"),
        ("ax bundle --import report.tar", "takes it in, in another project"),
        ("ax bundle dev-12 -o - | ssh host 'cd project && ax bundle --import -'", "without a file"),
    ],
    details=_DETAILS,
)
@click.argument("specs", metavar="[JOB]...", nargs=-1, shell_complete=job_names)
@click.option("-o", "--output", metavar="FILE", type=click.Path(allow_dash=True), help="The file to write.")
@click.option("--import", "source", metavar="FILE", type=click.Path(allow_dash=True), help="The bundle to take in.")
@json_option
@pass_workspace
def command(
    workspace: Workspace, specs: Sequence[str], *, output: str | None, source: str | None, as_json: bool
) -> int:
    """Pack jobs with all that they need, or take them in."""
    if source is not None:
        if specs or output is not None:
            raise click.UsageError("--import takes one FILE, and neither jobs nor --output")
        return _import(workspace, source, as_json=as_json)
    if not specs:
        raise click.UsageError("say which jobs to pack, or --import FILE")
    if output is None:
        raise click.UsageError("say where to: -o FILE.tar")
    _pack(workspace, specs, output, as_json=as_json)
    return errors.ExitCode.OK


def _pack(workspace: Workspace, specs: Sequence[str], output: str, *, as_json: bool) -> None:
    head = contents(workspace, list(dict.fromkeys(str(workspace.job(spec)) for spec in specs)))
    with _written(output) as file, _progress("packing", _size(head)) as progress:
        write(head, file, progress)
    for job in head.missing:
        errors.warn(f"{job} is not in the bundle: it does not exist any more")
    about = {"file": output, "jobs": [job.job for job in head.jobs], "bytes": _size(head), "urd": len(head.urd)}
    if as_json and output != "-":
        render.print_json(about)
        return
    entries = f" and {len(head.urd)} urd entries" if head.urd else ""
    print(f"Packed {plural(len(head.jobs))}{entries}, {render.size(_size(head))}.", file=_messages(output))


def _import(workspace: Workspace, source: str, *, as_json: bool) -> int:
    config = workspace.config
    beside = config.workdirs[config.target_workdir].parent
    with contextlib.ExitStack() as stack:
        file = sys.stdin.buffer if source == "-" else stack.enter_context(_opened(source))

        def begin(head: Head) -> Callable[[int], None]:
            return stack.enter_context(_progress("importing", _size(head)))

        taken = take_in(file, config.workdirs, beside, begin)
    made = _configure(config, taken.made)
    entries, good = _import_urd(workspace, taken)
    if as_json:
        lists = {"imported": taken.imported, "present": taken.present, "left": taken.left}
        render.print_json({**lists, "asked": taken.head.asked, "workdirs": made, "urd": entries})
    else:
        for name, path in made.items():
            print(f"New workdir {name}: {path}")
        there = f", {len(taken.present)} were here already" if taken.present else ""
        print(f"Imported {plural(len(taken.imported))}{there}: {', '.join(taken.head.asked)}")
        if entries:
            print(f"Imported {entries} urd {'entry' if entries == 1 else 'entries'}.")
    for job in taken.left:
        errors.warn(f"the build script {job} was left out: this project has another job of that name")
    return errors.ExitCode.OK if good else errors.ExitCode.ERROR


def _import_urd(workspace: Workspace, taken: Taken) -> tuple[int, bool]:
    """Take in the urd entries; returns how many are new, and whether all could be taken."""
    if not taken.head.urd:
        return 0, True
    if not workspace.config.urd:
        errors.warn("this project has no urd, so the urd entries of the bundle were left out")
        return 0, True
    try:
        return workspace.urd.import_lines(taken.head.urd), True
    except UrdConflictError as error:
        errors.warn(f"the jobs were imported, the urd entries were not: {error}")
        return 0, False


def _configure(config: Config, made: Mapping[str, Path]) -> dict[str, str]:
    """Add new workdirs to the configuration; returns them as they are written there."""
    shown = {name: _relative(path, config.project_directory) for name, path in made.items()}
    if shown:
        text = config.path.read_text(encoding="utf-8")
        changed = with_workdirs(text, shown)
        if changed is None:
            lines = "".join(f'\n    {name} = "{path}"' for name, path in shown.items())
            raise UserError(f"the jobs were imported; now add to [workdirs] in {config.path}:{lines}")
        write_bytes(config.path, changed.encode())
    return shown


def _relative(path: Path, directory: Path) -> str:
    return str(path.relative_to(directory) if path.is_relative_to(directory) else path)


def with_workdirs(text: str, workdirs: Mapping[str, str]) -> str | None:
    """Return a configuration with more workdirs, and everything else as it is.

    Args:
        text: of ``accelerator.toml``.
        workdirs: path by name.

    Returns:
        The new text; None if it cannot be said where they belong.
    """
    lines = text.splitlines(keepends=True)
    heads = [number for number, line in enumerate(lines) if line.split("#")[0].strip() == "[workdirs]"]
    if len(heads) != 1:
        return None
    end = heads[0] + 1
    for number in range(end, len(lines)):
        if lines[number].lstrip().startswith("["):
            break
        if lines[number].strip():
            end = number + 1
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    keys = {name: name if _BARE.fullmatch(name) else _quoted(name) for name in workdirs}
    new = [f"{keys[name]} = {_quoted(path)}\n" for name, path in workdirs.items()]
    changed = "".join([*lines[:end], *new, *lines[end:]])
    try:
        before, after = tomllib.loads(text), tomllib.loads(changed)
    except tomllib.TOMLDecodeError:
        return None
    before["workdirs"] = {**before.get("workdirs", {}), **workdirs}
    return changed if after == before else None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _size(head: Head) -> int:
    return sum(job.bytes for job in head.jobs)


def _messages(output: str) -> IO[str]:
    return sys.stderr if output == "-" else sys.stdout


def _opened(source: str) -> BinaryIO:
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise UserError(f"{source}: {error.strerror}") from None


@contextlib.contextmanager
def _written(output: str) -> Iterator[BinaryIO]:
    """Give a file to write that has its name only once it is complete."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    final = Path(output)
    if final.exists():
        raise UserError(f"{output} exists; choose another name, or delete it")
    aside = final.with_name(f".{final.name}.part")
    try:
        file = aside.open("wb")
    except OSError as error:
        raise UserError(f"{output}: {error.strerror}") from None
    try:
        with file:
            yield file
        fsync_files([aside])
        aside.rename(final)
        fsync_directory(final.parent)
    finally:
        aside.unlink(missing_ok=True)


@contextlib.contextmanager
def _progress(what: str, size: int) -> Iterator[Callable[[int], Any]]:
    """Show on a terminal how many bytes are done; gives the function to call with more of them."""
    console = Console(stderr=True)
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=size)
        yield lambda more: progress.advance(task, more)
