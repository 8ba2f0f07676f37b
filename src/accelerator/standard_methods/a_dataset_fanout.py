"""Makes a dataset for each value of a column."""

# mypy: allow-untyped-defs, no-check-untyped-defs
import itertools
import tempfile
from pathlib import Path

import numpy as np

from accelerator import DatasetList, DatasetWriter, OptionString, UserError, build
from accelerator.column.numpy_view import arrow_array
from accelerator.standard_methods.chains import check_columns, refuse_empty
from accelerator.standard_methods.fanout import common_type, text_values
from accelerator.standard_methods.progress import shown
from accelerator.standard_methods.reorder import in_order
from accelerator.standard_methods.sorting import with_ranks

version = 1

description = """Make a dataset of its own for the rows with each value of a column.

The datasets are named after the values, and have all other columns that every dataset of the chain has. Rows stay in
their slices. Datasets of an earlier fanout job, given as previous, are continued.
"""

options = {
    # The column whose values become datasets.
    "column": OptionString,
    # Read at most so many datasets of the chain.
    "length": -1,
}

datasets = ("source",)

jobs = (
    "previous",  # an earlier dataset_fanout job, to go on from where its source ended
)


def prepare(options, datasets, jobs):
    if not datasets.source:
        raise UserError("No source specified")
    stop = {jobs.previous: "source"} if jobs.previous else None
    chain = datasets.source.chain(length=options.length, stop_ds=stop)
    refuse_empty(chain, options.length)
    for dataset in chain:
        check_columns(dataset, [options.column])
    names = set.intersection(*(set(dataset.columns) for dataset in chain)) - {options.column}
    if not names:
        raise UserError(f"no column besides {options.column!r} is in all datasets of the chain")
    columns = {
        name: (common_type(name, (dataset.columns[name].type for dataset in chain)), chain.none_support(name))
        for name in sorted(names)
    }
    hashlabels = {dataset.hashlabel for dataset in chain}
    hashlabel = hashlabels.pop() if len(hashlabels) == 1 else None
    collected = build(
        "dataset_fanout_collect",
        column=options.column,
        length=options.length,
        source=datasets.source,
        previous=jobs.previous,
    )
    earlier = {dataset.name: dataset for dataset in jobs.previous.datasets} if jobs.previous else {}
    writers = {
        name: DatasetWriter(
            name=name,
            columns=columns,
            hashlabel=None if hashlabel == options.column else hashlabel,
            previous=earlier.get(name),
        )
        for name in sorted({*collected.load(), *earlier})
    }
    return chain, columns, writers


# Up to so many datasets are written at the same time, each with the memory that a writer needs.
_FEW = 8


def analysis(sliceno, job, options, prepare_res):
    chain, columns, writers = prepare_res
    if len(writers) <= _FEW:
        _write_few(chain, sliceno, options.column, columns, writers)
        return
    with tempfile.TemporaryDirectory(dir=job.path, prefix=".fanout-") as directory:
        for alike in _runs(chain, columns):
            numbers = _numbers(alike, sliceno, options.column, list(writers))
            counts = np.bincount(numbers, minlength=len(writers))
            # NumPy sorts 16 bit integers by radix.
            order = np.argsort(numbers.astype(np.uint16) if len(writers) <= 1 << 16 else numbers, kind="stable")
            ranks = np.empty_like(order)
            ranks[order] = np.arange(len(order))
            pieces = with_ranks(alike.batches(sliceno, list(columns), exact=True), ranks)
            _write(in_order(pieces, len(ranks), Path(directory)), counts, list(writers.values()))
            if alike[-1] == chain[-1]:
                for writer in writers.values():
                    writer.close_slice(sliceno)


def _write_few(chain, sliceno, column, columns, writers):
    for dataset in chain:
        batches = dataset.batches(sliceno, [column, *columns], exact=True)
        for batch in shown(f"Distributing {dataset.quoted}", batches, dataset.lines[sliceno]):
            values, numbers = text_values(dataset.columns[column].type, batch.column(0))
            rows = batch.select(list(columns))
            for number, value in enumerate(values):
                writers[value].write_batch(rows.take(arrow_array(np.flatnonzero(numbers == number))))


def _runs(chain, columns):
    """Yield the parts of the chain whose datasets have the same types."""
    for _, run in itertools.groupby(chain, lambda dataset: [dataset.columns[name].type for name in columns]):
        yield DatasetList(run)


def _numbers(run, sliceno, column, values):
    """Return for each row the number of its value."""
    by_value = {value: number for number, value in enumerate(values)}
    found = [np.empty(0, np.uint32)]
    for dataset in run:
        batches = dataset.batches(sliceno, column, exact=True)
        for batch in shown(f"Reading {dataset.quoted}", batches, dataset.lines[sliceno]):
            own, indices = text_values(dataset.columns[column].type, batch.column(0))
            found.append(np.array([by_value[value] for value in own], np.uint32)[indices])
    return np.concatenate(found)


def _write(batches, counts, writers):
    """Write rows that stand in the order of the values."""
    waiting = iter(zip(counts, writers, strict=True))
    left, writer = 0, None
    for batch in shown("Distributing", batches, int(sum(counts))):
        done = 0
        while done < batch.num_rows:
            while not left:
                left, writer = next(waiting)
            rows = batch.slice(done, left)
            writer.write_batch(rows)
            done += rows.num_rows
            left -= rows.num_rows
