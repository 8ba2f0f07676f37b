"""A build on its way: between the decision that a job must be made and its end."""

from dataclasses import dataclass

from accelerator.engine.client import Client
from accelerator.engine.keys import KeyLock
from accelerator.engine.request import Request
from accelerator.job import Job
from accelerator.job.workdir import NewJob, Workdir


@dataclass(eq=False, slots=True)
class Task:
    """A build on its way.

    Args:
        request: what is to be built.
        workdir: where a new job goes.
        retries: how many more times it may fail.
    """

    request: Request
    workdir: Workdir
    retries: int = 0
    lock: KeyLock | None = None
    new: NewJob | None = None
    client: Client | None = None
    number: int = 0
    announced: bool = False
    result: Job | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        """Whether it has come to an end, good or bad."""
        return self.result is not None or self.error is not None

    def release(self) -> None:
        """Close our descriptors of the locks."""
        if self.lock is not None:
            self.lock.release()
            self.lock = None
        if self.new is not None:
            self.new.lock.release()
