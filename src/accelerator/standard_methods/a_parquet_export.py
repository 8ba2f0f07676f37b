"""Writes datasets to Parquet files."""

# mypy: allow-untyped-defs, no-check-untyped-defs
import errno
import itertools
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from accelerator import UserError
from accelerator.column.dictionary import DICTIONARY_BYTES, fitting, has_dictionary
from accelerator.standard_methods.a_csvexport import part_name
from accelerator.standard_methods.chains import check_columns, check_new_files, exported_datasets, sliced_names
from accelerator.standard_methods.parquet_join import join_files
from accelerator.standard_methods.progress import shown

version = 2

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
        if not label or label.startswith(".") or set(label) & set("=/%\0"):
            raise UserError(
                f"partition_by: the name of column {label!r} cannot begin the name of a directory, where it may not be "
                "empty, begin with a dot, or have = / % or NUL in it; dataset_rename_columns gives it another"
            )
        if schema.field(label).type in _NO_NAMES or pa.types.is_struct(schema.field(label).type):
            coltype = datasets.source[0].columns[label].type
            raise UserError(f"partition_by: values of type {coltype}, as in column {label!r}, cannot name directories")
    return sources, pa.schema([schema.field(label) for label in labels]), names


def analysis(sliceno, job, options, prepare_res):
    sources, schema, names = prepare_res
    if options.partition_by:
        if sources:
            write_partitions(sliceno, job, options, sources, schema)
        return
    # What slice 0 writes is the file, others are appended to it.
    name = names[sliceno] if options.sliced else part_name(names[0], sliceno) if sliceno else names[0]
    lines = sum(dataset.lines[sliceno] for dataset in sources)
    shared = has_large_groups(sources, schema.names)
    batches = sources.batches(sliceno, schema.names, exact="dictionaries" if shared else False) if sources else ()
    with job.open(name, "wb", temp=name not in names) as file:
        write_file(file, shown("Exporting", batches, lines), schema, options.compression, shared)


def synthesis(job, options, prepare_res, slices):
    _, _, names = prepare_res
    if options.partition_by:
        for path in sorted(Path(job.path, options.filename).rglob("*.parquet")):
            job.register_file(path)
    elif not options.sliced and slices > 1:
        parts = [part_name(names[0], sliceno) for sliceno in range(1, slices)]
        join_files([Path(job.filename(name)) for name in (names[0], *parts)])


# So is the directory of the rows without a value named by all who write such directories.
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

# So many values are looked at to see whether a dictionary pays, which it does if each comes so often.
SAMPLE = 8192
REPETITIVE = 4


# What is repetitive comes with its dictionary, of a row group. So large must these be on the average for each to become
# one here too: many small ones would make reading slow.
GROUP = 65_536
# These are not shown as they are stored.
CONVERTED = {"json", "number"}


def has_large_groups(sources, labels):
    """Say whether repetitive text can be written with the dictionaries that it is stored with."""
    if any(dataset.columns[label].type in CONVERTED for dataset in sources for label in labels):
        return False
    filled = [lines for dataset in sources for lines in dataset.lines if lines]
    return sum(filled) >= GROUP * len(filled)


def write_file(file, batches, schema, compression, shared):
    """Write record batches to a Parquet file. The next one is decoded, in a thread, while one is written."""
    waiting = iter(batches)
    first = [batch for batch in [next(waiting, None)] if batch is not None]
    columns = {name: column for batch in first for name, column in zip(batch.schema.names, batch.columns, strict=True)}
    dictionaries = [name for name, column in columns.items() if is_repetitive(column)]
    fields = [
        field.with_type(columns[field.name].type) if columns and has_dictionary(columns[field.name]) else field
        for field in schema
    ]
    with pq.ParquetWriter(
        file,
        pa.schema(fields),
        compression=compression,
        use_dictionary=dictionaries or False,
        dictionary_pagesize_limit=DICTIONARY_BYTES,
        # It would say that these columns have dictionaries, in one slice perhaps and not in another.
        store_schema=not shared,
    ) as target:
        for batch in itertools.chain(first, waiting):
            if shared:
                arrays = [fitting(batch.column(field.name), field.type) for field in fields]
                target.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), max(batch.num_rows, 1))
            else:
                target.write_batch(batch)


def is_repetitive(array):
    """Say whether a column is smaller and quicker to write with a dictionary."""
    if has_dictionary(array):
        return True
    sample = array.slice(0, SAMPLE)
    if pa.types.is_nested(array.type) or pa.types.is_boolean(array.type):
        return False
    return pc.count_distinct(sample, mode="all").as_py() * REPETITIVE <= len(sample)


def write_partitions(sliceno, job, options, sources, schema):
    """Write the rows of a slice to directories by the values of some columns."""
    by = pads.partitioning(pa.schema([schema.field(label) for label in options.partition_by]), flavor="hive")
    form = pads.ParquetFileFormat()
    batches = shown("Exporting", sources.batches(sliceno, schema.names), sum(ds.lines[sliceno] for ds in sources))
    texts = [label for label in options.partition_by if pa.types.is_string(schema.field(label).type)]
    try:
        pads.write_dataset(
            nameable(batches, texts),
            Path(job.path, options.filename),
            schema=schema,
            format=form,
            file_options=form.make_write_options(compression=options.compression),
            partitioning=by,
            basename_template=f"{sliceno}.{{i}}.parquet",
            existing_data_behavior="overwrite_or_ignore",
            use_threads=False,
        )
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        columns = ", ".join(map(repr, texts))
        raise UserError(
            f"partition_by: column {columns} has a value that is too long for the name of a directory"
        ) from None


def nameable(batches, labels):
    """Yield record batches; a text in one of some columns that would not be read back as itself is refused."""
    for batch in batches:
        for label in labels:
            array = batch.column(label)
            for found, why in (
                (pc.equal(array, NO_VALUE), "which as the name of a directory means None"),
                (pc.match_substring(array, "\0"), "and no name of a directory has a NUL"),
            ):
                if pc.any(found).as_py():
                    raise UserError(
                        f"partition_by: column {label!r} has the value {array.filter(found)[0].as_py()!r}, {why}; "
                        "replace it, or partition by other columns"
                    )
        yield batch
