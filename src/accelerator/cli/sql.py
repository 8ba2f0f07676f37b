"""``ax sql``."""

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import click
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from accelerator.cli import sql_values
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
        "the output is TAB-separated with a header.\n\n"
        "In JSON, integers of any size are numbers, decimals text, dates and times text like 2013-12-31T12:30:00, "
        "lists and structs nested, and NaN and infinity null. A json column is text; col::json nests it."
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
        relation = _relation(workspace, query, chains=chain)
        if relation is None:  # a statement without a result
            return
        result = Result(relation)
        if output is None:
            _write(result, form, sys.stdout)
        else:
            _write_file(result, form, output)
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


class Result:
    """What a query gives, as a stream.

    Args:
        relation: of DuckDB.
    """

    def __init__(self, relation: Any) -> None:
        self.reader = relation.to_arrow_reader(_ROWS)
        self.names: list[str] = self.reader.schema.names
        self._json = [str(kind) == "JSON" for kind in relation.types]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows."""
        for batch in self.reader:
            yield from sql_values.rows(batch, self._json)


def _relation(workspace: Workspace, query: str, *, chains: bool) -> Any:
    """Return a query on datasets, None if it is a statement that has no rows."""
    tables: dict[str, Any] = {}
    refused = {}
    with duckdb.connect(":memory:") as connection:
        names = connection.get_table_names(query)
    for name in sorted(names):
        try:
            dataset = workspace.dataset(name)
        except AcceleratorError as error:
            refused[name] = f"{name!r} is no dataset: {error}"  # it may still be something that DuckDB knows
        else:
            tables[name] = dataset.chain() if chains else dataset
    try:
        # A query without datasets is run as one on no dataset would be.
        first = next(iter(tables.values()), None)
        return _without_datasets(query) if first is None else first.sql(query, **tables)
    except duckdb.CatalogException as error:
        # That there is no such table has been said better, if it might have been a dataset.
        missing = [reason for name, reason in refused.items() if f"Table with name {name} does not exist" in str(error)]
        raise UserError("\n".join(missing) or str(error)) from None


def _without_datasets(query: str) -> Any:
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")  # as with datasets
    return connection.sql(query)


def _write_file(result: Result, form: str, output: Path) -> None:
    """Write a file aside, and give it its name when it is whole."""
    aside = output.with_name(f".{output.name}.{os.getpid()}.new")
    names = sql_values.unique(result.names)
    try:
        if form == "parquet":
            schema = pa.schema(field.with_name(name) for field, name in zip(result.reader.schema, names, strict=True))
            with pq.ParquetWriter(aside, schema) as writer:
                for batch in result.reader:
                    writer.write_batch(batch.rename_columns(names))
        else:
            with aside.open("w", encoding="utf-8", newline="") as file:
                _write(result, form, file)
        aside.replace(output)
    except OSError as error:
        if error.errno and aside.name in str(error):
            raise UserError(f"{output}: {os.strerror(error.errno)}") from None
        raise
    finally:
        aside.unlink(missing_ok=True)


def _write(result: Result, form: str, file: TextIO) -> None:
    names = result.names
    if form == "json":
        names = sql_values.unique(names)
        for row in result.rows():
            values = dict(zip(names, map(sql_values.jsonable, row), strict=True))
            file.write(json.dumps(values, ensure_ascii=False) + "\n")
    elif form == "table":
        _write_table(names, result.rows(), file)
    else:
        dialect: dict[str, Any] = {"lineterminator": "\n", "delimiter": "," if form == "csv" else "\t"}
        csv.writer(file, **dialect).writerow(names)
        for rows in _blocks(result.rows()):
            text = io.StringIO()
            csv.writer(text, **dialect).writerows(map(sql_values.text, row) for row in rows)
            file.write(text.getvalue())


def _write_table(names: Sequence[str], rows: Iterator[tuple[Any, ...]], file: TextIO) -> None:
    """Write columns below each other; the first rows say how wide they are, so that the others need not be awaited."""
    first = [[sql_values.text(value) for value in row] for row in islice(rows, _MEASURED)]
    widths = [max(map(len, column)) for column in zip(names, *first, strict=True)]
    room = shutil.get_terminal_size().columns
    widths = [min(width, room) for width in widths]
    for row in chain([names], first, ([sql_values.text(value) for value in row] for row in rows)):
        cells = (text.replace("\n", "\\n").ljust(width) for text, width in zip(row, widths, strict=True))
        file.write("  ".join(cells).rstrip() + "\n")


def _blocks(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while block := list(islice(rows, _ROWS)):
        yield block
