"""``ax job``."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from accelerator import _lazy
from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import job_names
from accelerator.cli.job_contents import ALL, output_of, show_files, show_output, show_sources, sources_of
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.colour import colour
from accelerator.error import AcceleratorError
from accelerator.job import Job
from accelerator.job.record import Failed, Post, Setup
from accelerator.script.report import fmttime

__all__ = ["command", "describe"]

# So many of a long list are shown without --verbose.
_SHOWN = 3
_LONG = 5

_DETAILS = """
\b
SPEC is one of
  dev-12          a job                       dev-LATEST  the newest of a workdir
  csvimport       the newest job of a method  PATH        a job directory
  :list:          the last job of the newest entry in an urd list
  :list/TS:NAME   a job of an entry, by name or number
\b
and may continue with
  ~N +N   N jobs of the same method back, forward
  ^N      N steps along `previous`
  <N >N   N job numbers down, up
  .name   the job (or the job of the dataset) given as parameter `name`
  !       directly behind a method: only jobs of its present source
"""


def describe(job: Job, workspace: Workspace) -> dict[str, Any]:
    """Return everything that ``ax job`` shows of a job, ready for JSON."""
    directory = Path(job.path)
    setup = Setup.load(directory)
    about: dict[str, Any] = {
        "job": str(job),
        "path": job.path,
        "method": setup.method,
        "is_build": setup.is_build,
        "caption": setup.caption,
        "starttime": setup.starttime,
        "state": "finished",
        "current": None,
        "parent": str(job.parent) or None,
        "build_job": None,
        "options": setup.options,
        "datasets": setup.datasets,
        "jobs": setup.jobs,
    }
    # A parent may have been deleted since.
    with suppress(AcceleratorError):
        about["build_job"] = str(job.build_job) or None
    try:
        post = Post.load(directory)
    except FileNotFoundError:
        about |= {"state": _state(job), "failure": _failure(directory), "seconds": None, "finished_datasets": []}
        about |= {"subjobs": {}, "files": []}
    else:
        about |= {"seconds": post.exectime.get("total"), "exectime": post.exectime, "finished_datasets": post.datasets}
        about |= {"subjobs": {subjob: workspace.is_current(subjob) for subjob in post.subjobs}, "files": post.files}
        about["current"] = None if setup.is_build else workspace.is_current(str(job))
    about["output_bytes"] = sum(path.stat().st_size for path in _output_files(directory))
    return about


@ax_command(
    "job",
    examples=[
        ("ax job dev-12", "what it was given, what it made"),
        ("ax job csvimport~ -o", "output of the last but one csvimport"),
        ("ax job :flights:report -f", "files of a job in an urd list"),
        ("ax job dev-12 -S a_delays.py", "source that it ran"),
        ("ax job --diff csvimport~ csvimport", "why these are two jobs"),
        ("ax job -O --follow dev-13", "what a running job prints, until it ends"),
    ],
    details=_DETAILS,
)
@click.argument("specs", metavar="SPEC...", nargs=-1, shell_complete=job_names)
@click.option("-v", "--verbose", is_flag=True, help="Show everything, lists in full and setup.json.")
@click.option("-o", "--output", is_flag=True, help="Show what the job printed, too.")
@click.option("-O", "--just-output", is_flag=True, help="Show only what the job printed.")
@click.option("--follow", is_flag=True, help="With -o or -O: go on until the job ends; the exit code is 1 if it fails.")
@click.option("--diff", is_flag=True, help="Show what differs between two jobs.")
@click.option("-P", "--just-path", is_flag=True, help="Show only the path of the job.")
@click.option("-s", "--source", is_flag=True, help="Show the source that the job ran.")
@click.option(
    "-S",
    "--source-file",
    metavar="[PATTERN]",
    is_flag=False,
    flag_value=ALL,
    help="Show the source files that match; as the last word: list them.",
)
@click.option(
    "-f",
    "--file",
    metavar="[PATTERN]",
    is_flag=False,
    flag_value=ALL,
    help="Show the files of the job that match; as the last word: list them.",
)
@json_option
@pass_workspace
def command(
    workspace: Workspace,
    specs: Sequence[str],
    *,
    verbose: bool,
    output: bool,
    just_output: bool,
    follow: bool,
    diff: bool,
    just_path: bool,
    source: bool,
    source_file: str | None,
    file: str | None,
    as_json: bool,
) -> int:
    """Show jobs."""
    _check_jobs_are_named(specs, source_file, file)
    if follow and (len(specs) != 1 or not (output or just_output) or as_json):
        raise click.UsageError("--follow needs -o or -O, and exactly one job")
    if diff and len(specs) != 2:
        raise click.UsageError("--diff needs exactly two jobs")
    chosen: list[Callable[[Job], None]] = [
        show
        for asked, show in (
            (just_output, lambda job: show_output(job, headers=verbose)),
            (just_path, lambda job: print(job.path)),
            (source, lambda job: show_sources(job, "*")),
            (source_file is not None, lambda job: show_sources(job, source_file or ALL)),
            (file is not None, lambda job: show_files(job, file or ALL)),
            (output, lambda job: _show(job, workspace, verbose, output=not follow)),
        )
        if asked
    ]
    if len(chosen) + diff > 1:
        raise click.UsageError("give only one of -o, -O, -P, -s, -S, -f and --diff")
    if diff:
        return _show_difference(workspace.job(specs[0]), workspace.job(specs[1]), as_json=as_json)
    if follow:
        return _follow(workspace.job(specs[0]), chosen[0] if output else None)
    show = chosen[0] if chosen else lambda job: _show(job, workspace, verbose, output=False)
    described: list[dict[str, Any]] = []

    def collect(job: Job) -> None:
        about = describe(job, workspace)
        if output or just_output:
            about["output"] = output_of(job)
        if source or source_file is not None:
            about["sources"] = sources_of(job, source_file or ALL)
        described.append(about)

    if as_json:
        show = collect
    failed = for_each(specs, lambda spec: show(workspace.job(spec)))
    if as_json:
        render.print_json(described)
    return errors.ExitCode.ERROR if failed else errors.ExitCode.OK


def _check_jobs_are_named(specs: Sequence[str], source_file: str | None, file: str | None) -> None:
    """Refuse a line without a job; ``-f dev-12`` takes that for the pattern."""
    if specs:
        return
    for option, pattern in (("-f", file), ("-S", source_file)):
        if pattern not in {None, ALL}:
            raise click.UsageError(f"{option} has taken {pattern!r} for its PATTERN; write: ax job {pattern} {option}")
    raise click.UsageError("Missing argument 'SPEC...': which job?")


def _show_difference(before: Job, after: Job, *, as_json: bool) -> int:
    found = _lazy.job_diff.compare(before, after)
    if as_json:
        render.print_json(found)
    else:
        render.print_lines(_lazy.job_diff.difference_text(found))
    return errors.ExitCode.OK


def _follow(job: Job, show: Callable[[Job], None] | None) -> int:
    if show is not None:
        show(job)
        print("output:", flush=True)
    if _lazy.job_follow.follow(job):
        return errors.ExitCode.OK
    errors.warn(f"{job} did not finish")
    return errors.ExitCode.ERROR


def for_each(specs: Iterable[str], action: Callable[[str], object], *, quiet: bool = False) -> bool:
    """Do something for each specification; report those that fail (unless ``quiet``) and go on.

    Returns:
        Whether one failed.
    """
    failed = False
    for spec in specs:
        try:
            action(spec)
        except (AcceleratorError, FileNotFoundError) as error:
            if not quiet:
                errors.warn(str(error))
            failed = True
    return failed


def _show(job: Job, workspace: Workspace, verbose: bool, *, output: bool) -> None:
    about = describe(job, workspace)
    if verbose:
        print(job.path)
        print("=" * len(job.path))
        print(_readable_setup(job))
    else:
        _show_header(about)
    if about["state"] != "finished":
        _show_unfinished(about)
    else:
        _show_list("datasets", [f"{job}/{name}" for name in about["finished_datasets"]], verbose)
        subjobs = [f"{jobid}{'' if ok else _why_not_current(jobid)}" for jobid, ok in about["subjobs"].items()]
        _show_list("subjobs", subjobs, verbose)
        files = [job.filename(name) for name in about["files"]] if verbose else about["files"]
        _show_list("files", files, verbose)
        if about["current"] is False:
            print("Job is not current")
    if output:
        print("output:" if about["output_bytes"] else f"{job} produced no output")
        show_output(job, headers=verbose)
    elif about["output_bytes"]:
        print(f"{job} produced {about['output_bytes']} bytes of output, use --output/-o to see it")


def _why_not_current(jobid: str) -> str:
    return " (not current)" if Path(Job(jobid).path).exists() else " (gone)"


def _show_header(about: Mapping[str, Any]) -> None:
    took = "" if about["seconds"] is None else f" in {fmttime(about['seconds'])}"
    title = f"{about['job']} ({about['method']}) at {_readable_time(about['starttime'])}{took}"
    print(colour(title, "bold"))
    if about["is_build"]:
        print("  build job")
    origins = [about["parent"], *([about["build_job"]] if about["build_job"] != about["parent"] else [])]
    named = [_with_method(jobid) for jobid in origins if jobid]
    if named:
        print(f"  built from {', build job '.join(named)}")
    if about["caption"]:
        print(f"    caption: {_as_json(about['caption'])}")
    for section in ("options", "datasets", "jobs"):
        if about[section]:
            print(f"    {section}: {_as_json(about[section])}")


def _with_method(jobid: str) -> str:
    try:
        return f"{jobid} ({Setup.load(Path(Job(jobid).path)).method})"
    except (AcceleratorError, OSError):
        return f"{jobid} (gone)"


def _show_unfinished(about: Mapping[str, Any]) -> None:
    if about["state"] == "running":
        print("Job is running")
        return
    print("WARNING: Job did not finish")
    for part, text in about["failure"].items():
        lines = text.strip().splitlines()
        print(f"    {part}: {lines[-1].strip() if lines else ''}")


def _show_list(title: str, items: Sequence[str], verbose: bool) -> None:
    if not items:
        return
    print(f"{title}:")
    shown = items if verbose or len(items) <= _LONG else items[:_SHOWN]
    for item in shown:
        print(f"    {item}")
    if len(shown) < len(items):
        print(f"    ... and {len(items) - len(shown)} more")


def _readable_setup(job: Job) -> str:
    setup = Setup.load(Path(job.path)).to_dict()
    del setup["typing"]
    setup["starttime"] = _readable_time(setup["starttime"])
    with suppress(FileNotFoundError):
        post = Post.load(Path(job.path))
        setup |= {"endtime": _readable_time(post.endtime), "exectime": post.exectime}
    return json.dumps(setup, indent=4, ensure_ascii=False)


def _as_json(value: Any) -> str:
    """JSON in one line if it is no more than one key, else indented below the title."""
    short = not isinstance(value, Mapping) or len(value) <= 1
    text = json.dumps(value, indent=None if short else 4, ensure_ascii=False)
    return text.replace("\n", "\n    ")


def _readable_time(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


def _state(job: Job) -> str:
    if _lazy.workdir.Workdir(job.workdir, Path(job.path).parent).is_running(str(job)):
        return "running"
    return "failed" if Path(job.filename("failed.json")).exists() else "unfinished"


def _failure(directory: Path) -> dict[str, str]:
    try:
        return dict(Failed.load(directory).status)
    except (AcceleratorError, OSError):
        return {}


def _output_files(directory: Path) -> list[Path]:
    output = directory / "OUTPUT"
    return [path for path in output.iterdir() if path.is_file()] if output.is_dir() else []
