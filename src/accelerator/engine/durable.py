"""Putting a finished job on disk for good, before its ``post.json`` says that it is finished."""

import os
from pathlib import Path

from accelerator.storage.atomic import fsync_directory, fsync_files

# These were made durable when the job was born.
_BORN_WITH = frozenset({"setup.json", "method.tar.gz", ".lock"})


def make_durable(directory: Path) -> None:
    """Make every file of a job durable, and the directories that name them.

    Args:
        directory: the job's directory.
    """
    files: list[str] = []
    directories: list[str] = []
    pending = [str(directory)]
    while pending:
        parent = pending.pop()
        with os.scandir(parent) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                    directories.append(entry.path)
                elif entry.is_file(follow_symlinks=False) and entry.name not in _BORN_WITH:
                    files.append(entry.path)
    if files or directories:
        fsync_files(files)
        for path in reversed(directories):
            fsync_directory(path)
        fsync_directory(directory)
