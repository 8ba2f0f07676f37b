"""Sorts a chain of datasets into one dataset."""

# mypy: allow-untyped-defs, no-check-untyped-defs

from pathlib import Path

import numpy as np

from accelerator import DatasetWriter, OptionEnum, OptionString, UserError
from accelerator.column.gather import Gathered
from accelerator.standard_methods.chains import check_columns, common_columns, source_chain
from accelerator.standard_methods.progress import shown
from accelerator.standard_methods.reorder import in_order
from accelerator.standard_methods.resources import memory_of, temporary_directory
from accelerator.standard_methods.sort_keys import SORTABLE
from accelerator.standard_methods.sorting import Sorter, moved_to_changes, ranks_between, slice_edges, with_ranks

version = 2

description = """Sort datasets by one or more columns.

The chain from source back to what the job of previous had as source becomes one dataset. Each slice is sorted by
itself, or with sort_across_slices the whole. Rows with equal values keep their order. None counts as the least value,
but for dates and times as the last there is; NaN as +inf. Descending is the reverse of that. Data of any size are
sorted in bounded memory, by way of temporary files in the job.
"""

options = {
    # The columns to sort by, the most important first.
    "sort_columns": [OptionString],
    # ascending or descending.
    "sort_order": OptionEnum("ascending descending").ascending,
    # Sort all slices together: slice 0 begins with the least rows. Otherwise each slice for itself.
    "sort_across_slices": False,
    # With sort_across_slices: rows with the same value of this column, one of sort_columns, stay in one slice.
    "trigger_column": str,
}

datasets = ("source", "previous")

# Where prepare leaves the place of each row for the slices; it is gone when the job is finished.
RANKS = (".tmp", "ranks.npy")


def prepare(job, options, datasets, slices):
    chain = source_chain(datasets)
    columns = common_columns(chain, more_allowed=True) if chain else datasets.source.columns
    sort_columns = list(dict.fromkeys(options.sort_columns)) or sorted(columns)
    check_columns(datasets.source, sort_columns)
    for name in sort_columns:
        coltype = datasets.source.columns[name].type
        if coltype not in SORTABLE:
            raise UserError(f"column {name!r} of {datasets.source.quoted} cannot be sorted by, it has type {coltype}")
    across, trigger = options.sort_across_slices, options.trigger_column
    if trigger is not None:
        if not across:
            raise UserError("trigger_column only makes sense with sort_across_slices")
        if trigger not in sort_columns:
            raise UserError(f"trigger_column {trigger!r} must be one of sort_columns ({', '.join(sort_columns)})")
    writer = DatasetWriter(
        columns=columns,
        hashlabel=None if across else datasets.source.hashlabel,
        filename=datasets.source.filename if len(chain) == 1 else None,
        caption=job.params.caption or str(job),
        previous=datasets.previous,
    )
    sorter = Sorter(chain, sort_columns, options.sort_order == "descending", trigger)
    edges = None
    if across and chain:
        with temporary_directory(job) as directory:
            keys = chain.batches(None, sort_columns, exact="wide")
            order = sorter.order(keys, chain.lines(), directory, memory_of(job))
            edges = slice_edges(order.positions, slices)
            if trigger is not None:
                edges = moved_to_changes(edges, order.changed)
            np.save(Path(job.path, *RANKS), order.ranks(directory))
    return writer, sorter, edges, list(columns)


def analysis(sliceno, job, prepare_res):
    writer, sorter, edges, columns = prepare_res
    if not sorter.chain:
        return
    with temporary_directory(job) as directory:
        if edges is None:
            rows = sorter.chain.lines(sliceno)
            batches = sorted_slice(sorter, sliceno, columns, directory, memory_of(job))
        else:
            rows = edges[sliceno + 1] - edges[sliceno]
            pieces = ranks_between(sorter.chain, columns, Path(job.path, *RANKS), *edges[sliceno : sliceno + 2])
            batches = in_order(pieces, rows, directory, memory_of(job))
        for batch in shown("Putting in order", batches, rows):
            writer.write_batch(batch)


def sorted_slice(sorter, sliceno, columns, directory, memory):
    """Yield the rows of a slice in order."""
    chain, rows = sorter.chain, sorter.chain.lines(sliceno)
    held = sorter.held(chain.batches(sliceno, columns, exact="dictionaries"), rows, memory)
    if held:
        keys = (batch.select(sorter.columns) for batch in held)
        yield from Gathered(held).batches(sorter.order(keys, rows, directory, memory).positions)
    elif held is None:
        order = sorter.order(chain.batches(sliceno, sorter.columns, exact="wide"), rows, directory, memory)
        pieces = with_ranks(chain.batches(sliceno, columns, exact="wide"), order.ranks(directory))
        del order
        yield from in_order(pieces, rows, directory, memory)
