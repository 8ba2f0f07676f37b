"""Imports text files with separated values, each column of bytes or typed at once."""

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from accelerator import NoSuchDatasetError, OptionFile, UserError, status
from accelerator.column.csv import CsvSplitter
from accelerator.standard_methods.csv_plan import FilePlan, plan_file
from accelerator.standard_methods.csv_source import blocks, open_member, packing, unpack

version = 1

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
    "column2type": {},
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

datasets = ("previous",)

# Rows and bytes collected before they are written.
_ROWS = 65_536
_BYTES = 32 << 20

_REASONS = {"not enough": "Not enough fields on line {}", "too many": "Too many fields on line {}"}


def prepare(job, options, datasets):
    assert 1 <= options.compression <= 9, "compression is 1 to 9"
    files = list(_input_files(job, options.filename))
    keeps_skipped = bool(options.comment or options.skip_lines or options.skip_empty_lines)
    plans = []
    previous = {"default": datasets.previous or None}
    for kind in ("bad", "skipped"):
        previous[kind] = _previous_of(datasets.previous, kind)
    for index, (path, filename) in enumerate(files):
        if options.member:
            filename += f":{options.member}"
        prefix = "" if index == len(files) - 1 else f"{index}."
        plain = _plain_file(job, path, options.member, filename, index)
        plan = plan_file(plain, filename, prefix, options)
        plans.append(plan)
        columns = plan.column_types()
        if options.lineno_label:
            columns[options.lineno_label] = ("int64", False)
        captions = {"default": f"csvimport of {filename}"}
        if options.allow_bad:
            captions["bad"] = f"bad lines from csvimport of {filename}"
        if keeps_skipped:
            captions["skipped"] = f"skipped lines from csvimport of {filename}"
        for kind, caption in captions.items():
            previous[kind] = job.datasetwriter(
                name=plan.dataset_name(kind),
                columns=columns if kind == "default" else {"lineno": "int64", "data": "bytes"},
                filename=filename,
                caption=caption,
                previous=previous[kind],
            )
    return plans, keeps_skipped


def _input_files(job, given) -> Iterator[tuple[Path, str]]:
    for name in given if isinstance(given, list) else [given]:
        path = job.input_filename(name)
        matches = [path]
        if not Path(path).is_file() and any(character in str(name) for character in "*?["):
            matches = sorted(match for match in glob.glob(path) if Path(match).is_file())
        for match in matches:
            yield Path(match), str(match)


def _previous_of(previous, name: str):
    """Return the dataset of bad or skipped lines beside the previous dataset."""
    if not previous or previous.name != "default":
        return None
    try:
        return previous.job.dataset(name)
    except NoSuchDatasetError:
        return None


def _plain_file(job, path: Path, member: str, filename: str, index: int) -> Path:
    """Return the file, or one with what is packed in it: every slice reads all of it, so it is unpacked once."""
    with open_member(path, member) as file:
        if not member:
            if packing(file.read(8)) is None:
                return path
            file.seek(0)
        unpacked = f"unpacked.{index}"
        with status(f"Unpacking {filename}") as update, job.open(unpacked, "wb", temp=True) as target:
            size = 0
            for piece in unpack(file, filename):
                target.write(piece)
                if size >> 26 != (size + len(piece)) >> 26:
                    update(f"Unpacking {filename}: {(size + len(piece)) >> 20:,} MiB")
                size += len(piece)
        return Path(job.path) / unpacked


def analysis(sliceno, slices, job, options, prepare_res):
    plans, keeps_skipped = prepare_res
    return [_SliceImport(job, plan, options, keeps_skipped, sliceno, slices).run() for plan in plans]


class _SliceImport:
    """The lines of one file that belong in one slice."""

    def __init__(self, job, plan: FilePlan, options, keeps_skipped: bool, sliceno: int, slices: int) -> None:
        self.plan = plan
        self.sliceno = sliceno
        self.allow_bad = options.allow_bad
        self.lineno_label = options.lineno_label
        self.keeps_skipped = keeps_skipped
        self.good = self.bad = 0
        self.first_bad: tuple[int, str] | None = None
        kinds = ["default", *["bad"] * options.allow_bad, *["skipped"] * keeps_skipped]
        self.writers = {kind: job.datasetwriter(name=plan.dataset_name(kind)) for kind in kinds}
        self.splitter = CsvSplitter(
            plan.fields,
            [index for _, index in plan.columns],
            lineno=bool(options.lineno_label) or bool(plan.parsers),
            raw=bool(plan.parsers) and options.allow_bad,
            keep_skipped=keeps_skipped,
            sliceno=sliceno,
            slices=slices,
            **plan.dialect,
        )

    def run(self) -> tuple[int, int, int]:
        """Import the lines; return how many were good, bad and skipped."""
        splitter = self.splitter
        size = max(self.plan.path.stat().st_size, 1)
        done = percent = 0
        with status(f"Reading {self.plan.filename}") as update:
            for block in blocks(self.plan.path):
                splitter.feed(block)
                if splitter.rows >= _ROWS or splitter.nbytes >= _BYTES:
                    self.write()
                done += len(block)
                if done * 100 // size != percent:
                    percent = done * 100 // size
                    update(f"Reading {self.plan.filename}: {percent} % of {size >> 20:,} MiB")
            splitter.finish()
            self.write()
        if self.first_bad:
            print(f"{self.first_bad[1]} (further bad lines in slice {self.sliceno} not reported)")
        return self.good, self.bad, splitter.skipped

    def write(self) -> None:
        """Write what the splitter has collected."""
        splitter = self.splitter
        bad = []
        if splitter.first_bad and not self.first_bad:
            reason, line = splitter.first_bad
            self.note_bad(line, _REASONS.get(reason, "Line {} bad").format(line))
        columns, lineno, raw = splitter.take()
        arrays = {label: pa.array(column) for (label, _), column in zip(self.plan.columns, columns, strict=True)}
        lineno = None if lineno is None else pa.array(lineno)
        wrong = self.convert(arrays, lineno)
        if self.lineno_label:
            arrays[self.lineno_label] = lineno
        if wrong is not None:
            bad.append(pa.table([pc.filter(lineno, wrong), pc.filter(pa.array(raw), wrong)], ["lineno", "data"]))
            keep = pc.invert(wrong)
            arrays = {label: pc.filter(array, keep) for label, array in arrays.items()}
        rows = len(next(iter(arrays.values())))
        if rows:
            self.writers["default"].write_batch(arrays)
        self.good += rows
        bad.append(_lines(splitter.take_bad()))
        self.write_bad(pa.concat_tables(bad))
        if self.keeps_skipped:
            self.writers["skipped"].write_batch(_lines(splitter.take_skipped()))

    def write_bad(self, lines: Any) -> None:
        if lines.num_rows:
            self.bad += lines.num_rows
            self.writers["bad"].write_batch(lines.sort_by("lineno"))

    def convert(self, arrays: dict[str, Any], lineno: Any) -> Any:
        """Type the columns that are to be; return a mask of the rows that cannot be, None if all can."""
        wrong = None
        for label, parser in self.plan.parsers.items():
            texts = arrays[label]
            parsed = parser(texts)
            arrays[label] = parsed.array
            if parsed.bad and not parser.has_default:
                wrong = parsed.mask if wrong is None else pc.or_(wrong, parsed.mask)
                row = pc.index(parsed.mask, True).as_py()
                line = lineno[row].as_py()
                self.note_bad(line, f"Failed to convert {texts[row].as_py()!r} in column {label!r} on line {line}")
        return wrong

    def note_bad(self, line: int, message: str) -> None:
        if not self.allow_bad:
            raise UserError(f"{message} of {self.plan.filename}")
        if self.first_bad is None or line < self.first_bad[0]:
            self.first_bad = (line, message)


def _lines(taken: Any) -> Any:
    return pa.table([pa.array(column) for column in taken], ["lineno", "data"])


def synthesis(job, analysis_res, prepare_res):
    plans, keeps_skipped = prepare_res
    per_slice = [[sum(counts) for counts in zip(*files, strict=True)] for files in analysis_res]
    good, bad, skipped = ([counts[kind] for counts in per_slice] for kind in range(3))
    return {
        "num_lines": sum(good),
        "lines_per_slice": good,
        "num_broken_lines": sum(bad),
        "broken_lines_per_slice": bad,
        "num_skipped_lines": sum(skipped),
        "skipped_lines_per_slice": skipped,
    }
