"""Pickles for values that go from one process of a job to another, and so may hold things of this job."""

import copyreg
import io
import pickle
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from accelerator.job import CurrentJob, Job, NoJob
from accelerator.job.files import SavedFile

_PROTOCOL = 5


def _saved_file(handle: SavedFile) -> tuple[Any, ...]:
    return SavedFile.arrived, handle.travel_state()


def _job(job: Job) -> tuple[Any, ...]:
    return type(job), (str(job), job.method)


def _no_job(job: Job) -> tuple[Any, ...]:
    return type(job), ()


def _dataset(dataset: Any) -> tuple[Any, ...]:
    return type(dataset), (str(dataset),) if dataset else ()


_Reduce = Callable[[Any], Any]


def _table() -> dict[type, _Reduce]:
    table: dict[type, _Reduce] = {**copyreg.dispatch_table, SavedFile: _saved_file}
    table.update({Job: _job, CurrentJob: _job, type(NoJob): _no_job})
    # If no module has loaded the datasets, the value cannot hold one.
    handle = sys.modules.get("accelerator.dataset.handle")
    if handle is not None:
        table[handle.Dataset] = _dataset
        table[type(handle.NoDataset)] = _dataset
    return table


def dumps(value: Any) -> bytes:
    """Pickle a value for another process of this job.

    Saved-file handles, jobs and datasets stay what they are, while in ordinary pickles they are refused or
    become strings.

    Raises:
        Exception: whatever pickling raises.
    """
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, _PROTOCOL)
    pickler.dispatch_table = _table()
    pickler.dump(value)
    return buffer.getvalue()


def load(file: BinaryIO) -> Any:
    """Read one value that :func:`dumps` has pickled."""
    return pickle.load(file)
