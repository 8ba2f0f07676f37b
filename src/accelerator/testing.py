r"""Running methods in tests: a method, its parameters and its result, in a project that lasts as long as the test.

::

    def test_sum(tmp_path):
        job = run_method("options = {'n': 1}\ndef synthesis(options): return sum(range(options.n))", n=4)
        assert job.load() == 6
"""

import atexit
import inspect
import pickle
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, Self

from accelerator._unset import UNSET, Unset
from accelerator.config import load
from accelerator.dataset import Dataset
from accelerator.job import Job
from accelerator.job.context import context
from accelerator.project import Project

__all__ = ["TemporaryProject", "run_method"]

_CONFIGURATION = """\
slices = {slices}
methods = ["methods_under_test", "accelerator.standard_methods"]
urd = ""

[workdirs]
{workdir} = "workdir"
"""
_PACKAGE = "methods_under_test"
_SLICES = 3

# The workdirs of two such projects must not have the same name in one process.
_names = (f"test{number}" for number in range(1 << 30))


class TemporaryProject:
    """A project in a temporary directory, deleted at the end of the ``with``.

    Args:
        slices: number of slices.
        directory: where to make it; a temporary one if None.
    """

    def __init__(self, slices: int = _SLICES, directory: str | Path | None = None) -> None:
        self._own = directory is None
        self.directory = Path(tempfile.mkdtemp(prefix="accelerator-test-") if directory is None else directory)
        self._package = self.directory / _PACKAGE
        self._package.mkdir(parents=True, exist_ok=True)
        (self._package / "__init__.py").touch()
        configuration = self.directory / "accelerator.toml"
        configuration.write_text(_CONFIGURATION.format(slices=slices, workdir=next(_names)), encoding="utf-8")
        self.project = Project(load(configuration))

    def add(self, method: str | Path | ModuleType, name: str | None = None) -> str:
        """Add a method to the project.

        Args:
            method: source text, the path of a file, or a module.
            name: its name; from the file or module (``a_NAME``) if None, else ``method``.

        Returns:
            Its name.
        """
        if isinstance(method, ModuleType):
            source = inspect.getsource(method)
            name = name or method.__name__.rpartition(".")[2].removeprefix("a_")
        elif isinstance(method, Path) or ("\n" not in method and method.endswith(".py")):
            source = Path(method).read_text(encoding="utf-8")
            name = name or Path(method).stem.removeprefix("a_")
        else:
            source = dedent(method)
        name = name or "method"
        (self._package / f"a_{name}.py").write_text(source, encoding="utf-8")
        return name

    def build(self, method: str, *args: Any, **kw: Any) -> Job:
        """Build a method of the project; arguments as for :meth:`Project.build`."""
        return self.project.build(method, *args, **kw)

    def dataset(self, columns: Mapping[str, str], rows: Iterable[Iterable[Any]], **kw: Any) -> Dataset:
        """Make a dataset to give to methods.

        Args:
            columns: column type by name.
            rows: the rows, with their values in the order of ``columns``; they are dealt out to the slices in turn.
            **kw: further arguments of ``DatasetWriter``.

        Returns:
            The dataset.
        """
        self.add(_WRITER, "write_rows")
        with tempfile.NamedTemporaryFile(dir=self.directory, delete=False) as file:
            pickle.dump((dict(columns), [tuple(row) for row in rows], kw), file)
        job = self.build("write_rows", filename=file.name)
        dataset: Dataset = job.dataset()
        return dataset

    def close(self) -> None:
        """End what still runs and delete the project."""
        self.project.close()
        context.workdirs.pop(self.project.config.target_workdir, None)
        if self._own:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_WRITER = """
import pickle
from pathlib import Path
from accelerator import DatasetWriter
options = {"filename": ""}

def synthesis(options):
    columns, rows, arguments = pickle.loads(Path(options.filename).read_bytes())
    write = DatasetWriter(columns=columns, **arguments).get_split_write_dict()
    for row in rows:
        write(dict(zip(columns, row, strict=True)))
"""

_projects: dict[int, TemporaryProject] = {}


def run_method(
    method: str | Path | ModuleType,
    options: Any = {},  # noqa: B006 - as in build, and it is only read
    datasets: Any = {},  # noqa: B006 - likewise
    jobs: Any = {},  # noqa: B006 - likewise
    *,
    slices: int | Unset = UNSET,
    **kw: Any,
) -> Job:
    """Run a method in a temporary project and return its job.

    The project is deleted when the process ends; jobs returned by one call can be given to the next.

    Args:
        method: source text, the path of a file, or a module.
        options: its options by name.
        datasets: input datasets by name.
        jobs: input jobs by name.
        slices: number of slices, 3 if not given; the method's if it has a parameter of that name.
        **kw: options, datasets and jobs by name; other keywords as for :meth:`accelerator.Project.build`.

    Returns:
        The finished job: ``load()``, ``files()``, ``output()``, ``dataset()``…

    Raises:
        ServerError: the parameters were refused.
        JobError: the method failed.
    """
    project = _project_for(_SLICES)
    name = project.add(method)
    if slices is not UNSET:
        project.project.engine.refresh()
        if "slices" in project.project.engine.declaration(name).parameters:
            kw["slices"] = slices
        else:
            project = _project_for(slices)
            project.add(method)
    # Other projects may have been opened, and forgotten, since this one was.
    context.slices = project.project.config.slices
    context.register_workdirs(project.project.config.workdirs)
    return project.build(name, options, datasets, jobs, **kw)


def _project_for(slices: int) -> TemporaryProject:
    """Return the project with this number of slices that lasts as long as the process."""
    project = _projects.get(slices)
    if project is None:
        project = _projects[slices] = TemporaryProject(slices)
        atexit.register(project.close)
    return project
