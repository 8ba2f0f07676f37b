"""Rows in another order: in memory if they are few, else by way of files, each with one part of the result.

What comes in a few streams, each of them in order, is merged without having all of it in memory.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from accelerator.column.gather import Gathered
from accelerator.column.numpy_view import arrow_array, numbers

__all__ = ["MOST_STREAMS", "held_batches", "in_order", "merged"]

Piece = tuple[Any, Any]
"""A record batch, and the place in the result of each of its rows, as a NumPy array."""

MOST_STREAMS: Final = 8
"""So many streams can be merged: a batch of each is in memory."""

# If rows are more than what may be in memory, each file shall have such a part of that.
_PART: Final = 1 / 3
_MOST_FILES: Final = 256
# What the places of a row take while they are turned into an order.
_ROW_BYTES: Final = 16
_RANK: Final = "rank"


def held_batches(batches: Iterable[Any], rows: int, memory: int, cost: Callable[[Any], int]) -> list[Any] | None:
    """Return all batches if they fit in memory, else None: as soon as that is to be seen.

    Args:
        batches: anything with ``num_rows``.
        rows: how many they have together.
        memory: bytes that they may need.
        cost: gives those that a batch needs.
    """
    held: list[Any] = []
    needed = count = 0
    for batch in batches:
        held.append(batch)
        needed += cost(batch)
        count += batch.num_rows
        if max(needed, needed * rows // max(count, 1)) > memory:
            return None
    return held


def in_order(pieces: Iterable[Piece], rows: int, directory: Path, memory: int) -> Iterator[Any]:
    """Yield record batches with the rows in order.

    Args:
        pieces: record batches of one schema, but that text may have dictionaries, each with the place in the result of
            each of its rows, as a NumPy array.
        rows: number of rows of the result, one for each place.
        directory: for temporary files.
        memory: how many bytes of rows may be in memory.
    """
    held: list[Piece] = []
    size = count = 0
    remaining = iter(pieces)
    for batch, ranks in remaining:
        held.append((batch, ranks))
        size += batch.nbytes + _ROW_BYTES * batch.num_rows
        count += batch.num_rows
        # If all are going to be too many, none need be held.
        if max(size, size * rows // count) > memory and count < rows:
            part = max(int(memory * _PART), 1)
            files = min(max(2, -(-size * rows // count // part)), _MOST_FILES, rows)
            yield from _by_files(held, remaining, rows, files, directory, memory)
            return
    yield from _in_memory(held, rows)


def merged(streams: Sequence[Iterable[Piece]]) -> Iterator[Any]:
    """Yield record batches with the rows of streams in order.

    Args:
        streams: each with ascending places. Together they have every place once.
    """
    waiting = [iter(stream) for stream in streams]
    heads = {number: head for number, stream in enumerate(waiting) if (head := next(stream, None)) is not None}
    while heads:
        # Up to here no stream can have more to give than what is here.
        last = min(int(ranks[-1]) for _, ranks in heads.values())
        ready: list[Piece] = []
        for number, (batch, ranks) in list(heads.items()):
            count = int(np.searchsorted(ranks, last, side="right"))
            ready.append((batch.slice(0, count), ranks[:count]))
            if count < batch.num_rows:
                heads[number] = (batch.slice(count), ranks[count:])
                continue
            following = next(waiting[number], None)
            if following is None:
                del heads[number]
            else:
                heads[number] = following
        yield _sorted(ready)


def _sorted(pieces: Sequence[Piece]) -> Any:
    """Return the rows of pieces in order."""
    if len(pieces) == 1:
        return pieces[0][0]
    order = arrow_array(np.argsort(np.concatenate([ranks for _, ranks in pieces]), kind="stable"))
    schema = pieces[0][0].schema
    columns = zip(*(batch.columns for batch, _ in pieces), strict=True)
    return pa.record_batch([pa.concat_arrays(list(arrays)).take(order) for arrays in columns], schema=schema)


def _in_memory(held: list[Piece], rows: int) -> Iterator[Any]:
    if not rows:
        return
    order = np.empty(rows, np.uint32 if rows < 1 << 32 else np.int64)
    order[np.concatenate([ranks for _, ranks in held])] = np.arange(rows, dtype=order.dtype)
    gathered = Gathered([batch for batch, _ in held if batch.num_rows])
    held.clear()
    yield from gathered.batches(order)


def _by_files(
    held: list[Piece], remaining: Iterator[Piece], rows: int, files: int, directory: Path, memory: int
) -> Iterator[Any]:
    schema = Gathered([held[0][0]]).schema
    # Columns are numbered: their names may be anything, also that of the rank.
    numbered = pa.schema([*((str(i), field.type) for i, field in enumerate(schema)), (_RANK, pa.int64())])
    edges = [rows * number // files for number in range(files + 1)]
    directory = _new_directory(directory)
    paths = [directory / f"{number}.arrow" for number in range(files)]
    sinks = [pa.ipc.new_stream(str(path), numbered) for path in paths]
    while held:
        _spread(*held.pop(0), sinks, edges, numbered)
    for batch, ranks in remaining:
        _spread(batch, ranks, sinks, edges, numbered)
    for sink in sinks:
        sink.close()
    for path, start, stop in zip(paths, edges, edges[1:], strict=False):
        for batch in in_order(_pieces(path, start), stop - start, directory, memory):
            yield pa.record_batch(batch.columns, schema=schema)
        path.unlink()
    directory.rmdir()


def _new_directory(parent: Path) -> Path:
    directory = parent / "parts"
    directory.mkdir()
    return directory


def _spread(batch: Any, ranks: Any, sinks: list[Any], edges: list[int], schema: Any) -> None:
    if not batch.num_rows:
        return
    order = np.argsort(ranks, kind="stable")
    cuts = np.searchsorted(ranks[order], edges)
    gathered = Gathered([batch], plain=True)
    for sink, start, stop in zip(sinks, cuts, cuts[1:], strict=False):
        done = start
        for part in gathered.batches(order[start:stop]):
            own = ranks[order[done : done + part.num_rows]].astype(np.int64)
            sink.write_batch(pa.record_batch([*part.columns, arrow_array(own)], schema=schema))
            done += part.num_rows


def _pieces(path: Path, start: int) -> Iterator[Piece]:
    with pa.OSFile(str(path), "rb") as file:
        for batch in pa.ipc.open_stream(file):
            yield batch.remove_column(batch.num_columns - 1), numbers(batch.column(batch.num_columns - 1)) - start
