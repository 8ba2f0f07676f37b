"""What parquet_import reads: files, the rows of each, and columns, decided before any row is read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from accelerator import UserError
from accelerator.standard_methods.arrow_types import ColumnOf, column_of, values_of

__all__ = ["ParquetPlan", "plan_files"]

_parquet_file: Any = pq.ParquetFile  # its stubs do not know all arguments

_NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"
# Rows decoded at a time.
_ROWS: Final = 65_536


@dataclass(frozen=True)
class _File:
    """A file, the number of rows in each of its row groups, and the values that its directories say."""

    path: Path
    groups: tuple[int, ...]
    names: frozenset[str]
    partition: dict[str, str | None]


@dataclass(frozen=True)
class ParquetPlan:
    """Files to be read as one table.

    Attributes:
        files: in order.
        schema: names and Arrow types of the columns.
        columns: what each becomes.
    """

    files: tuple[_File, ...]
    schema: Any
    columns: dict[str, ColumnOf]

    @property
    def rows(self) -> int:
        """Number of rows in all files."""
        return sum(sum(file.groups) for file in self.files)

    def batches(self, start: int, stop: int) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield some of the rows, in order: the file that they come from, and arrays by column name.

        Args:
            start: first row.
            stop: end of the rows.

        Raises:
            UserError: a file is damaged, or has values that do not fit their column.
        """
        row = 0
        for file in self.files:
            first = row
            row += sum(file.groups)
            if row > start and first < stop:
                yield from self._file(file, max(start - first, 0), min(stop, row) - first)

    def _file(self, file: _File, start: int, stop: int) -> Iterator[tuple[Path, dict[str, Any]]]:
        wanted: list[int] = []
        row = skip = 0
        for number, count in enumerate(file.groups):
            if row + count > start and row < stop:
                if not wanted:
                    skip = start - row
                wanted.append(number)
            row += count
        left = stop - start
        own = [name for name in self.columns if name in file.names]
        with _opened(file.path) as opened:
            for batch in opened.iter_batches(_ROWS, row_groups=wanted, columns=own, use_threads=False):
                taken = batch.slice(skip, left)
                skip = max(skip - batch.num_rows, 0)
                left -= taken.num_rows
                if taken.num_rows:
                    with values_of(file.path):
                        arrays = {name: self._array(name, taken, file) for name in self.columns}
                    yield file.path, arrays

    def _array(self, name: str, batch: Any, file: _File) -> Any:
        kind = self.schema.field(name).type
        if name in file.partition:
            value = file.partition[name]
            constant = pa.scalar(None if value is None else _parsed(value, kind), kind)
            return self.columns[name].array(pa.repeat(constant, batch.num_rows))
        if name not in file.names:
            return self.columns[name].array(pa.nulls(batch.num_rows, kind))
        array = batch.column(batch.schema.names.index(name))
        return self.columns[name].array(array if array.type == kind else array.cast(kind))


def plan_files(paths: Sequence[Path], root: Path | None, wanted: Sequence[str], nested_as_json: bool) -> ParquetPlan:
    """Look at files and decide how to import them.

    Args:
        paths: the files, in order.
        root: directory below which names of directories such as ``year=2024`` are columns.
        wanted: names of the columns; empty for all.
        nested_as_json: lists, structs and maps become json.

    Raises:
        UserError: a file is not Parquet, the files do not fit together, or a column cannot be imported.
    """
    files, schemas = [], []
    for path in paths:
        with _opened(path) as opened:
            metadata = opened.metadata
            schemas.append(opened.schema_arrow.remove_metadata())
        groups = tuple(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
        partition = {} if root is None else _partition(path.relative_to(root))
        files.append(_File(path, groups, frozenset(schemas[-1].names) - set(partition), partition))
    schema = _united(paths, schemas)
    for name in dict.fromkeys(name for file in files for name in file.partition):
        values = [file.partition.get(name) for file in files]
        field = pa.field(
            name, pa.int64() if all(value is None or _is_integer(value) for value in values) else pa.string()
        )
        index = schema.get_field_index(name)
        schema = schema.append(field) if index < 0 else schema.set(index, field)
    missing = [name for name in wanted if name not in schema.names]
    if missing:
        raise UserError(
            f"there is no column {', '.join(map(repr, missing))}, only {', '.join(map(repr, schema.names))}"
        )
    mend = "leave it out with columns"
    as_json = f"{mend}, or import it as json with nested_as_json=True"
    columns = {
        field.name: column_of(field, nested_as_json=nested_as_json, mend=mend, mend_nested=as_json)
        for field in schema
        if not wanted or field.name in wanted
    }
    if not columns:
        raise UserError("there are no columns")
    return ParquetPlan(tuple(files), schema, columns)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with _parquet_file(path, page_checksum_verification=True, arrow_extensions_enabled=True) as opened:
            yield opened
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path} cannot be read as Parquet: {error}") from None


def _united(paths: Sequence[Path], schemas: Sequence[Any]) -> Any:
    united = schemas[0]
    for path, schema in zip(paths, schemas, strict=True):
        twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
        if twice:
            raise UserError(f"{path} has several columns named {', '.join(map(repr, twice))}")
        try:
            united = pa.unify_schemas([united, schema], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise UserError(f"{path} does not fit the files before it: {error}") from None
    return united


def _partition(path: Path) -> dict[str, str | None]:
    """Return the values that the directories of a file say, by name.

    Raises:
        UserError: they say two values for one name, or are no text.
    """
    pairs = [part.split("=", 1) for part in path.parts[:-1] if "=" in part]
    values: dict[str, str | None] = {}
    for quoted, value in pairs:
        try:
            name = unquote(quoted, errors="strict")
            text = None if value == _NO_VALUE else unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise UserError(f"directory {quoted}={value} of {path} is not UTF-8") from None
        if name in values:
            raise UserError(f"two directories of {path} have values of {name!r}")
        values[name] = text
    return values


def _is_integer(text: str) -> bool:
    """Return whether a text is a number and nothing is lost by taking it as one."""
    return text.lstrip("-").isdecimal() and text.isascii() and str(int(text)) == text and abs(int(text)) < 1 << 63


def _parsed(text: str, kind: Any) -> Any:
    return int(text) if kind == pa.int64() else text
