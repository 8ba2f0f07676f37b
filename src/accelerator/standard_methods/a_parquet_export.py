"""Writes datasets to Parquet files."""

# mypy: allow-untyped-defs, no-check-untyped-defs
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from accelerator import DatasetList, UserError
from accelerator.standard_methods.chains import check_new_files

version = 1

description = """Export datasets to Parquet files, in the job.

One file, with the rows of slice 0 of all datasets first; or with sliced one file for each slice; or with partition_by
a directory for each value of some columns. Types are those that other programs understand: a number column is double
or int64 where nothing is lost, json is text.
"""

options = {
    # Name of the file in the job, or of the directory with partition_by. With sliced "%" is where the slice number
    # goes, as in "part%d.parquet"; without "%" it is put before the last dot.
    "filename": "result.parquet",
    # The columns to write. Empty for all, sorted by name.
    "labels": [],
    # Write a file for each slice.
    "sliced": False,
    # Columns whose values become directories, as in year=2024/month=5/0.parquet.
    "partition_by": [],
    # Export the whole chain of each source.
    "chain_source": False,
    # zstd, snappy, gzip, lz4, brotli or none.
    "compression": "zstd",
}

# source: the datasets, at least one.
datasets = (["source"],)


def prepare(job, options, datasets, slices):
    if not datasets.source or not all(datasets.source):
        raise UserError("No source specified")
    sources = datasets.source
    if options.chain_source:
        sources = DatasetList(dataset for source in sources for dataset in source.chain())
    labels = list(dict.fromkeys(options.labels or sorted(sources[0].columns)))
    for dataset in sources:
        for label in [*labels, *options.partition_by]:
            if label not in dataset.columns:
                raise KeyError(f"{dataset.quoted} has no column {label!r}")
            if dataset.columns[label].type == "pickle":
                raise UserError(f"column {label!r} of {dataset.quoted} holds pickles, leave it out by giving labels")
    labels += [label for label in options.partition_by if label not in labels]
    if options.partition_by and not set(labels) - set(options.partition_by):
        raise UserError("partition_by leaves no column for the files")
    names = [options.filename]
    if options.sliced and not options.partition_by:
        names = [sliced_name(options.filename, sliceno) for sliceno in range(slices)]
    check_new_files(job, names)
    return sources, labels, names


def sliced_name(filename, sliceno):
    """Return the name of the file of a slice."""
    if "%" in filename:
        return filename % sliceno
    path = Path(filename)
    return str(path.with_name(f"{path.stem}.{sliceno}{path.suffix}"))


def analysis(sliceno, job, options, prepare_res):
    sources, labels, names = prepare_res
    if options.partition_by:
        write_partitions(sliceno, job, options, sources, labels)
    elif options.sliced:
        write_file(job, names[sliceno], sources, labels, options, [sliceno])


def synthesis(job, options, prepare_res, slices):
    sources, labels, names = prepare_res
    if options.partition_by:
        for path in sorted(Path(job.path, options.filename).rglob("*.parquet")):
            job.register_file(path)
    elif not options.sliced:
        write_file(job, names[0], sources, labels, options, range(slices))


def write_file(job, name, sources, labels, options, slicenos):
    """Write the rows of some slices to one file."""
    schema = pa.RecordBatchReader.from_stream(sources.arrow).schema
    schema = pa.schema([schema.field(label) for label in labels])
    with job.open(name, "wb") as file, pq.ParquetWriter(file, schema, compression=options.compression) as target:
        for sliceno in slicenos:
            for batch in sources.batches(sliceno, labels):
                target.write_batch(batch)


def write_partitions(sliceno, job, options, sources, labels):
    """Write the rows of a slice to directories by the values of some columns."""
    schema = pa.RecordBatchReader.from_stream(sources.arrow).schema
    schema = pa.schema([schema.field(label) for label in labels])
    by = pads.partitioning(pa.schema([schema.field(label) for label in options.partition_by]), flavor="hive")
    form = pads.ParquetFileFormat()
    pads.write_dataset(
        sources.batches(sliceno, labels),
        Path(job.path, options.filename),
        schema=schema,
        format=form,
        file_options=form.make_write_options(compression=options.compression),
        partitioning=by,
        basename_template=f"{sliceno}.{{i}}.parquet",
        existing_data_behavior="overwrite_or_ignore",
        use_threads=False,
    )
