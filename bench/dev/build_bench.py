description = "Every measurement of the dataset layer; the same script for both programs. Flags: ours, quick."

import json
import os
import time

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
    blocks = 24 if "quick" in urd.flags else 240
    result = {}

    def run(case, method, **kw):
        job = urd.build(method, force_build=True, **kw)
        measured = job.load()
        key = "children" if measured.get("children") else "seconds"
        result[case] = {"ns": measured[key] / measured["rows"] * 1e9, "rows": measured["rows"]}
        return job

    five = run("write 5 columns, one slice", "bench_write", options={"columns": FIVE, "blocks": blocks, "active": 1})
    result["size of 5 columns, bytes a row"] = {"bytes": disk_size(five) / result["write 5 columns, one slice"]["rows"]}
    source = run(
        "write 5 columns, all slices",
        "bench_write",
        options={"columns": {**FIVE, "date": "date"}, "blocks": blocks, "active": 2},
    )
    for active, label in ((1, "one slice"), (2, "all slices")):
        more = {"source": source}
        run(
            f"iterate 5 columns, {label}",
            "bench_iterate",
            options={"columns": sorted(FIVE), "active": active},
            datasets=more,
        )
        run(
            f"iterate int64, {label}",
            "bench_iterate",
            options={"columns": ["int64"], "active": active, "repeat": 3},
            datasets=more,
        )
    more = {"source": source}
    run(
        "iterate with filter",
        "bench_iterate",
        options={"columns": ["float64", "ascii"], "how": "filter"},
        datasets=more,
    )
    run(
        "iterate with range",
        "bench_iterate",
        options={"columns": ["float64", "ascii"], "how": "range"},
        datasets=more,
    )
    run(
        "group by in Python rows",
        "bench_iterate",
        options={"columns": ["date", "float64"], "how": "group"},
        datasets=more,
    )
    if "ours" in urd.flags:
        run("sum a column", "bench_batches", options={"how": "sum", "repeat": 5}, datasets=more)
        run("group by, vectorised", "bench_batches", options={"how": "group"}, datasets=more)
    for coltype in TYPES:
        n = max(blocks // 8, 4)
        if coltype in ("json", "pickle"):
            n = max(n // 4, 4)
        job = run(f"write {coltype}", "bench_write", options={"columns": {"v": coltype}, "blocks": n})
        run(f"iterate {coltype}", "bench_iterate", options={"columns": ["v"]}, datasets={"source": job})
    fresh = []
    for number in range(20):
        start = time.perf_counter()
        urd.build("bench_empty", options={"number": number}, force_build=True)
        fresh.append(time.perf_counter() - start)
    result["fresh empty job, ms"] = {"ms": sorted(fresh)[10] * 1e3}
    again = []
    for number in range(20):
        start = time.perf_counter()
        urd.build("bench_empty", options={"number": number})
        again.append(time.perf_counter() - start)
    result["job found again, ms"] = {"ms": sorted(again)[10] * 1e3}
    print("BENCH-RESULT " + json.dumps(result))
    print("BENCH-SOURCE " + source.path)
