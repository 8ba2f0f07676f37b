"""The files of the running job: which there are, and which of them are temporary."""

import os
from pathlib import Path

from accelerator.job.context import context

__all__ = ["INTERNAL_FILES", "absolute", "is_internal", "register", "relative_name"]

StrPath = str | os.PathLike[str]

INTERNAL_FILES = frozenset({"setup.json", "post.json", "failed.json", "method.tar.gz", "link_result.pickle"})
_INTERNAL_DIRECTORIES = frozenset({"DS", "OUTPUT"})


def is_internal(name: str) -> bool:
    """Say whether a file in a job directory is the program's own, or hidden, rather than the user's.

    Args:
        name: relative to the job directory.
    """
    first, _, rest = name.partition("/")
    if first.startswith(("Analysis.", ".")):
        return True
    if any(part.startswith(".") for part in name.split("/")):
        return True
    return first in _INTERNAL_DIRECTORIES if rest else first in INTERNAL_FILES


def absolute(name: StrPath) -> str:
    """Return the absolute path of a file named relative to the running job (else to the current directory).

    Args:
        name: relative or absolute.
    """
    base = context.job.path if context.job is not None else os.getcwd()  # noqa: PTH109  (a str, kept unresolved)
    return os.path.normpath(os.path.join(base, os.fspath(name)))  # noqa: PTH118


def relative_name(name: StrPath) -> str:
    """Return the name under which a file of the running job is registered.

    Args:
        name: relative to the job directory, or absolute.

    Returns:
        The name relative to the job directory; the absolute path of a file outside it.
    """
    path = absolute(name)
    base = os.path.normpath(context.job.path)
    if path.startswith(base + os.sep):
        return path[len(base) + 1 :]
    real_base, real_parent = os.path.realpath(base), os.path.realpath(os.path.dirname(path))  # noqa: PTH120
    if real_parent == real_base or real_parent.startswith(real_base + os.sep):
        # the same directory by another way, for example through a symlink to the workdir
        return os.path.relpath(os.path.join(real_parent, os.path.basename(path)), real_base)  # noqa: PTH118, PTH119
    return path


def register(name: StrPath, temp: bool) -> str | None:
    """Note that the running job has made a file. Outside a job this does nothing.

    Args:
        name: relative to the job directory, or absolute.
        temp: delete it when the job finishes.

    Returns:
        The registered name.
    """
    if context.job is None:
        return None
    registered = relative_name(name)
    context.registered[registered] = bool(temp)
    return registered


def remove_temporary() -> None:
    """Delete the temporary files of the running job, and forget them."""
    for name in [name for name, temp in context.registered.items() if temp]:
        Path(absolute(name)).unlink(missing_ok=True)
        del context.registered[name]
