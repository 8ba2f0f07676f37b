"""From Parquet files to record batches: the rows of some columns of one slice, verified.

Nothing is believed that was not written by us: the footer must have the digest in the manifest, each page its checksum.
(Single flipped bits elsewhere in a file, in page headers, make Parquet fail too.) Whatever fails is a
:class:`DatasetCorruptError`.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import pyarrow as pa
import xxhash

from accelerator.dataset.bounds import comparable, overlaps
from accelerator.dataset.filters import Range
from accelerator.dataset.handle import Dataset
from accelerator.dataset.manifest import DIRECTORY, Column, File, Store, pieces
from accelerator.dataset.parquet_file import open_parquet
from accelerator.error import DatasetCorruptError, DatasetError
from accelerator.job.handle import Job

# Rows of a row group; see the writer. What is read at once, except for rows one by one:
ROWS = 131_072
# so few that what is decoded is still in the cache when it is used, and its memory is used again; of one column more,
# as each step takes its time.
_FEW = 16_384
_FEW_ALONE = 32_768
# Four bytes with the length of the footer, and the magic number.
_TAIL = 8

_READ_ERRORS = (OSError, pa.ArrowException, EOFError, ValueError, RuntimeError)


@dataclass(frozen=True)
class Block:
    """Some consecutive rows: a record batch, and the number of its first row in the slice."""

    first: int
    batch: pa.RecordBatch


class SliceReader:
    """Reads columns of one slice of a dataset.

    Args:
        dataset: the dataset.
        sliceno: the slice.
        columns: names, each once, in the order wanted.
        shared_strings: read repetitive text as dictionaries, so that equal values can be one Python object.
        short: read few rows at a time, not whole row groups.
        large_text: read text and bytes with 64 bit offsets; those of structs and json too.

    Raises:
        DatasetError: a column does not exist.
    """

    def __init__(
        self,
        dataset: Dataset,
        sliceno: int,
        columns: Sequence[str],
        *,
        shared_strings: bool = False,
        short: bool = False,
        large_text: bool = False,
    ) -> None:
        self._dataset = dataset
        self._sliceno = sliceno
        check_columns(dataset, columns)
        self._columns = [dataset.stored[name] for name in columns]
        self._how = {"shared_strings": shared_strings, "short": short, "large_text": large_text or short}
        self.lines = dataset.lines[sliceno]

    def intervals(self, restriction: Range) -> list[tuple[int, int]]:
        """Return from and to of the rows that may lie in a range, judged by what the files say of their row groups.

        Args:
            restriction: column, start, stop.
        """
        name, start, stop = restriction
        found: list[tuple[int, int]] = []
        cursor = self._cursor(self._dataset.stored[name].place, [self._dataset.stored[name]])
        for low, high, bounds in cursor.groups():
            if bounds is not None and not overlaps(*bounds, start, stop):
                continue
            if found and found[-1][1] == low:
                found[-1] = (found[-1][0], high)
            else:
                found.append((low, high))
        return found

    def blocks(self, intervals: Sequence[tuple[int, int]] | None = None) -> Iterator[Block]:
        """Yield the rows in ``intervals`` (default: all), in order, in batches that end where row groups do.

        Raises:
            DatasetCorruptError: something stored is not what was written.
        """
        by_place: dict[int, list[Column]] = {}
        for column in self._columns:
            by_place.setdefault(column.place, []).append(column)
        cursors = [self._cursor(place, columns) for place, columns in by_place.items()]
        names = [column.name for column in self._columns]
        for start, stop in [(0, self.lines)] if intervals is None else intervals:
            row = start
            while row < stop:
                end = min([stop, *(cursor.seek(row) for cursor in cursors)])
                arrays: dict[str, Any] = {}
                for cursor in cursors:
                    arrays.update(cursor.read(row, end))
                yield Block(row, pa.RecordBatch.from_arrays([arrays[name] for name in names], names))
                row = end

    def _cursor(self, place: int, columns: Sequence[Column]) -> "_Cursor":
        return _Cursor(self._dataset, self._sliceno, place, columns, **self._how)


class _Cursor:
    """Goes through one place of a slice, forwards, by row groups or in shorter steps."""

    def __init__(
        self,
        dataset: Dataset,
        sliceno: int,
        place: int,
        columns: Sequence[Column],
        *,
        shared_strings: bool,
        short: bool,
        large_text: bool,
    ) -> None:
        self._where = f"{dataset.quoted} slice {sliceno}"
        self._columns = columns
        self._shared = shared_strings
        self._short = short
        self._large_text = large_text
        self._pieces = list(pieces(dataset.manifest, place, sliceno, dataset.slices))
        self._next_piece = 0
        self._file: OpenFile | None = None
        self._file_start = self._file_stop = 0
        self._group = -1
        self._group_stop = 0
        # Of the present row group: steps not taken yet, and the present one.
        self._steps: Iterator[dict[str, Any]] | None = None
        self._start = self._stop = 0
        self._arrays: dict[str, Any] = {}

    def seek(self, row: int) -> int:
        """Go to the step that holds a row; return where that ends."""
        while row >= self._file_stop:
            self._open_next(row)
        file = self._file
        assert file is not None
        while row >= self._group_stop:
            self._group += 1
            self._start = self._stop = self._group_stop
            self._group_stop += file.group_rows(self._group)
            self._steps = None
        while row >= self._stop:
            if self._steps is None:
                self._steps = file.steps(self._group, short=self._short)
            self._arrays = next(self._steps)
            self._start = self._stop
            self._stop += len(self._arrays[self._columns[0].name])
        return self._stop

    def _open_next(self, row: int) -> None:
        if self._next_piece == len(self._pieces):
            raise DatasetCorruptError(f"{self._where} has {self._file_stop} rows on disk, fewer than the dataset says")
        index, store, file = self._pieces[self._next_piece]
        self._next_piece += 1
        self._file_start, self._file_stop = self._file_stop, self._file_stop + file.rows
        self._group, self._group_stop = -1, self._file_start
        self._start = self._stop = self._file_start
        self._steps, self._arrays = None, {}
        if row < self._file_stop:
            names = [(column.name, column.physical_in(index)) for column in self._columns]
            path = file_path(store, file)
            how = {"shared_strings": self._shared, "large_text": self._large_text}
            self._file = OpenFile(self._where, path, file, names, **how)

    def read(self, start: int, stop: int) -> dict[str, Any]:
        """Return rows of the present step, by column name."""
        if (start, stop) == (self._start, self._stop):
            arrays, self._arrays = self._arrays, {}  # the last user, so that memory is free as soon as may be
            return arrays
        offset = start - self._start
        return {name: array.slice(offset, stop - start) for name, array in self._arrays.items()}

    def groups(self) -> Iterator[tuple[int, int, tuple[Any, Any] | None]]:
        """Yield first row, end, and least and greatest value (None if not known) of each row group."""
        row = 0
        for index, store, file in self._pieces:
            names = [(column.name, column.physical_in(index)) for column in self._columns]
            opened = OpenFile(self._where, file_path(store, file), file, names)
            for group in range(opened.groups):
                end = row + opened.group_rows(group)
                yield row, end, opened.bounds(group)
                row = end


class OpenFile:
    """One Parquet file whose footer has been verified.

    Args:
        where: dataset and slice, for messages.
        path: of the file.
        file: what the manifest says of it.
        columns: names, logical and physical.
        shared_strings: read repetitive text as dictionaries.
        large_text: read other text with 64 bit offsets.
    """

    def __init__(
        self,
        where: str,
        path: str,
        file: File,
        columns: Sequence[tuple[str, str]],
        *,
        shared_strings: bool = False,
        large_text: bool = False,
    ) -> None:
        self._columns = columns
        self._where = where
        self._path = path
        try:
            self._metadata = verified_metadata(self._path, file)
            self._shared = self._repetitive() if shared_strings else []
            self._file = open_parquet(
                pa.OSFile(self._path, "rb"),
                metadata=self._metadata,
                read_dictionary=self._shared or None,
                # With 64 bit offsets pyarrow decodes text in half the time.
                binary_type=pa.large_binary() if large_text else None,
                page_checksum_verification=True,
                pre_buffer=False,
            )
        except _READ_ERRORS as error:
            self._fail(error)

    def _repetitive(self) -> list[str]:
        """Return the physical names of the text columns that were written with a dictionary."""
        if not self._metadata.num_row_groups:
            return []
        # Text columns are leaves, and only they have dictionaries.
        group = self._metadata.row_group(0)
        chunks = (group.column(index) for index in range(group.num_columns))
        found = {chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page}
        return [name for _, name in self._columns if name in found]

    @property
    def groups(self) -> int:
        """Number of row groups."""
        return int(self._metadata.num_row_groups)

    def group_rows(self, group: int) -> int:
        """Return the number of rows in a row group."""
        if group >= self.groups:
            self._fail(ValueError("fewer rows than the dataset says"))
        return int(self._metadata.row_group(group).num_rows)

    def bounds(self, group: int) -> tuple[Any, Any] | None:
        """Return least and greatest value of the (only) column in a row group, None if not known."""
        name = self._columns[0][1]
        chunks = self._metadata.row_group(group)
        for index in range(chunks.num_columns):
            chunk = chunks.column(index)
            if chunk.path_in_schema == name:
                statistics = chunk.statistics
                if statistics is None or not statistics.has_min_max:
                    return None
                return comparable(statistics.min), comparable(statistics.max)
        return None

    def steps(self, group: int, *, short: bool) -> Iterator[dict[str, Any]]:
        """Yield the columns of a row group, by logical name: at once, or a few rows at a time."""
        rows, done = self.group_rows(group), 0
        few = _FEW if len(self._columns) > 1 else _FEW_ALONE
        try:
            for step in self._short_steps(group, rows, few) if short and rows > few else [self._whole(group)]:
                done += len(step[self._columns[0][0]])
                if done <= rows:
                    yield step
            if done != rows:
                self._fail(ValueError("wrong number of rows"))
        except _READ_ERRORS as error:
            self._fail(error)
        except KeyError as error:
            self._fail(ValueError(f"no column {error}"))

    def _whole(self, group: int) -> dict[str, Any]:
        return self._read(group, [physical for _, physical in self._columns])

    def _read(self, group: int, wanted: Sequence[str]) -> dict[str, Any]:
        table = self._file.read_row_group(group, columns=list(wanted), use_threads=False)
        return {name: _one_array(table.column(physical)) for name, physical in self._columns if physical in wanted}

    def _short_steps(self, group: int, rows: int, few: int) -> Iterator[dict[str, Any]]:
        # A dictionary read in steps would come, and become strings, with each of them anew.
        shared = self._read(group, self._shared) if self._shared else {}
        rest = [(name, physical) for name, physical in self._columns if name not in shared]
        if not rest:
            for start in range(0, rows, few):
                yield {name: array.slice(start, few) for name, array in shared.items()}
            return
        start = 0
        leaves = [leaf for _, physical in rest for leaf in self._leaves(group, physical)]
        for batch in self._file.iter_batches(batch_size=few, row_groups=[group], columns=leaves, use_threads=False):
            length = batch.num_rows
            step = {name: _storage(batch.column(physical)) for name, physical in rest}
            step.update((name, array.slice(start, length)) for name, array in shared.items())
            yield step
            start += length

    def _leaves(self, group: int, physical: str) -> list[str]:
        """Return what to read of a column: big integers, which take time also as None, only where there are any."""
        index = self._big_integers.get(physical)
        if index is not None:
            statistics = self._metadata.row_group(group).column(index).statistics
            if statistics is not None and statistics.null_count == self.group_rows(group):
                return [f"{physical}.int", f"{physical}.float"]
        return [physical]

    @cached_property
    def _big_integers(self) -> dict[str, int]:
        """Index of the leaf with big integers, by physical name of the columns that have one."""
        schema = self._metadata.schema
        indices = {schema.column(index).path: index for index in range(len(schema))}
        leaves = ((physical, indices.get(f"{physical}.big")) for _, physical in self._columns)
        return {physical: index for physical, index in leaves if index is not None}

    def _fail(self, error: Exception) -> NoReturn:
        names = ", ".join(repr(name) for name, _ in self._columns)
        reason = str(error) or type(error).__name__
        raise DatasetCorruptError(f"{self._where} column {names}: file {self._path} is damaged: {reason}") from error


def check_columns(dataset: Dataset, names: Iterable[str]) -> None:
    """Raise DatasetError if a dataset lacks one of these columns."""
    missing = [name for name in names if name not in dataset.stored]
    if missing:
        raise DatasetError(f"{dataset.quoted} has no column {', '.join(map(repr, missing))}")


def file_path(store: Store, file: File) -> str:
    """Return the path of a file of a dataset."""
    return f"{Job(store.job).path}/{DIRECTORY}/{store.directory}/{file.name}"


def verified_metadata(path: str, file: File) -> Any:
    """Return the Parquet metadata of a file, if it is the one that was written.

    Raises:
        OSError, ValueError: it is not.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        if size != file.size:
            raise ValueError(f"it has {size} bytes instead of {file.size}")
        footer = read_footer(fd, size)
    finally:
        os.close(fd)
    if xxhash.xxh3_128_hexdigest(footer) != file.footer:
        raise ValueError("its footer is not the one that was written")
    return open_parquet(pa.BufferReader(footer)).metadata


def read_footer(fd: int, size: int) -> bytes:
    """Return the footer of a Parquet file, with its length and the magic number.

    Raises:
        ValueError: there is none.
    """
    tail = os.pread(fd, _TAIL, max(size - _TAIL, 0))
    length = int.from_bytes(tail[:4], "little") + _TAIL
    if tail[4:] != b"PAR1" or length > size:
        raise ValueError("it does not end like a Parquet file")
    return os.pread(fd, length, size - length)


def _one_array(column: Any) -> Any:
    array: Any = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return _storage(array)


def _storage(array: Any) -> Any:
    return array.storage if isinstance(array, pa.ExtensionArray) else array
