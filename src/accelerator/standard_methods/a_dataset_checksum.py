"""Computes a checksum of a dataset."""

# mypy: allow-untyped-defs, no-check-untyped-defs
from accelerator import DotDict, UserError
from accelerator.standard_methods.chains import check_columns
from accelerator.standard_methods.checksums import combined, slice_sum

version = 2

description = """Compute a checksum of the values of a dataset, with the names and types of its columns.

It is the same for equal values, however they are stored and on whatever machine. With sort the order of the rows and
how they are sliced do not matter either, only which rows there are and how many times.

The result has sum (an int), columns, sort and source.
"""

options = {
    # The columns that count. Empty for all.
    "columns": set(),
    # The order of the rows, and the slices they are in, do not count.
    "sort": True,
}

datasets = (
    "source",  # the dataset, without its chain
)


def prepare(options, datasets):
    source = datasets.source
    if not source:
        raise UserError("No source specified")
    columns = sorted(options.columns or source.columns)
    check_columns(source, columns)
    for name in columns:
        if source.columns[name].type == "pickle":
            print(f"WARNING: Column {name} is pickle, may not work")
    return columns


def analysis(sliceno, datasets, prepare_res):
    return slice_sum(datasets.source, sliceno, prepare_res)


def synthesis(options, datasets, prepare_res, analysis_res):
    source = datasets.source
    types = [(name, source.columns[name].type) for name in prepare_res]
    checksum = combined(types, list(analysis_res), options.sort)
    print(f"{source.quoted}: {checksum:032x}")
    return DotDict(sum=checksum, sort=options.sort, columns=prepare_res, source=source)
