"""Imports files with a JSON object on each line."""

# mypy: allow-untyped-defs, no-check-untyped-defs
import gc
from collections import defaultdict

import pyarrow as pa

from accelerator import DatasetWriter, OptionFile, UserError
from accelerator.column import COLUMN_TYPES
from accelerator.standard_methods.a_csvimport import input_files, plain_file
from accelerator.standard_methods.arrow_types import values_of
from accelerator.standard_methods.json_lines import as_column, column_type, columns_of, parsed_lines

version = 1

description = """Import a file of JSON lines: one object on each line, one column for each key.

The type of a column is what all its values are: bool, int64, float64, number (integers and floats, or large integers)
or unicode. What is nested, or of different kinds, becomes json. A key that is missing is None. Each slice has the
lines of a part of the file, one after the other. The file may be packed with gzip, bzip2, xz or zstd.
"""

options = {
    # Relative to the input directory.
    "filename": OptionFile(),
    # The keys to import. Empty for all.
    "columns": [],
    # Key -> column type (such as int64 or json), instead of the type that the values have. Values that do not fit fail
    # the job.
    "column2type": {},
}

datasets = ("previous",)


def prepare(job, options):
    for name, coltype in options.column2type.items():
        if coltype not in COLUMN_TYPES:
            known = ", ".join(sorted(COLUMN_TYPES))
            raise UserError(f"column2type: there is no column type {coltype!r} for {name!r}, only {known}")
        if options.columns and name not in options.columns:
            raise UserError(f"column2type names {name!r}, which columns does not")
    (path,) = input_files(job, options.filename)
    return plain_file(job, path, "", 0), str(path)


def analysis(sliceno, slices, job, options, prepare_res):
    # Millions of dicts come and go, none of them part of a cycle; looking for some takes half as long as the parsing.
    gc.disable()
    plain, filename = prepare_res
    wanted = set(options.columns)
    blocks = []
    with job.open("rows", "wb", sliceno, temp=True) as file:
        for objects in parsed_lines(plain, filename, sliceno, slices):
            rows = objects
            if wanted:
                rows = [{name: each[name] for name in each.keys() & wanted} for each in objects]
            kinds, arrays = columns_of(rows)
            blocks.append((len(rows), kinds))
            # The columns of blocks differ, so each is a stream of its own.
            batch = pa.record_batch(list(arrays.values()), names=list(arrays))
            with pa.ipc.new_stream(file, batch.schema) as stream:
                stream.write_batch(batch)
    return blocks


def synthesis(job, options, datasets, prepare_res, analysis_res):
    blocks_of = list(analysis_res)
    kinds = defaultdict(set)
    for blocks in blocks_of:
        for _, own in blocks:
            for name, found in own.items():
                kinds[name] |= found
    for name in {*options.columns, *options.column2type}:
        kinds[name] |= set()
    if not kinds:
        raise UserError(f"there is no JSON object in {prepare_res[1]}")
    types = {name: options.column2type.get(name) or column_type(found) for name, found in sorted(kinds.items())}
    writer = DatasetWriter(
        columns={name: (coltype, True) for name, coltype in types.items()},
        filename=prepare_res[1],
        caption=f"jsonl_import of {prepare_res[1]}",
        previous=datasets.previous,
    )
    for sliceno, blocks in enumerate(blocks_of):
        writer.set_slice(sliceno)
        with job.open("rows", "rb", sliceno) as file:
            for rows, own in blocks:
                batch = pa.ipc.open_stream(file).read_all()
                arrays = {name: batch.column(name).combine_chunks() for name in batch.schema.names}
                if not rows:
                    continue
                with values_of(prepare_res[1]):
                    writer.write_batch(
                        {name: as_column(coltype, own, name, arrays, rows) for name, coltype in types.items()}
                    )
    return {"num_lines": sum(rows for blocks in blocks_of for rows, _ in blocks)}
