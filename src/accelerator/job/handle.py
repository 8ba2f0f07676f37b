"""Jobs that exist: their parameters, files, results and relatives."""

import fnmatch
import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from accelerator._unset import UNSET
from accelerator.error import NoSuchJobError
from accelerator.job import _to_dataset, links
from accelerator.job.jobdir import JobDirectory, parse_jobid
from accelerator.job.joblist import JobList
from accelerator.job.nojob import NoJobMembers
from accelerator.job.output import read_output
from accelerator.job.record import Post, Setup
from accelerator.job.restore import as_dotdict, restore, restore_inputs
from accelerator.storage.dotdict import DotDict

__all__ = ["Job", "JobWithFile", "NoJob", "NoJobType"]

StrPath = str | os.PathLike[str]

_interned: dict[tuple[type, str, str | None], Any] = {}


class Job(JobDirectory):
    """A job, by its id. It is a ``str``: it compares, hashes, pickles and goes to JSON as the plain id.

    Whether the job exists shows when something of it is read.

    Args:
        jobid: ``WORKDIR-NUMBER``.
        method: what :attr:`method` says; default: what the job itself says.

    Raises:
        NoSuchJobError: ``jobid`` is not a job id.
    """

    __slots__ = ()

    def __new__(cls, jobid: str, method: str | None = None) -> Self:
        if not isinstance(jobid, str):
            raise NoSuchJobError(f"Not a valid jobid: {jobid!r}")
        jobid = str.__str__(jobid)  # without what a subclass adds
        key = (cls, jobid, method)
        found = _interned.get(key)
        if found is not None:
            return found  # type: ignore[no-any-return]  # made below, of class cls
        workdir, number = parse_jobid(jobid)
        job = super().__new__(cls, jobid)
        job._set(workdir, number, method)
        return _interned.setdefault(key, job)  # type: ignore[no-any-return]  # likewise

    def _set(self, workdir: str, number: int, method: str | None) -> None:
        self._workdir = workdir
        self._number = number
        self._method = method
        self._cache = {}

    @property
    def _known(self) -> dict[str, Any]:
        """What has been read of this job. Another workdir may have been registered under the same name since."""
        path = self.path
        if self._cache.get("path") != path:
            self._cache = {"path": path}
        return self._cache

    @property
    def _setup(self) -> Setup:
        known = self._known
        setup = known.get("setup")
        if setup is None:
            try:
                setup = Setup.load(Path(self.path))
            except (FileNotFoundError, NotADirectoryError):
                raise NoSuchJobError(f"No such job: {str(self)!r}") from None
            known["setup"] = setup
        return setup

    @property
    def method(self) -> str:
        """The name the job was built under, if this object came from a job list or urd; else its method (``str``).

        Raises:
            NoSuchJobError: the job does not exist.
        """
        return self._setup.method if self._method is None else self._method

    @property
    def params(self) -> DotDict:
        """What the job was asked to do: ``setup.json`` with types restored (``DotDict``).

        ``options`` have their types, ``datasets`` are Dataset, NoDataset or DatasetList, ``jobs`` are Job, NoJob or
        JobList, ``jobid`` is a Job. A finished job has ``endtime`` and ``exectime`` too.

        Raises:
            NoSuchJobError: the job does not exist.
            NoSuchDatasetError: a dataset it was given does not exist any more.
        """
        known = self._known
        params = known.get("params")
        if params is None:
            params = self._read_params()
            if "endtime" in params:
                known["params"] = params
        return params

    def _read_params(self) -> DotDict:
        setup = self._setup
        params = DotDict()
        for name, value in setup.to_dict().items():
            params[name] = as_dotdict(value)
        params["jobid"] = Job(setup.jobid)
        params["options"] = restore(setup.options, setup.typing, {"JobWithFile": lambda v: JobWithFile(*v)})
        params["datasets"] = restore_inputs(setup.datasets, _to_dataset.dataset_parameter, _to_dataset.dataset_list)
        params["jobs"] = restore_inputs(setup.jobs, lambda text: Job(text) if text else NoJob, JobList)
        try:
            post = self.post
        except FileNotFoundError:
            return params
        params["endtime"] = post.endtime
        params["exectime"] = post.exectime
        return params

    @property
    def post(self) -> DotDict:
        """What became of the job: ``post.json`` (``DotDict``).

        Raises:
            FileNotFoundError: the job has not finished.
        """
        known = self._known
        post = known.get("post")
        if post is None:
            post = known["post"] = as_dotdict(Post.load(Path(self.path)).to_dict())
        return post  # type: ignore[no-any-return]  # the cache holds anything

    @property
    def version(self) -> int:
        """Version of the format of ``setup.json`` (``int``)."""
        return self._setup.version

    @property
    def input_directory(self) -> str | None:
        """The input directory the job was configured with (``str``), or None."""
        return self._setup.input_directory

    @property
    def is_build(self) -> bool:
        """Whether the job is a build script (``bool``)."""
        return self._setup.is_build

    @property
    def parent(self) -> "Job":
        """The build script or job that asked for this job (``Job``), or NoJob."""
        parent = self._setup.parent
        return Job(parent) if parent else NoJob

    @property
    def build_job(self) -> "Job":
        """The nearest ancestor that is a build script (``Job``), or NoJob."""
        job = self.parent
        while job and not job.is_build:
            job = job.parent
        return job

    @property
    def datasets(self) -> Any:
        """All datasets of the job, in the order they were finished (``DatasetList``); empty if it has not finished."""
        try:
            names = self.post.datasets
        except FileNotFoundError:
            names = []
        return _to_dataset.dataset_list(_to_dataset.dataset(self, name) for name in names)

    def dataset(self, name: str = "default") -> Any:
        """Return a dataset of this job.

        Args:
            name: of the dataset.

        Raises:
            NoSuchDatasetError: the job has none of that name.
        """
        return _to_dataset.dataset(self, name)

    def files(self, pattern: str = "*") -> set[str]:
        """Return the names of the files that the job made and kept.

        Args:
            pattern: shell pattern that the names must match; ``*`` matches ``/`` too.

        Returns:
            Names relative to the job directory; none if the job has not finished or does not exist.
        """
        try:
            names = self.post.files
        except (FileNotFoundError, NotADirectoryError):
            return set()
        return {name for name in names if fnmatch.fnmatchcase(name, pattern)}

    def withfile(self, filename: StrPath, sliced: bool = False, extra: Any = None) -> "JobWithFile":
        """Return a file of this job as a value that can be given to another job as an option.

        Args:
            filename: name relative to the job directory.
            sliced: whether it is a set of files, one for each slice.
            extra: any JSON value, to go with it.
        """
        return JobWithFile(self, filename, sliced, extra)

    def output(self, what: str | int | None = None) -> Any:
        r"""Return what the job printed; also of a running or failed job.

        Args:
            what: None for all: prepare, the slices in order, synthesis. ``"prepare"``, ``"synthesis"``,
                ``"analysis"`` (all slices), or the number of a slice, for that part. ``"parts"`` for a dict.

        Returns:
            str: undecodable bytes escaped, line ends as ``\n``, empty if that part printed nothing. With
            ``"parts"`` an OrderedDict of the parts that printed, by ``"prepare"``, number or ``"synthesis"``.

        Raises:
            AssertionError: ``what`` is something else.
        """
        parts: OrderedDict[str | int, str] = read_output(Path(self.path), what)
        return parts if what == "parts" else "".join(parts.values())

    def chain(self, length: int = -1, reverse: bool = False, stop_job: Any = None) -> list["Job"]:
        """Return this job and those before it, following the job parameter ``previous``.

        Args:
            length: at most this many; -1 for all.
            reverse: newest first, instead of oldest first.
            stop_job: stop before this job. ``{job: name}``: stop before the job that ``job`` has as parameter ``name``.
        """
        if isinstance(stop_job, Mapping):
            assert len(stop_job) == 1, "stop_job takes one {job: name}"
            ((job, name),) = stop_job.items()
            stop_job = Job(job).params.jobs.get(name) if job else None
        found: list[Job] = []
        current: Job = self
        while current and current != stop_job and len(found) != length:
            found.append(current)
            current = current._previous
        return found if reverse else found[::-1]

    @property
    def _previous(self) -> "Job":
        previous = self._setup.jobs.get("previous")
        return Job(previous) if previous and isinstance(previous, str) else NoJob

    def link_result(
        self,
        filename: StrPath = "result.pickle",
        linkname: StrPath | None = None,
        header: str | None = None,
        description: str | None = None,
    ) -> None:
        """Make a link in the result directory to a file or directory of this job. Only in build scripts.

        Args:
            filename: what to link to, relative to the job directory.
            linkname: name in the result directory; may contain directories, which are made. Ending in ``/`` it is
                the directory to put the link in. Default: the last part of ``filename``.
            header: heading for the board.
            description: text for the board.

        Raises:
            AcceleratorError: a name is not a normalised relative one or leaves its directory, a directory of the link
                is itself a link, or this is not a build script.
            AssertionError: there is no such file.
        """
        links.link_result(self, filename, linkname, header, description)

    def link_to_here(self, filename: StrPath = "result.pickle") -> None:
        """Make a link of the same name in the running job, to a file of this job, and register it.

        Args:
            filename: relative to the job directory.

        Raises:
            AssertionError: there is no such file, or no job is running.
        """
        links.link_to_here(self, filename)


class NoJobType(NoJobMembers, Job):  # type: ignore[misc]  # neutral values instead of methods, by specification
    """Type of :data:`NoJob`: what stands where there is no job. Empty, false, with neutral values everywhere."""

    __slots__ = ()

    def __new__(cls) -> Self:
        found = _interned.get((cls, "", None))
        if found is None:
            found = str.__new__(cls, "")
            found._set("", -1, "")  # noqa: SLF001  (our own class)
            _interned[cls, "", None] = found
        return found


NoJob = NoJobType()


class _JobWithFile(NamedTuple):
    job: Job
    name: str
    sliced: bool
    extra: Any


class JobWithFile(_JobWithFile):
    """A file in a job, as a value that can be given to another job as an option.

    Args:
        job: the job, or its id.
        name: of the file, relative to the job directory.
        sliced: whether it is a set of files, one for each slice.
        extra: any JSON value, to go with it.

    Raises:
        AssertionError: ``name`` is absolute.
        NoSuchJobError: ``job`` is not a job id.
    """

    __slots__ = ()

    def __new__(cls, job: str, name: StrPath, sliced: bool = False, extra: Any = None) -> Self:
        name = os.fspath(name)
        assert not os.path.isabs(name), f"The name in a JobWithFile is relative to the job, not {name!r}"  # noqa: PTH117
        if not isinstance(job, Job):
            job = Job(job) if job else NoJob
        return super().__new__(cls, job, name, bool(sliced), extra)

    def filename(self, sliceno: int | None = None) -> str:
        """Return the path of the file.

        Args:
            sliceno: which one of a sliced set.

        Raises:
            AssertionError: sliced without ``sliceno``, or not sliced with one.
        """
        return self.job.filename(self.name, self._checked(sliceno))

    def _checked(self, sliceno: int | None) -> int | None:
        if self.sliced:
            assert sliceno is not None, f"{self.name!r} of {self.job} is sliced: say which slice"
        else:
            assert sliceno is None, f"{self.name!r} of {self.job} is not sliced"
        return sliceno

    def load(self, sliceno: int | None = None, encoding: str = "bytes", default: Any = UNSET) -> Any:
        """Load the file as a pickle.

        Args:
            sliceno: which one of a sliced set.
            encoding: see :meth:`Job.load`.
            default: returned if the file does not exist.

        Raises:
            AssertionError, FileNotFoundError: as :meth:`filename` and :meth:`Job.load`.
        """
        return self.job.load(self.name, self._checked(sliceno), encoding, default)

    def json_load(self, sliceno: int | None = None, unicode_as_utf8bytes: bool = False, default: Any = UNSET) -> Any:
        """Load the file as JSON.

        Args:
            sliceno: which one of a sliced set.
            unicode_as_utf8bytes: see :meth:`Job.json_load`.
            default: returned if the file does not exist.

        Raises:
            AssertionError, FileNotFoundError: as :meth:`filename` and :meth:`Job.json_load`.
        """
        return self.job.json_load(self.name, self._checked(sliceno), unicode_as_utf8bytes, default)

    def open(
        self,
        mode: str = "r",
        sliceno: int | None = None,
        encoding: str | None = None,
        errors: str | None = None,
    ) -> IO[Any]:
        """Open the file for reading.

        Args:
            mode: must contain ``r``.
            sliceno: which one of a sliced set.
            encoding: of text; default ``utf-8``.
            errors: what to do with undecodable bytes.

        Raises:
            AssertionError: ``mode`` is for writing.
            FileNotFoundError: there is no such file.
        """
        return self.job.open(self.name, mode, sliceno, encoding, errors)
