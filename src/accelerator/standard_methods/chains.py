"""What methods check before they begin: the datasets they go on with from an earlier job, columns, files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from accelerator import UserError

__all__ = ["check_new_files", "common_columns", "source_chain"]


def source_chain(datasets: Any, length: int = -1) -> Any:
    """Return the datasets from ``datasets.source`` back to what the job of ``datasets.previous`` had as source.

    Args:
        datasets: with ``source`` and ``previous``.
        length: at most so many; -1 for all.

    Returns:
        A DatasetChain, oldest first; empty if that job had the same source.

    Raises:
        UserError: there is no source.
    """
    if not datasets.source:
        raise UserError("No source specified")
    stop = {datasets.previous.job: "source"} if datasets.previous else None
    return datasets.source.chain(length=length, stop_ds=stop)


def common_columns(chain: Any) -> dict[str, tuple[str, bool]]:
    """Return type and None support by name of the columns of some datasets.

    Raises:
        UserError: they do not all have the same columns with the same types.
    """
    newest = chain[-1]
    types = {name: column.type for name, column in newest.columns.items()}
    for dataset in chain:
        if {name: column.type for name, column in dataset.columns.items()} != types:
            raise UserError(f"Dataset {dataset.quoted} does not have the same columns as {newest.quoted}")
    return {name: (coltype, chain.none_support(name)) for name, coltype in types.items()}


def check_new_files(job: Any, names: Iterable[str]) -> None:
    """Raise UserError unless a job can write files of these names.

    Args:
        job: the running job.
        names: relative to its directory.
    """
    for name in names:
        path = Path(job.path, name)
        if path.exists():
            raise UserError(f"{name!r} exists already in the job")
        if not path.parent.is_dir():
            raise UserError(f"there is no directory for {name!r} in the job")
