"""Makes a dataset of the result of an SQL query."""

# mypy: allow-untyped-defs, no-check-untyped-defs
import json
import re
from collections import deque
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset  # what Dataset.sql reads with: imported here once, else by every job

from accelerator import DatasetWriter, OptionString, UserError, status
from accelerator.standard_methods.arrow_types import column_of

version = 1

description = """Run an SQL query over datasets, and make a dataset of its result.

The query is one SELECT in DuckDB's dialect. The rows are dealt to the slices in turn, in the order that the query's
outermost ORDER BY says; without one they are sorted by all columns from left to right, so that the result is always
the same. (Rows that an ORDER BY leaves equal can come in any order.) Decimals and sums of integers become numbers.
"""

options = {
    # The query. The tables have the names in "names".
    "query": OptionString,
    # Name of each source in the query. By default "ds" for the first, "ds1" for the second, and so on.
    "names": [],
    # Each table is the whole chain of its source.
    "chain_source": False,
    # Partition the result by the hash of this column.
    "hashlabel": str,
}

datasets = (
    ["source"],  # the tables, at least one
    "previous",
)


def prepare(job, options, datasets):
    if not datasets.source or not all(datasets.source):
        raise UserError("No source specified")
    names = options.names or ["ds", *(f"ds{number}" for number in range(1, len(datasets.source)))]
    if len(names) != len(datasets.source) or len(set(names)) != len(names):
        raise UserError(f"names must have a different one for each of the {len(datasets.source)} sources")
    tables = {
        name: source.chain() if options.chain_source else source
        for name, source in zip(names, datasets.source, strict=True)
    }
    Path(job.path, ".tmp").mkdir(exist_ok=True)
    try:
        ordered = is_ordered(options.query)
        with status("Running the query") as update:
            result = datasets.source[0].sql(without_end(options.query), **tables)
            write((result if ordered else result.order("all")).to_arrow_reader(), options, datasets, update)
    except duckdb.OutOfMemoryException as error:
        message = f"{error}\nHow much it may use is said by memory in [execution] of accelerator.toml."
    except duckdb.Error as error:
        message = with_right_line(str(error), options.query)
    else:
        return
    # Outside of the handler: DuckDB objects in a traceback would live until the process ends.
    if "integrity" in message:
        read_all(tables.values())
    raise UserError(f"the query failed: {message}")


def read_all(tables):
    """Read all of some tables: of a damaged page DuckDB cannot say which file it is in.

    Raises:
        DatasetCorruptError: it says so.
    """
    for table in tables:
        deque(table.batches(exact=True), maxlen=0)


def is_ordered(query):
    """Say whether a query has an outermost ORDER BY.

    Raises:
        duckdb.ParserException: it cannot be understood.
        UserError: it is not one SELECT.
    """
    first, *others = words(query) or [""]
    if first in {"select", "from", "values"} and not {"order", ";"} & set(others):
        return False  # without a connection, which takes as long as many a query
    with duckdb.connect() as connection:
        statements = connection.extract_statements(query)
        if len(statements) != 1:
            raise UserError(f"the query must be one statement, not {len(statements)}")
        ((found,),) = connection.execute("select json_serialize_sql(?::varchar)", [query]).fetchall()
    parsed = json.loads(found)
    if parsed["error"]:
        raise UserError(f"the query must be a SELECT: {parsed['error_message']}")
    return any(modifier["type"] == "ORDER_MODIFIER" for modifier in parsed["statements"][0]["node"]["modifiers"])


def words(query):
    """Return what a query is made of, keywords in lower case, without comments and semicolons at its end."""
    text = without_end(query).encode()
    tokens = duckdb.tokenize(text.decode())
    ends = [start for start, _ in tokens[1:]] + [len(text)] * bool(tokens)
    return [
        text[start:end].strip().lower().decode()
        for (start, kind), end in zip(tokens, ends, strict=True)
        if kind != duckdb.token_type.comment
    ]


def without_end(query):
    """Return a query without semicolons and comments at its end."""
    text = query.encode()
    for start, kind in reversed(duckdb.tokenize(query)):
        if kind != duckdb.token_type.comment and text[start : start + 1] != b";":
            break
        text = text[:start]
    return text.decode()


def with_right_line(message, query):
    """Return what DuckDB says with the line of the query as the user wrote it: ordering it puts lines before it."""
    lines = query.splitlines()
    if found := re.search(r"^LINE (\d+): (.*)$", message, re.MULTILINE):
        said = int(found[1])
        for number in range(min(said, len(lines)), 0, -1):
            if lines[number - 1] == found[2]:
                head, caret = message[: found.start()], message[found.end() + 1 :]
                caret = caret[len(found[1]) - len(str(number)) :]
                return f"{head}LINE {number}: {found[2]}\n{caret}"
    return message


def write(result, options, datasets, update):
    """Write the rows of an Arrow stream to a dataset."""
    names = result.schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"the result has several columns named {', '.join(map(repr, twice))}; name them with AS")
    columns = {
        field.name: column_of(
            field, nested_as_json=False, mend="convert it in the query", mend_nested="use to_json() in the query"
        )
        for field in result.schema
    }
    if options.hashlabel is not None and options.hashlabel not in columns:
        raise UserError(f"the result has no column {options.hashlabel!r} to hash, it has {', '.join(columns)}")
    writer = DatasetWriter(
        columns={name: (column.type, True) for name, column in columns.items()},
        hashlabel=options.hashlabel,
        previous=datasets.previous,
    )
    write_batch = writer.get_split_write_batch()
    lines = 0
    for batch in result:
        arrays = [column.array(batch.column(name)) for name, column in columns.items()]
        write_batch(pa.record_batch(arrays, names=list(columns)))
        lines += batch.num_rows
        update(f"Running the query: {lines:,} lines written")
