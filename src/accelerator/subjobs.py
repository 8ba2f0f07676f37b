"""Jobs built from inside a method: ``subjobs.build`` in prepare and synthesis, and the list of what was built."""

import os
import sys
from typing import Any

from accelerator.engine.build import Engine
from accelerator.engine.lineage import current
from accelerator.engine.request import BuildCall
from accelerator.error import JobError
from accelerator.job import Job
from accelerator.job.context import context
from accelerator.job.joblist import JobList
from accelerator.job.status import dummy_status, status

__all__ = ["build", "jobs"]

# As keywords these would be taken for arguments of urd.build; options of these names can be given in the dicts.
_RESERVED = ("why_build", "force_build", "workdir", "concurrency", "record_as", "self")

_built = JobList()
jobs = _built

_engines: dict[int, Engine] = {}


def build(
    method: str,
    options: Any = {},  # noqa: B006 - the signature is specified, and it is only read
    datasets: Any = {},  # noqa: B006 - likewise
    jobs: Any = {},  # noqa: B006 - likewise
    name: str | None = None,
    caption: str | None = None,
    **kw: Any,
) -> Job:
    """Build a job from prepare or synthesis of a running one, or find it if it exists.

    It becomes a subjob of the running job, which is built again whenever a subjob of it would be.

    Args:
        method: the method.
        options: its options by name.
        datasets: input datasets by name.
        jobs: input jobs by name.
        name: the ``method`` of the job returned, in :data:`jobs` too; the method's name by default.
        caption: text kept in the job if it is built.
        **kw: options, datasets and jobs by name.

    Returns:
        The finished job.

    Raises:
        AssertionError: not in prepare or synthesis of a method.
        BuildError: the call makes no sense.
        ServerError: the parameters were refused; the text starts ``Submit failed``.
        JobError: the subjob failed. It may be caught.
    """
    assert context.phase != "analysis", "subjobs cannot be built in analysis, only in prepare and synthesis"
    assert context.phase in {"prepare", "synthesis"}, (
        "subjobs.build is for prepare and synthesis of methods; build scripts have urd.build, programs Project.build"
    )
    for reserved in _RESERVED:
        if reserved in kw:
            raise TypeError(
                f"subjobs.build does not take {reserved!r}; for an option of that name: options={{{reserved!r}: …}}"
            )
    call = BuildCall(method, dict(options or {}), dict(datasets or {}), dict(jobs or {}), kw, caption, name)
    shown = " ".join(["Building subjob", name or method] + ([f'"{caption}"'] if caption else []))
    with (status if name or caption else dummy_status)(shown):
        try:
            job = _engine().build(call)
        except JobError as error:
            print(f"Failed to build jobs:\n{error.format_msg()}", file=sys.stderr)  # noqa: T201 - specified
            raise
    _built.append(job)
    return job


def _engine() -> Engine:
    """Return this process's engine: made when it is first needed, and never one that a parent process made."""
    engine = _engines.get(os.getpid())
    if engine is None:
        lineage = current()
        assert lineage is not None, "this process runs no job"
        engine = _engines[os.getpid()] = Engine(lineage.config, lineage=lineage)
    return engine
