"""What csvimport does with one file, decided before any line is read: dialect, columns, datasets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from accelerator import DatasetUsageError, UserError
from accelerator.column.csv import CsvSplitter, split_fields
from accelerator.column.parse import Parser
from accelerator.standard_methods.chains import check_compression
from accelerator.standard_methods.csv_source import blocks
from accelerator.standard_methods.typing_options import check_none_values, make_parsers

__all__ = ["INFER", "FilePlan", "check_options", "plan_file"]

# In place of a type, or of column2type: one that fits all values.
INFER: Final = "infer"

_NONE: Final = -1
_BOTH: Final = -2


@dataclass(frozen=True)
class FilePlan:
    """How one file becomes datasets.

    Attributes:
        path: plain file to read.
        filename: what the file is called in messages and in the datasets.
        prefix: of the names of its datasets: "" for the newest (``default``), ``"0."`` and so on for older ones.
        dialect: keyword arguments of the splitter.
        fields: number of fields of a line.
        columns: label and field number of each column to store, in order.
        parsers: by label, for columns that are typed while they are read.
    """

    path: Path
    filename: str
    prefix: str
    dialect: Mapping[str, Any]
    fields: int
    columns: Sequence[tuple[str, int]]
    parsers: Mapping[str, Parser] = field(default_factory=dict)

    def dataset_name(self, kind: str) -> str:
        """Return the name of the dataset of good lines (``default``), ``bad`` or ``skipped`` lines."""
        if kind == "default" and self.prefix:
            return self.prefix.rstrip(".")
        return self.prefix + kind

    def column_types(self) -> dict[str, tuple[str, bool]]:
        """Return type and None support of each column."""
        found = {}
        for label, _ in self.columns:
            parser = self.parsers.get(label)
            found[label] = ("bytes", False) if parser is None else (parser.column_type, parser.none_support)
        return found


def check_options(options: Any) -> None:
    """Raise UserError for options of csvimport that make no sense, whatever is in the files.

    Args:
        options: of csvimport.
    """
    check_compression(options)
    _dialect(options)
    if options.label_lines is not None and options.label_lines < 0:
        raise UserError(f"label_lines cannot be negative, as {options.label_lines}")
    if options.skip_lines < 0:
        raise UserError(f"skip_lines cannot be negative, as {options.skip_lines}")
    if options.label_lines == 0 and not options.labels:
        raise UserError("label_lines=0 requires labels")
    try:
        b"a\xff".decode(options.label_encoding, "backslashreplace")
    except (LookupError, ValueError) as error:  # ValueError: the codec cannot replace
        raise UserError(f"label_encoding: {error}") from None
    wanted = options.column2type or {}
    if wanted != INFER and not isinstance(wanted, Mapping):
        raise UserError(f'column2type must be a dict of column and type, or "{INFER}", not {wanted!r}')
    if wanted != INFER:
        # What will be inferred is a text at least.
        make_parsers({label: "bytes" if name == INFER else name for label, name in wanted.items()}, options)


def plan_file(path: Path, filename: str, prefix: str, options: Any, inferred: Mapping[str, str]) -> FilePlan:
    """Decide how to import a file.

    Args:
        path: plain file to read.
        filename: its name for messages and datasets.
        prefix: of its datasets' names.
        options: of csvimport.
        inferred: types of the columns whose type is to be inferred; others of them are bytes.

    Raises:
        UserError: options that make no sense with the labels of this file.
        DatasetUsageError: the column of line numbers has the name of another.
    """
    dialect = _dialect(options)
    label_lines = options.label_lines
    if label_lines is None:
        label_lines = 0 if options.labels else 1
    dialect.update(label_lines=label_lines, skip_lines=options.skip_lines)
    # The lines must be right even if they are not used.
    read = _read_labels(path, filename, dialect, options.label_encoding) if label_lines else []
    labels = list(options.labels) or read
    labels = _final_labels(labels, filename, options)
    columns = [(label, index) for index, label in enumerate(labels) if label not in options.discard]
    if options.lineno_label and options.lineno_label in {label for label, _ in columns}:
        raise DatasetUsageError(f"Column {options.lineno_label!r} already exists")
    if not columns and not options.lineno_label:
        raise UserError(f"All columns of {filename} are discarded")
    types = _column_types([label for label, _ in columns], filename, options, inferred)
    return FilePlan(path, filename, prefix, dialect, len(labels), columns, make_parsers(types, options))


def _dialect(options: Any) -> dict[str, Any]:
    quotes = str(options.quotes)
    quote = {"": _NONE, "False": _NONE, "True": _BOTH}.get(quotes)
    return {
        "separator": _one_byte("separator", options.separator),
        "newline": _one_byte("newline", options.newline),
        "comment": _one_byte("comment", options.comment),
        "quote": _one_byte("quotes", quotes) if quote is None else quote,
        "skip_empty_lines": options.skip_empty_lines,
        "allow_extra_empty": options.allow_extra_empty,
        "multiline": options.multiline,
    }


def _one_byte(name: str, text: str) -> int:
    if len(text) > 1 or (text and ord(text) > 255):
        raise UserError(f"{name} must be a single iso-8859-1 character (or empty), not {text!r}")
    return ord(text) if text else _NONE


def _read_labels(path: Path, filename: str, dialect: Mapping[str, Any], encoding: str) -> list[str]:
    splitter = CsvSplitter(0, [], **dialect)
    for block in blocks(path):
        splitter.feed(block)
        if splitter.labels_found:
            break
    else:
        splitter.finish()
    rows = []
    for line in splitter.labels:
        try:
            rows.append(split_fields(line, dialect["separator"], dialect["quote"]))
        except ValueError:
            raise UserError(f"The label line {line!r} of {filename} has bad quotes") from None
    if dialect["allow_extra_empty"]:
        rows = [_without_trailing_empties(row) for row in rows]
    if len(set(map(len, rows))) > 1:
        raise UserError(f"Not all label lines had the same number of fields in {filename}")
    return [" ".join(part.decode(encoding, "backslashreplace") for part in parts) for parts in zip(*rows, strict=True)]


def _without_trailing_empties(labels: Sequence[Any]) -> list[Any]:
    kept = list(labels)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _final_labels(labels: list[str], filename: str, options: Any) -> list[str]:
    if options.allow_extra_empty:
        labels = _without_trailing_empties(labels)
    if options.strip_labels:
        labels = [label.strip() for label in labels]
    labels = [options.rename.get(label, label) for label in labels]
    if not labels:
        raise UserError(f"No labels in {filename}")
    duplicates = [label for label, count in Counter(labels).items() if count > 1]
    if duplicates:
        raise UserError(f"Duplicate labels: {duplicates!r} in {filename}; rename or labels can tell them apart")
    return labels


def _column_types(labels: Sequence[str], filename: str, options: Any, inferred: Mapping[str, str]) -> dict[str, str]:
    """Return the types of the columns that are not bytes."""
    wanted = options.column2type
    types = dict.fromkeys(labels, INFER) if wanted == INFER else dict(wanted or {})
    check_none_values(options, types)
    missing = sorted(set(types) - set(labels))
    if missing:
        has = ", ".join(map(repr, sorted(labels)))
        raise UserError(f"column2type names {', '.join(map(repr, missing))}, but {filename} has {has}")
    types.update((label, inferred.get(label, "")) for label, name in types.items() if name == INFER)
    return {label: name for label, name in types.items() if name}
