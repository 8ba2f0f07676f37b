"""Run this program and its peers in turn on the same data; print ratios, save them under bench/results/.

    make bench            all measurements, three rounds
    make bench QUICK=1    small data, one round: does everything still run?

The reference is the PyPI package ``accelerator`` 2025.11.11, installed into a virtual environment of its own and
run as a black box. Its methods and ours are the same files (bench/dev). DuckDB and Polars read the Parquet files
that our run wrote. Times are CPU time per row and process, unless a row says otherwise.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "bench"
REFERENCE = "accelerator==2025.11.11"


def make_reference() -> Path:
    """Install the reference into its own virtual environment; return its `ax`."""
    venv = BUILD / "reference"
    ax = venv / "bin" / "ax"
    if not ax.exists():
        print(f"installing {REFERENCE} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", REFERENCE], check=True)
    return ax


def make_project(name: str, ax: Path, slices: int, *, ours: bool) -> Path:
    """Make a fresh project with the benchmark's methods."""
    project = BUILD / name
    shutil.rmtree(project, ignore_errors=True)
    subprocess.run([ax, "init", "--slices", str(slices), project], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(project / "dev")
    shutil.copytree(HERE / "dev", project / "dev", ignore=shutil.ignore_patterns("__pycache__"))
    if ours:
        for path in (HERE / "ours").glob("*.py"):
            shutil.copy(path, project / "dev")
    else:
        (project / "dev" / "methods.conf").touch()
    return project


def start_server(ax: Path, project: Path) -> subprocess.Popen[bytes]:
    """Start the reference's server and wait until it answers."""
    log = (project / "server.log").open("wb")
    server = subprocess.Popen([ax, "server"], cwd=project, stdout=log, stderr=log, start_new_session=True)
    for _ in range(100):
        if subprocess.run([ax, "status"], cwd=project, capture_output=True, check=False).returncode == 0:
            return server
        time.sleep(0.1)
    raise SystemExit(f"the reference's server did not start, see {project / 'server.log'}")


def run_script(ax: Path, project: Path, flags: list[str]) -> tuple[dict[str, dict[str, float]], str]:
    """Run the build script; return what it measured and where its data is."""
    command = [ax, "run", "bench"] + (["--flags", ",".join(flags)] if flags else [])
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stdout}\n{done.stderr}")
    found = {}
    for line in done.stdout.splitlines():
        marker, _, rest = line.partition(" ")
        if marker.startswith("BENCH-"):
            found[marker] = rest
    return json.loads(found["BENCH-RESULT"]), found["BENCH-SOURCE"]


def run_peer(peer: str, source: str) -> dict[str, dict[str, float]]:
    """Run one of the vector peers over the Parquet files of our dataset."""
    command = [sys.executable, HERE / "vector_peers.py", peer, source]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "POLARS_MAX_THREADS": "1"}
    )
    return json.loads(done.stdout)


def number_of(measure: dict[str, float]) -> float:
    return next(measure[unit] for unit in ("ns", "ms", "bytes") if unit in measure)


def table(rounds: dict[str, list[dict[str, dict[str, float]]]]) -> list[dict[str, object]]:
    """Median, spread and ratio of each measurement over the rounds."""
    rows = []
    for case in rounds["ours"][0]:
        ours = [number_of(one[case]) for one in rounds["ours"]]
        row: dict[str, object] = {"case": case, "ours": median(ours), "spread": [min(ours), max(ours)]}
        for peer, results in rounds.items():
            if peer != "ours" and case in results[0]:
                theirs = [number_of(one[case]) for one in results]
                row[peer] = median(theirs)
                row[f"{peer} spread"] = [min(theirs), max(theirs)]
                row[f"ratio {peer}"] = median(t / o for t, o in zip(theirs, ours, strict=True))
        rows.append(row)
    return rows


def heading() -> dict[str, str]:
    """What was measured, on what."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    packages = {name: version(name) for name in ("accelerator", "pyarrow", "numpy", "duckdb", "polars")}
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{cpu}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{name} {number}" for name, number in packages.items()),
        "reference": REFERENCE,
    }


def as_markdown(head: dict[str, str], rows: list[dict[str, object]], peers: list[str]) -> str:
    lines = ["# Benchmark: datasets and jobs", ""]
    lines += [f"* {key}: {value}" for key, value in head.items()]
    lines += [
        "",
        "Nanoseconds of CPU time a row and process unless the row says otherwise, median (min–max).",
        "× is how many times faster (or smaller) we are, the median over the rounds.",
        "",
    ]
    lines.append("| case | ours | " + " | ".join(f"{peer} | ×" for peer in peers) + " |")
    lines.append("|---|---|" + "---|---|" * len(peers))
    for row in rows:
        low, high = row["spread"]  # type: ignore[misc]
        cells = [f"{row['case']}", f"{row['ours']:.4g} ({low:.4g}–{high:.4g})"]
        for peer in peers:
            if peer in row:
                low, high = row[f"{peer} spread"]  # type: ignore[misc]
                cells += [f"{row[peer]:.4g} ({low:.4g}–{high:.4g})", f"{row[f'ratio {peer}']:.2f}"]
            else:
                cells += ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small data, one round, nothing saved")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rounds_wanted = 1 if arguments.quick else arguments.rounds
    flags = ["quick"] if arguments.quick else []
    BUILD.mkdir(parents=True, exist_ok=True)
    our_ax = Path(sys.executable).parent / "ax"
    reference_ax = make_reference()
    ours = make_project("ours", our_ax, 2, ours=True)
    theirs = make_project("theirs", reference_ax, 2, ours=False)
    peers = ["reference", "duckdb", "polars"]
    rounds: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in ["ours", *peers]}
    server = start_server(reference_ax, theirs)
    try:
        for number in range(rounds_wanted):
            print(f"round {number + 1} of {rounds_wanted}", flush=True)
            result, source = run_script(our_ax, ours, [*flags, "ours"])
            rounds["ours"].append(result)
            rounds["reference"].append(run_script(reference_ax, theirs, flags)[0])
            for peer in ("duckdb", "polars"):
                rounds[peer].append(run_peer(peer, source))
    finally:
        os.killpg(server.pid, signal.SIGTERM)
    head, rows = heading(), table(rounds)
    text = as_markdown(head, rows, peers)
    print(text)
    if not arguments.quick:
        results = HERE / "results"
        results.mkdir(exist_ok=True)
        (results / "datasets.md").write_text(text)
        (results / "datasets.json").write_text(json.dumps({"heading": head, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
