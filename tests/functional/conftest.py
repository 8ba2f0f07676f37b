"""Fixtures of the tests that run ``ax`` as a process, in projects of their own."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

# Test modules are imported one by one, without a package around them: this lets them share others.
sys.path.append(str(Path(__file__).parent))
pytest.register_assert_rewrite("faults", "fifty", "invariants", "terminal")

import fifty as fifty_jobs  # noqa: E402  # found by the path above
from terminal import Terminal  # noqa: E402  # likewise

AX = Path(sys.executable).parent / "ax"

CONFIGURATION = """\
slices = {slices}
methods = ["dev", "accelerator.standard_methods"]

[workdirs]
dev = "workdirs/dev"
"""


class AxProject:
    """A project directory and ``ax`` in it.

    Args:
        path: where to make it, or where one is.
        slices: number of slices.
    """

    def __init__(self, path: Path, slices: int = 3) -> None:
        self.path = path
        self.workdir = path / "workdirs" / "dev"
        self.extra_environment: dict[str, str] = {}
        if not (path / "accelerator.toml").exists():
            (path / "dev").mkdir(parents=True)
            self.write("dev/__init__.py", "")
            self.write("accelerator.toml", CONFIGURATION.format(slices=slices))

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def environment(self) -> dict[str, str]:
        """What a plain terminal has, without what this machine or CI adds."""
        kept = {
            name: value for name, value in os.environ.items() if name not in {"URD_AUTH", "URD_USER", "FORCE_COLOR"}
        }
        return {
            **kept,
            "USER": "tester",
            "NO_COLOR": "1",
            "COLUMNS": "80",
            "XDG_CONFIG_HOME": str(self.path / ".config"),
            **self.extra_environment,
        }

    def start(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Start ``ax`` and return the process."""
        return subprocess.Popen(
            [*before, AX, *arguments],
            cwd=self.path,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ax(
        self, *arguments: str, code: int | None = 0, before: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run ``ax`` to its end and check its exit code (None: do not)."""
        process = self.start(*arguments, before=before)
        out, err = process.communicate(timeout=100)
        if code is not None:
            assert process.returncode == code, f"ax {arguments} exited with {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def terminal(self, *arguments: str, columns: int = 80) -> Terminal:
        """Start ``ax`` on a terminal of its own."""
        return Terminal([str(AX), *arguments], self.path, {**self.environment(), "TERM": "xterm"}, columns)

    def jobs(self) -> list[str]:
        """Ids of all job directories, by number."""
        names = [p.name for p in self.workdir.glob("dev-*") if p.is_dir() and not p.is_symlink()]
        return sorted(names, key=lambda name: int(name.rpartition("-")[2]))

    def finished(self) -> list[str]:
        """Ids of the jobs that count as finished."""
        return [name for name in self.jobs() if (self.workdir / name / "post.json").exists()]


@pytest.fixture
def ax_project(tmp_path):
    """A function that makes a project: ``ax_project(slices=3)``; its path has a space and letters beyond ASCII."""

    def make(slices: int = 3, name: str = "prójekt one") -> AxProject:
        return AxProject(tmp_path / name, slices)

    return make


@pytest.fixture(scope="session")
def ax_project_at():
    """The class itself, for fixtures that live longer than a test: ``ax_project_at(path)``."""
    return AxProject


@pytest.fixture(scope="session")
def fifty(tmp_path_factory):
    """The project of :mod:`fifty`, with about fifty jobs. Tests only look at it; it is shared by all workers."""
    base = tmp_path_factory.getbasetemp()
    return fifty_jobs.shared(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base, AxProject)


@pytest.fixture
def fifty_copy(fifty, tmp_path):
    """A copy of the project with fifty jobs, for a test that changes it."""
    return fifty_jobs.copied(fifty, tmp_path, AxProject)


@pytest.fixture(scope="session")
def snapshot(fifty):
    """A function that runs ``ax`` in the project of fifty jobs and compares what it prints with a file.

    ``snapshot("job-totals.txt", "job", "totals")`` also shows stderr and exit code where there is something to show,
    and returns what was printed. With ``terminal=True`` it prints to a terminal of 80 columns.
    ``UPDATE_SNAPSHOTS=1`` writes the files instead.
    """

    def check(name: str, *arguments: str, project: AxProject = fifty, terminal: bool = False) -> str:
        if terminal:
            seen = project.terminal(*arguments).finish(None)
            fifty_jobs.compare(name, fifty_jobs.masked(seen, project))
            return seen
        result = project.ax(*arguments, code=None)
        parts = [result.stdout]
        if result.stderr:
            parts.append(f"--- stderr\n{result.stderr}")
        if result.returncode:
            parts.append(f"--- exit code {result.returncode}\n")
        fifty_jobs.compare(name, fifty_jobs.masked("".join(parts), project))
        return result.stdout

    return check
