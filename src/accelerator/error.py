"""Every exception that the Accelerator raises on purpose, in one tree.

AcceleratorError
├── UserError                        a mistake on the command line or in the configuration
│   └── ConfigError                  accelerator.toml
├── ServerError                      a build request was refused; the text starts "Submit failed"
├── UrdError
│   ├── UrdUsageError                a session call, a path or a timestamp that makes no sense; also an AssertionError
│   ├── UrdPermissionError
│   └── UrdConflictError
├── NoSuchWhateverError
│   ├── NoSuchJobError
│   ├── NoSuchWorkdirError
│   └── NoSuchDatasetError           (also a DatasetError)
├── DatasetError
│   ├── DatasetUsageError
│   ├── DatasetCorruptError          stored data that is not what was written
│   └── NoSuchDatasetError
├── BuildError
│   └── JobError
├── StorageError                     a file of ours that cannot be read or written
└── ColourError

Errors that old code may catch as a builtin also inherit that builtin.
"""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "AcceleratorError",
    "BuildError",
    "ColourError",
    "ConfigError",
    "DatasetCorruptError",
    "DatasetError",
    "DatasetUsageError",
    "JobError",
    "NoSuchDatasetError",
    "NoSuchJobError",
    "NoSuchWhateverError",
    "NoSuchWorkdirError",
    "ServerError",
    "StorageError",
    "UrdConflictError",
    "UrdError",
    "UrdPermissionError",
    "UrdUsageError",
    "UserError",
]


class AcceleratorError(Exception):
    """Root of all errors of the Accelerator."""


class UserError(AcceleratorError):
    """A mistake that the user can mend: the text names the thing and the mend."""


class ConfigError(UserError):
    """The configuration file is not valid."""


class ServerError(AcceleratorError):
    """A build request was refused before anything ran; the text starts with "Submit failed"."""


class UrdError(AcceleratorError):
    """Urd could not do what was asked."""


class UrdUsageError(UrdError, AssertionError):
    """A session call, a list path or a timestamp that makes no sense."""


class UrdPermissionError(UrdError):
    """The user may not write to this urd list."""


class UrdConflictError(UrdError):
    """An entry with this timestamp exists and differs, and no update was asked for."""


class NoSuchWhateverError(AcceleratorError):
    """Something that was named does not exist."""


class NoSuchJobError(NoSuchWhateverError):
    """The job does not exist, or the name is not that of a job."""


class NoSuchWorkdirError(NoSuchWhateverError):
    """The workdir is not known to this process."""


class DatasetError(AcceleratorError):
    """Something is wrong with a dataset."""


class NoSuchDatasetError(NoSuchWhateverError, DatasetError):
    """The job exists, the dataset does not."""


class DatasetUsageError(DatasetError):
    """A dataset or a writer was used in a way that it does not allow."""


class DatasetCorruptError(DatasetError):
    """Stored data is damaged: the text names dataset, column, slice and file."""


class BuildError(AcceleratorError):
    """A build could not be carried out."""


class JobError(BuildError):
    """A job failed.

    Args:
        job: the failed job; its output and files can be read.
        method: name of its method.
        status: text per component that failed (``prepare``, ``analysis(2)``, ``synthesis``, …).
    """

    def __init__(self, job: Any, method: str, status: Mapping[str, str]) -> None:
        super().__init__(job, method, status)
        self.job = job
        self.method = method
        self.status = status

    def __str__(self) -> str:
        return f"Failed to build {self.job} ({self.method})"

    def format_msg(self) -> str:
        """Return the whole report: a line for the job, then each component's text, indented."""
        lines = [f"{self.job} ({self.method}):"]
        for component, text in self.status.items():
            lines.append(f"  {component}:")
            lines.extend(f"    {line}" if line else "" for line in str(text).rstrip("\n").split("\n"))
        return "\n".join(lines)


class StorageError(AcceleratorError):
    """A file of the Accelerator's own cannot be read or written: the text names it."""


class ColourError(AcceleratorError):
    """A colour or style that does not exist."""
