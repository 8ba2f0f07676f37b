"""Writing Parquet files: row groups of equal length, the layout that the values have, checksums on every page."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from accelerator._native import start_writeback
from accelerator.column.dictionary import DICTIONARY_BYTES, dense, fitting, has_dictionary
from accelerator.column.layout import arrow_type, join_layouts, layout_of, widen
from accelerator.column.types import COLUMN_TYPES
from accelerator.dataset import commit as commits
from accelerator.dataset.commit import ColumnSpec
from accelerator.dataset.encoding import Encodings, choose
from accelerator.dataset.manifest import File
from accelerator.dataset.origin import to_metadata
from accelerator.dataset.reader import ROWS, read_footer

Arrays = Sequence[Any]

# So many bytes of a file are worth a call to have them written.
_WRITEBACK = 1 << 20


class Pending:
    """Rows waiting to become a row group.

    Args:
        limit_bytes: a group is made when so many bytes wait, even if it is short.

    Attributes:
        nbytes: how many wait.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._chunks: list[Arrays] = []
        self._rows = self.nbytes = 0

    def add(self, arrays: Arrays) -> Iterator[list[Arrays]]:
        """Take rows; yield row groups that have become full, each as a list of chunks."""
        position, length = 0, len(arrays[0])
        while position < length:
            count = min(ROWS - self._rows, length - position)
            # Parts of an array with a dictionary would each have all of it.
            chunk = arrays if count == length else [dense(array.slice(position, count)) for array in arrays]
            self._chunks.append(chunk)
            self._rows += count
            self.nbytes += sum(array.nbytes for array in chunk)
            position += count
            if self._rows >= ROWS or self.nbytes >= self._limit:
                yield from self.rest()

    def rest(self) -> Iterator[list[Arrays]]:
        """Yield what is pending, if anything, as one row group."""
        if self._rows:
            chunks, self._chunks, self._rows, self.nbytes = self._chunks, [], 0, 0
            yield chunks


class SliceFiles:
    """The Parquet files of one slice, under temporary names. There is more than one if the layout of a column widens.

    Args:
        directory: of the dataset.
        stem: of their names: the slice, mostly.
        columns: as declared, in order.
    """

    def __init__(self, directory: Path, stem: object, columns: Sequence[ColumnSpec]) -> None:
        self._directory = directory
        self._stem = stem
        self._columns = columns
        self._open: FileWriter | None = None
        self._files: list[File] = []
        self._layouts: list[tuple[str, ...]] = []
        self.temporary: list[Path] = []

    def write(self, chunks: Sequence[Arrays]) -> None:
        """Write one row group.

        Args:
            chunks: the rows, each an array per column.
        """
        columns = [[chunk[index] for chunk in chunks] for index in range(len(self._columns))]
        types = [spec.stored_type for spec in self._columns]
        layouts = [
            join_layouts(coltype, (layout_of(coltype, array) for array in arrays))
            for coltype, arrays in zip(types, columns, strict=True)
        ]
        if self._open is not None:
            layouts = [
                join_layouts(coltype, pair) for coltype, *pair in zip(types, self._open.layouts, layouts, strict=True)
            ]
            if [*map(arrow_type, types, layouts)] == [*map(arrow_type, types, self._open.layouts)]:
                self._open.layouts = tuple(layouts)
            else:
                self._finish_file()
        joined = [
            arrays[0] if is_shared(arrays) else one_array([widen(coltype, array, layout) for array in arrays])
            for coltype, arrays, layout in zip(types, columns, layouts, strict=True)
        ]
        if self._open is None:
            path = self._directory / f"{commits.TEMPORARY}{commits.final_name(self._stem, len(self._files))}"
            self.temporary.append(path)
            self._open = FileWriter(path, self._columns, tuple(layouts), choose(self._columns, joined))
        self._open.write(joined)

    def _finish_file(self) -> None:
        if self._open is not None:
            self._files.append(self._open.close(commits.final_name(self._stem, len(self._files))))
            self._layouts.append(self._open.layouts)
            self._open = None

    def close(self) -> tuple[tuple[File, ...], dict[str, tuple[str, ...]]]:
        """Finish the last file; return the files, and the layouts of each column in them."""
        self._finish_file()
        by_column = {spec.name: tuple(file[i] for file in self._layouts) for i, spec in enumerate(self._columns)}
        return tuple(self._files), by_column

    def abandon(self) -> None:
        """Remove the files."""
        if self._open is not None:
            self._open.abandon()
            self._open = None
        for path in self.temporary:
            path.unlink(missing_ok=True)


class FileWriter:
    """One Parquet file being written.

    Args:
        path: of the file.
        columns: as declared, in order.
        layouts: layout of each.
        encodings: of its leaves.
    """

    def __init__(
        self, path: Path, columns: Sequence[ColumnSpec], layouts: tuple[str, ...], encodings: Encodings
    ) -> None:
        self.layouts = layouts
        self._path = path
        self._rows = self._on_its_way = 0
        kinds = [arrow_type(spec.stored_type, layout) for spec, layout in zip(columns, layouts, strict=True)]
        kinds = [
            pa.dictionary(pa.int32(), kind) if spec.physical in encodings.shared else kind
            for spec, kind in zip(columns, kinds, strict=True)
        ]
        self._schema = pa.schema(
            [pa.field(spec.physical, kind, nullable=spec.nullable) for spec, kind in zip(columns, kinds, strict=True)]
        )
        types = {spec.physical: spec.stored_type for spec in columns}
        make: Any = pq.ParquetWriter  # its stubs know fewer forms of use_dictionary
        # Given a path, pyarrow would look for its file system first.
        self._sink: Any = pa.OSFile(str(path), "wb")
        self._writer = make(
            self._sink,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=encodings.dictionary or False,
            dictionary_pagesize_limit=DICTIONARY_BYTES,
            column_encoding=encodings.others or None,
            write_statistics=_with_statistics(self._schema, types) or False,
            write_page_checksum=True,
            # It says nothing that Parquet's own types do not, and would decide how text is read, see reader.
            store_schema=False,
        )
        self._writer.add_key_value_metadata(to_metadata(types))

    def write(self, arrays: Arrays) -> None:
        """Write one row group."""
        made = [fitting(array, field.type) for array, field in zip(arrays, self._schema, strict=True)]
        table = pa.Table.from_arrays(made, schema=self._schema)
        self._rows += table.num_rows
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self._begin_writeback()

    def _begin_writeback(self) -> None:
        """Have what was written go to the disk now, while there is more to do: the job's end waits for it."""
        written = self._sink.tell()
        if written - self._on_its_way >= _WRITEBACK:
            self._on_its_way = written
            start_writeback(self._sink.fileno())

    def close(self, name: str) -> File:
        """Finish the file; return its record, under the name it is going to have."""
        self._writer.close()
        self._begin_writeback()
        self._sink.close()
        with self._path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            footer = xxhash.xxh3_128_hexdigest(read_footer(file.fileno(), size))
        return File(name, self._rows, size, footer)

    def abandon(self) -> None:
        """Stop writing; the file is to be removed."""
        self._writer.close()
        self._sink.close()


def _with_statistics(schema: pa.Schema, types: Mapping[str, str]) -> list[str]:
    """Return the paths of the leaves that shall have min and max in the file."""
    paths = []
    for field in schema:
        if field.type == arrow_type("number", "mixed"):
            # Whether all integers are doubles too is asked when the column is shown to other libraries.
            paths += [f"{field.name}.int", f"{field.name}.big"]
        elif COLUMN_TYPES[types[field.name]].has_minmax and not pa.types.is_struct(field.type):
            paths.append(field.name)
    return paths


def is_shared(arrays: Sequence[Any]) -> bool:
    """Return whether these are one array with a dictionary."""
    return len(arrays) == 1 and has_dictionary(arrays[0])


def one_array(arrays: Sequence[Any]) -> Any:
    """Return arrays of one type as one array."""
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)
