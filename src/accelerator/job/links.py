"""Links to files of jobs: in the result directory, and in other jobs."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

from accelerator.error import AcceleratorError
from accelerator.job.context import context
from accelerator.job.jobdir import JobDirectory
from accelerator.job.registry import register
from accelerator.storage.atomic import sweep_links, symlink, write_bytes

__all__ = ["link_result", "link_to_here", "save_link_results", "tag_link_results"]

StrPath = str | os.PathLike[str]


def _relative(name: StrPath, what: str) -> tuple[str, bool]:
    """Check a name; return it without a trailing slash, and whether it had one."""
    text = os.fspath(name)
    stripped = text.removesuffix("/")
    normal = os.path.normpath(stripped) if stripped else ""
    if not stripped or stripped != normal or stripped.startswith("/") or stripped.split("/")[0] in {".", ".."}:
        raise AcceleratorError(
            f"link_result: {what} {text!r} must be a relative path without '.' or '..' (for example 'dir/name')"
        )
    return stripped, stripped != text


def link_result(
    job: Any, filename: StrPath, linkname: StrPath | None, header: str | None, description: str | None
) -> None:
    """Make and record a link in the result directory; see :meth:`accelerator.Job.link_result`.

    Args:
        job: the job that has the file.
        filename: of the file, relative to the job.
        linkname: of the link, relative to the result directory.
        header: for the board.
        description: for the board.

    Raises:
        AcceleratorError: not allowed like that.
        AssertionError: there is no such file.
    """
    if context.phase != "build":
        raise AcceleratorError("link_result can only be used in build scripts")
    if context.result_directory is None:
        raise AcceleratorError("link_result: no result_directory is configured")
    filename, filename_slash = _relative(filename, "filename")
    base = os.path.basename(filename)  # noqa: PTH119
    if linkname is None:
        name = base
    else:
        name, linkname_slash = _relative(linkname, "linkname")
        if linkname_slash and not filename_slash:
            name = os.path.join(name, base)  # noqa: PTH118
    source = Path(job.filename(filename))
    assert source.exists(), f"link_result: {job} has no file {filename!r}"
    directory = context.result_directory
    directory.mkdir(parents=True, exist_ok=True)
    for part in Path(name).parts[:-1]:
        directory /= part
        if directory.is_symlink():
            raise AcceleratorError(f"link_result: {directory} is a link itself, so nothing can be put below it")
        directory.mkdir(exist_ok=True)
    link = directory / Path(name).name
    if link.is_dir() and not link.is_symlink():
        raise AcceleratorError(f"link_result: {link} is a directory, choose another linkname")
    sweep_links(directory)
    symlink(source, link)
    stat = source.stat()
    record = {
        "is_build": job.is_build,
        "jobid": str(job),
        "name": filename,
        "linkname": name,
        "header": header,
        "description": description,
        "method": job.method,
        "size": stat.st_size,
        "isdir": source.is_dir(),
        "ts": stat.st_mtime,
    }
    context.link_results.append((context.urd_key, json.dumps(record)))
    save_link_results()


def save_link_results() -> None:
    """Write what :func:`link_result` recorded into the build job, as ``link_result.pickle``."""
    if context.job is not None and context.link_results:
        data = pickle.dumps((0, list(context.link_results)), 2)
        write_bytes(Path(context.job.path) / "link_result.pickle", data, durable=False)


def tag_link_results(since: int, tag: str) -> None:
    """Give recorded link results the key of the urd entry they belong to.

    Args:
        since: how many were in ``context.link_results`` when the urd session began.
        tag: ``user/list/timestamp``.
    """
    context.link_results[since:] = [(tag, text) for _, text in context.link_results[since:]]
    save_link_results()


def link_to_here(job: JobDirectory, filename: StrPath) -> None:
    """Make a link in the running job; see :meth:`accelerator.Job.link_to_here`.

    Args:
        job: the job that has the file.
        filename: of the file, relative to the job.

    Raises:
        AssertionError: there is no such file, or no job is running.
    """
    assert context.job is not None, "link_to_here can only be used in a running job"
    source = Path(job.filename(filename))
    assert source.exists(), f"{job} has no file {os.fspath(filename)!r}"
    assert not os.path.isabs(filename), "link_to_here takes a name relative to the job"  # noqa: PTH117
    link = Path(context.job.filename(filename))
    link.parent.mkdir(parents=True, exist_ok=True)
    symlink(source, link)
    register(link, temp=False)
