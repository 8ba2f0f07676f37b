"""From what users give as a dataset to job and name, and what to say when there is no such dataset."""

from pathlib import Path
from typing import Any

import msgspec

from accelerator.dataset import manifest as manifests
from accelerator.dataset.names import DEFAULT, decoded, quoted
from accelerator.error import DatasetUsageError, NoSuchDatasetError, NoSuchJobError

# More names than this make a message unreadable.
_MANY = 4


def parse_spec(jobid: Any, name: str | bytes | None) -> tuple[str, str]:
    """Return job id and dataset name that ``Dataset(jobid, name)`` means.

    Raises:
        DatasetUsageError: no job, or two names.
        TypeError: neither text nor a pair.
    """
    if isinstance(jobid, tuple | list):
        if name is not None:
            raise DatasetUsageError(f"give either {jobid!r} or a name, not both")
        return _parse_pair(jobid)
    if jobid is None:
        raise DatasetUsageError("no dataset given (None)")
    if not isinstance(jobid, str):
        raise TypeError(f"a dataset is given as a string, a Job, a Dataset or (job, name), not {type(jobid).__name__}")
    if not jobid:
        raise DatasetUsageError(f"no dataset given ({jobid!r})")
    # Of a text without the separator partition() returns the very object, which may be a Job or a Dataset.
    job, slash, own_name = str(jobid).partition("/")
    if slash and name is not None:
        raise DatasetUsageError(f"{jobid!r} is a dataset already, so it cannot be combined with the name {name!r}")
    if name is None:
        return job, own_name if slash else DEFAULT
    return job, decoded(name)


def _parse_pair(pair: tuple[Any, ...] | list[Any]) -> tuple[str, str]:
    if len(pair) != 2:
        raise DatasetUsageError(f"a dataset as a tuple is (job, name), not {pair!r}")
    job, name = pair
    if job is None or job == "":
        raise DatasetUsageError(f"no job in {pair!r}")
    if not isinstance(job, str) or not isinstance(name, str | bytes | None):
        raise TypeError(f"a dataset as a tuple is (job, name), not {pair!r}")
    return str(job).partition("/")[0], decoded(name) if name else DEFAULT


def dataset_names(job_directory: Path) -> list[str]:
    """Return the names of the datasets in a job directory that can be read, sorted."""
    names = []
    for path in job_directory.glob(f"{manifests.DIRECTORY}/*/{manifests.FILENAME}"):
        try:
            names.append(msgspec.json.decode(path.read_bytes())["name"])
        except (OSError, msgspec.DecodeError, KeyError, TypeError):  # the one asked for matters here, not these
            continue
    return sorted(names)


def missing_dataset(job: str, job_directory: Path, name: str) -> NoSuchDatasetError | NoSuchJobError:
    """Return the error for a dataset that does not exist, with a hint at those that do."""
    if not job_directory.is_dir():
        return NoSuchJobError(f"no such job: {job}")
    names = dataset_names(job_directory)
    if not names:
        hint = "the job has no datasets"
    elif len(names) == 1:
        hint = f"the job has only {quoted(f'{job}/{names[0]}')}"
    elif len(names) <= _MANY:
        hint = "the job has " + ", ".join(quoted(f"{job}/{other}") for other in names)
    else:
        hint = f"the job has many datasets, list them with: ax ds -l {job}"
    return NoSuchDatasetError(f"dataset {quoted(f'{job}/{name}')} does not exist, {hint}")
