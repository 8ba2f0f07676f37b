"""What the TAB key offers: names of the project around the command line."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from accelerator import _lazy
from accelerator.cli.lookup import is_job_directory
from accelerator.cli.resolve import resolve_entry
from accelerator.cli.workspace import Workspace
from accelerator.error import AcceleratorError
from accelerator.job.record import Setup

__all__ = [
    "column_names",
    "dataset_names",
    "grep_words",
    "job_names",
    "limited_method_names",
    "method_names",
    "script_names",
    "urd_paths",
    "workdir_names",
]

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
# Names for what has been typed so far, in the project and the command line around.
Names = Callable[[Workspace, click.Context, str], Iterable[str]]


def _completer(names: Names, *, or_path: bool = False) -> Completer:
    """Make a completer.

    Args:
        names: returns all names; it gets what has been typed so far.
        or_path: if no name begins so, the shell offers directories.
    """

    def complete(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        found = _found(names, ctx, typed)
        if not found and or_path and not typed.startswith(":"):
            return [CompletionItem(typed, type="dir")]
        return [CompletionItem(name) for name in found]

    return complete


def _found(names: Names, ctx: click.Context, typed: str) -> list[str]:
    """Return the names that begin as what has been typed."""
    config: Path | None = ctx.find_root().params.get("config")
    try:
        workspace = Workspace(config)
    except AcceleratorError:
        return []
    found: dict[str, None] = {}
    try:
        for name in names(workspace, ctx, typed):
            if name.startswith(typed):
                found[name] = None
    except (AcceleratorError, OSError):
        pass  # no project, or a broken one: what was found is offered, and nothing is said in the middle of a line
    finally:
        workspace.close()
    return list(found)


def _scripts(workspace: Workspace, _ctx: click.Context, _typed: str) -> Iterator[str]:
    for script in _lazy.discover.find_scripts(workspace.config).values():
        yield script.name.removeprefix("build_")
        yield f"{script.package}.{script.name.removeprefix('build_')}"


def _methods(workspace: Workspace, _ctx: click.Context, _typed: str) -> Iterable[str]:
    return _lazy.discover.find_methods(workspace.config)  # type: ignore[no-any-return]  # loaded lazily, so untyped


def _limited_methods(workspace: Workspace, ctx: click.Context, typed: str) -> Iterator[str]:
    return (f"{name}=" for name in _methods(workspace, ctx, typed))


def _workdirs(workspace: Workspace, _ctx: click.Context, _typed: str) -> Iterable[str]:
    return workspace.config.workdirs


def _jobs(workspace: Workspace, ctx: click.Context, typed: str) -> Iterator[str]:
    """Methods first; job ids, of which there may be very many, once a workdir has been typed."""
    if typed.startswith(":"):
        yield from _urd_specs(workspace, typed)
        return
    if workspace.has_project:
        yield from _methods(workspace, ctx, typed)
        for name, path in workspace.config.workdirs.items():
            yield f"{name}-LATEST"
            if typed.startswith(name):
                yield from _lazy.workdir.Workdir(name, path).jobids()
    job, dot, _ = typed.rpartition(".")
    if dot and job and not job.endswith(("/", ".")):
        setup = Setup.load(Path(workspace.job(job).path))
        yield from (f"{job}.{name}" for given in (setup.jobs, setup.datasets) for name, value in given.items() if value)


def _datasets(workspace: Workspace, ctx: click.Context, typed: str) -> Iterator[str]:
    job = _job_before(typed)
    if job is None:
        yield from _jobs(workspace, ctx, typed)
        return
    for dataset in workspace.job(job).datasets:
        yield f"{job}/{dataset.name}"


def _job_before(typed: str) -> str | None:
    """Return the job of which a dataset is being typed, None if it is still the job."""
    if typed.startswith(":"):
        # The name starts behind the first slash after the last colon; before that they are the list's.
        path, _, entry = typed.rpartition(":")
        name, slash, _ = entry.partition("/")
        return f"{path}:{name}" if slash and path else None
    if typed.startswith((".", "/", "~")):
        cuts = [at for at, character in enumerate(typed) if character == "/"]
        return next((typed[:at] for at in reversed(cuts) if is_job_directory(typed[:at])), None)
    job, slash, _ = typed.partition("/")
    return job if slash else None


def _urd_specs(workspace: Workspace, typed: str) -> Iterator[str]:
    """``:list:`` and ``:list/``, behind which come timestamps; after the colon the jobs of the entry."""
    for path in _lists(workspace, typed[1:]):
        ends = "/" if "/" in path else "/:"
        yield from (f":{path}{end}" for end in ends if f":{path}{end}" != typed)
    above, slash, _ = typed[1:].rpartition("/")
    if slash:
        yield from (f":{above}/{timestamp}:" for timestamp in ("latest", "first"))
        yield from (f":{above}/{timestamp}:" for timestamp in workspace.urd_timestamps(_full(workspace, above)))
    path, colon, _ = typed[1:].rpartition(":")
    if colon:
        entry = resolve_entry(f":{path}:", workspace)
        yield from (f":{path}:{name}" for name, _, _ in entry.joblist)


def _lists(workspace: Workspace, typed: str) -> Iterator[str]:
    """One's own without the user; those of others, and one's own once a slash has been typed, with."""
    mine = f"{workspace.user()}/"
    for name in workspace.urd_lists():
        if name.startswith(mine):
            yield name.removeprefix(mine)
        if typed or not name.startswith(mine):
            yield name


def _full(workspace: Workspace, path: str) -> str:
    return path if "/" in path else f"{workspace.user()}/{path}"


def _urd(workspace: Workspace, ctx: click.Context, typed: str) -> Iterator[str]:
    if typed.startswith(":"):
        yield from _jobs(workspace, ctx, typed)
        return
    yield from _lists(workspace, typed)
    if not ctx.params.get("paths"):
        yield from ("export", "import")
    above, slash, _ = typed.rpartition("/")
    if slash:
        yield from (f"{above}/{timestamp}" for timestamp in workspace.urd_timestamps(_full(workspace, above)))


def _columns(workspace: Workspace, ctx: click.Context, _typed: str) -> Iterator[str]:
    """Columns of the datasets that the command line has named before."""
    given = ctx.params.get("datasets") or [*filter(None, [ctx.params.get("dataset")]), *ctx.params.get("words", ())]
    for spec in given:
        try:
            dataset = workspace.dataset(spec)
        except AcceleratorError:
            continue  # a pattern, or a column
        yield from sorted(dataset.columns)


def _grep_words(workspace: Workspace, ctx: click.Context, typed: str) -> Iterator[str]:
    """Datasets, and columns once there is one; nothing for the pattern."""
    words = ctx.params.get("words") or ()
    if not words and not ctx.params.get("patterns"):
        return
    yield from _columns(workspace, ctx, typed)
    yield from _datasets(workspace, ctx, typed)


script_names = _completer(_scripts)
method_names = _completer(_methods)
limited_method_names = _completer(_limited_methods)
workdir_names = _completer(_workdirs)
job_names = _completer(_jobs, or_path=True)
dataset_names = _completer(_datasets, or_path=True)
column_names = _completer(_columns)
grep_words = _completer(_grep_words, or_path=True)
urd_paths = _completer(_urd)
