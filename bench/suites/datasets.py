"""Rows and vectors of datasets, against the reference; vectors also against DuckDB and Polars on our Parquet files."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from programs import HERE, Measured, ours_and_reference

TITLE = "datasets"
NOTE = "Nanoseconds of CPU time a row and process unless the row says otherwise, what a new process costs included."


def run_peer(peer: str, source: str) -> Measured:
    """Run one of the vector peers over the Parquet files of our dataset."""
    command = [sys.executable, HERE / "vector_peers.py", peer, source]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "POLARS_MAX_THREADS": "1"}
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def measure(rounds: int, quick: bool) -> dict[str, list[Measured]]:
    """Return what each round of each program measured."""
    flags = ["quick"] if quick else []
    found: dict[str, list[Measured]] = {"ours": [], "reference": [], "duckdb": [], "polars": []}
    with ours_and_reference("datasets") as (ours, theirs):
        for number in range(rounds):
            print(f"datasets: round {number + 1} of {rounds}", flush=True)
            result, said = ours.run("bench", [*flags, "ours"])
            found["ours"].append(result)
            found["reference"].append(theirs.run("bench", flags)[0])
            for peer in ("duckdb", "polars"):
                found[peer].append(run_peer(peer, said["BENCH-SOURCE"]))
    return found
