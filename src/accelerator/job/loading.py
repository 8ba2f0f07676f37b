"""Files and records of jobs, by job id."""

import os
from pathlib import Path
from typing import Any

from accelerator.job.context import context
from accelerator.job.handle import Job
from accelerator.storage.dotdict import DotDict
from accelerator.storage.serial import json_decode
from accelerator.storage.serial import pickle_load as _pickle_load

__all__ = ["job_params", "job_post", "json_load", "pickle_load"]

StrPath = str | os.PathLike[str]


def _path(filename: StrPath, jobid: str | None, sliceno: int | None) -> Path:
    name = os.fspath(filename)
    if os.path.isabs(name):  # noqa: PTH117
        assert not jobid, f"{name!r} is absolute, so it is in no job"
        assert sliceno is None, f"{name!r} is absolute, so it has no slices"
        return Path(name)
    if jobid:
        return Path(Job(jobid).filename(name, sliceno))
    if context.job is not None:
        return Path(context.job.filename(name, sliceno))
    return Path(name if sliceno is None else f"{name}.{sliceno}")


def pickle_load(
    filename: StrPath = "result.pickle",
    jobid: str | None = None,
    sliceno: int | None = None,
    encoding: str = "bytes",
) -> Any:
    """Load a pickle.

    Args:
        filename: relative to the job, or absolute.
        jobid: of the job; default: the running one, else the current directory is meant.
        sliceno: for one file of a sliced set.
        encoding: how strings pickled by Python 2 are decoded; ``bytes`` leaves them as bytes.

    Raises:
        AssertionError: ``filename`` is absolute and a job or slice is given.
        FileNotFoundError: there is no such file.
    """
    with _path(filename, jobid, sliceno).open("rb") as file:
        return _pickle_load(file, encoding)


def json_load(
    filename: StrPath = "result.json",
    jobid: str | None = None,
    sliceno: int | None = None,
    unicode_as_utf8bytes: bool = False,
) -> Any:
    """Load a JSON file; objects become :class:`~accelerator.DotDict`.

    Args:
        filename: relative to the job, or absolute.
        jobid: of the job; default: the running one, else the current directory is meant.
        sliceno: for one file of a sliced set.
        unicode_as_utf8bytes: give strings as UTF-8 bytes.

    Raises:
        AssertionError: ``filename`` is absolute and a job or slice is given.
        FileNotFoundError: there is no such file.
        ValueError: the file is not JSON.
    """
    return json_decode(_path(filename, jobid, sliceno).read_bytes(), unicode_as_utf8bytes)


def job_params(jobid: str | None = None, default_empty: bool = False) -> DotDict:
    """Return what a job was asked to do, as :attr:`Job.params` has it.

    Args:
        jobid: of the job; None: the one whose directory is the current one.
        default_empty: without ``jobid``, return empty ``options``, ``datasets`` and ``jobs``.

    Raises:
        NoSuchJobError: there is no such job.
    """
    if jobid:
        return Job(jobid).params
    if default_empty:
        return DotDict(options=DotDict(), datasets=DotDict(), jobs=DotDict())
    return Job(Path.cwd().name).params


def job_post(jobid: str) -> DotDict:
    """Return what became of a job, as :attr:`Job.post` has it.

    Args:
        jobid: of the job.

    Raises:
        FileNotFoundError: the job has not finished.
    """
    return Job(jobid).post
