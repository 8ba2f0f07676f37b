description = "Each standard method on the benchmark's data; the same script for both programs. Flags: ours, only=CASE."

import json
import os
import time

TYPES = {
    "id": "int64_10",
    "when": "datetime:%Y-%m-%d %H:%M:%S",
    "user": "ascii",
    "country": "ascii",
    "amount": "float64",
    "count": "int32_10",
    "flag": "strbool",
    "text": "unicode:utf-8",
}
TICK = os.sysconf("SC_CLK_TCK")
PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def cpu_of_project():
    """Seconds that the processes of this project, and those that they have waited for, have used."""
    total = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(PROJECT):
                with open(f"/proc/{pid}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
                total += sum(map(int, fields[11:15]))
        except OSError:
            pass
    return total / TICK


def main(urd):
    with open(os.path.join(PROJECT, "files.json")) as file:
        files = json.load(file)
    only = [flag[5:] for flag in urd.flags if flag.startswith("only=")]
    result = {}
    windows = {}

    def run(case, method, **kw):
        if only and not case.startswith(tuple(only)):
            return None
        cpu, began, start = cpu_of_project(), time.time(), time.perf_counter()
        job = urd.build(method, **kw)
        seconds = time.perf_counter() - start
        time.sleep(0.1)  # until the processes of the job have been waited for
        result[case + ", s"] = {"s": seconds}
        result[case + ", CPU s"] = {"s": max(cpu_of_project() - cpu, 1 / TICK)}
        windows[case] = [began, began + seconds]
        return job

    urd.build("bench_empty")  # what the first job of a session costs is not what is measured
    untyped = run("csvimport", "csvimport", filename=files["csv"], quotes='"')
    untyped = untyped or urd.build("csvimport", filename=files["csv"], quotes='"')
    run("csvimport_zip", "csvimport_zip", filename=files["zip"], quotes='"')
    typed = run("dataset_type", "dataset_type", column2type=TYPES, source=untyped)
    typed = typed or urd.build("dataset_type", column2type=TYPES, source=untyped)
    more = urd.build("dataset_filter_columns", keep_columns=sorted(TYPES), source=typed, previous=typed)
    if "ours" in urd.flags:
        run("csvimport with types", "csvimport", filename=files["csv"], quotes='"', column2type=TYPES)
    run("dataset_hashpart", "dataset_hashpart", hashlabel="user", source=typed)
    run("dataset_sort by integer", "dataset_sort", sort_columns=["id"], source=typed)
    run("dataset_sort by text and time", "dataset_sort", sort_columns=["user", "when"], source=typed)
    run("dataset_sort across slices", "dataset_sort", sort_columns=["id"], sort_across_slices=True, source=typed)
    run("dataset_concat", "dataset_concat", source=more)
    some = run("dataset_filter_columns", "dataset_filter_columns", keep_columns=["id", "text"], source=typed)
    run("dataset_rename_columns", "dataset_rename_columns", rename={"id": "key"}, source=typed)
    if some:
        run("dataset_merge", "dataset_merge", source=[typed, some])
    run("csvexport", "csvexport", quote_fields='"', source=[typed])
    run("dataset_checksum", "dataset_checksum", source=typed)
    run("dataset_unroundrobin", "dataset_unroundrobin", source=typed)
    run("dataset_fanout to 2", "dataset_fanout", column="flag", source=typed)
    run("dataset_fanout to 40", "dataset_fanout", column="country", source=typed)
    if "ours" in urd.flags:
        exported = run("parquet_export", "parquet_export", source=[typed])
        if exported:
            run("parquet_import", "parquet_import", filename=exported.filename("result.parquet"))
        run("jsonl_import", "jsonl_import", filename=files["jsonl"])
        query = "select country, count(*) as n, sum(amount) as total from ds group by country"
        run("dataset_sql", "dataset_sql", query=query, source=[typed])
    paths = {"untyped": untyped.path, "typed": typed.path}
    print("BENCH-RESULT " + json.dumps(result))
    print("BENCH-WINDOWS " + json.dumps(windows))
    print("BENCH-SOURCES " + json.dumps(paths))
