"""What methods find out before they begin: the datasets they go on with from an earlier job, columns, files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from accelerator import DatasetList, UserError

__all__ = ["check_new_files", "common_columns", "exported_datasets", "source_chain"]


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


def exported_datasets(sources: Any, chained: bool, previous: Any) -> Any:
    """Return the datasets that an export writes, in order.

    Args:
        sources: a list of datasets.
        chained: take the chain of each.
        previous: an earlier export job; each chain ends before the source that this had at the same place.

    Raises:
        IndexError: there is no source.
        AssertionError: previous has another number of sources.
    """
    if not sources or not all(sources):
        raise IndexError("No source specified")
    if not chained:
        return sources
    stops = [None] * len(sources)
    if previous:
        stops = previous.params.datasets.source
        assert len(stops) == len(sources), "previous must have as many sources as this job"
    chains = [source.chain(stop_ds=stop) for source, stop in zip(sources, stops, strict=True)]
    return DatasetList(dataset for chain in chains for dataset in chain)


def common_columns(chain: Any, *, more_allowed: bool = False) -> dict[str, tuple[str, bool]]:
    """Return type and None support by name of the columns of the newest of some datasets.

    Args:
        chain: the datasets, the newest last.
        more_allowed: the others may have more columns.

    Raises:
        UserError: they do not all have these columns with these types.
    """
    newest = chain[-1]
    types = {name: column.type for name, column in newest.columns.items()}
    for dataset in chain:
        found = {name: column.type for name, column in dataset.columns.items() if name in types or not more_allowed}
        if found != types:
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
