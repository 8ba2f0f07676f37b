"""Jobs built from inside a method: ``subjobs.build`` in prepare and synthesis, and the list of what was built."""

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any, Protocol

from accelerator import _lazy
from accelerator._unset import UNSET, Unset
from accelerator.engine.events import Event
from accelerator.engine.failure import size
from accelerator.engine.keywords import sort_keywords
from accelerator.engine.lineage import current
from accelerator.engine.request import BuildCall
from accelerator.error import JobError
from accelerator.job import Job
from accelerator.job.context import context
from accelerator.job.joblist import JobList
from accelerator.job.status import dummy_status, status
from accelerator.method.declaration import Declaration

__all__ = ["build", "jobs"]

# Arguments of urd.build that have no meaning here. A method that has a parameter of such a name gets it.
_RESERVED = ("why_build", "force_build", "workdir", "concurrency")

_built = JobList()
jobs = _built


class Builder(Protocol):
    """What builds subjobs."""

    def declaration(self, method: str) -> Declaration:
        """Return what a method declares."""

    def build(self, call: BuildCall) -> Job:
        """Return the job that answers a call."""


_engines: dict[int, Builder] = {}


def use_builder(builder: Builder) -> None:
    """Say what builds subjobs in this process, which runs a job's functions without a runner having started it."""
    _engines[os.getpid()] = builder


def build(
    method: str,
    options: Any = {},  # noqa: B006 - the signature is specified, and it is only read
    datasets: Any = {},  # noqa: B006 - likewise
    jobs: Any = {},  # noqa: B006 - likewise
    name: str | Unset | None = UNSET,
    caption: str | Unset | None = UNSET,
    **kw: Any,
) -> Job:
    """Build a job from prepare or synthesis of a running one, or find it if it exists.

    It becomes a subjob of the running job, which is built again whenever a subjob of it would be. ``name``,
    ``caption`` and ``execution`` go to the method if it has a parameter of that name.

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
    engine = _engine()
    own, theirs = sort_keywords(lambda: engine.declaration(method), {"name": name, "caption": caption}, kw)
    for reserved in _RESERVED:
        del own[reserved]
        if reserved in kw and reserved not in theirs:
            raise TypeError(f"subjobs.build does not take {reserved!r}, and {method!r} has no parameter of that name")
    call = BuildCall(method, dict(options or {}), dict(datasets or {}), dict(jobs or {}), theirs, **own)
    shown = " ".join(["Building subjob", call.name or method] + ([f'"{call.caption}"'] if call.caption else []))
    with (status if call.name or call.caption else dummy_status)(shown):
        try:
            job = engine.build(call)
        except JobError as error:
            print(f"Failed to build jobs:\n{error.format_msg()}", file=sys.stderr)  # noqa: T201 - specified
            raise
    _built.append(job)
    return job


def _engine() -> Builder:
    """Return this process's engine: made when it is first needed, and never one that a parent process made."""
    engine = _engines.get(os.getpid())
    if engine is None:
        lineage = current()
        assert lineage is not None, "this process runs no job"
        engine = _engines[os.getpid()] = _lazy.engine.Engine(lineage.config, observer=_Reading().take, lineage=lineage)
    return engine


class _Reading:
    """Shows as this job's status how far the input files of a subjob have been digested."""

    def __init__(self) -> None:
        self._shown = contextlib.ExitStack()
        self._update: Callable[[str], None] | None = None

    def take(self, event: Event) -> None:
        """Take what the engine tells."""
        if event.kind != "reading":
            return
        done, expected = event.bytes
        if done >= expected:
            self._update = None
            self._shown.close()
            return
        text = f"Reading input files of {event.method}: {size(done)} of {size(expected)}"
        if self._update is None:
            self._update = self._shown.enter_context(status(text))
        else:
            self._update(text)
