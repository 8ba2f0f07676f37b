"""Fast, parallel and reproducible processing of large data sets."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers only: at run time each name is imported when it is first used
    from accelerator.dataset import Dataset, DatasetList, DatasetWriter, SkipDataset, SkipSlice
    from accelerator.error import (
        AcceleratorError,
        BuildError,
        ColourError,
        ConfigError,
        DatasetCorruptError,
        DatasetError,
        DatasetUsageError,
        JobError,
        NoSuchDatasetError,
        NoSuchJobError,
        NoSuchWhateverError,
        NoSuchWorkdirError,
        ServerError,
        StorageError,
        UrdConflictError,
        UrdError,
        UrdPermissionError,
        UrdUsageError,
        UserError,
    )
    from accelerator.job.handle import Job, JobWithFile
    from accelerator.job.status import dummy_status, status
    from accelerator.method.options import OptionDefault, OptionEnum, OptionFile, OptionString, RequiredOption
    from accelerator.project import Project
    from accelerator.storage.dotdict import DotDict
    from accelerator.subjobs import build

__version__ = "0.1.0"

__all__ = [
    "AcceleratorError",
    "BuildError",
    "ColourError",
    "ConfigError",
    "Dataset",
    "DatasetCorruptError",
    "DatasetError",
    "DatasetList",
    "DatasetUsageError",
    "DatasetWriter",
    "DotDict",
    "Job",
    "JobError",
    "JobWithFile",
    "NoSuchDatasetError",
    "NoSuchJobError",
    "NoSuchWhateverError",
    "NoSuchWorkdirError",
    "OptionDefault",
    "OptionEnum",
    "OptionFile",
    "OptionString",
    "Project",
    "RequiredOption",
    "ServerError",
    "SkipDataset",
    "SkipSlice",
    "StorageError",
    "UrdConflictError",
    "UrdError",
    "UrdPermissionError",
    "UrdUsageError",
    "UserError",
    "__version__",
    "build",
    "dummy_status",
    "status",
]

# Module that has each name. What is not here is in accelerator.error.
_MODULE = {
    "Dataset": "dataset",
    "DatasetList": "dataset",
    "DatasetWriter": "dataset",
    "DotDict": "storage.dotdict",
    "Job": "job.handle",
    "JobWithFile": "job.handle",
    "OptionDefault": "method.options",
    "OptionEnum": "method.options",
    "OptionFile": "method.options",
    "OptionString": "method.options",
    "Project": "project",
    "RequiredOption": "method.options",
    "SkipDataset": "dataset",
    "SkipSlice": "dataset",
    "build": "subjobs",
    "dummy_status": "job.status",
    "status": "job.status",
}

_MODULES = frozenset({"blob", "colour", "column", "dataset", "dsutil", "error", "extras", "job", "subjobs", "testing"})


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"accelerator.{name}")
    if name not in __all__:
        raise AttributeError(f"module 'accelerator' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"accelerator.{_MODULE.get(name, 'error')}"), name)
    globals()[name] = value  # found directly from now on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
