"""What methods find out before they begin: the datasets they go on with from an earlier job, columns, files."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from accelerator import DatasetList, DatasetUsageError, UserError

__all__ = [
    "check_columns",
    "check_compression",
    "check_new_files",
    "common_columns",
    "exported_datasets",
    "listed_columns",
    "refuse_empty",
    "sliced_names",
    "source_chain",
]

# A message does not list more columns than this.
_MANY: Final = 30


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


def refuse_empty(chain: Any, length: int) -> None:
    """Raise UserError if there is no dataset to work on.

    Args:
        chain: the datasets.
        length: the option that limits how many there are.
    """
    if not chain and length == 0:
        raise UserError("length=0 leaves no dataset; -1 is for all")
    if not chain:
        raise UserError("previous had the same source - this job makes no sense")


def exported_datasets(sources: Any, chained: bool, previous: Any) -> Any:
    """Return the datasets that an export writes, in order.

    Args:
        sources: a list of datasets.
        chained: take the chain of each.
        previous: an earlier export job; each chain ends before the source that this had at the same place.

    Raises:
        UserError: there is no source, or previous has another number of sources.
    """
    if not sources or not all(sources):
        raise UserError("No source specified")
    if not chained:
        return sources
    stops = [None] * len(sources)
    if previous:
        stops = previous.params.datasets.source
        if len(stops) != len(sources):
            raise UserError(f"previous must have as many sources as this job: {len(stops)} are not {len(sources)}")
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
            what = _difference(found, types)
            raise UserError(f"Dataset {dataset.quoted} does not have the same columns as {newest.quoted}: {what}")
    return {name: (coltype, chain.none_support(name)) for name, coltype in types.items()}


def _difference(found: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Say in what columns of one dataset are not as those of another."""
    for name in sorted({*found, *wanted}):
        if name not in found:
            return f"it has no {name!r}"
        if name not in wanted:
            return f"it has {name!r} besides"
        if found[name] != wanted[name]:
            return f"{name!r} is {found[name]}, not {wanted[name]}"
    raise AssertionError(found)


def listed_columns(dataset: Any, missing: str) -> str:
    """Return which columns a dataset has, for a message about one that it has not.

    Args:
        dataset: the dataset.
        missing: name of the column that is not there.
    """
    names = sorted(dataset.columns)
    if len(names) <= _MANY:
        return f"has {{{', '.join(map(repr, names))}}}"
    close = get_close_matches(missing, names)
    return f"has {len(names):,} others" + (f"; did you mean {', '.join(map(repr, close))}?" if close else "")


def check_columns(dataset: Any, names: Iterable[str]) -> None:
    """Raise DatasetUsageError unless a dataset has columns of these names.

    Args:
        dataset: the dataset.
        names: of the columns.
    """
    for name in names:
        if name not in dataset.columns:
            raise DatasetUsageError(f"{dataset.quoted} has no column {name!r} ({listed_columns(dataset, name)})")


def check_compression(options: Any) -> None:
    """Raise UserError unless the option ``compression`` is a level of gzip.

    Args:
        options: with ``compression``.
    """
    if not 1 <= options.compression <= 9:
        raise UserError(f"compression must be 1 to 9, not {options.compression}")


def sliced_names(pattern: str, slices: int, default: str) -> list[str]:
    """Return the names of the files of all slices.

    Args:
        pattern: with ``%``, the place of the slice number as in ``part%d.csv``; or a name without.
        slices: how many there are.
        default: pattern to use for a name without.

    Raises:
        UserError: the pattern is none, or the same for two slices.
    """
    pattern = pattern if "%" in pattern else default
    try:
        names = [pattern % sliceno for sliceno in range(slices)]
    except (TypeError, ValueError) as error:
        raise UserError(f"filename {pattern!r} cannot take the slice number, as 'part%d' can: {error}") from None
    if len(set(names)) < slices:
        raise UserError(f"filename {pattern!r} gives several slices the same file")
    return names


def check_new_files(job: Any, names: Iterable[str]) -> None:
    """Raise UserError unless a job can write files of these names.

    Args:
        job: the running job.
        names: relative to its directory.
    """
    for name in names:
        path = Path(job.path, name)  # which is another directory if the name is absolute
        if not name:
            raise UserError("filename must name a file")
        if path.exists():
            raise UserError(f"{path} exists already")
        if not path.parent.is_dir():
            raise UserError(f"there is no directory {path.parent}")
