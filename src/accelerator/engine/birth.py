"""Making the directories of new jobs, and reading what finished ones say about themselves."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.config import Config
from accelerator.engine.index import Row
from accelerator.engine.request import Request
from accelerator.error import StorageError
from accelerator.job.jobdir import parse_jobid
from accelerator.job.record import Post, Setup
from accelerator.job.workdir import NewJob, Workdir
from accelerator.method.discover import MethodFile
from accelerator.method.source import MethodSource


def read_row(directory: Path) -> Row | None:
    """Read a finished job's row; None if it is not finished, or damaged."""
    try:
        post = Post.load(directory)
    except (FileNotFoundError, NotADirectoryError, PermissionError, StorageError):
        return None
    return row_of(directory.name, post)


def row_of(jobid: str, post: Post) -> Row:
    """Return the row of a job that says this about itself."""
    workdir, number = parse_jobid(jobid)
    return Row(
        workdir, number, post.uid, post.key, post.method, post.source_digest,
        post.starttime, post.endtime, post.is_build, post.subjob_uids, post.input_files,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a job's record says about who built it, beside the request.

    Args:
        config: the project.
        parent: the job that asked for it.
        environment: Python and packages.
        concurrency: limit on slices at once.
        execution: retries, timeout and so on.
    """

    config: Config
    parent: str | None
    environment: Mapping[str, Any]
    concurrency: int | None
    execution: Mapping[str, Any]


def create_job(workdir: Workdir, request: Request, archive: bytes, around: Surroundings) -> NewJob:
    """Make the directory of a job.

    Args:
        workdir: where.
        request: what it is for.
        archive: bytes of ``method.tar.gz``.
        around: who asks for it.

    Returns:
        The new job; its lock is held.

    Raises:
        OSError: the directory cannot be written.
    """
    normalised = request.normalised

    def fill(directory: Path, jobid: str, uid: str) -> None:
        Setup(
            uid=uid,
            jobid=jobid,
            method=request.declaration.method,
            package=request.declaration.package,
            caption=request.call.caption or "",
            key=request.key,
            source_digest=request.source_digest,
            slices=around.config.slices,
            input_directory=str(around.config.input_directory),
            parent=around.parent,
            seed=secrets.randbelow(1 << 63),
            starttime=time.time(),
            project_directory=str(around.config.project_directory),
            concurrency=around.concurrency,
            environment=around.environment,
            sources=_sources(request.source),
            input_files=request.input_files,
            references=request.references,
            options=normalised.options,
            datasets=normalised.datasets,
            jobs=normalised.jobs,
            typing=normalised.typing,
            execution=around.execution,
        ).save(directory)
        (directory / "method.tar.gz").write_bytes(archive)

    return workdir.create_job(fill)


def create_build_job(
    workdir: Workdir,
    script: MethodFile,
    source: MethodSource,
    archive: bytes,
    options: Mapping[str, Any],
    around: Surroundings,
) -> NewJob:
    """Make the directory of a build script's job.

    Args:
        workdir: where.
        script: the script.
        source: its files.
        archive: bytes of ``method.tar.gz``.
        options: what it was started with.
        around: the project and its Python.

    Returns:
        The new job; its lock is held.

    Raises:
        OSError: the directory cannot be written.
    """

    def fill(directory: Path, jobid: str, uid: str) -> None:
        Setup(
            uid=uid,
            jobid=jobid,
            method=script.module,
            caption="build script",
            source_digest=source.code_digest,
            slices=around.config.slices,
            input_directory=str(around.config.input_directory),
            starttime=time.time(),
            is_build=True,
            project_directory=str(around.config.project_directory),
            environment=around.environment,
            sources=_sources(source),
            options=dict(options),
        ).save(directory)
        (directory / "method.tar.gz").write_bytes(archive)

    return workdir.create_job(fill)


def _sources(source: MethodSource) -> list[dict[str, Any]]:
    return [{"module": file.module, "path": file.path, "digest": file.digest} for file in source.files]
