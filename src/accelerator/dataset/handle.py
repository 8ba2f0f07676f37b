"""Datasets as the user holds them."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

from accelerator import _lazy
from accelerator._unset import UNSET
from accelerator.dataset import manifest as manifests
from accelerator.dataset.bounds import from_tagged
from accelerator.dataset.chain import DatasetChain, DatasetList, walk
from accelerator.dataset.iteration import Iteration
from accelerator.dataset.manifest import Column, Manifest, Reference
from accelerator.dataset.names import DEFAULT, quoted
from accelerator.dataset.resolve import missing_dataset, parse_spec
from accelerator.dataset.vectors import Vectors
from accelerator.error import DatasetUsageError, NoSuchDatasetError
from accelerator.job.context import context
from accelerator.job.handle import Job, NoJob

__all__ = ["Dataset", "DatasetColumn", "NoDataset", "job_datasets"]


class DatasetColumn(NamedTuple):
    """What is known of a column.

    ``type`` is its column type, ``min`` and ``max`` the least and greatest value (None where there is none, or the
    type keeps none), ``none_support`` whether it may hold None. The other fields are there for old code only.
    """

    type: str
    compression: str | None = None
    location: str | None = None
    min: Any = None
    max: Any = None
    offsets: Any = None
    none_support: bool = False


class Dataset(Iteration, Vectors, str):  # noqa: SLOT000 - keeps its columns once it has been asked for them
    """A dataset: ``JOBID/NAME``, only ``JOBID`` if the name is ``default``.

    Compares, sorts and pickles as that string.

    Args:
        jobid: a job (``Job`` or id); or a dataset, as ``JOBID/NAME``, ``(job, name)`` or a Dataset; or
            ``{job: name}`` for the dataset that was given to that job as ``datasets.name``.
        name: name of the dataset in the job.

    Raises:
        DatasetUsageError: neither or both of job and dataset are given.
        NoSuchJobError: the job does not exist.
        NoSuchWorkdirError: the workdir is not known to this process.
        NoSuchDatasetError: the job has no such dataset.
        TypeError: something else altogether.
    """

    manifest: Manifest
    """What is stored; for the library's own use."""
    slices: int
    """Number of slices that the dataset shows itself in."""
    _name: str

    # A dict spec may mean a list, and NoDataset stays what it is.
    def __new__(cls, jobid: Any, name: str | bytes | None = None) -> Any:
        if jobid is NoDataset and name is None:
            return NoDataset
        if isinstance(jobid, Mapping):
            return _from_parameters(jobid, name)
        job, dataset_name = parse_spec(jobid, name)
        return cls._open(Job(job), dataset_name)

    @classmethod
    def _open(cls, job: Job, name: str, uid: str | None = None) -> "Dataset":
        manifest = manifests.load(job.path, name)
        if manifest is None:
            raise missing_dataset(job, Path(job.path), name)
        if uid is not None and manifest.uid != uid:
            raise NoSuchDatasetError(
                f"{job} is not the job it was: dataset {quoted(f'{job}/{name}')} is another one now"
            )
        self = super().__new__(cls, job if name == DEFAULT else f"{job}/{name}")
        self.manifest = manifest
        self.slices = context.slices or len(manifest.lines)
        self._name = name
        return self

    @classmethod
    def _referred(cls, reference: Reference) -> "Dataset":
        return cls._open(Job(reference.job), reference.dataset, reference.uid)

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return str, (str(self),)

    @property
    def name(self) -> str:
        """Name of the dataset in its job."""
        return self._name

    @property
    def job(self) -> Job:
        """The job it lives in."""
        return Job(self.partition("/")[0])

    @property
    def quoted(self) -> str:
        """``JOBID/NAME`` for messages: always with the name, in quotes if it is not plain."""
        return quoted(f"{self.partition('/')[0]}/{self._name}")

    @property
    def fs_name(self) -> str | None:
        """Directory of the dataset, relative to the job's."""
        return f"{manifests.DIRECTORY}/{manifests.find(self.job.path, self._name)}"

    @cached_property
    def columns(self) -> dict[str, DatasetColumn]:
        """The columns by name. The dict belongs to this object: changing it changes no other."""
        return {
            column.name: DatasetColumn(
                type=column.type,
                min=from_tagged(column.min),
                max=from_tagged(column.max),
                none_support=column.none_support,
            )
            for column in self.manifest.columns
        }

    @cached_property
    def stored(self) -> dict[str, Column]:
        """Where the columns are, by name; for the library's own use."""
        return {column.name: column for column in self.manifest.columns}

    @property
    def lines(self) -> list[int]:
        """Number of lines in each slice."""
        return list(manifests.regrouped_lines(self.manifest, self.slices))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of columns and total number of lines."""
        return len(self.manifest.columns), sum(self.manifest.lines)

    @property
    def hashlabel(self) -> str | None:
        """The column whose hash says which slice a row is in, or None. May be ``""``."""
        return manifests.regrouped_hashlabel(self.manifest, self.slices)

    @property
    def filename(self) -> str | None:
        """Name of the file the data came from, if the writer said."""
        return self.manifest.filename or None

    @property
    def caption(self) -> str | None:
        """The writer's caption, by default the id of its job."""
        return self.manifest.caption

    @property
    def previous(self) -> "Dataset | None":
        """The dataset before this one in its chain.

        Raises:
            NoSuchWhateverError: it does not exist any more.
        """
        return None if self.manifest.previous is None else self._referred(self.manifest.previous)

    @property
    def parent(self) -> "Dataset | tuple[Dataset, ...] | None":
        """The dataset this one extends or links to; two for a merged one.

        Raises:
            NoSuchWhateverError: it does not exist any more.
        """
        parents = tuple(self._referred(reference) for reference in self.manifest.parents)
        return parents if len(parents) > 1 else next(iter(parents), None)

    def min(self, column: str) -> Any:
        """Return the least value of a column, None if it has none or there is no such column."""
        found = self.columns.get(column)
        return None if found is None else found.min

    def max(self, column: str) -> Any:
        """Return the greatest value of a column; see :meth:`min`."""
        found = self.columns.get(column)
        return None if found is None else found.max

    def chain(self, length: int = -1, reverse: bool = False, stop_ds: Any = None) -> DatasetChain:
        """Return the chain that ends in this dataset, oldest first.

        Args:
            length: at most so many; -1 for all.
            reverse: newest first.
            stop_ds: end before this one (any form that ``Dataset`` takes).
        """
        stop = Dataset(stop_ds) if stop_ds else None
        return walk(self, length, reverse=reverse, stop_ds=stop or None)

    def chain_within_job(self, length: int = -1, reverse: bool = False) -> DatasetChain:
        """Return the part of the chain that is in the same job; arguments as :meth:`chain`."""
        return walk(self, length, reverse=reverse, job=self.job)

    def link_to_here(
        self,
        name: str = DEFAULT,
        column_filter: Iterable[str] | None = None,
        rename: Mapping[str, str | None] | None = None,
        override_previous: Any = UNSET,
        filename: str | None = None,
    ) -> "Dataset":
        """Make a dataset in the current job that shares this one's data.

        Args:
            name: of the new dataset.
            column_filter: names, after renaming, of the columns to keep; all by default.
            rename: ``{old: new}``, or ``{old: None}`` to leave a column out.
            override_previous: dataset to follow; by default the same as this one does. None for none.
            filename: a new one; ``""`` for none.

        Raises:
            DatasetUsageError: names that are taken or do not exist, or no column is left.
        """
        linked: Dataset = _lazy.derive.link(self, name, column_filter, rename, override_previous, filename)
        return linked

    def merge(self, other: Any, name: str = DEFAULT, previous: Any = None, allow_unrelated: bool = False) -> "Dataset":
        """Make a dataset in the current job with the columns of this one and another; the other's win.

        Args:
            other: a dataset with as many lines in each slice.
            name: of the new dataset.
            previous: dataset to follow.
            allow_unrelated: accept datasets without a common ancestor.

        Raises:
            DatasetUsageError: they do not fit together, or the name is taken.
        """
        merged: Dataset = _lazy.derive.merge(self, other, name, previous, allow_unrelated)
        return merged

    def _repr_html_(self) -> str:
        html: str = _lazy.show.html(self)
        return html

    def __rich__(self) -> Any:
        return _lazy.show.rich_table(self)


class _NoLines(tuple[int, ...]):
    """The lines of no dataset: none in any slice."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        return self if isinstance(index, slice) else 0


class _NoDataset(Dataset):
    """The dataset that an optional parameter is when none is given."""

    _lines = _NoLines((0,))

    name = ""
    caption = ""
    quoted = "<NoDataset>"
    shape = (0, 0)
    job = NoJob
    fs_name = filename = hashlabel = previous = parent = None
    iterate = iterate_chain = iterate_list = link_to_here = merge = None  # type: ignore[assignment]  # calling is a TypeError
    new = append = None

    def __new__(cls) -> Self:
        return str.__new__(cls, "")

    @property
    def columns(self) -> dict[str, DatasetColumn]:
        return {}

    @property
    def lines(self) -> Any:
        return self._lines

    def chain(self, length: int = -1, reverse: bool = False, stop_ds: Any = None) -> DatasetChain:  # noqa: ARG002
        return DatasetChain()

    def chain_within_job(self, length: int = -1, reverse: bool = False) -> DatasetChain:  # noqa: ARG002
        return DatasetChain()


NoDataset = _NoDataset()


def _from_parameters(spec: Mapping[Any, str], name: str | bytes | None) -> Any:
    """Return the dataset, or the list of them, that was given to a job under a name."""
    if name is not None or len(spec) != 1:
        raise DatasetUsageError(f"a dataset as a dict is {{job: parameter name}}, not {spec!r}, {name!r}")
    ((job, parameter),) = spec.items()
    if not job:
        return NoDataset
    return Job(job.partition("/")[0]).params.datasets.get(parameter) or NoDataset


def as_datasets(specs: Any) -> DatasetList:
    """Return datasets from one spec, or from an iterable of specs; a bare tuple is the latter, None is empty."""
    if specs is None:
        return DatasetList()
    if isinstance(specs, str | Mapping):
        specs = [specs]
    found = DatasetList()
    for spec in specs:
        dataset = Dataset(spec) if not isinstance(spec, Dataset) else spec
        if isinstance(dataset, DatasetList):
            found.extend(dataset)
        elif dataset is not NoDataset:
            found.append(dataset)
    return found


def job_datasets(job: Any) -> DatasetList:
    """Return all datasets in a job (or in the job of a dataset), in the order they were finished."""
    if not job:
        return DatasetList()
    datasets: DatasetList = Job(job.partition("/")[0]).datasets
    return datasets
