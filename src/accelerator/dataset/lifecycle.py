"""The writers of the running job, and what happens to them when a phase ends. The engine calls these functions.

Nothing heavy is imported unless there are writers.
"""

import os
from pathlib import Path
from typing import Any

from accelerator import _lazy
from accelerator.dataset.commit import WRITER
from accelerator.dataset.manifest import DIRECTORY
from accelerator.error import DatasetUsageError
from accelerator.job.context import context
from accelerator.job.status import status


class _Live:
    """Unfinished writers of one job, by name, in the order they were made."""

    def __init__(self) -> None:
        self.directory: str | None = None
        self.writers: dict[str, Any] = {}


_live = _Live()


def live_writers() -> dict[str, Any]:
    """Return the unfinished writers of the running job, by name. The dict may be changed."""
    directory = None if context.job is None else context.job.path
    if _live.directory != directory:
        _live.directory = directory
        _live.writers = {}
    return _live.writers


def finish_started_in_prepare() -> None:
    """End of prepare: finish the writers that have begun to write; the others go on to analysis."""
    writers = live_writers()
    _finish([writer for writer in writers.values() if writer.started])
    for writer in writers.values():
        writer.save()


def enter_slice(sliceno: int) -> None:
    """Beginning of analysis in the process of a slice: writers made in prepare write to this slice from now on."""
    writers = live_writers()
    # A process that was forked from prepare has them already.
    known = {str(writer.directory) for writer in writers.values()}
    for directory in _directories():
        if directory not in known and Path(directory, WRITER).exists():
            writer = _lazy.writer.reopen(Path(directory))
            writers[writer.name] = writer
    for writer in writers.values():
        writer.enter_slice(sliceno)


def _directories() -> list[str]:
    """Return the directories of the datasets of the running job, in order."""
    # Not by way of Path: most of what that costs is code that a slice just forked has not touched yet.
    top = str(Path(context.job.path, DIRECTORY))
    try:
        return [f"{top}/{name}" for name in sorted(os.listdir(top))]  # noqa: PTH208 - see above
    except FileNotFoundError:
        return []


def close_slice(sliceno: int) -> None:
    """End of analysis in the process of a slice: what was written counts from now on.

    Raises:
        DatasetUsageError: columns of different lengths.
    """
    for writer in live_writers().values():
        writer.close_slice(sliceno)


def finish_all() -> None:
    """End of synthesis: finish all writers, each after the one it names as ``previous``.

    Raises:
        DatasetUsageError: one was never started, or lacks slices, or does not fit its parent.
    """
    writers = list(live_writers().values())
    if writers:
        with status("Finishing datasets"):
            _finish(writers)


def unfinished() -> list[str]:
    """Return the names of the writers that are neither finished nor discarded."""
    return list(live_writers())


def _finish(writers: list[Any]) -> None:
    waiting = {writer.ds_name: writer for writer in writers}
    # How many it has to wait for, by the writer's own name: also for chains of many thousands.
    depths: dict[str, int] = {}
    for writer in writers:
        above: dict[str, Any] = {}
        while writer is not None and writer.ds_name not in depths:
            if writer.ds_name in above:
                names = ", ".join(each.quoted_ds_name for each in above.values())
                raise DatasetUsageError(f"datasets cannot be previous to each other: {names}")
            above[writer.ds_name] = writer
            writer = waiting.get(writer.previous)  # noqa: PLW2901 - the way up begins at it
        depth = 0 if writer is None else depths[writer.ds_name]
        for name in reversed(above):
            depth += 1
            depths[name] = depth
    for writer in sorted(writers, key=lambda writer: depths[writer.ds_name]):  # sorting is stable
        writer.finish()
