"""A project in one handle: its configuration, workdirs, engine and urd. The API for notebooks and programs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from accelerator import _lazy
from accelerator._unset import UNSET, Unset
from accelerator.config import Config, find, load
from accelerator.dataset import Dataset
from accelerator.engine.background import Background
from accelerator.engine.build import Engine
from accelerator.engine.events import Observer
from accelerator.engine.keywords import sort_keywords
from accelerator.engine.pending import PendingJob
from accelerator.engine.request import BuildCall
from accelerator.error import NoSuchJobError, UserError
from accelerator.job import Job

T = TypeVar("T")


class Project:
    """An open project: build methods, find jobs and datasets.

    Use :meth:`open`. It is a context manager; :meth:`close` ends what it has started.

    Args:
        config: the project's configuration.
        observer: called with an event for each job that is found, started, finished or failed.
        keep_temp_files: keep and list the files that jobs made as temporary.

    Raises:
        TypeError: something else than a configuration was given, such as a path.

    Attributes:
        config: the configuration.
        engine: decides and runs.
    """

    def __init__(self, config: Config, *, observer: Observer | None = None, keep_temp_files: bool = False) -> None:
        if not isinstance(config, Config):
            raise TypeError(f"Project({config!r}): a project is opened with Project.open({config!r})")
        self.config = config
        self.engine = Engine(config, observer=observer, keep_temp_files=keep_temp_files)
        self._urd: Any = None
        self._background: Background | None = None

    @classmethod
    def open(cls, path: str | Path | None = None, *, observer: Observer | None = None) -> Self:
        """Open a project.

        Args:
            path: its directory or a directory in it, or the configuration file itself; the current directory if None.
            observer: called with an event for each job that is found, started, finished or failed.

        Returns:
            The open project.

        Raises:
            UserError: there is no project, or no such path.
            ConfigError: its configuration is not valid.
        """
        start = Path.cwd() if path is None else Path(path)
        if not start.exists():
            raise UserError(f"there is no {start}")
        return cls(load(start if start.is_file() else find(start)), observer=observer)

    @property
    def urd(self) -> Any:
        """The urd database (``urd.database.Database``), opened when first used; None if the project has none."""
        if self._urd is None and self.config.urd:
            self._urd = _lazy.database.Database(self.config.urd)
        return self._urd

    def build(
        self,
        method: str,
        options: Any = {},  # noqa: B006 - the signature is specified, and it is only read
        datasets: Any = {},  # noqa: B006 - likewise
        jobs: Any = {},  # noqa: B006 - likewise
        name: str | Unset | None = UNSET,
        caption: str | Unset | None = UNSET,
        force_build: bool | Unset = UNSET,
        workdir: str | Unset | None = UNSET,
        concurrency: int | Unset | None = UNSET,
        execution: Mapping[str, Any] | Unset | None = UNSET,
        **kw: Any,
    ) -> Job:
        """Return the job that answers a request: an existing one, else a new one, run now.

        Sources that were changed since the last call are seen. ``name``, ``caption``, ``force_build``, ``workdir``,
        ``concurrency`` and ``execution`` go to the method if it has a parameter of that name.

        Args:
            method: the method.
            options: its options by name.
            datasets: input datasets by name.
            jobs: input jobs by name.
            name: the ``method`` of the job returned; the method's name by default.
            caption: text kept in the job if it is built.
            force_build: build even if the job exists.
            workdir: where a new job goes; the project's target by default.
            concurrency: how many slices may run at once.
            execution: ``retries`` and ``timeout`` (seconds).
            **kw: options, datasets and jobs by name.

        Returns:
            The finished job.

        Raises:
            BuildError: the call makes no sense.
            ServerError: the parameters were refused; the text starts ``Submit failed``.
            JobError: the job failed.
        """
        self._refresh()
        own = {
            "name": name,
            "caption": caption,
            "force_build": force_build,
            "workdir": workdir,
            "concurrency": concurrency,
            "execution": execution,
        }
        return self.run(self._call(method, (options, datasets, jobs), own, kw))

    def build_async(
        self,
        method: str,
        options: Any = {},  # noqa: B006 - as in build
        datasets: Any = {},  # noqa: B006 - as in build
        jobs: Any = {},  # noqa: B006 - as in build
        name: str | Unset | None = UNSET,
        caption: str | Unset | None = UNSET,
        force_build: bool | Unset = UNSET,
        workdir: str | Unset | None = UNSET,
        concurrency: int | Unset | None = UNSET,
        execution: Mapping[str, Any] | Unset | None = UNSET,
        **kw: Any,
    ) -> PendingJob:
        """Begin to build, and return at once. Arguments are those of :meth:`build`; jobs given may be pending too.

        Sources that were changed are seen when nothing is being built.

        Returns:
            What becomes the job: reading ``.job``, or any attribute of a job, waits for it.
        """
        self._refresh()
        own = {
            "name": name,
            "caption": caption,
            "force_build": force_build,
            "workdir": workdir,
            "concurrency": concurrency,
            "execution": execution,
        }
        return self.start(self._call(method, (options, datasets, jobs), own, kw))

    def sort_keywords(
        self, method: str, own: Mapping[str, Any], keywords: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Say which arguments of a build function are meant for the method.

        Args:
            method: its name.
            own: arguments that the function has by its signature, ``UNSET`` where they were not given.
            keywords: all others.

        Returns:
            The function's own arguments, and the method's.

        Raises:
            BuildError: one of the function's own makes no sense.
        """
        return sort_keywords(lambda: self.ask(lambda engine: engine.declaration(method)), own, keywords)

    def _call(
        self, method: str, inputs: tuple[Any, Any, Any], own: Mapping[str, Any], keywords: Mapping[str, Any]
    ) -> BuildCall:
        settings, theirs = self.sort_keywords(method, own, keywords)
        settings.pop("why_build")
        options, datasets, jobs = inputs
        return BuildCall(method, options, datasets, jobs, theirs, **settings)

    def run(self, call: BuildCall, ended: Callable[[BaseException], None] | None = None) -> Job:
        """Return the job that answers a call, as :meth:`build`, by the sources as they were last looked at.

        Args:
            call: what is wanted.
            ended: called with what went wrong before it is raised, unless that is the failure of a pending input.
        """
        if self._background is not None:
            return self._background.start(call, ended).job
        try:
            return self.engine.build(call)
        except Exception as error:
            if ended is not None:
                ended(error)
            raise

    def start(self, call: BuildCall, ended: Callable[[BaseException], None] | None = None) -> PendingJob:
        """Begin a build and return at once, as :meth:`build_async`. Arguments as for :meth:`run`."""
        return self.background.start(call, ended)

    def ask(self, function: Callable[[Engine], T]) -> T:
        """Return what a function of the engine returns, called where the engine may be used."""
        if self._background is None:
            return function(self.engine)
        return self._background.do(lambda: function(self.engine))

    @property
    def background(self) -> Background:
        """What builds while the program goes on; started when first used."""
        if self._background is None:
            self._background = Background(self.engine)
        return self._background

    def wait(self, *, drop: bool = False) -> BaseException | None:
        """Wait for everything that was started by :meth:`start`.

        Args:
            drop: leave out what has not begun.

        Returns:
            The first error that nobody has been told of.
        """
        if self._background is None:
            return None
        if drop:
            self._background.drop()
        return self._background.wait()

    def _refresh(self) -> None:
        if self._background is None:
            self.engine.refresh()
        elif self._background.idle:
            self._background.do(self.engine.refresh)

    def job(self, spec: str | Path) -> Job:
        """Return an existing job.

        Args:
            spec: a job id, the directory of a job, ``WORKDIR-LATEST``, or a method: its newest finished job.

        Raises:
            NoSuchJobError: there is none.
        """
        text = str(spec)
        workdir, _, last = text.rpartition("-")
        if last == "LATEST" and workdir in self.config.workdirs:
            link = self.config.workdirs[workdir] / text
            if not link.exists():
                raise NoSuchJobError(f"there is no {text}: no job has been built in workdir {workdir}")
            return Job(link.resolve().name)
        if "/" in text:
            path = Path(text).resolve()
            if (path / "setup.json").exists() and any(
                path.parent == known.resolve() for known in self.config.workdirs.values()
            ):
                return Job(path.name)
            raise NoSuchJobError(f"{text} is not the directory of a job of this project")
        if last.isdecimal() and workdir in self.config.workdirs:
            job = Job(text)
            if not Path(job.path, "setup.json").exists():
                raise NoSuchJobError(f"there is no job {text}")
            return job
        for row in self.engine.index.of_method(text):
            if self.engine.index.exists(row):
                return Job(row.jobid)
        raise NoSuchJobError(f"{text!r} is neither a job nor a method with a finished job")

    def dataset(self, spec: str) -> Dataset:
        """Return an existing dataset.

        Args:
            spec: ``JOB/NAME``, or ``JOB`` for its default dataset; the job as for :meth:`job`.

        Raises:
            NoSuchJobError: there is no such job.
            NoSuchDatasetError: the job has no such dataset.
        """
        job, _, name = spec.partition("/")
        dataset: Dataset = self.job(job).dataset(name or "default")
        return dataset

    def close(self) -> None:
        """End what still runs, and let go of the files."""
        if self._background is not None:
            self._background.stop()
        self.engine.close()
        if self._background is not None:
            self._background.close()
            self._background = None
        if self._urd is not None:
            self._urd.close()
            self._urd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
