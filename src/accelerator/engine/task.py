"""A build on its way: between the decision that a job must be made and its end."""

import socket
from collections.abc import Collection
from dataclasses import dataclass

from accelerator.engine.client import Client, wait
from accelerator.engine.keys import KeyLock
from accelerator.engine.request import Request
from accelerator.job import Job
from accelerator.job.workdir import NewJob, Workdir

_LOCK_SECONDS = 0.02


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


def wait_for_news(tasks: Collection[Task], clients: Collection[Client], wake: socket.socket | None) -> None:
    """Wait until a runner says something, or a lock may have become free.

    Args:
        tasks: what is on its way.
        clients: connected to all the runners.
        wake: stop waiting as soon as something can be read here.
    """
    answered = any(task.client is not None and task.number in task.client.answers for task in tasks)
    locked = any(task.new is None for task in tasks)  # nobody tells when a lock gets free
    wait(clients, wake, 0 if answered else _LOCK_SECONDS if locked else None)
