"""Imports text files with separated values, each column of bytes or typed at once."""

# mypy: allow-untyped-defs, no-check-untyped-defs
from pathlib import Path

from accelerator import NoSuchDatasetError, OptionFile, UserError, build, status
from accelerator.standard_methods.csv_plan import INFER, check_options, plan_file
from accelerator.standard_methods.csv_slice import SliceImport
from accelerator.standard_methods.csv_source import open_member, packing, unpack

version = 2

description = """Import text files with separated values.

One dataset from one file; a list or pattern of files becomes a chain, oldest first. The rows are dealt to the slices
in turn. Lines that are not right fail the job, or with allow_bad end up in the dataset "bad". Files may be packed
with gzip, bzip2, xz or zstd.
"""

options = {
    # Relative to the input directory. A list, or a name with the wildcards * ? [, makes a chain.
    "filename": OptionFile(multiple=True),
    # Name of the file to import if filename is a ZIP file.
    "member": "",
    # One iso-8859-1 character. Empty: each line is one field.
    "separator": ",",
    # Lines that start with this character are skipped.
    "comment": "",
    # Empty: lines end with LF or CR LF. Else exactly this character.
    "newline": "",
    # Empty or False: no quoting. True: both ' and ". Or one character.
    "quotes": "",
    # Quoted fields may contain line ends.
    "multiline": False,
    # Number of lines with labels; by default 1, or 0 if labels are given.
    "label_lines": int,
    # Encoding of the labels in the file. The data are not decoded.
    "label_encoding": "utf-8",
    # Use these labels instead of those in the file.
    "labels": [],
    # Strip spaces from the labels.
    "strip_labels": False,
    # Old label -> new label; before discard.
    "rename": {},
    # Labels not to import.
    "discard": set(),
    # Name of a column to be made with the line numbers.
    "lineno_label": "",
    # Put lines that are not right in the dataset "bad", instead of failing.
    "allow_bad": False,
    # Ignore empty fields at the end of a line beyond the last label.
    "allow_extra_empty": False,
    # Skip this many lines at the start.
    "skip_lines": 0,
    # Skip lines without anything.
    "skip_empty_lines": False,
    # Column -> type, as in dataset_type: type these columns at once. The others are bytes.
    # "infer" (in place of a type, or of it all): types that fit all values, without losing a digit.
    "column2type": None,
    # Texts that become None in typed columns: a list, or {column: list}.
    "none_values": None,
    # Column -> text or None: for values that cannot be converted.
    "defaults": {},
    # The decimal point is a comma in typed columns.
    "numeric_comma": False,
    # Datetimes are local times of this zone; they become UTC.
    "timezone": str,
    # Accepted for old scripts, changes nothing.
    "compression": 6,
}

datasets = (
    "previous",  # the dataset before this one in a chain
)


def prepare(job, options, datasets):
    check_options(options)
    captions = {"default": "csvimport of"}
    if options.allow_bad:
        captions["bad"] = "bad lines from csvimport of"
    if options.comment or options.skip_lines or options.skip_empty_lines:
        captions["skipped"] = "skipped lines from csvimport of"
    previous = {kind: previous_of(datasets.previous, kind) for kind in captions}

    files = plain_files(job, options)
    plans = [plan_file(*file, options, {}) for file in files]
    if inferred := infer_types(options):
        plans = [plan_file(*file, options, inferred) for file in files]
    for plan in plans:
        for kind, caption in captions.items():
            columns = {"lineno": "int64", "data": "bytes"} if kind != "default" else plan.column_types()
            if kind == "default" and options.lineno_label:
                columns[options.lineno_label] = "int64"
            previous[kind] = job.datasetwriter(
                name=plan.dataset_name(kind),
                columns=columns,
                filename=plan.filename,
                caption=f"{caption} {plan.filename}",
                previous=previous[kind],
            )
    return plans, list(captions)


def infer_types(options):
    """Return the types of the columns whose type is to be inferred, and print them."""
    wanted = options.column2type
    if wanted != INFER and not (isinstance(wanted, dict) and INFER in wanted.values()):
        return {}
    types = build("csvimport_types", options=dict(options)).load()
    width = max((len(repr(label)) for label in types), default=0)
    print("column2type = {")
    for label, name in types.items():
        print(f"    {repr(label) + ':':<{width + 1}} {name!r},")
    print("}")
    return types


def plain_files(job, options):
    """Return path, name, and prefix of its datasets' names for each file, oldest first."""
    paths = list(input_files(job, options.filename))
    files = []
    for index, path in enumerate(paths):
        filename = f"{path}:{options.member}" if options.member else str(path)
        prefix = "" if index == len(paths) - 1 else f"{index}."
        files.append((plain_file(job, path, options.member, index), filename, prefix))
    return files


def input_files(job, given):
    """Yield the files that the option names, oldest first."""
    for name in given if isinstance(given, list) else [given]:
        path = Path(job.input_filename(name))
        if path.is_file() or not any(character in str(path) for character in "*?["):
            yield path
        else:
            start, pattern = Path(path.anchor), str(path.relative_to(path.anchor))
            yield from sorted(match for match in start.glob(pattern) if match.is_file())


def previous_of(previous, kind):
    """Return the dataset that one of this job follows: of bad and skipped lines the one beside previous."""
    if kind == "default" or not previous:
        return previous or None
    try:
        return previous.job.dataset(kind) if previous.name == "default" else None
    except NoSuchDatasetError:
        return None


def plain_file(job, path, member, index):
    """Return the file, or one with what is packed in it: every slice reads all of it, so it is unpacked once."""
    with open_member(path, member) as file:
        if not member:
            head = file.read(8)
            if head.startswith(b"PK\3\4"):
                raise UserError(f"{path} is a ZIP file; csvimport_zip imports the text files in one")
            if packing(head) is None:
                return path
            file.seek(0)
        what = f"{path}:{member}" if member else str(path)
        unpacked = f"unpacked.{index}"
        with status(f"Unpacking {what}") as update, job.open(unpacked, "wb", temp=True) as target:
            size = 0
            for piece in unpack(file, what):
                target.write(piece)
                size += len(piece)
                update(f"Unpacking {what}: {size >> 20:,} MiB")
    return Path(job.filename(unpacked))


def analysis(sliceno, slices, job, options, prepare_res):
    plans, kinds = prepare_res
    return [SliceImport(job, plan, options, kinds, sliceno, slices).run() for plan in plans]


def synthesis(analysis_res):
    # Of each slice: the sums over its files of good, bad and skipped lines.
    per_slice = [[sum(counts) for counts in zip(*files, strict=True)] for files in analysis_res]
    good, bad, skipped = map(list, zip(*per_slice, strict=True))
    return {
        "num_lines": sum(good),
        "lines_per_slice": good,
        "num_broken_lines": sum(bad),
        "broken_lines_per_slice": bad,
        "num_skipped_lines": sum(skipped),
        "skipped_lines_per_slice": skipped,
    }
