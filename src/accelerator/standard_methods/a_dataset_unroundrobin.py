"""Puts rows that were dealt out to the slices in turn back in their order."""

# mypy: allow-untyped-defs, no-check-untyped-defs
import itertools

from accelerator import DatasetUsageError, DatasetWriter, UserError
from accelerator.standard_methods.chains import listed_columns
from accelerator.standard_methods.progress import shown
from accelerator.standard_methods.reorder import MOST_STREAMS, in_order, merged
from accelerator.standard_methods.resources import memory_of, temporary_directory
from accelerator.standard_methods.roundrobin import RoundRobin

version = 1

description = """Undo the round robin order of a dataset such as csvimport makes.

The new dataset has the rows of slice 0, 1, … one after the other in the order in which source has them in turn, that
is, mostly, the order of the file they came from. Each slice has as many rows as before.
"""

options = {
    # Rows one after the other with the same value of this column stay in one slice: that of the first of them.
    "trigger_column": str,
}

datasets = ("source", "previous")


def prepare(options, datasets):
    source = datasets.source
    if not source:
        raise UserError("No source specified")
    trigger = options.trigger_column
    if trigger is not None and trigger not in source.columns:
        raise DatasetUsageError(
            f"Trigger column {trigger!r} not in {source.quoted} ({listed_columns(source, trigger)})"
        )
    writer = DatasetWriter(
        columns=source.columns, filename=source.filename, caption=source.caption, previous=datasets.previous
    )
    turns = RoundRobin(source.lines)
    edges = turns.edges
    if trigger is not None:
        values = source.iterate("roundrobin", trigger, status_reporting=False)
        edges = moved_edges(edges, values)
    return writer, turns, edges


def moved_edges(edges, values):
    """Return the edges of the slices, each moved on to the next value that differs from the one before.

    Args:
        edges: of the slices without regard to values; a 0 first.
        values: of all rows.
    """
    moved = []
    waiting = list(edges[1:])
    before = object()
    row = 0
    for row, value in enumerate(values):
        # NaN is not equal to itself, but always the same object.
        if value is not before and value != before:
            while waiting and waiting[0] <= row:
                moved.append(row if waiting.pop(0) else 0)
        before = value
    return [0, *moved, *(edges[-1] if edge else 0 for edge in waiting)]


def analysis(sliceno, datasets, job, prepare_res):
    writer, turns, edges = prepare_res
    first, end = edges[sliceno], edges[sliceno + 1]
    streams = [pieces(datasets.source, turns, number, first, end) for number in range(len(datasets.source.lines))]
    if len(streams) <= MOST_STREAMS:
        write(writer, merged(streams), end - first)
        return
    with temporary_directory(job) as directory:
        batches = in_order(itertools.chain.from_iterable(streams), end - first, directory, memory_of(job))
        write(writer, batches, end - first)


def pieces(source, turns, sliceno, first, end):
    """Yield the rows of a slice of the source that come from ``first`` to before ``end``, and where, from there."""
    start, stop = turns.rows_between(sliceno, first, end)
    if start == stop:
        return
    for batch in source.batches(sliceno, exact=True, slice=slice(start, stop)):
        yield batch, turns.positions(sliceno, start, batch.num_rows) - first
        start += batch.num_rows


def write(writer, batches, lines):
    """Write record batches."""
    for batch in shown("Putting in order", batches, lines):
        writer.write_batch(batch)
