"""The command line: how long commands take to start, to search and to show, against the reference and ripgrep."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from programs import Measured, Program, ours_and_reference

TITLE = "command line"
NOTE = (
    "Seconds from start to end of a process, its output going nowhere; CPU: of it and its children. The dataset has 3 "
    "million rows of 9 columns in 2 slices (searched on 2 cores); ripgrep searches the same lines in one file of text. "
    "Commands that only start are run five times, and the shortest counts; the byte code of both programs is there."
)
STARTS = 5
COMMANDS = {
    "start: ax --help": ["--help"],
    "start: ax job JOB": ["job", "JOB"],
    "start: ax ds JOB": ["ds", "JOB"],
    "grep one column": ["grep", "t 12345", "JOB", "text"],
    "grep one column, regular expression": ["grep", "t 123[0-9]+5$", "JOB", "text"],
    "grep all 9 columns": ["grep", "t 12345", "JOB"],
    "grep all 9 columns, ignoring case": ["grep", "-i", "T 12345", "JOB"],
    "grep all 9 columns for a number": ["grep", "12345", "JOB"],
    "grep, a tenth of all lines": ["grep", "7$", "JOB", "text"],
    "cat": ["cat", "JOB"],
    "cat as JSON": ["cat", "-f", "json", "JOB"],
    "hist of integers": ["hist", "-f", "csv", "JOB", "count"],
    "hist of floats": ["hist", "-f", "csv", "JOB", "amount"],
    "hist of text, most common": ["hist", "-t", "-f", "csv", "JOB", "user"],
}
RIPGREP = {
    "grep all 9 columns": ["t 12345"],
    "grep all 9 columns, ignoring case": ["-i", "T 12345"],
    "grep all 9 columns for a number": ["12345"],
    "cat": [""],
}


def run(command: list[str | Path], directory: Path) -> tuple[float, float]:
    """Run a command; return the seconds it took, and those of CPU."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and not (process.returncode == 1 and Path(command[0]).name == "rg"):  # no match
        raise SystemExit(f"{command} failed, exit code {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime


def timed(found: Measured, case: str, command: list[str | Path], directory: Path) -> None:
    """Measure a command."""
    times = [run(command, directory) for _ in range(STARTS if case.startswith("start") else 1)]
    found[case] = {"s": min(seconds for seconds, _ in times)}
    found[f"{case}, CPU"] = {"s": min(cpu for _, cpu in times)}


def compile_all(program: Program, job: str) -> None:
    """Run the commands that only start, so that their byte code is kept, also where the environment says otherwise."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for case, words in COMMANDS.items():
        if case.startswith("start"):
            command = [program.ax, *(job if word == "JOB" else word for word in words)]
            subprocess.run(command, cwd=program.project, env=environment, check=True, stdout=subprocess.DEVNULL)


def make_dataset(program: Program, flags: list[str]) -> str:
    """Make the dataset of a program; return the id of its job."""
    command = [program.ax, "run", "lines", *(["--flags", ",".join(flags)] if flags else [])]
    subprocess.run(command, cwd=program.project, check=True, stdout=subprocess.DEVNULL)
    found = subprocess.run(
        [program.ax, "job", "-P", "bench_lines"], cwd=program.project, check=True, capture_output=True, text=True
    )
    return Path(found.stdout.strip()).name


def measure(rounds: int, quick: bool) -> dict[str, list[Measured]]:
    """Return what each round of each program measured."""
    ripgrep = shutil.which("rg")
    if ripgrep is None:
        print("cli: ripgrep is not installed (apt install ripgrep), so nothing is compared with it", flush=True)
    peers = ["ours", "reference", *(["ripgrep"] if ripgrep else [])]
    found: dict[str, list[Measured]] = {peer: [{} for _ in range(rounds)] for peer in peers}
    with ours_and_reference("cli") as (ours, theirs):
        jobs = {"ours": make_dataset(ours, ["quick"] * quick), "reference": make_dataset(theirs, ["quick"] * quick)}
        compile_all(ours, jobs["ours"])
        compile_all(theirs, jobs["reference"])
        text = ours.project / "lines.txt"
        if ripgrep:
            with text.open("wb") as file:
                subprocess.run([ours.ax, "cat", jobs["ours"]], cwd=ours.project, check=True, stdout=file)
        for number in range(rounds):
            print(f"cli: round {number + 1} of {rounds}", flush=True)
            for case, words in COMMANDS.items():
                for peer, program in (("ours", ours), ("reference", theirs)):
                    command = [program.ax, *(jobs[peer] if word == "JOB" else word for word in words)]
                    timed(found[peer][number], case, command, program.project)
                if ripgrep and case in RIPGREP:
                    timed(found["ripgrep"][number], case, [ripgrep, "-j2", *RIPGREP[case], text], ours.project)
    return found
