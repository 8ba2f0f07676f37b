"""From the rounds of all programs to a table of ratios, as Markdown and as JSON."""

from __future__ import annotations

import datetime
import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from programs import REFERENCE, Measured

# By program, in the order of the columns: what each round measured. "ours" is the first.
Rounds = dict[str, list[Measured]]
Row = dict[str, object]


def number_of(measure: dict[str, float]) -> float:
    """Return the number of a measurement, whatever its unit."""
    return next(measure[unit] for unit in ("ns", "ms", "s", "bytes") if unit in measure)


def table(rounds: Rounds) -> list[Row]:
    """Median, spread and ratio of each measurement over the rounds."""
    rows = []
    for case in rounds["ours"][0]:
        if not all(case in one for one in rounds["ours"]):  # the memory of a job too short to be looked at
            continue
        ours = [number_of(one[case]) for one in rounds["ours"]]
        row: Row = {"case": case, "ours": median(ours), "spread": [min(ours), max(ours)]}
        for peer, results in rounds.items():
            if peer != "ours" and all(case in one for one in results):
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
    packages = {}
    for name in ("accelerator", "pyarrow", "numpy", "duckdb", "polars"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{cpu}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{name} {number}" for name, number in packages.items()),
        "reference": REFERENCE,
    }


def as_markdown(title: str, note: str, head: dict[str, str], rows: list[Row], peers: list[str]) -> str:
    """Return the table under its heading."""
    lines = [f"# Benchmark: {title}", ""]
    lines += [f"* {key}: {value}" for key, value in head.items()]
    lines += [
        "",
        f"{note} Median (min–max).",
        "× is how many times faster (or smaller) we are, the median over the rounds.",
        "",
    ]
    lines.append("| case | ours | " + " | ".join(f"{peer} | ×" for peer in peers) + " |")
    lines.append("|---|---|" + "---|---|" * len(peers))
    for row in rows:
        cells = [f"{row['case']}", _cell(row["ours"], row["spread"])]
        for peer in peers:
            cells += (
                [_cell(row[peer], row[f"{peer} spread"]), f"{row[f'ratio {peer}']:.2f}"] if peer in row else ["", ""]
            )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(middle: object, spread: object) -> str:
    low, high = spread  # type: ignore[misc]
    return f"{middle:.4g} ({low:.4g}–{high:.4g})"


def save(directory: Path, name: str, text: str, head: dict[str, str], rows: list[Row]) -> None:
    """Write the table as Markdown and as JSON."""
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.md").write_text(text)
    (directory / f"{name}.json").write_text(json.dumps({"heading": head, "rows": rows}, indent=2) + "\n")
