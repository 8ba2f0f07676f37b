"""A job that is being built while the script goes on."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from accelerator.engine.request import BuildCall
from accelerator.engine.task import Task
from accelerator.job import Job

__all__ = ["Build", "PendingJob", "pending_inputs", "resolved"]


@dataclass(slots=True)
class Failure:
    """What went wrong with a build, shared by all that were not started because of it.

    Args:
        error: to be raised.
        raised: somebody has been told.
    """

    error: BaseException
    raised: bool = False


@dataclass(eq=False, slots=True)
class Build:
    """A build that goes on in the background.

    Args:
        call: what is wanted.
        needs: the builds whose jobs the call names.
        ended: called in the engine's thread with what went wrong, unless that is an input's failure.
        outcome: the job, when it is there.
        failure: what went wrong.
        task: while it is under way.
    """

    call: BuildCall
    needs: list["Build"]
    ended: Callable[[BaseException], None] | None = None
    outcome: Future[Job | None] = field(default_factory=Future)
    failure: Failure | None = None
    task: Task | None = None

    def fail(self, failure: Failure) -> None:
        """End it with an error."""
        self.failure = failure
        self.outcome.set_result(None)

    def wait(self) -> Job:
        """Wait for the job.

        Raises:
            AcceleratorError: it failed, or an input did.
        """
        job = self.outcome.result()
        if job is None:
            assert self.failure is not None
            self.failure.raised = True
            raise self.failure.error
        return job


class PendingJob:
    """A job that ``build_async`` is building. It becomes the job as soon as something is asked of it.

    It can be given to other builds as a job or dataset at once: they begin when it has finished. Reading any
    attribute of :class:`~accelerator.job.Job`, its text and its use as a key of a dict wait for it.

    Raises (whenever it is waited for):
        BuildError: the call made no sense.
        ServerError: the parameters were refused.
        JobError: the job failed, or one that it needs.
    """

    __slots__ = ("_build",)

    def __init__(self, build: Build) -> None:
        self._build = build

    @property
    def job(self) -> Job:
        """The job (``Job``), waited for."""
        return self._build.wait()

    @property
    def method(self) -> str:
        """The name it is built under, else its method (``str``); known without waiting."""
        return self._build.call.name or self._build.call.method

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python asks for many of these in passing
            raise AttributeError(name)
        return getattr(self.job, name)

    def __str__(self) -> str:
        return str(self.job)

    def __format__(self, spec: str) -> str:
        return format(str(self.job), spec)

    def __repr__(self) -> str:
        build = self._build
        job = build.outcome.result() if build.outcome.done() else None
        return f"PendingJob({self.method!r})" if job is None else repr(job)

    def __hash__(self) -> int:
        return hash(self.job)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PendingJob):
            return self._build is other._build or self.job == other.job
        return self.job == other if isinstance(other, str) else NotImplemented

    def __reduce__(self) -> Any:
        return self.job.__reduce__()


def pending_inputs(call: BuildCall) -> list[Build]:
    """Return the builds whose jobs a call names."""
    found: dict[int, Build] = {}

    def note(pending: PendingJob) -> PendingJob:
        build = pending._build  # noqa: SLF001 - a class of this module
        found[id(build)] = build
        return pending

    for given in (call.options, call.datasets, call.jobs, call.keywords):
        _replaced(given, note)
    return list(found.values())


def resolved(call: BuildCall) -> BuildCall:
    """Return a call with the jobs themselves in the place of pending ones, which must have been built."""

    def one(value: Any) -> Any:
        return _replaced(value, lambda pending: pending.job)

    return replace(
        call,
        options=one(call.options),
        datasets=one(call.datasets),
        jobs=one(call.jobs),
        keywords=one(call.keywords),
    )


def _replaced(value: Any, one: Callable[[PendingJob], Any]) -> Any:
    if isinstance(value, PendingJob):
        return one(value)
    if isinstance(value, Mapping):
        return {key: _replaced(item, one) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, one) for item in value]
    if type(value) is tuple:  # and not one with names
        return tuple(_replaced(item, one) for item in value)
    return value
