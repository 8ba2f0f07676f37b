"""What the standard methods do, by DuckDB and Polars from files to files, on as many threads as we have slices.

    method_peers.py PEER CASE FILES SOURCES THREADS

FILES and SOURCES are JSON: the input files by kind, the directories of our jobs whose Parquet files are read.
"""

import json
import os
import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

MOMENT = "%Y-%m-%d %H:%M:%S"


def duckdb_cases(files, untyped, typed, threads, out):
    import duckdb

    connection = duckdb.connect(config={"threads": threads, "temp_directory": str(out)})
    typing = (
        f'id::bigint id, strptime("when", \'{MOMENT}\') "when", "user", country, amount::double amount, '
        '"count"::int "count", flag <> \'0\' flag, text'
    )
    untyping = ", ".join(f'"{name}"::varchar "{name}"' for name in json.loads(files["labels"]))
    csv = f"read_csv('{files['csv']}', all_varchar=true, quote='\"', header=true)"

    def copy(query, how="(format parquet)", name="x.parquet"):
        return lambda: connection.sql(f"copy ({query}) to '{out / name}' {how}")

    rows = f"select * from read_parquet('{typed}')"
    turn = "select *, file_row_number, filename from read_parquet('{}', file_row_number=true, filename=true)"
    columns = 'hash(id, "when", "user", country, amount, "count", flag, text)'
    return {
        "csvimport": copy(f"select * from {csv}"),
        "csvimport with types": copy(f"select {typing} from {csv}"),
        "dataset_type": copy(f"select {typing} from (select {untyping} from read_parquet('{untyped}'))"),
        "dataset_hashpart": copy(
            f'select *, hash("user") % {threads} as h from ({rows})', "(format parquet, partition_by (h))", "parts"
        ),
        "dataset_sort by integer": copy(f"{rows} order by id"),
        "dataset_sort by text and time": copy(f'{rows} order by "user", "when"'),
        "dataset_sort across slices": copy(f"{rows} order by id"),
        "csvexport": copy(rows, "(format csv)", "x.csv"),
        "dataset_checksum": lambda: connection.sql(f"select bit_xor({columns}) from ({rows})").fetchall(),
        "dataset_unroundrobin": copy(
            f"select * exclude (file_row_number, filename) from ({turn.format(typed)}) "
            "order by file_row_number, filename"
        ),
        "dataset_fanout to 2": copy(rows, "(format parquet, partition_by (flag))", "parts"),
        "dataset_fanout to 40": copy(rows, "(format parquet, partition_by (country))", "parts"),
        "parquet_export": copy(rows),
        "parquet_import": copy(rows),
        "jsonl_import": copy(f"select * from read_json('{files['jsonl']}', format='newline_delimited')"),
        "dataset_sql": copy(f"select country, count(*) as n, sum(amount) as total from ({rows}) group by country"),
    }


def polars_cases(files, untyped, typed, threads, out):
    import polars as pl

    rows = pl.scan_parquet(typed)
    raw = pl.scan_csv(files["csv"], infer_schema=False)
    types = {"id": pl.Int64, "amount": pl.Float64, "count": pl.Int32}
    casts = [pl.col(name).cast(kind) for name, kind in types.items()]
    casts += [pl.col("when").str.to_datetime(MOMENT), pl.col("flag") != "0"]
    text = pl.scan_parquet(untyped).with_columns(pl.all().cast(pl.String))

    def sink(frame):
        return lambda: frame.sink_parquet(out / "x.parquet")

    def partition(frame, key):
        return lambda: frame.sink_parquet(pl.PartitionBy(out / "parts", key=key), mkdir=True)

    def unroundrobin():
        paths = sorted(Path(typed).parent.glob("*.parquet"))
        turns = [
            pl.scan_parquet(path).with_row_index("turn").with_columns(pl.lit(i).alias("slice"))
            for i, path in enumerate(paths)
        ]
        pl.concat(turns).sort("turn", "slice").drop("turn", "slice").sink_parquet(out / "x.parquet")

    return {
        "csvimport": sink(raw),
        "csvimport with types": sink(raw.with_columns(casts)),
        "dataset_type": sink(text.with_columns(casts)),
        "dataset_hashpart": partition(rows.with_columns((pl.col("user").hash() % threads).alias("h")), "h"),
        "dataset_sort by integer": sink(rows.sort("id")),
        "dataset_sort by text and time": sink(rows.sort("user", "when")),
        "dataset_sort across slices": sink(rows.sort("id")),
        "csvexport": lambda: rows.sink_csv(out / "x.csv"),
        "dataset_checksum": lambda: rows.collect().hash_rows().sum(),
        "dataset_unroundrobin": unroundrobin,
        "dataset_fanout to 2": partition(rows, "flag"),
        "dataset_fanout to 40": partition(rows, "country"),
        "parquet_export": sink(rows),
        "parquet_import": sink(rows),
        "jsonl_import": sink(pl.scan_ndjson(files["jsonl"])),
        "dataset_sql": sink(rows.group_by("country").agg(pl.len(), pl.col("amount").sum())),
    }


def main(peer, case, files, sources, threads):
    os.environ["POLARS_MAX_THREADS"] = threads
    directories = json.loads(sources)
    untyped, typed = (f"{directories[name]}/DS/default/*.parquet" for name in ("untyped", "typed"))
    make = {"duckdb": duckdb_cases, "polars": polars_cases}[peer]
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as out:
        cases = make(json.loads(files), untyped, typed, int(threads), Path(out))
        if case not in cases:
            print("{}")
            return
        start, cpu = perf_counter(), process_time()
        cases[case]()
        measured = {
            f"{case}, s": {"s": perf_counter() - start},
            f"{case}, CPU s": {"s": process_time() - cpu},
            f"{case}, peak MiB": {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024},
        }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(*sys.argv[1:])
