"""Which datasets a method works on that goes on from where an earlier job of its kind ended."""

from typing import Any

from accelerator import UserError

__all__ = ["common_columns", "source_chain"]


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
