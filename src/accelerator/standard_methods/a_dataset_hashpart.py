"""Moves rows to the slices that the hash of a column says."""

# mypy: allow-untyped-defs, no-check-untyped-defs

from accelerator import DatasetUsageError, DatasetWriter, OptionString, UserError
from accelerator.column import COLUMN_TYPES
from accelerator.standard_methods.chains import listed_columns, refuse_empty, source_chain
from accelerator.standard_methods.progress import shown

version = 1

description = """Partition datasets by the hash of a column.

Afterwards all rows with the same value of that column are in the same slice. Each dataset from source back to what
the job of previous had as source becomes a dataset here; the newest is the default one.
"""

options = {
    # The column to hash.
    "hashlabel": OptionString,
    # Caption of the datasets; %(caption)s is that of the dataset read.
    "caption": '"%(caption)s" hashed on %(hashlabel)s',
    # Read at most so many datasets of the chain.
    "length": -1,
    # Write a chain of one dataset per slice read, instead of one dataset.
    "chain_slices": False,
}

datasets = ("source", "previous")


def prepare(options, datasets, slices):
    chain = source_chain(datasets, options.length)
    refuse_empty(chain, options.length)
    label = options.hashlabel
    for dataset in chain:
        if label not in dataset.columns:
            raise DatasetUsageError(
                f"Hashed column ({label!r}) missing in {dataset.quoted} ({listed_columns(dataset, label)})"
            )
        if not COLUMN_TYPES[dataset.columns[label].type].hashable:
            raise DatasetUsageError(
                f"{dataset.quoted}: column {label!r} of type {dataset.columns[label].type} cannot be hashed"
            )
    previous = datasets.previous
    work = []
    for number, dataset in enumerate(chain):
        columns = {name: (column.type, chain.none_support(name)) for name, column in dataset.columns.items()}
        name = "default" if number == len(chain) - 1 else str(number)
        caption = caption_of(options.caption, dataset, label)
        writers = []
        for only in range(slices) if options.chain_slices else [None]:
            last = only is None or (name == "default" and only == slices - 1)
            previous = DatasetWriter(
                name=name if last else f"{number}.{only}",
                columns=columns,
                hashlabel=label,
                filename=dataset.filename,
                caption=caption if only is None else f"{caption} (slice {only})",
                previous=previous,
                for_single_slice=only,
                all_slices=only is None,
            )
            writers.append(previous)
        work.append((dataset, writers))
    return work


def caption_of(template, dataset, hashlabel):
    try:
        return template % {"caption": dataset.caption or dataset.quoted, "hashlabel": hashlabel}
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"caption {template!r} must be a text with %(caption)s and %(hashlabel)s, or without; %% is a percent sign"
        ) from None


def analysis(sliceno, options, prepare_res):
    for dataset, writers in prepare_res:
        writer = writers[sliceno if options.chain_slices else 0]
        write = writer.get_split_write_batch()
        batches = dataset.batches(sliceno, exact=True)
        for batch in shown(f"Partitioning {dataset.quoted}", batches, dataset.lines[sliceno]):
            write(batch)
        writer.close_slice(sliceno)
