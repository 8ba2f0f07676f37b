"""Fixtures of the tests that run ``ax`` as a process, in projects of their own."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

# Test modules are imported one by one, without a package around them: this lets them share others.
sys.path.append(str(Path(__file__).parent))
pytest.register_assert_rewrite("faults", "invariants")

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
        path: where to make it.
        slices: number of slices.
    """

    def __init__(self, path: Path, slices: int = 3) -> None:
        self.path = path
        self.workdir = path / "workdirs" / "dev"
        self.extra_environment: dict[str, str] = {}
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
