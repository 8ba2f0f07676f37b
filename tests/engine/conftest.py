"""A real project in a temporary directory, opened in this process; its jobs run in real runners."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from accelerator.job.context import context
from accelerator.project import Project

CONFIGURATION = """\
slices = {slices}
methods = ["dev", "accelerator.standard_methods"]
urd = ""

[workdirs]
dev = "dev-jobs"
other = "other-jobs"

[execution]
cores = {cores}
"""


class MethodProject:
    """A project whose methods are written by the test.

    Args:
        path: where.
        slices: number of slices.
        cores: how many processes may compute at once.
    """

    def __init__(self, path: Path, slices: int, cores: int) -> None:
        self.path = path
        (path / "dev").mkdir(parents=True)
        (path / "dev" / "__init__.py").touch()
        (path / "accelerator.toml").write_text(CONFIGURATION.format(slices=slices, cores=cores), encoding="utf-8")
        self.events = []
        self._project: Project | None = None

    @property
    def project(self) -> Project:
        if self._project is None:
            self._project = Project.open(self.path, observer=self.events.append)
        return self._project

    def reopen(self) -> Project:
        self.close()
        return self.project

    def close(self) -> None:
        if self._project is not None:
            self._project.close()
            self._project = None

    def method(self, name: str, source: str) -> None:
        self.file(f"dev/a_{name}.py", source)

    def file(self, name: str, source: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")
        return path

    def build(self, *args, **kw):
        return self.project.build(*args, **kw)

    def run(self, source: str, **kw):
        """Build a method of this source, called ``m``."""
        self.method("m", source)
        return self.build("m", **kw)

    def kinds(self) -> list[tuple[str, str]]:
        """What happened so far, as (kind, job)."""
        return [(event.kind, event.jobid) for event in self.events]


@pytest.fixture
def make_project(tmp_path) -> Iterator:
    """A function that makes a project: ``make_project(slices=3, cores=2)``."""
    made = []
    before = dict(context.workdirs), context.slices, context.input_directory, context.result_directory

    def make(slices: int = 3, cores: int = 2, name: str = "prójekt one") -> MethodProject:
        made.append(MethodProject(tmp_path / name, slices, cores))
        return made[-1]

    yield make
    for project in made:
        project.close()
    context.workdirs, context.slices, context.input_directory, context.result_directory = before


@pytest.fixture
def project(make_project) -> MethodProject:
    return make_project()
