"""What stands for a job that a preview would run: it can be handed on, but there is nothing in it to read."""

from typing import Any, NoReturn, Self

from accelerator.dataset import Dataset
from accelerator.dataset.names import DEFAULT
from accelerator.job import Job

__all__ = ["UnbuiltDataset", "UnbuiltJob", "UnreadableError"]

_TEXT = frozenset(dir(str))
_JOB = frozenset({"dataset", "filename", "is_build", "link_result", "method", "number", "path", "withfile", "workdir"})
_DATASET = frozenset({"job", "name", "quoted"})


class UnreadableError(BaseException):
    """The result of a job that has not run was asked for.

    Not an Exception: a script that catches those goes on to do something that it would not do.

    Args:
        jobid: the id that stands for the job.
    """

    def __init__(self, jobid: str) -> None:
        super().__init__(jobid)
        self.jobid = jobid


class UnbuiltJob(Job):
    """A job that would run. What is known before a job has run can be read; all else raises UnreadableError."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name in _JOB or name in _TEXT or name.startswith("_") or not hasattr(Job, name):
            return super().__getattribute__(name)
        raise UnreadableError(str.__str__(self))

    @property
    def is_build(self) -> bool:
        """Whether the job is a build script: those are not built."""
        return False

    def dataset(self, name: str = DEFAULT) -> "UnbuiltDataset":
        """Return what stands for a dataset of this job, whether it will have one of that name or not."""
        return UnbuiltDataset(self, name)

    def link_result(self, *args: Any, **kw: Any) -> None:
        """Make no link: there is nothing to link to."""


class UnbuiltDataset(Dataset):
    """A dataset of a job that would run."""

    def __new__(cls, job: str, name: str = DEFAULT) -> Self:
        self = str.__new__(cls, str(job) if name == DEFAULT else f"{job}/{name}")
        self._name = name
        self._of = job
        return self

    _of: str

    def __getattribute__(self, name: str) -> Any:
        if name in _DATASET or name in _TEXT or name.startswith("_") or not hasattr(Dataset, name):
            return super().__getattribute__(name)
        return self._refuse()

    @property
    def job(self) -> Any:
        """The job that would make it."""
        return self._of

    def _refuse(self) -> NoReturn:
        raise UnreadableError(str.partition(self, "/")[0])

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> NoReturn:
        """There are no rows."""
        self._refuse()

    def __arrow_c_schema__(self) -> NoReturn:
        """The columns are not known."""
        self._refuse()
