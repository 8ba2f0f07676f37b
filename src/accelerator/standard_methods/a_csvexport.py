"""Writes datasets to text files with separated values."""

# mypy: allow-untyped-defs, no-check-untyped-defs
import contextlib
import gzip
import os
import shutil
from pathlib import Path

from accelerator import UserError, status
from accelerator.standard_methods.chains import (
    check_columns,
    check_compression,
    check_new_files,
    exported_datasets,
    sliced_names,
)
from accelerator.standard_methods.csv_text import CsvFormat
from accelerator.standard_methods.progress import shown

version = 2

description = """Export datasets to a text file with separated values, in the job.

The rows of slice 0 of all datasets come first, then those of slice 1, and so on. With sliced there is one file for
each slice. The text is UTF-8. Files whose names end with .gz are packed.
"""

options = {
    # Name of the file in the job. With sliced "%" is where the slice number goes, as in "part%d.csv"; without "%" it
    # is appended.
    "filename": "result.csv",
    # Between the values of a line. May be empty, or several characters.
    "separator": ",",
    # After each line.
    "line_separator": "\n",
    # Begin the file with the labels.
    "labelsonfirstline": True,
    # Export each source's chain, back to the corresponding source of the previous csvexport job.
    "chain_source": False,
    # Put this around values, doubling it inside. Empty for no quotes.
    "quote_fields": "",
    # Quote only values that could not be read back otherwise.
    "lazy_quotes": True,
    # Write so that csvimport with multiline=True reads it back exactly: values with line ends or quotes in them are
    # quoted too, bytes are written as they are, and in number columns 1.0 is 1.0e0, which is not read as an integer.
    "multiline": False,
    # What to write for None: a text, or {label: text}.
    "none_as": None,
    # The columns to write, in order. Empty for all, sorted by name.
    "labels": [],
    # Write a file for each slice.
    "sliced": False,
    # Of .gz files, 1 to 9.
    "compression": 6,
}

datasets = (
    ["source"],  # the datasets, at least one
)

jobs = (
    "previous",  # an earlier csvexport job, with chain_source
)


def prepare(job, options, datasets, jobs, slices):
    check_compression(options)
    sources = exported_datasets(datasets.source, options.chain_source, jobs.previous)
    labels = options.labels or sorted(datasets.source[0].columns)
    for dataset in sources:
        check_columns(dataset, labels)
    if not labels:
        raise UserError("there are no columns to export")
    none_as = options.none_as
    if none_as:
        texts = list(none_as.values()) if isinstance(none_as, dict) else [none_as]
        if not all(isinstance(text, str) for text in texts):
            raise UserError(f"none_as must be a text, or {{label: text}}, not {none_as!r}")
        unknown = sorted(set(none_as) - set(labels)) if isinstance(none_as, dict) else ()
        if unknown:
            raise UserError(f"none_as has labels that are not exported: {', '.join(map(repr, unknown))}")
    names = [options.filename]
    if options.sliced:
        names = sliced_names(options.filename, slices, f"{options.filename}.%d")
    check_new_files(job, names)
    form = CsvFormat(
        separator=options.separator,
        line_separator=options.line_separator,
        quote=options.quote_fields,
        lazy=options.lazy_quotes,
        exact=options.multiline,
        none_as=none_as,
    )
    return sources, labels, names, form


def analysis(sliceno, job, options, prepare_res):
    sources, labels, names, form = prepare_res
    # What slice 0 writes is the file, others are appended to it.
    name = names[sliceno] if options.sliced else part_name(options.filename, sliceno) if sliceno else names[0]
    packed = is_packed(options.filename)
    with (
        job.open(name, "wb", temp=name not in names) as target,
        packer(target, options.compression) if packed else contextlib.nullcontext(target) as file,
    ):
        if options.labelsonfirstline and (options.sliced or sliceno == 0):
            file.write(form.header(labels))
        for dataset in sources:
            types = [dataset.columns[label].type for label in labels]
            batches = dataset.batches(sliceno, labels, exact=True)
            for batch in shown(f"Exporting {dataset.quoted}", batches, dataset.lines[sliceno]):
                for text in form.lines(batch.select(labels), types):
                    file.write(text)


def part_name(filename, sliceno):
    """Return the name of the file with what a slice adds to the file of that name."""
    return f"{filename}.part.{sliceno}"


def is_packed(filename):
    """Say whether a file of this name is packed with gzip."""
    return filename.lower().endswith(".gz") or ".gz." in filename.lower()


def packer(target, level):
    """Return a file that packs what is written to it."""
    return gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=target, mtime=0)


def synthesis(job, options, slices):
    if options.sliced or slices == 1:
        return
    # gzip files may be put one after the other.
    with status("Joining the parts") as update, Path(job.filename(options.filename)).open("r+b") as target:
        target.seek(0, os.SEEK_END)  # not "ab": copy_file_range refuses files opened for append
        for sliceno in range(1, slices):
            update(f"Joining the parts: {sliceno} of {slices}")
            with job.open(part_name(options.filename, sliceno), "rb") as part:
                append(part, target)


def append(source, target):
    """Copy a file to the end of another, within the kernel where that can be."""
    if hasattr(os, "copy_file_range"):
        target.flush()
        with contextlib.suppress(OSError):  # some file systems cannot; the rest is copied below
            while os.copy_file_range(source.fileno(), target.fileno(), 1 << 30):
                pass
    shutil.copyfileobj(source, target, 1 << 22)
