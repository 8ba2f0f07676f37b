"""Collects the values of a column, for dataset_fanout."""

# mypy: allow-untyped-defs, no-check-untyped-defs
from accelerator import OptionString
from accelerator.standard_methods.fanout import text_values
from accelerator.standard_methods.progress import shown

version = 1

description = """Collect the different values of a column, as text. A helper of dataset_fanout."""

options = {
    # The column.
    "column": OptionString,
    # Read at most so many datasets of the chain.
    "length": -1,
}

datasets = ("source",)

jobs = (
    "previous",  # an earlier dataset_fanout job; its source is not read again
)


def analysis(sliceno, options, datasets, jobs):
    stop = {jobs.previous: "source"} if jobs.previous else None
    found = set()
    for dataset in datasets.source.chain(length=options.length, stop_ds=stop):
        batches = dataset.batches(sliceno, options.column, exact=True)
        for batch in shown(f"Reading {dataset.quoted}", batches, dataset.lines[sliceno]):
            found.update(text_values(dataset.columns[options.column].type, batch.column(0))[0])
    return found


def synthesis(analysis_res):
    return set().union(*analysis_res)
