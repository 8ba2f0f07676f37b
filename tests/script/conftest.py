import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

METHODS = {
    "number": """
        options = {"n": 0, "text": ""}
        jobs = ("previous",)
        def synthesis():
            return options.n
    """,
    "talk": """
        options = {"lines": 2}
        def prepare():
            print("preparing")
        def analysis(sliceno):
            print("in slice", sliceno)
        def synthesis():
            for number in range(options.lines):
                print("line", number)
    """,
    "bad": """
        options = {"fine": False}
        def synthesis():
            print("about to fail")
            if not options.fine:
                raise ValueError("no good")
    """,
    "gate": """
        import time
        from pathlib import Path
        options = {"directory": ""}
        def synthesis():
            directory = Path(options.directory)
            (directory / "running").write_text("")
            print("waiting at the gate", flush=True)
            while not (directory / "open").exists():
                time.sleep(0.01)
    """,
}


class ProjectDirectory:
    """A project on disk, and ``ax`` run in it as a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "dev").mkdir()
        (directory / "dev" / "__init__.py").write_text("")
        for name in ("dev", "other"):
            (directory / "workdirs" / name).mkdir(parents=True)
        self.configure()
        for name, source in METHODS.items():
            self.method(name, source)

    def configure(self, more: str = "", urd: str = "sqlite:///urd.db") -> None:
        (self.directory / "accelerator.toml").write_text(
            f'slices = 2\nmethods = ["dev"]\nurd = "{urd}"\n{more}\n'
            '[workdirs]\ndev = "workdirs/dev"\nother = "workdirs/other"\n'
        )

    def method(self, name: str, source: str) -> None:
        (self.directory / "dev" / f"a_{name}.py").write_text(dedent(source))

    def script(self, source: str, name: str = "build") -> None:
        (self.directory / "dev" / f"{name}.py").write_text(dedent(source))

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("URD_")}
        return {**kept, "USER": "kim", "PYTHONUNBUFFERED": "1"}

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        command = [sys.executable, "-m", "accelerator", "run", *arguments]
        return subprocess.Popen(command, cwd=self.directory, env=self.environment(), **options)

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run ``ax run`` with these arguments."""
        with self.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            output, error = process.communicate(timeout=100)
        return subprocess.CompletedProcess(arguments, process.returncode, output, error)

    def run_script(self, source: str, *arguments: str) -> subprocess.CompletedProcess:
        """Write the script ``build`` and run it."""
        self.script(source)
        return self.run(*arguments)

    def job(self, name: str) -> Path:
        return self.directory / "workdirs" / name.rpartition("-")[0] / name


@pytest.fixture
def project(tmp_path):
    """A new project with a few methods."""
    directory = tmp_path / "pröject with space"
    directory.mkdir()
    return ProjectDirectory(directory)
