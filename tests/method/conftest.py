"""A project on disk with the files that a test names."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from accelerator.config import Config, Execution
from accelerator.method.declaration import Declaration, declare
from accelerator.method.discover import MethodFile, find_methods
from accelerator.method.importer import install, uninstall
from accelerator.method.source import MethodSource, Snapshot, method_source


class ProjectOnDisk:
    """Files below a directory, and what the method layer says of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.methods: tuple[str, ...] = ("dev",)

    def write(self, **files: str) -> None:
        """Write files; in the names ``__`` stands for a slash: ``dev__a_x`` is dev/a_x.py; INIT is __init__."""
        for name, text in files.items():
            path = self.directory / f"{name.replace('__', '/').replace('INIT', '__init__')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")

    def package(self, *names: str) -> None:
        for name in names:
            path = self.directory / name / "__init__.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    @property
    def config(self) -> Config:
        return Config(
            path=self.directory / "accelerator.toml",
            project_directory=self.directory,
            slices=3,
            methods=self.methods,
            workdirs={},
            target_workdir="dev",
            result_directory=self.directory / "results",
            input_directory=self.directory,
            urd="",
            input_identity="content",
            interpreters={},
            execution=Execution(),
        )

    def method(self, name: str = "x") -> MethodFile:
        return find_methods(self.config)[name]

    def source(self, name: str = "x") -> MethodSource:
        return method_source(Snapshot(self.config), self.method(name))

    def digest(self, name: str = "x") -> str:
        return self.source(name).code_digest

    def modules(self, name: str = "x") -> list[str]:
        return [file.module for file in self.source(name).files]


@pytest.fixture
def project(tmp_path: Path) -> ProjectOnDisk:
    made = ProjectOnDisk(tmp_path / "project ö")
    made.package("dev")
    return made


@pytest.fixture
def imported(project: ProjectOnDisk) -> Iterator[Callable[[], Snapshot]]:
    """Install the project's importer; everything is as before afterwards."""
    path, finders = list(sys.path), []

    def start() -> Snapshot:
        snapshot = Snapshot(project.config)
        finders.append(install(snapshot))
        return snapshot

    yield start
    for finder in finders:
        uninstall(finder)
    sys.path[:] = path
    importlib.invalidate_caches()


@pytest.fixture
def declared(project: ProjectOnDisk, imported) -> Callable[[str], Declaration]:
    """Return the declaration of a method with this source."""

    def make(source: str) -> Declaration:
        project.write(dev__a_x=source)
        imported()
        return declare(importlib.import_module("dev.a_x"), project.method())

    return make
