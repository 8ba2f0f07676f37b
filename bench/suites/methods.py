"""Each standard method on 217 MB, against the reference; DuckDB and Polars do the same from file to file."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from memory import MemoryWatch
from method_data import LABELS, make_files
from programs import BUILD, HERE, Measured, Program, ours_and_reference

TITLE = "standard methods"
NOTE = (
    "2 million lines of 8 columns, 217 MB as CSV, in 2 slices; DuckDB and Polars on 2 threads, reading the "
    "Parquet files that our run wrote. Seconds from the call to the finished job, what is fsynced included; seconds "
    "of CPU of all processes; most memory of all processes together, shared pages counted once."
)
THREADS = 2


def run(program: Program, files: dict[str, str], flags: list[str]) -> tuple[Measured, str]:
    """Run the build script; return what it measured, and where its jobs are."""
    (program.project / "files.json").write_text(json.dumps(files))
    with MemoryWatch(program.project) as memory:
        measured, said = program.run("methods", flags)
    for case, window in json.loads(said["BENCH-WINDOWS"]).items():
        peak = memory.peak(*window)
        if peak:  # none was seen of a job that took next to no time
            measured[f"{case}, peak MiB"] = {"bytes": peak}
    return measured, said["BENCH-SOURCES"]


def run_peer(peer: str, cases: list[str], files: dict[str, str], sources: str) -> Measured:
    """Run the cases of a peer, each in a process of its own."""
    found: Measured = {}
    labels = {**files, "labels": json.dumps(LABELS)}
    for case in cases:
        command = [sys.executable, HERE / "method_peers.py", peer, case, json.dumps(labels), sources, str(THREADS)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=BUILD)
        found.update(json.loads(done.stdout))
    return found


def measure(rounds: int, quick: bool) -> dict[str, list[Measured]]:
    """Return what each round of each program measured. $BENCH_ONLY names the beginnings of the cases wanted."""
    files = {kind: str(path) for kind, path in make_files(BUILD / "data", quick=quick).items()}
    flags = [f"only={case}" for case in filter(None, os.environ.get("BENCH_ONLY", "").split(","))]
    found: dict[str, list[Measured]] = {"ours": [], "reference": [], "duckdb": [], "polars": []}
    for number in range(rounds):
        print(f"methods: round {number + 1} of {rounds}", flush=True)
        # A project made anew for each round: nothing is found again, and the disk does not fill.
        with ours_and_reference("methods") as (ours, theirs):
            measured, sources = run(ours, files, [*flags, "ours"])
            found["ours"].append(measured)
            found["reference"].append(run(theirs, files, flags)[0])
            cases = [name.removesuffix(", s") for name in measured if name.endswith(", s") and "CPU" not in name]
            for peer in ("duckdb", "polars"):
                found[peer].append(run_peer(peer, cases, files, sources))
    return found
