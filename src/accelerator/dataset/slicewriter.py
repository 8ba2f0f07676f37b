"""One slice on its way to disk: rows and batches in, Parquet files out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from accelerator._native import ColumnBuilder, RowWriter
from accelerator.dataset import commit as commits
from accelerator.dataset.arrays import extremes
from accelerator.dataset.bounds import greatest, least, to_tagged
from accelerator.dataset.commit import ColumnSpec, SliceColumn, SliceCommit
from accelerator.dataset.manifest import File
from accelerator.dataset.names import argument_names
from accelerator.dataset.parquet import Pending, SliceFiles
from accelerator.error import DatasetUsageError

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others


@dataclass(frozen=True)
class SliceTask:
    """What to write where.

    Attributes:
        directory: of the dataset.
        sliceno: the slice.
        slices: how many there are.
        columns: as declared, in order.
        hashlabel: the hash column, if this writer writes it.
        where: the dataset, for messages.
        limit_bytes: memory for rows that are not written yet.
        check_hash: refuse rows that belong elsewhere (split writers need not, they choose the slice).
        source: slice of analysis that has written the rows, if several write to the same slice; else -1.
    """

    directory: Path
    sliceno: int
    slices: int
    columns: Mapping[str, ColumnSpec]
    hashlabel: str | None
    where: str
    limit_bytes: int
    check_hash: bool = True
    source: int = -1

    @property
    def stem(self) -> str:
        """What the names of the files begin with."""
        return f"{self.sliceno}" if self.source < 0 else f"{self.sliceno}.from{self.source}"

    @property
    def hash_index(self) -> int:
        """Index of the hash column, -1 for none."""
        return -1 if self.hashlabel is None else list(self.columns).index(self.hashlabel)


@dataclass
class _Extremes:
    low: list[Any] = field(default_factory=list)
    high: list[Any] = field(default_factory=list)


class SliceWriter:
    """Takes the rows of one slice. Nothing counts until :meth:`commit`.

    Attributes:
        task: what is written where.
        rows: the kernel's row writer.
        builders: the kernel's column builders, by column name.
    """

    def __init__(self, task: SliceTask) -> None:
        self.task = task
        self.builders = {spec.name: self._builder(spec) for spec in task.columns.values()}
        checked = task.check_hash and task.hashlabel is not None
        self.rows = RowWriter(
            list(self.builders.values()),
            argument_names(list(task.columns)),
            keys=list(task.columns),
            hash_index=task.hash_index if checked else -1,
            sliceno=task.sliceno,
            slices=task.slices if checked else 0,
            limit_bytes=task.limit_bytes,
            on_full=self._write_group,
            error=DatasetUsageError,
        )
        self._pending = Pending(task.limit_bytes)
        self._files = SliceFiles(task.directory, task.stem, list(task.columns.values()))
        self._batch_extremes: dict[str, _Extremes] = {}
        self._batch_rows = 0

    def _builder(self, spec: ColumnSpec) -> ColumnBuilder:
        task = self.task
        hashed = task.check_hash and spec.name == task.hashlabel
        return ColumnBuilder(
            spec.type,
            spec.none_support,
            spec.default,
            spec.name,
            task.where,
            sliceno=task.sliceno if hashed else -1,
            slices=task.slices if hashed else 0,
        )

    def add_arrays(self, arrays: Sequence[Any]) -> None:
        """Take rows as one storage array per column, in declared order."""
        if not len(arrays[0]):
            return
        self._take_rows()
        for spec, array in zip(self.task.columns.values(), arrays, strict=True):
            low, high = extremes(spec.stored_type, array)
            so_far = self._batch_extremes.setdefault(spec.name, _Extremes())
            so_far.low.append(low)
            so_far.high.append(high)
        self._batch_rows += len(arrays[0])
        self._put(arrays)

    def _take_rows(self) -> None:
        """Move the rows that the builders hold to the pending ones."""
        self._check_lengths()
        builders = list(self.builders.values())
        if builders[0].pending:
            self._put([_array(builder.take()) for builder in builders])

    def _write_group(self) -> None:
        """Write everything pending: the builders are full."""
        self._take_rows()
        for arrays in self._pending.rest():
            self._files.write(arrays)

    def _put(self, arrays: Sequence[Any]) -> None:
        for group in self._pending.add(arrays):
            self._files.write(group)

    def _check_lengths(self) -> None:
        counts = {name: builder.count for name, builder in self.builders.items()}
        if len(set(counts.values())) > 1:
            lengths = ", ".join(f"{name!r} {count + self._batch_rows}" for name, count in counts.items())
            task = self.task
            raise DatasetUsageError(f"columns of {task.where} slice {task.sliceno} have different lengths: {lengths}")

    def commit(self) -> int:
        """Make the rows the contents of the slice; return how many they are.

        Raises:
            DatasetUsageError: columns got different numbers of values.
        """
        made = self.close()
        commits.commit(self.task.directory, self.task.sliceno, made, self.temporary)
        return made.lines

    def held_rows(self, limit_bytes: int) -> list[Sequence[Any]] | None:
        """Return all rows, in chunks of an array per column, if they are all in memory and no more than so many bytes.

        After this :meth:`close_without_files` ends the writing. With None nothing has changed.
        """
        self._take_rows()
        if self._files.temporary or self._pending.nbytes > limit_bytes:
            return None
        self.rows.close()
        return [chunk for group in self._pending.rest() for chunk in group]

    def close_without_files(self) -> SliceCommit:
        """Return what would be committed for rows that :meth:`held_rows` gave away."""
        return self._made((), dict.fromkeys(self.builders, ()))

    @property
    def temporary(self) -> list[Path]:
        """Where the files are until they are committed."""
        return self._files.temporary

    def close(self) -> SliceCommit:
        """Write what is pending, and return what is to be committed.

        Raises:
            DatasetUsageError: columns got different numbers of values.
        """
        self.rows.close()
        try:
            self._write_group()
            files, layouts = self._files.close()
        except BaseException:
            self.abandon()
            raise
        return self._made(files, layouts)

    def _made(self, files: tuple[File, ...], layouts: Mapping[str, tuple[str, ...]]) -> SliceCommit:
        columns = tuple(
            SliceColumn(layouts[name], to_tagged(least(self._lows(name))), to_tagged(greatest(self._highs(name))))
            for name in self.builders
        )
        lines = next(iter(self.builders.values())).count + self._batch_rows
        return SliceCommit(lines, files, columns)

    def _lows(self, name: str) -> Iterator[Any]:
        # Rows and batches may have come in turns; which of equals was first is not kept then.
        yield self.builders[name].min
        yield from self._batch_extremes.get(name, _Extremes()).low

    def _highs(self, name: str) -> Iterator[Any]:
        yield self.builders[name].max
        yield from self._batch_extremes.get(name, _Extremes()).high

    def abandon(self) -> None:
        """Forget the rows and remove what was written."""
        self.rows.close()
        self._files.abandon()
