"""Jobs: directories on disk that hold what one run of a method was given and what it made."""

from typing import TYPE_CHECKING, Any

from accelerator import _lazy
from accelerator.job.handle import Job, JobWithFile, NoJob

if TYPE_CHECKING:
    from accelerator.job.current import CurrentJob

__all__ = ["CurrentJob", "Job", "JobWithFile", "NoJob"]


def __getattr__(name: str) -> Any:
    if name == "CurrentJob":  # with all that a running job needs; most commands only look at jobs
        return _lazy.current_job.CurrentJob
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
