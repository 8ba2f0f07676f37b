"""Imports Parquet files."""

# mypy: allow-untyped-defs, no-check-untyped-defs
from pathlib import Path

from accelerator import DatasetWriter, OptionFile, UserError, status
from accelerator.standard_methods.a_csvimport import input_files
from accelerator.standard_methods.arrow_types import values_of
from accelerator.standard_methods.parquet_plan import plan_files

version = 2

description = """Import Parquet files as one dataset.

Each slice has as many rows, one after the other in the order of the files, so that iterating over all slices gives the
order in the files. Integers become int32 or int64, decimals number (without fraction) or float64, strings unicode,
dictionaries what their values are. Lists, structs and maps are refused, or become json. Digits of times beyond
microseconds are refused.
"""

options = {
    # Relative to the input directory. May be a list, or have the wildcards * ? [.
    "filename": OptionFile(none_ok=True, multiple=True),
    # Instead of filename: a directory. All *.parquet files below it are read, sorted by name; directories named like
    # year=2024 make a column of that name: int64 if all are integers, else unicode.
    "directory": OptionFile(none_ok=True, directory=True),
    # The columns to import. Empty for all.
    "columns": [],
    # Lists, structs and maps become json columns.
    "nested_as_json": False,
}

datasets = ("previous",)


def prepare(job, options, datasets):
    if bool(options.filename) == bool(options.directory):
        raise UserError("give either filename or directory")
    root = None
    if options.directory:
        root = Path(job.input_filename(options.directory))
        found = [path.relative_to(root) for path in root.rglob("*.parquet") if path.is_file()]
        paths = [root / path for path in sorted(found) if not is_hidden(path)]
    else:
        paths = list(input_files(job, options.filename))
    if not paths:
        raise UserError(f"there are no Parquet files in {root or options.filename}")
    plan = plan_files(paths, root, options.columns, options.nested_as_json)
    writer = DatasetWriter(
        columns={name: (column.type, True) for name, column in plan.columns.items()},
        filename=str(root or paths[0]),
        caption=f"parquet_import of {root or paths[0]}",
        previous=datasets.previous,
    )
    return plan, writer


def is_hidden(path):
    """Say whether a file is not data, by the names of it and its directories: a custom of all that write such."""
    *directories, name = path.parts
    if name.startswith(("_", ".")):
        return True
    return any(part.startswith(".") or (part.startswith("_") and "=" not in part) for part in directories)


def analysis(sliceno, slices, prepare_res):
    plan, writer = prepare_res
    first, end = plan.rows * sliceno // slices, plan.rows * (sliceno + 1) // slices
    done = 0
    with status("Reading") as update:
        for path, arrays in plan.batches(first, end):
            with values_of(path):
                writer.write_batch(arrays)
            done += len(next(iter(arrays.values())))
            update(f"Reading {path}: {done * 100 // (end - first)} % of {end - first:,} lines")


def synthesis(prepare_res):
    plan, _ = prepare_res
    return {"num_lines": plan.rows}
