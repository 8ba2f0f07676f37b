"""Datasets: typed columns in slices, stored as Parquet."""

from typing import Any

from accelerator import _lazy
from accelerator.dataset.callbacks import SkipDataset, SkipSlice
from accelerator.dataset.chain import DatasetChain, DatasetList
from accelerator.dataset.filters import range_check_function
from accelerator.dataset.handle import Dataset, DatasetColumn, NoDataset, job_datasets
from accelerator.error import DatasetError, DatasetUsageError, NoSuchDatasetError

__all__ = [
    "Dataset",
    "DatasetChain",
    "DatasetColumn",
    "DatasetError",
    "DatasetList",
    "DatasetUsageError",
    "DatasetWriter",
    "NoDataset",
    "NoSuchDatasetError",
    "SkipDataset",
    "SkipSlice",
    "job_datasets",
    "range_check_function",
]


def __getattr__(name: str) -> Any:
    if name == "DatasetWriter":  # needs pyarrow, which most processes do without
        return _lazy.writer.DatasetWriter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
