"""Writes datasets to Parquet files."""

# mypy: allow-untyped-defs, no-check-untyped-defs
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from accelerator import UserError
from accelerator.standard_methods.chains import check_columns, check_new_files, exported_datasets, sliced_names
from accelerator.standard_methods.progress import shown

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
    # Export each source's chain, back to the corresponding source of the previous parquet_export job.
    "chain_source": False,
    # zstd, snappy, gzip, lz4, brotli or none.
    "compression": "zstd",
}

datasets = (
    ["source"],  # the datasets, at least one
)

jobs = (
    "previous",  # an earlier parquet_export job, with chain_source
)

_COMPRESSIONS = ("zstd", "snappy", "gzip", "lz4", "brotli", "none")
# Values that would not be the same when read back from the name of a directory.
_NO_NAMES = {pa.binary(), pa.large_binary(), pa.binary_view()}


def prepare(job, options, datasets, jobs, slices):
    sources = exported_datasets(datasets.source, options.chain_source, jobs.previous)
    labels = list(dict.fromkeys(options.labels or sorted(datasets.source[0].columns)))
    for dataset in sources:
        check_columns(dataset, [*labels, *options.partition_by])
        for label in labels:
            if dataset.columns[label].type == "pickle":
                raise UserError(f"column {label!r} of {dataset.quoted} holds pickles, leave it out by giving labels")
    labels += [label for label in options.partition_by if label not in labels]
    if options.partition_by and not set(labels) - set(options.partition_by):
        raise UserError("partition_by leaves no column for the files")
    if options.compression.lower() not in _COMPRESSIONS:
        raise UserError(f"compression must be one of {', '.join(_COMPRESSIONS)}, not {options.compression!r}")
    names = [options.filename]
    if options.sliced and not options.partition_by:
        path = Path(options.filename)
        names = sliced_names(options.filename, slices, str(path.with_name(f"{path.stem}.%d{path.suffix}")))
    check_new_files(job, names)
    # If there is nothing new since previous, the files have at least the columns.
    schema = pa.RecordBatchReader.from_stream((sources or datasets.source).arrow).schema
    for label in options.partition_by:
        if schema.field(label).type in _NO_NAMES or pa.types.is_struct(schema.field(label).type):
            coltype = datasets.source[0].columns[label].type
            raise UserError(f"partition_by: values of type {coltype}, as in column {label!r}, cannot name directories")
    return sources, pa.schema([schema.field(label) for label in labels]), names


def analysis(sliceno, job, options, prepare_res):
    sources, schema, names = prepare_res
    if options.partition_by and sources:
        write_partitions(sliceno, job, options, sources, schema)
    elif options.sliced and not options.partition_by:
        write_file(job, names[sliceno], sources, schema, options, [sliceno])


def synthesis(job, options, prepare_res, slices):
    sources, schema, names = prepare_res
    if options.partition_by:
        for path in sorted(Path(job.path, options.filename).rglob("*.parquet")):
            job.register_file(path)
    elif not options.sliced:
        write_file(job, names[0], sources, schema, options, range(slices))


def write_file(job, name, sources, schema, options, slicenos):
    """Write the rows of some slices to one file. The next batch is decoded, in a thread, while one is written."""
    with job.open(name, "wb") as file, pq.ParquetWriter(file, schema, compression=options.compression) as target:
        for sliceno in slicenos if sources else []:
            batches = sources.batches(sliceno, schema.names)
            for batch in shown(f"Exporting slice {sliceno}", batches, sum(ds.lines[sliceno] for ds in sources)):
                target.write_batch(batch)


def write_partitions(sliceno, job, options, sources, schema):
    """Write the rows of a slice to directories by the values of some columns."""
    by = pads.partitioning(pa.schema([schema.field(label) for label in options.partition_by]), flavor="hive")
    form = pads.ParquetFileFormat()
    pads.write_dataset(
        shown("Exporting", sources.batches(sliceno, schema.names), sum(ds.lines[sliceno] for ds in sources)),
        Path(job.path, options.filename),
        schema=schema,
        format=form,
        file_options=form.make_write_options(compression=options.compression),
        partitioning=by,
        basename_template=f"{sliceno}.{{i}}.parquet",
        existing_data_behavior="overwrite_or_ignore",
        use_threads=False,
    )
