"""Datasets that every slice of analysis writes to all slices of.

Each slice of analysis (the *source*) leaves a record of what it has for each slice of the dataset: Parquet files where
there is much, else rows in one Arrow file for all slices, because a hundred slices would make ten thousand small
Parquet files. :func:`joined` puts them together, in the order of the sources.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from accelerator.column.layout import arrow_type, join_layouts, layout_of, widen
from accelerator.dataset import commit as commits
from accelerator.dataset.bounds import from_tagged, greatest, least, to_tagged
from accelerator.dataset.commit import ColumnSpec, SliceColumn, SliceCommit
from accelerator.dataset.manifest import File
from accelerator.dataset.parquet import Pending, SliceFiles
from accelerator.dataset.slicewriter import SliceWriter
from accelerator.storage.atomic import write_bytes

# What one source has for one slice becomes a Parquet file of its own from this size on, in bytes of Arrow arrays.
_LEAST_FILE = 4 << 20
_GROUP_BYTES = 64 << 20
_MOST_THREADS = 4


class _Part(msgspec.Struct, frozen=True):
    """What a source has for a slice; ``batches``, from ``first`` on, in the Arrow file if it is not in files."""

    made: SliceCommit
    first: int = 0
    batches: int = 0


def commit_source(directory: Path, source: int, writers: Sequence[SliceWriter]) -> None:
    """Record what one slice of analysis has written.

    Args:
        directory: of the dataset.
        source: that slice.
        writers: one for each slice of the dataset.
    """
    specs = list(writers[0].task.columns.values())
    held = [writer.held_rows(_LEAST_FILE) for writer in writers]
    batches = _widened(specs, [chunk for chunks in held for chunk in chunks or ()])
    if batches:
        with pa.ipc.new_file(str(_rows_file(directory, source)), batches[0].schema) as sink:
            for batch in batches:
                sink.write_batch(batch)
    parts = []
    first = 0
    for writer, chunks in zip(writers, held, strict=True):
        if chunks is None:
            made = writer.close()
            for file, path in zip(made.files, writer.temporary, strict=True):
                path.replace(directory / file.name)
            parts.append(_Part(made))
        else:
            parts.append(_Part(writer.close_without_files(), first, len(chunks)))
            first += len(chunks)
    write_bytes(_record(directory, source), msgspec.json.encode(parts), durable=False)


def _widened(specs: Sequence[ColumnSpec], chunks: Sequence[Sequence[Any]]) -> list[pa.RecordBatch]:
    """Return rows as record batches of one schema."""
    layouts = [
        join_layouts(spec.stored_type, (layout_of(spec.stored_type, chunk[index]) for chunk in chunks))
        for index, spec in enumerate(specs)
    ]
    schema = pa.schema(
        [
            pa.field(spec.physical, arrow_type(spec.stored_type, layout))
            for spec, layout in zip(specs, layouts, strict=True)
        ]
    )
    return [
        pa.RecordBatch.from_arrays(
            [widen(spec.stored_type, array, layout) for spec, array, layout in zip(specs, chunk, layouts, strict=True)],
            schema=schema,
        )
        for chunk in chunks
    ]


def joined(directory: Path, specs: Sequence[ColumnSpec], slices: int) -> list[SliceCommit]:
    """Return the contents of the slices, put together from what the sources have; empty if there are no sources.

    Args:
        directory: of the dataset.
        specs: the columns as declared, in order.
        slices: number of slices.
    """
    sources: dict[int, list[_Part]] = {}
    for source in range(slices):
        path = _record(directory, source)
        if path.exists():
            sources[source] = msgspec.json.decode(path.read_bytes(), type=list[_Part])
    if not sources:
        return []

    def one(sliceno: int) -> SliceCommit:
        return _joined_slice(directory, specs, sliceno, {source: parts[sliceno] for source, parts in sources.items()})

    if all(not part.batches for parts in sources.values() for part in parts):
        return [one(sliceno) for sliceno in range(slices)]
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(one, range(slices)))


def _joined_slice(directory: Path, specs: Sequence[ColumnSpec], sliceno: int, parts: dict[int, _Part]) -> SliceCommit:
    files: list[File] = []
    layouts: list[list[str]] = [[] for _ in specs]
    run: list[int] = []  # sources whose rows go into the next file
    for source, part in [*parts.items(), (-1, None)]:
        if part is not None and part.batches:
            run.append(source)
            continue
        if run and (part is None or part.made.files):
            rows = [batch for number in run for batch in _rows(directory, number, parts[number])]
            _extend(files, layouts, *_write(directory, specs, f"{sliceno}.from{run[0]}-{run[-1]}", rows))
            run = []
        if part is not None:
            _extend(files, layouts, part.made.files, [column.layouts for column in part.made.columns])
    columns = tuple(
        SliceColumn(
            tuple(layouts[index]),
            to_tagged(least(from_tagged(part.made.columns[index].min) for part in parts.values())),
            to_tagged(greatest(from_tagged(part.made.columns[index].max) for part in parts.values())),
        )
        for index in range(len(specs))
    )
    return SliceCommit(sum(part.made.lines for part in parts.values()), tuple(files), columns)


def _extend(
    files: list[File], layouts: list[list[str]], more: Sequence[File], more_layouts: Sequence[Sequence[str]]
) -> None:
    files.extend(more)
    for column, new in zip(layouts, more_layouts, strict=True):
        column.extend(new)


def _rows(directory: Path, source: int, part: _Part) -> Iterator[Sequence[Any]]:
    with pa.memory_map(str(_rows_file(directory, source))) as file:
        reader: Any = pa.ipc.open_file(file)
        for number in range(part.first, part.first + part.batches):
            yield reader.get_batch(number).columns


def _write(
    directory: Path, specs: Sequence[ColumnSpec], stem: str, rows: Sequence[Sequence[Any]]
) -> tuple[tuple[File, ...], list[tuple[str, ...]]]:
    pending = Pending(_GROUP_BYTES)
    target = SliceFiles(directory, stem, specs)
    for arrays in rows:
        for group in pending.add(arrays):
            target.write(group)
    for group in pending.rest():
        target.write(group)
    made, layouts = target.close()
    for file, path in zip(made, target.temporary, strict=True):
        path.replace(directory / file.name)
    return made, [layouts[spec.name] for spec in specs]


def _record(directory: Path, source: int) -> Path:
    return directory / f"{commits.FROM}{source}.json"


def _rows_file(directory: Path, source: int) -> Path:
    # Temporary like files that are not committed: it is gone when the dataset is finished.
    return directory / f"{commits.TEMPORARY}{commits.FROM}{source}.arrow"
