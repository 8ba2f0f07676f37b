description = "Every measurement of the dataset layer; the same script for both programs. Flags: ours, quick."

import json
import os

TYPES = [
    "ascii",
    "bool",
    "bytes",
    "complex32",
    "complex64",
    "date",
    "datetime",
    "float32",
    "float64",
    "int32",
    "int64",
    "json",
    "number",
    "pickle",
    "time",
    "unicode",
]
FIVE = {name: name for name in ("ascii", "datetime", "float64", "int64", "unicode")}


def disk_size(job):
    total = 0
    for folder, _, names in os.walk(os.path.join(job.path, "DS")):
        total += sum(os.path.getsize(os.path.join(folder, name)) for name in names)
    return total


def main(urd):
    blocks = 16 if "quick" in urd.flags else 256  # of 4 096 rows: a million
    result = {}

    def run(case, method, **kw):
        job = urd.build(method, force_build=True, **kw)
        measured = job.load()
        seconds = measured.get("children") or measured["seconds"]
        result[case] = {"ns": seconds / measured["rows"] * 1e9, "rows": measured["rows"]}
        return job

    def write(case, columns, blocks, active=1):
        return run(case, "bench_write", options={"columns": columns, "blocks": blocks, "active": active})

    def iterate(case, source, columns, method="bench_iterate", **options):
        return run(case, method, options={"columns": columns, **options}, datasets={"source": source})

    five = write("write 5 columns, one slice", FIVE, blocks)
    result["size of 5 columns, bytes a row"] = {"bytes": disk_size(five) / result["write 5 columns, one slice"]["rows"]}
    source = write("write 5 columns, all slices", {**FIVE, "date": "date"}, blocks, active=2)
    for active, label in ((1, "one slice"), (2, "all slices")):
        iterate(f"iterate 5 columns, {label}", source, sorted(FIVE), active=active)
        iterate(f"iterate int64, {label}, 3 times", source, ["int64"], active=active, repeat=3)
    iterate("iterate with filter", source, ["float64", "ascii"], how="filter")
    iterate("iterate with range", source, ["float64", "ascii"], how="range")
    iterate("group by in Python rows", source, ["date", "float64"], how="group")
    if "ours" in urd.flags:
        more = {"source": source}
        run("sum a column", "bench_batches", options={"how": "sum", "repeat": 5}, datasets=more)
        run("group by, vectorised", "bench_batches", options={"how": "group"}, datasets=more)
    for coltype in TYPES:
        n = blocks // 4 if coltype in ("json", "pickle") else blocks
        job = write(f"write {coltype}", {"v": coltype}, n)
        iterate(f"iterate {coltype}", job, ["v"])
    # What reading costs before the first row.
    few = write("write 1 block of 5 columns", FIVE, 1)
    measured = iterate("iterate 1 block of 5 columns", few, sorted(FIVE)).load()
    result["iterate 1 block of 5 columns, all of it, ms"] = {"ms": measured["seconds"] * 1e3}
    del result["iterate 1 block of 5 columns"], result["write 1 block of 5 columns"]
    print("BENCH-RESULT " + json.dumps(result))
    print("BENCH-SOURCE " + source.path)
