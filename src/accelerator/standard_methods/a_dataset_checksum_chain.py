"""Computes a checksum of a chain of datasets."""

# mypy: allow-untyped-defs, no-check-untyped-defs
from functools import reduce
from operator import xor

from accelerator import DotDict, UserError, build
from accelerator.standard_methods.chains import check_columns

version = 2

description = """Compute a checksum of a chain of datasets: the exclusive or of their checksums by dataset_checksum.

The result has sum (an int), columns, sort and sources.
"""

options = {
    # At most so many datasets, -1 for all.
    "chain_length": -1,
    # The columns that count. Empty for all of each dataset.
    "columns": set(),
    # The order of the rows, and the slices they are in, do not count.
    "sort": True,
}

datasets = (
    "source",  # the newest of the datasets
    "stop",  # the chain ends before this dataset
)


def synthesis(options, datasets):
    if not datasets.source:
        raise UserError("No source specified")
    chain = datasets.source.chain(length=options.chain_length, stop_ds=datasets.stop)
    if not chain:
        raise UserError("the chain is empty, there is nothing to sum")
    for source in chain:
        check_columns(source, options.columns)
    jobs = [build("dataset_checksum", columns=options.columns, sort=options.sort, source=source) for source in chain]
    sums = [job.load() for job in jobs]
    total = reduce(xor, (each.sum for each in sums))
    for source, each in zip(chain, sums, strict=True):
        print(f"{source.quoted}: {each.sum:032x}")
    print(f"Total: {total:032x}")
    return DotDict(sum=total, columns=sums[-1].columns, sort=options.sort, sources=list(chain))
