"""What commands see of the project around them; each part is opened when it is asked for."""

import functools
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from accelerator import _lazy
from accelerator import config as configuration
from accelerator.cli.command import State
from accelerator.cli.lookup import JobTime
from accelerator.cli.resolve import look_for_dataset, resolve_dataset, resolve_job
from accelerator.cli.spec import SpecError
from accelerator.config import Config
from accelerator.dataset import Dataset
from accelerator.error import AcceleratorError, BuildError, ServerError, UserError
from accelerator.job import Job
from accelerator.job.context import context
from accelerator.job.record import Setup

if TYPE_CHECKING:
    # These take longer to import than to look at a job whose id was given.
    from accelerator.engine.catalogue import Catalogue
    from accelerator.engine.index import Index, Row
    from accelerator.method.discover import MethodFile
    from accelerator.method.source import MethodSource
    from accelerator.project import Project
    from accelerator.urd.entry import Entry

__all__ = ["Workspace", "pass_workspace"]


class _UndeclaredError(Exception):
    """What a method declares is not known without importing it."""


def _undeclared(_file: "MethodFile", _source: "MethodSource", _archive: bytes) -> NoReturn:
    raise _UndeclaredError


def _read_row(directory: Path) -> "Row | None":
    # Most of the time there are no new jobs to read.
    return _lazy.birth.read_row(directory)  # type: ignore[no-any-return]  # loaded lazily, so untyped


class Workspace:
    """The project around a command, if there is one; it answers what :mod:`accelerator.cli.resolve` asks.

    Args:
        path: the configuration file of ``--config``; None for the nearest one.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._project: Project | None = None
        self._urd: Any = None
        self._index: Index | None = None
        self._index_scanned = False
        self._sources: dict[str, frozenset[str]] = {}
        if self.has_project:
            context.register_workdirs(self.config.workdirs)

    @cached_property
    def has_project(self) -> bool:
        """Whether the command stands in a project. Jobs named by their directory need none."""
        if self._path is not None:
            return True
        try:
            self._path = configuration.find(Path.cwd())
        except UserError:
            return False
        return True

    @cached_property
    def config(self) -> Config:
        """The configuration.

        Raises:
            UserError: there is no project.
            ConfigError: its configuration is not valid.
        """
        return configuration.load(self._path or configuration.find(Path.cwd()))

    @property
    def project(self) -> "Project":
        """The opened project."""
        if self._project is None:
            self._project = _lazy.project.Project.open(self.config.path)
        assert self._project is not None
        return self._project

    def close(self) -> None:
        """Close what was opened."""
        if self._project is not None:
            self._project.close()
        if self._urd is not None:
            self._urd.close()
        if self._index is not None:
            self._index.close()

    def job(self, text: str) -> Job:
        """Return the job that a specification means."""
        with self._saying_where(text):
            return resolve_job(text, self)

    def dataset(self, text: str) -> Dataset:
        """Return the dataset that a specification means."""
        with self._saying_where(text):
            return resolve_dataset(text, self)

    def dataset_if_any(self, text: str) -> Dataset | None:
        """Return the dataset that a specification means, None if it means none; why, :meth:`dataset` says."""
        try:
            return look_for_dataset(text, self)
        except AcceleratorError:
            return None

    @contextmanager
    def _saying_where(self, text: str) -> Iterator[None]:
        """Say with what is not found that there is no project, or no such workdir: most names mean nothing then."""
        try:
            yield
        except SpecError as error:
            if not self.has_project:
                where = f"there is no {configuration.FILENAME} in {Path.cwd()} or a directory above it"
                raise SpecError(f"{error}; {where}") from None
            missing = [path for name, path in self.config.workdirs.items() if text.startswith(f"{name}-")]
            if not missing or missing[0].is_dir():
                raise
            raise SpecError(f"{error}; {missing[0]} does not exist") from None

    @property
    def workdirs(self) -> Mapping[str, Path]:
        """Directory of each known workdir."""
        return context.workdirs

    def use_workdir(self, name: str, directory: Path) -> None:
        """Let a workdir's name stand for this directory from now on."""
        if name in context.workdirs:
            click.echo(f"### Overriding workdir {name} to {directory}", err=True)
        context.register_workdirs({name: directory})

    def methods(self) -> Collection[str]:
        """Return the names of all methods."""
        return _lazy.discover.find_methods(self.config) if self.has_project else ()

    def jobs_of(self, method: str, *, current: bool) -> Sequence[JobTime]:
        """Return the finished jobs of a method, oldest first; with ``current`` those its present source would make."""
        if not self.has_project:
            return ()
        return self.index.times_of(method, self._present_sources(method) if current else None)

    @property
    def index(self) -> "Index":
        """The index of finished jobs, with those that have finished by now."""
        index = self._opened_index()
        if not self._index_scanned:
            index.scan()
            self._index_scanned = True
        return index

    def _opened_index(self) -> "Index":
        """Return the index of jobs as it was left; no engine is needed for that."""
        if self._index is None:
            directory = self.config.project_directory / ".accelerator"
            self._index = _lazy.index.Index(directory, self.config.workdirs, _read_row)
        assert self._index is not None
        return self._index

    def is_current(self, jobid: str) -> bool | None:
        """Tell whether a job ran the source that its method has now, or one accepted as equal to it.

        None where there is no project to compare with.
        """
        if not self.has_project:
            return None
        try:
            setup = Setup.load(Path(Job(jobid).path))
        except (AcceleratorError, FileNotFoundError):
            return False
        return self.is_present_source(setup.method, setup.source_digest)

    def is_present_source(self, method: str, source_digest: str) -> bool:
        """Tell whether this is the digest of the source that a method has now, or of one accepted as equal to it."""
        return source_digest in self._present_sources(method)

    def _present_sources(self, method: str) -> frozenset[str]:
        known = self._sources.get(method)
        if known is None:
            known = self._sources[method] = self._valid_sources(method)
        return known

    def _valid_sources(self, method: str) -> frozenset[str]:
        """Return the source digests that count as a method's present one, none if the method is gone or broken."""
        try:
            try:
                return self._catalogue.valid_sources(method)
            except _UndeclaredError:
                return self.project.engine.catalogue.valid_sources(method)
        except (BuildError, ServerError):
            return frozenset()

    @cached_property
    def _catalogue(self) -> "Catalogue":
        """The methods as far as that is known without importing any: no engine is needed for that."""
        return _lazy.catalogue.Catalogue(self.config, self._opened_index(), _undeclared)  # type: ignore[no-any-return]  # lazy

    @property
    def urd(self) -> Any:
        """The urd database.

        Raises:
            UserError: none is configured.
        """
        if self._urd is None:
            if not self.config.urd:
                raise UserError(f"No urd is configured in {self.config.path}")
            self._urd = _lazy.database.Database(self.config.urd)
        return self._urd

    def urd_lists(self) -> Sequence[str]:
        """Return all urd lists, ``user/name``."""
        return self.urd.lists()  # type: ignore[no-any-return]  # the database module is loaded lazily, so untyped

    def urd_timestamps(self, path: str) -> Sequence[str]:
        """Return the timestamps of an urd list, oldest first."""
        return self.urd.since(path, 0)  # type: ignore[no-any-return]  # likewise

    def urd_entry(self, path: str, timestamp: str) -> "Entry | None":
        """Return an entry of the list ``user/name``; the timestamp may be ``latest`` or ``first``."""
        return self.urd.get(path, timestamp)  # type: ignore[no-any-return]  # likewise

    def finds_classes_of(self, datasets: Iterable[Dataset]) -> bool:
        """Return whether there are values of type pickle; if so their classes are looked for in the project, too."""
        if not any(column.type == "pickle" for dataset in datasets for column in dataset.stored.values()):
            return False
        if self.has_project and (project := str(self.config.project_directory)) not in sys.path:
            sys.path.append(project)
        return True

    def user(self) -> str:
        """Return whose urd lists are meant when a path names no user."""
        return _lazy.entry.current_user(os.environ)  # type: ignore[no-any-return]  # likewise


def pass_workspace(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the :class:`Workspace` as its first argument, and close that when the command ends."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        ctx = click.get_current_context()
        state = ctx.find_object(State) or State()
        workspace = Workspace(state.config)
        ctx.call_on_close(workspace.close)
        return function(workspace, *args, **kwargs)

    return call
