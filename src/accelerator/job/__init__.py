"""Jobs: directories on disk that hold what one run of a method was given and what it made."""

from accelerator.job.current import CurrentJob
from accelerator.job.handle import Job, JobWithFile, NoJob

__all__ = ["CurrentJob", "Job", "JobWithFile", "NoJob"]
