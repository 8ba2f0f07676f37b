"""What DuckDB and Polars need for the vectorised measurements, on one thread, over slice 0 of our dataset's files."""

import json
import sys
from pathlib import Path
from time import process_time


def measure(function, repeat):
    function()  # the first run also imports and plans
    start = process_time()
    for _ in range(repeat):
        function()
    return (process_time() - start) / repeat


def with_duckdb(path):
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    rows = connection.sql(f"select count(*) from '{path}'").fetchall()[0][0]
    return rows, {
        "sum a column": lambda: connection.sql(f"select sum(float64) from '{path}'").fetchall(),
        "group by, vectorised": lambda: connection.sql(
            f"select date, sum(float64) from '{path}' group by date"
        ).fetchall(),
    }


def with_polars(path):
    import polars as pl

    rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    return rows, {
        "sum a column": lambda: pl.scan_parquet(path).select(pl.col("float64").sum()).collect(),
        "group by, vectorised": lambda: pl.scan_parquet(path).group_by("date").agg(pl.col("float64").sum()).collect(),
    }


def main(peer, job):
    path = Path(job) / "DS" / "default" / "0.parquet"
    rows, cases = {"duckdb": with_duckdb, "polars": with_polars}[peer](path)
    print(
        json.dumps({case: {"ns": measure(function, 5) / rows * 1e9, "rows": rows} for case, function in cases.items()})
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
