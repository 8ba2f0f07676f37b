"""Temporary data of a job: ``.tmp`` in its directory, or a link there to a directory of its own somewhere else."""

import contextlib
import os
import shutil
from pathlib import Path

from accelerator.error import UserError

__all__ = ["DEFAULT", "place_scratch", "remove_scratch"]

DEFAULT = ".tmp"


def place_scratch(job: Path, uid: str, configured: str) -> None:
    """Have a job's temporary data go where the configuration says.

    Args:
        job: directory of the job.
        uid: of the job, for a name that no other job has.
        configured: ``temp_directory`` of the configuration; one that is not absolute is in the job's directory.

    Raises:
        UserError: there can be no directory.
    """
    if configured == DEFAULT:
        return
    target = job / configured / f"{job.name}-{uid}"
    try:
        target.mkdir(parents=True)
        (job / DEFAULT).symlink_to(target)
    except OSError as error:
        raise UserError(
            f"no directory for temporary data can be made in {job / configured} ({error.strerror}); "
            "[execution] temp_directory in accelerator.toml says where they go"
        ) from None


def remove_scratch(job: Path) -> None:
    """Remove a job's temporary data, wherever they are; no error if there are none.

    Args:
        job: directory of the job.
    """
    path = job / DEFAULT
    try:
        path.rmdir()  # as a rule it is empty or not there
    except FileNotFoundError:
        return
    except OSError:
        if not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
            return
        target = path.readlink()
        shutil.rmtree(target, ignore_errors=True)
        path.unlink()
        if job in target.parents:
            with contextlib.suppress(OSError):  # others may use it too
                os.removedirs(target.parent)
