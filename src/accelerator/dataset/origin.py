"""Which job wrote a Parquet file: that stands in the file itself, so that it is known wherever the file goes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from accelerator.dataset.assemble import job_uid
from accelerator.job.context import context

__all__ = ["KEY", "Origin", "read_origin", "to_metadata"]

KEY = "accelerator"
"""Under which our own record stands in a file's key-value metadata."""


class Origin(NamedTuple):
    """The job that wrote a file.

    Attributes:
        job: its id.
        uid: the job's own identity, in case that another one has its id now.
    """

    job: str
    uid: str


def to_metadata(types: Mapping[str, str]) -> dict[str, str]:
    """Return the key-value metadata of a file that the running job writes.

    Args:
        types: column type by physical column name.
    """
    record: dict[str, object] = {"types": types}
    if context.job is not None:
        record |= Origin(str(context.job), job_uid(context.job.path))._asdict()
    return {KEY: json.dumps(record)}


def read_origin(path: Path) -> Origin | None:
    """Return the job that wrote a file, or the file that this one was made from by a program that keeps metadata.

    Args:
        path: of any file.

    Returns:
        None if it does not say, or is no Parquet file.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            metadata = pq.read_metadata(file).metadata
        record = json.loads((metadata or {}).get(KEY.encode(), b"null"))
        return Origin(str(record["job"]), str(record["uid"]))
    except (pa.ArrowException, ValueError, KeyError, TypeError):
        return None
