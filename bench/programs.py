"""The programs that are measured: ours and the reference, each with a project of its own, made anew for each suite."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "bench"
REFERENCE = "accelerator==2025.11.11"
OUR_AX = Path(sys.executable).parent / "ax"

# What one run measured: by case, a number by its unit ("ns", "ms", "s", "bytes").
Measured = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Program:
    """An `ax` and the project to run it in."""

    ax: Path
    project: Path

    def run(self, script: str, flags: list[str]) -> tuple[Measured, dict[str, str]]:
        """Run a build script; return what it measured (printed as BENCH-RESULT), and all its BENCH- lines."""
        command = [self.ax, "run", script] + (["--flags", ",".join(flags)] if flags else [])
        done = subprocess.run(command, cwd=self.project, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{command} failed:\n{done.stdout}\n{done.stderr}")
        said = {}
        for line in done.stdout.splitlines():
            marker, _, rest = line.partition(" ")
            if marker.startswith("BENCH-"):
                said[marker] = rest
        return json.loads(said["BENCH-RESULT"]), said


def make_reference() -> Path:
    """Install the reference into its own virtual environment, if that is not done; return its `ax`."""
    venv = BUILD / "reference"
    ax = venv / "bin" / "ax"
    if not ax.exists():
        print(f"installing {REFERENCE} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", REFERENCE], check=True)
    return ax


def make_program(suite: str, name: str, ax: Path, slices: int = 2) -> Program:
    """Make a fresh project of a suite, with the benchmark's methods; those in bench/ours only for our own program."""
    project = BUILD / suite / name
    shutil.rmtree(project, ignore_errors=True)
    project.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([ax, "init", "--slices", str(slices), project], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(project / "dev")
    shutil.copytree(HERE / "dev", project / "dev", ignore=shutil.ignore_patterns("__pycache__"))
    if ax == OUR_AX:
        for path in (HERE / "ours").glob("*.py"):
            shutil.copy(path, project / "dev")
    else:
        (project / "dev" / "methods.conf").touch()
    return Program(ax, project)


@contextlib.contextmanager
def ours_and_reference(suite: str) -> Iterator[tuple[Program, Program]]:
    """Make both programs for a suite, with the reference's server running; take the data away at the end."""
    ours = make_program(suite, "ours", OUR_AX)
    theirs = make_program(suite, "reference", make_reference())
    server = start_server(theirs)
    try:
        yield ours, theirs
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
        shutil.rmtree(BUILD / suite)


def start_server(program: Program) -> subprocess.Popen[bytes]:
    """Start the reference's server and wait until it answers."""
    log_path = program.project / "server.log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [program.ax, "server"], cwd=program.project, stdout=log, stderr=log, start_new_session=True
        )
    for _ in range(100):
        ask = [program.ax, "status"]
        if subprocess.run(ask, cwd=program.project, capture_output=True, check=False).returncode == 0:
            return server
        time.sleep(0.1)
    raise SystemExit(f"the reference's server did not start, see {log_path}")
