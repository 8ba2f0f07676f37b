"""The only place where jobs know datasets: a job hands out its datasets, and a dataset its job.

Imported when asked for, because datasets are built on jobs.
"""

from collections.abc import Iterable
from typing import Any

__all__ = ["dataset", "dataset_list", "datasetwriter", "no_dataset"]


def dataset(job: str, name: str = "default") -> Any:
    """Return the :class:`~accelerator.Dataset` with this name in a job.

    Args:
        job: the job.
        name: name of the dataset.

    Raises:
        NoSuchDatasetError: the job has none of that name.
    """
    from accelerator.dataset.handle import Dataset  # noqa: PLC0415  (see above)

    return Dataset(job, name)


def dataset_parameter(text: str | None) -> Any:
    """Return the dataset that a parameter in ``setup.json`` means.

    Args:
        text: ``JOBID`` or ``JOBID/NAME``; None or ``""`` for none.

    Raises:
        NoSuchDatasetError: there is no such dataset.
    """
    from accelerator.dataset.handle import Dataset, NoDataset  # noqa: PLC0415  (see above)

    return Dataset(text) if text else NoDataset


def no_dataset() -> Any:
    """Return :data:`~accelerator.dataset.NoDataset`."""
    from accelerator.dataset.handle import NoDataset  # noqa: PLC0415  (see above)

    return NoDataset


def dataset_list(datasets: Iterable[Any] = ()) -> Any:
    """Return a :class:`~accelerator.DatasetList`.

    Args:
        datasets: its elements.
    """
    from accelerator.dataset.chain import DatasetList  # noqa: PLC0415  (see above)

    return DatasetList(datasets)


def datasetwriter(**arguments: Any) -> Any:
    """Return a :class:`~accelerator.DatasetWriter`.

    Args:
        **arguments: as it takes them.
    """
    from accelerator.dataset.writer import DatasetWriter  # noqa: PLC0415  (see above)

    writer: Any = DatasetWriter
    return writer(**arguments)
