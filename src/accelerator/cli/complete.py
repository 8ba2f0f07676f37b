"""What the TAB key offers: names of the project around the command line."""

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from accelerator import _lazy
from accelerator.cli.workspace import Workspace
from accelerator.error import AcceleratorError

__all__ = ["dataset_names", "job_names", "method_names", "script_names", "urd_paths", "workdir_names"]

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completer(names: Callable[[Workspace, str], Iterable[str]], *, or_path: bool = False) -> Completer:
    """Make a completer.

    Args:
        names: returns all names; it gets what has been typed so far.
        or_path: if no name begins so, the shell offers directories.
    """

    def complete(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        found = _found(names, ctx.find_root().params.get("config"), typed)
        if not found and or_path:
            return [CompletionItem(typed, type="dir")]
        return [CompletionItem(name) for name in found]

    return complete


def _found(names: Callable[[Workspace, str], Iterable[str]], config: Path | None, typed: str) -> list[str]:
    """Return the names that begin as what has been typed."""
    try:
        workspace = Workspace(config)
    except AcceleratorError:
        return []
    try:
        return [name for name in dict.fromkeys(names(workspace, typed)) if name.startswith(typed)]
    except (AcceleratorError, OSError):
        return []  # no project, or a broken one: nothing is offered, and nothing is said in the middle of a line
    finally:
        workspace.close()


def _scripts(workspace: Workspace, _typed: str) -> Iterable[str]:
    for script in _lazy.discover.find_scripts(workspace.config).values():
        yield script.name.removeprefix("build_")
        yield f"{script.package}.{script.name.removeprefix('build_')}"


def _methods(workspace: Workspace, _typed: str) -> Iterable[str]:
    yield from _lazy.discover.find_methods(workspace.config)


def _workdirs(workspace: Workspace, _typed: str) -> Iterable[str]:
    return workspace.config.workdirs


def _jobs(workspace: Workspace, typed: str) -> Iterable[str]:
    """Methods first; job ids, of which there may be very many, once a workdir has been typed."""
    yield from _lazy.discover.find_methods(workspace.config)
    for name, path in workspace.config.workdirs.items():
        yield f"{name}-LATEST"
        if typed.startswith(name):
            yield from _lazy.workdir.Workdir(name, path).jobids()


def _datasets(workspace: Workspace, typed: str) -> Iterable[str]:
    job, slash, _ = typed.partition("/")
    if not slash:
        yield from _jobs(workspace, typed)
        return
    for dataset in workspace.job(job).datasets:
        yield f"{job}/{dataset.name}"


def _urd(workspace: Workspace, typed: str) -> Iterable[str]:
    mine = f"{workspace.user()}/"
    lists = workspace.urd_lists()
    yield from (name.removeprefix(mine) for name in lists)
    yield from lists
    above, slash, _ = typed.rpartition("/")
    full = above if "/" in above else mine + above
    if slash and full in lists:
        yield from (f"{above}/{timestamp}" for timestamp in workspace.urd_timestamps(full))


script_names = _completer(_scripts)
method_names = _completer(_methods)
workdir_names = _completer(_workdirs)
job_names = _completer(_jobs, or_path=True)
dataset_names = _completer(_datasets, or_path=True)
urd_paths = _completer(_urd)
