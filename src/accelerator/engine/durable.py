"""Putting a finished job on disk for good, before its ``post.json`` says that it is finished."""

from pathlib import Path

from accelerator.storage.atomic import fsync_tree

# These were made durable when the job was born.
_BORN_WITH = frozenset({"setup.json", "method.tar.gz", ".lock"})


def make_durable(directory: Path) -> None:
    """Make every file of a job durable, and the directories that name them.

    Args:
        directory: the job's directory.
    """
    fsync_tree(directory, durable=_BORN_WITH)
