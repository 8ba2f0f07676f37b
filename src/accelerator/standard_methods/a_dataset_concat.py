"""Makes one dataset of a chain."""

# mypy: allow-untyped-defs, no-check-untyped-defs

from accelerator import DatasetWriter, UserError
from accelerator.standard_methods.chains import common_columns, source_chain
from accelerator.standard_methods.progress import shown

version = 1

description = """Concatenate a chain of datasets into one, without copying data.

From source back to what the job of previous had as source, oldest first. All must have the same columns, types and
hashlabel. With compact the rows are written anew, which is worth while for many small datasets.
"""

options = {
    # Write the rows into new files, instead of referring to those of the datasets.
    "compact": False,
}

datasets = (
    "source",  # the newest of the datasets to concatenate
    "previous",  # what an earlier dataset_concat job made: go on from there
)

# From here on it is said that compact would make reading faster.
_MANY = 16
_SMALL = 20_000


def prepare(options, datasets):
    chain = source_chain(datasets)
    if chain and not options.compact:
        chain.concat(previous=datasets.previous)
        rows = chain.lines() // (len(chain) * len(datasets.source.lines))
        if len(chain) >= _MANY and rows < _SMALL:
            print(f"{len(chain)} datasets with {rows:,} rows per slice each: compact=True would make reading faster.")
        return None
    columns = common_columns(chain) if chain else datasets.source.columns
    hashlabel = datasets.source.hashlabel
    for dataset in chain:
        if dataset.hashlabel != hashlabel:
            raise UserError(f"Dataset {dataset.quoted} has hashlabel {dataset.hashlabel!r}, expected {hashlabel!r}")
    return chain, DatasetWriter(columns=columns, hashlabel=hashlabel, previous=datasets.previous)


def analysis(sliceno, prepare_res):
    if prepare_res is None:
        return
    chain, writer = prepare_res
    for dataset in chain:
        batches = dataset.batches(sliceno, exact=True)
        for batch in shown(f"Copying {dataset.quoted}", batches, dataset.lines[sliceno]):
            writer.write_batch(batch)
