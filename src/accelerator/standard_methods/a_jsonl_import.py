"""Imports files with a JSON object on each line."""

# mypy: allow-untyped-defs, no-check-untyped-defs
import gc
from collections import defaultdict

from accelerator import DatasetWriter, OptionFile, UserError, build
from accelerator.column import COLUMN_TYPES
from accelerator.standard_methods.a_csvimport import input_files, plain_file
from accelerator.standard_methods.arrow_types import values_of
from accelerator.standard_methods.json_lines import LineReader, line_blocks, sampled_kinds
from accelerator.standard_methods.json_values import column_type

version = 2

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


def prepare(job, options, datasets):
    for name, coltype in options.column2type.items():
        if coltype not in COLUMN_TYPES:
            known = ", ".join(sorted(COLUMN_TYPES))
            raise UserError(f"column2type: there is no column type {coltype!r} for {name!r}, only {known}")
        if options.columns and name not in options.columns:
            raise UserError(f"column2type names {name!r}, which columns does not")
    (path,) = input_files(job, options.filename)
    filename = str(path)
    plain = plain_file(job, path, "", 0)
    # The types are taken from a part of the lines: if the others agree, all slices can write at once.
    kinds = sampled_kinds(plain, filename, options.columns)
    types = types_of(kinds, options)
    if not types:
        return plain, filename, None, kinds, types
    writer = DatasetWriter(
        columns={name: (coltype, True) for name, coltype in types.items()},
        filename=filename,
        caption=f"jsonl_import of {filename}",
        previous=datasets.previous,
    )
    return plain, filename, writer, kinds, types


def types_of(kinds, options):
    """Return the column types by name, for the kinds of values that there are."""
    names = sorted({*kinds, *options.columns, *options.column2type})
    return {name: options.column2type.get(name) or column_type(kinds.get(name, set())) for name in names}


def analysis(sliceno, slices, options, prepare_res):
    # Where Python reads the lines, millions of dicts come and go, none of them part of a cycle.
    gc.disable()
    plain, filename, writer, sampled, types = prepare_res
    reader = LineReader(plain, filename, options.columns, types)
    lines, fits = 0, writer is not None
    found = defaultdict(set)
    for position, text in line_blocks(plain, filename, sliceno, slices):
        block = reader.columns(position, text)
        lines += block.rows
        for name, kinds in block.kinds.items():
            found[name] |= kinds
        fits = fits and types_of(union(sampled, block.kinds), options) == types
        if fits and block.rows:
            with values_of(filename):
                writer.write_batch({name: block.column(name, coltype) for name, coltype in types.items()})
    return lines, fits, dict(found)


def union(*all_kinds):
    """Return all kinds of values that there are by name."""
    found = defaultdict(set)
    for kinds in all_kinds:
        for name, own in kinds.items():
            found[name] |= own
    return found


def synthesis(options, datasets, prepare_res, analysis_res):
    _, filename, writer, sampled, _ = prepare_res
    lines, fits, kinds = zip(*analysis_res, strict=True)
    if not all(fits):
        if writer is not None:
            writer.discard()
        types = types_of(union(sampled, *kinds), options)
        if not types:
            raise UserError(f"there is no JSON object in {filename}")
        # Now they are known.
        made = build("jsonl_import", filename=options.filename, columns=options.columns, column2type=types)
        made.dataset().link_to_here(override_previous=datasets.previous or None)
    return {"num_lines": sum(lines)}
