"""``ax sql``."""

import csv
import io
import json
import math
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import click
import duckdb
import pyarrow.parquet as pq

from accelerator.cli.command import command as ax_command
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import AcceleratorError, UserError

__all__ = ["command"]

_ROWS = 20_000  # of a batch
_MEASURED = 1000  # rows that say how wide columns are
_FORMATS = ("table", "tsv", "csv", "json", "parquet")


@ax_command(
    "sql",
    examples=[
        ("ax sql 'select count(*) from \"dev-12\"'", "the default dataset of a job"),
        ("ax sql -f csv 'from \"csvimport~1\" limit 9'", "the second newest csvimport, as CSV"),
        ("ax sql -o top.parquet 'from \"dev-3/name\"'", "to a file"),
    ],
    details=(
        "QUERY is DuckDB's SQL; a table is any dataset as for `ax ds`, in double quotes. Where there is no terminal "
        "the output is TAB-separated with a header."
    ),
)
@click.argument("query", metavar="QUERY")
@click.option("-f", "--format", "form", type=click.Choice(_FORMATS), help="How to write; json is an object a line.")
@click.option("--json", "as_json", is_flag=True, help="The same as -f json.")
@click.option("-c", "--chain", is_flag=True, help="A dataset stands for its whole chain.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file; .csv, .tsv, .json or .parquet says how.",
)
@pass_workspace
def command(
    workspace: Workspace, query: str, *, form: str | None, as_json: bool, chain: bool, output: Path | None
) -> None:
    """Run a query."""
    form = _format("json" if as_json else form, output)
    try:
        reader = _result(workspace, query, chains=chain)
        if reader is None:  # a statement without a result
            return
        if output is None:
            _write(reader, form, sys.stdout)
        else:
            _write_file(reader, form, output)
    except duckdb.Error as error:
        # Without what it happened in: DuckDB complains when a connection outlives it.
        message = str(error).strip()
    else:
        return
    raise UserError(message)


def _format(form: str | None, output: Path | None) -> str:
    by_name = output.suffix.lstrip(".").lower() if output is not None else ""
    if form is None and by_name in _FORMATS:
        form = by_name
    if form is None:
        form = "table" if output is None and sys.stdout is not None and sys.stdout.isatty() else "tsv"
    if form == "parquet" and output is None:
        raise click.UsageError("parquet is written to a file: add -o FILE")
    return form


def _result(workspace: Workspace, query: str, *, chains: bool) -> Any:
    """Return the rows of a query as an Arrow stream, None if it is a statement that has none."""
    tables: dict[str, Any] = {}
    refused = []
    with duckdb.connect(":memory:") as connection:
        names = connection.get_table_names(query)
    for name in sorted(names):
        try:
            dataset = workspace.dataset(name)
        except AcceleratorError as error:
            refused.append(f"{name!r} is no dataset: {error}")  # it may still be something that DuckDB knows
        else:
            tables[name] = dataset.chain() if chains else dataset
    try:
        # A query without datasets is run as one on no dataset would be.
        first = next(iter(tables.values()), None)
        relation = duckdb.connect(":memory:").sql(query) if first is None else first.sql(query, **tables)
    except duckdb.CatalogException as error:
        raise UserError("\n".join([*refused, str(error)])) from None
    return None if relation is None else relation.to_arrow_reader(_ROWS)


def _write_file(reader: Any, form: str, output: Path) -> None:
    """Write a file aside, and give it its name when it is whole."""
    aside = output.with_name(f".{output.name}.{os.getpid()}.new")
    try:
        if form == "parquet":
            with pq.ParquetWriter(aside, reader.schema) as writer:
                for batch in reader:
                    writer.write_batch(batch)
        else:
            with aside.open("w", encoding="utf-8", newline="") as file:
                _write(reader, form, file)
        aside.replace(output)
    finally:
        aside.unlink(missing_ok=True)


def _write(reader: Any, form: str, file: TextIO) -> None:
    names = reader.schema.names
    if form == "json":
        for row in _rows(reader):
            values = map(_jsonable, row)
            file.write(json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False) + "\n")
    elif form == "table":
        _write_table(names, _rows(reader), file)
    else:
        dialect: dict[str, Any] = {"lineterminator": "\n", "delimiter": "," if form == "csv" else "\t"}
        csv.writer(file, **dialect).writerow(names)
        for rows in _blocks(_rows(reader)):
            text = io.StringIO()
            csv.writer(text, **dialect).writerows(map(_text, row) for row in rows)
            file.write(text.getvalue())


def _write_table(names: Sequence[str], rows: Iterator[tuple[Any, ...]], file: TextIO) -> None:
    """Write columns below each other; the first rows say how wide they are, so that the others need not be awaited."""
    first = [[_text(value) for value in row] for row in islice(rows, _MEASURED)]
    widths = [max(map(len, column)) for column in zip(names, *first, strict=True)]
    room = shutil.get_terminal_size().columns
    widths = [min(width, room) for width in widths]
    for row in chain([names], first, ([_text(value) for value in row] for row in rows)):
        cells = (text.replace("\n", "\\n").ljust(width) for text, width in zip(row, widths, strict=True))
        file.write("  ".join(cells).rstrip() + "\n")


def _rows(reader: Any) -> Iterator[tuple[Any, ...]]:
    for batch in reader:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _blocks(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while block := list(islice(rows, _ROWS)):
        yield block


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _jsonable(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): _jsonable(item) for key, item in value.items()}
        case list() | tuple():
            return [_jsonable(item) for item in value]
        case datetime() | date() | time():
            return str(value)
    return _text(value)
