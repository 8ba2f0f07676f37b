"""``ax urd``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from accelerator import _lazy
from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import urd_paths
from accelerator.cli.nearest import did_you_mean
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import AcceleratorError, NoSuchWhateverError, UrdError, UserError
from accelerator.job import Job
from accelerator.job.joblist import JobList
from accelerator.urd.entry import Entry

__all__ = ["command"]


@ax_command(
    "urd",
    examples=[
        ("ax urd", "all lists"),
        ("ax urd flights", "the newest entry of a list"),
        ("ax urd flights/", "the timestamps of a list, with captions"),
        ("ax urd flights/since/2013-06", "those after a time"),
        ("ax urd flights/2013-12-31", "the entry of a time"),
        ("ax urd :flights:report", "only the job of that name"),
        ("ax urd export urd.jsonl", "everything, as JSON lines"),
        ("ax urd import urd.jsonl", "what was exported, into this urd"),
    ],
    details="Lists are USER/NAME; without USER yours. Timestamps may also be `latest` and `first`.",
)
@click.argument("paths", metavar="[PATH]...", nargs=-1, shell_complete=urd_paths)
@json_option
@pass_workspace
def command(workspace: Workspace, paths: Sequence[str], *, as_json: bool) -> int:
    """Show urd lists and their entries."""
    if paths[:1] == ("export",):
        _export(workspace, paths[1:])
        return errors.ExitCode.OK
    if paths[:1] == ("import",):
        _import(workspace, paths[1:])
        return errors.ExitCode.OK
    found: list[Any] = []
    failed = False
    for path in paths or ("/",):
        try:
            about, lines = look_up(path, workspace)
        except AcceleratorError as error:
            errors.warn(str(error))
            failed = True
            continue
        found.append(about)
        if not as_json:
            render.print_lines(lines)
    if as_json:
        render.print_json(found[0] if len(paths) <= 1 and found else found)
    return errors.ExitCode.ERROR if failed else errors.ExitCode.OK


def look_up(path: str, workspace: Workspace) -> tuple[Any, list[str]]:
    """Return what a path names: for JSON, and as lines of text.

    Raises:
        UserError: there is no such list, entry or job.
    """
    if path.startswith(":"):
        job = workspace.job(path)
        return str(job), [str(job)]
    if path == "/":
        lists = list(workspace.urd_lists())
        return lists, lists
    elements = path.split("/")
    if elements[-1] == "" or "since" in elements[1:-1]:
        return _timestamps(elements, path, workspace)
    if len(elements) > 3:
        raise UserError(f"{path!r}: write list, list/timestamp or user/list/timestamp")
    name, wanted = (elements[0], "latest") if len(elements) == 1 else ("/".join(elements[:-1]), elements[-1])
    full = name if "/" in name else f"{workspace.user()}/{name}"
    entry = workspace.urd_entry(full, wanted)
    if entry is None:
        known = workspace.urd_timestamps(full)
        if not known:
            raise UserError(f"{path!r}: urd list {full!r} not found{did_you_mean(full, workspace.urd_lists())}")
        raise UserError(f"{path!r}: urd list {full!r} has no entry {wanted!r}{did_you_mean(wanted, known)}")
    return entry.to_json(), _entry_lines(entry)


def _timestamps(elements: list[str], path: str, workspace: Workspace) -> tuple[Any, list[str]]:
    after = "0"
    if "since" in elements[1:-1]:
        at = elements.index("since", 1)
        elements, after = elements[:at], "/".join(elements[at + 1 :]).rstrip("/")
    name = "/".join(elements).rstrip("/")
    full = name if "/" in name else f"{workspace.user()}/{name}"
    entries = workspace.urd.entries(full, after)
    if not entries and not workspace.urd_timestamps(full):
        raise UserError(f"{path!r}: urd list {full!r} not found{did_you_mean(full, workspace.urd_lists())}")
    about = [{"timestamp": entry.timestamp, "caption": entry.caption} for entry in entries]
    width = max((len(entry.timestamp) for entry in entries), default=0)
    captions = any(entry.caption for entry in entries)
    return about, [
        f"{entry.timestamp:<{width}} : {_first_line(entry.caption)}".rstrip() if captions else entry.timestamp
        for entry in entries
    ]


def _entry_lines(entry: Entry) -> list[str]:
    lines = [f"timestamp: {entry.timestamp}"]
    if entry.build_job:
        lines.append(f"build job: {entry.build_job}{_unless_finished(entry.build_job)}")
    lines.append(f"caption  : {_indented(entry.caption)}".rstrip())
    if entry.deps:
        dependencies = {f"{path}/{dep.timestamp}": dep.caption for path, dep in entry.deps.items()}
        lines += _dependency_lines(dependencies)
    jobs = JobList(Job(jobid, name) for name, jobid, _ in entry.joblist)
    return [*lines, *jobs.pretty.split("\n")]


def _unless_finished(build_job: str) -> str:
    """Say what became of a build job that has not finished: entries are written while their script goes on."""
    try:
        job = Job(build_job)
        directory = Path(job.path)
    except NoSuchWhateverError:
        return " (not in a workdir of this project)"
    if (directory / "post.json").exists():
        return ""
    if not directory.exists():
        return " (deleted)"
    return " (running)" if _lazy.workdir.Workdir(job.workdir, directory.parent).is_running(job) else " (did not finish)"


def _dependency_lines(dependencies: Mapping[str, str]) -> list[str]:
    width = max(map(len, dependencies))
    texts = [f"{path:<{width}} : {_first_line(caption)}".rstrip(" :") for path, caption in dependencies.items()]
    return [f"deps     : {texts[0]}", *(f"           {text}" for text in texts[1:])]


def _first_line(caption: str) -> str:
    return _plain(caption.partition("\n")[0])


def _indented(caption: str) -> str:
    return _plain(caption).replace("\n", "\n           ")


def _plain(caption: str) -> str:
    # Colours in a caption must not run on into what follows.
    return f"{caption}\x1b[m" if "\x1b" in caption else caption


def _export(workspace: Workspace, arguments: Sequence[str]) -> None:
    if len(arguments) > 1:
        raise click.UsageError("export takes one FILE, or none for the standard output")
    lines = workspace.urd.export_lines()
    if not arguments:
        render.print_lines(line.rstrip("\n") for line in lines)
        return
    try:
        with Path(arguments[0]).open("x", encoding="utf-8") as file:
            file.writelines(f"{line.rstrip()}\n" for line in lines)
    except (FileExistsError, FileNotFoundError, IsADirectoryError) as error:
        raise UserError(f"{arguments[0]}: {error.strerror}") from None


def _import(workspace: Workspace, arguments: Sequence[str]) -> None:
    if len(arguments) != 1:
        raise click.UsageError("import takes one FILE")
    try:
        with Path(arguments[0]).open(encoding="utf-8") as file:
            number = workspace.urd.import_lines(file)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UserError(f"{arguments[0]}: {error.strerror}") from None
    except (UnicodeDecodeError, UrdError) as error:
        raise UserError(f"{arguments[0]}: {error}") from None
    print(f"Imported {number} entries.")
