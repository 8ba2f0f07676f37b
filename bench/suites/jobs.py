"""Jobs that do nothing, fresh and found again, against the reference; sessions in a workdir of very many jobs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from finished_jobs import fill
from programs import BUILD, HERE, OUR_AX, Measured, Program, make_program, ours_and_reference

TITLE = "jobs"
NOTE = (
    "Time by the clock, so the machine must be idle. A job's time is the median of 40 builds one after the other, what "
    "is fsynced included. The project with many jobs is opened from a process that has imported the program; without "
    "index means that index.sqlite was deleted before."
)
MANY = 100_000


def measure(rounds: int, quick: bool) -> dict[str, list[Measured]]:
    """Return what each round of each program measured."""
    flags = ["quick"] if quick else []
    found: dict[str, list[Measured]] = {"ours": [], "reference": []}
    with ours_and_reference("jobs") as (ours, theirs):
        for program in (ours, theirs):
            program.run("again", [])
        for number in range(rounds):
            print(f"jobs: round {number + 1} of {rounds}", flush=True)
            for name, program in (("ours", ours), ("reference", theirs)):
                measured, _ = program.run("jobs", flags)
                found[name].append({**measured, **_again(program)})
    many = make_program("many_jobs", "ours", OUR_AX)
    try:
        count = MANY // 100 if quick else MANY
        print(f"jobs: writing {count} finished jobs", flush=True)
        fill(many.project, count)
        for measured in found["ours"]:
            measured.update(_starts(many.project, count))
    finally:
        shutil.rmtree(BUILD / "many_jobs")
    return found


def _again(program: Program) -> Measured:
    start = time.perf_counter()
    program.run("again", [])
    return {"ax run with 200 jobs found again, s": {"s": time.perf_counter() - start}}


def _starts(project: Path, count: int) -> Measured:
    for path in (project / ".accelerator").glob("index.sqlite*"):
        path.unlink()
    return {
        f"session start, {count} jobs, without index, s": {"s": _start(project)},
        f"session start, {count} jobs, s": {"s": _start(project)},
    }


def _start(project: Path) -> float:
    command = [sys.executable, HERE / "session_start.py", project]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
