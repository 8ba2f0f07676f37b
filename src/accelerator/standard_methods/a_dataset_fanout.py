"""Makes a dataset for each value of a column."""

# mypy: allow-untyped-defs, no-check-untyped-defs
import itertools

import numpy as np

from accelerator import DatasetList, DatasetWriter, OptionString, UserError, build
from accelerator.standard_methods.chains import check_columns, refuse_empty
from accelerator.standard_methods.fanout import (
    Numbered,
    common_type,
    ranks_by_number,
    text_values,
    windows,
    write_ordered,
    write_window,
)
from accelerator.standard_methods.progress import shown
from accelerator.standard_methods.reorder import held_batches, in_order
from accelerator.standard_methods.resources import memory_of, temporary_directory
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
# From so many rows on in each, text is likely to be worth a dictionary.
_MANY_ROWS = 1 << 16


def analysis(sliceno, job, options, prepare_res):
    chain, columns, writers = prepare_res
    memory = memory_of(job)
    runs = list(_runs(chain, [options.column, *columns]))
    for run in runs:
        rows = run.lines(sliceno)
        finish = (lambda writer: writer.close_slice(sliceno)) if run is runs[-1] else _go_on
        numbered = _numbered(run, sliceno, options.column, columns, writers)
        held = held_batches(numbered, rows, memory, lambda each: each.cost)
        if held is not None:
            write_window(held, list(writers.values()), finish)
            continue
        if len(writers) <= _FEW:
            for window in windows(_numbered(run, sliceno, options.column, columns, writers), memory // 2):
                write_window(window, list(writers.values()), _go_on)
            continue
        counts, ranks = ranks_by_number(_numbered(run, sliceno, options.column, (), writers), len(writers))
        with temporary_directory(job) as directory:
            pieces = with_ranks(run.batches(sliceno, list(columns), exact="wide"), ranks)
            write_ordered(in_order(pieces, rows, directory, memory), counts, list(writers.values()), finish)


def _go_on(_writer):
    """Leave a writer open: there are more rows to come."""


def _runs(chain, columns):
    """Yield the parts of the chain whose datasets have the same types."""
    for _, run in itertools.groupby(chain, lambda dataset: [dataset.columns[name].type for name in columns]):
        yield DatasetList(run)


def _numbered(run, sliceno, column, columns, writers):
    """Yield the rows of datasets with the same types, and for each row the number of its value."""
    by_value = {value: number for number, value in enumerate(writers)}
    coltype = run[0].columns[column].type
    rows = run.lines(sliceno)
    # Text hardly repeats itself within the few rows of one of many datasets.
    exact = "dictionaries" if rows >= len(writers) * _MANY_ROWS else "wide"
    batches = run.batches(sliceno, [column, *columns], exact=exact)
    for batch in shown("Distributing", batches, rows):
        values, indices = text_values(coltype, batch.column(0))
        numbers = np.array([by_value[value] for value in values], np.uint32)[indices]
        yield Numbered(batch.select(list(columns)), numbers)
