"""In which order rows stand when they are sorted: in memory, or if they are too many by DuckDB or in files.

Sorting is stable in both directions: rows with equal keys stay as they were.
"""

import heapq
import itertools
import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator.column.numpy_view import arrow_array, booleans, numbers
from accelerator.column.order import row_order

__all__ = ["KERNEL_BYTES", "Order", "order_keys", "order_values"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers

KERNEL_BYTES: Final = 28
"""Memory that the kernel takes for a row while it sorts, and for the result."""

# Larger arrays than this are in a file.
_LARGE: Final = 64 << 20
# Of the memory that sorting may use DuckDB gets so much: it takes more than it is told. With less it does nothing.
_PART: Final = 3 / 8
_LEAST: Final = 32 << 20
# Values that only Python can compare, sorted at a time.
_RUN: Final = 100_000


@dataclass(frozen=True)
class Order:
    """The result of sorting.

    Attributes:
        positions: of the rows, in sorted order.
        changed: for each sorted row, whether its trigger differs from that of the row before; None if not asked for.
    """

    positions: Any
    changed: Any = None

    def ranks(self, directory: Path) -> Any:
        """Return the place in sorted order of each row.

        Args:
            directory: for a file, if they are many.
        """
        count = len(self.positions)
        ranks = _new_array(count, self.positions.dtype, directory / "ranks")
        for start in range(0, count, _LARGE):
            part = self.positions[start : start + _LARGE]
            ranks[part] = np.arange(start, start + len(part), dtype=ranks.dtype)
        return ranks


def _new_array(count: int, dtype: Any, path: Path) -> Any:
    """Return an array to be filled; a large one is in a file, so that it needs no memory of this process."""
    if count * np.dtype(dtype).itemsize < _LARGE:
        return np.empty(count, dtype)
    return np.memmap(path, dtype, "w+", shape=count)


def order_keys(
    keys: Iterable[list[list[Any]]], rows: int, descending: bool, trigger: int | None, directory: Path, memory: int
) -> Order:
    """Sort rows by plain keys: in memory, or if they are too many by DuckDB, which uses files.

    Args:
        keys: for each batch and each column, most important first, what :func:`key_arrays` gives.
        rows: how many there are.
        descending: greatest first.
        trigger: index of the trigger column.
        directory: for temporary files.
        memory: in bytes, what sorting may need.
    """
    first = next(keys := iter(keys), None)
    if first is None:
        return Order(np.empty(0, np.uint32), None if trigger is None else np.empty(0, bool))
    cuts = [0, *itertools.accumulate(len(column) for column in first)]
    wanted = None if trigger is None else slice(cuts[trigger], cuts[trigger + 1])
    flat = ([array for column in batch for array in column] for batch in itertools.chain([first], keys))
    batches: deque[list[Any]] = deque()
    needed = count = 0
    for batch in flat:
        batches.append(batch)
        count += len(batch[0])
        # They are put together, and the kernel has its own arrays.
        needed += 2 * sum(array.nbytes for array in batch) + KERNEL_BYTES * len(batch[0])
        if max(needed, needed * rows // count) > memory:
            return _order_by_duckdb(itertools.chain(_given_away(batches), flat), descending, wanted, directory, memory)
    columns = [pa.concat_arrays(arrays) for arrays in zip(*batches, strict=True)]
    batches.clear()
    positions = row_order(columns, descending)
    if wanted is None:
        return Order(positions)
    return Order(positions, _changes([column.take(arrow_array(positions)) for column in columns[wanted]]))


def _given_away(items: deque[Any]) -> Iterator[Any]:
    while items:
        yield items.popleft()


def _integer(count: int) -> Any:
    return np.uint32 if count < 1 << 32 else np.int64


def _changes(columns: Sequence[Any]) -> Any:
    """Return for each row whether it differs from the one before; the first does."""
    changed = np.ones(len(columns[0]), bool)
    changed[1:] = False
    for column in columns:
        differs = _compute.not_equal(column.slice(1), column.slice(0, max(len(column) - 1, 0)))
        changed[1:] |= booleans(differs)
    return changed


def _order_by_duckdb(
    batches: Iterator[list[Any]], descending: bool, trigger: slice | None, directory: Path, memory: int
) -> Order:
    first = next(batches)
    names = [f"k{number}" for number in range(len(first))]
    schema = pa.schema([*((n, a.type) for n, a in zip(names, first, strict=True)), ("position", pa.int64())])
    count = 0

    def numbered() -> Iterator[Any]:
        nonlocal count
        for batch in itertools.chain([first], batches):
            length = len(batch[0])
            yield pa.record_batch([*batch, arrow_array(np.arange(count, count + length))], schema=schema)
            count += length

    direction = "desc" if descending else "asc"
    wanted = names[trigger] if trigger is not None else []
    limit = max(int(memory * _PART), _LEAST)
    settings: dict[str, Any] = {"threads": 1, "memory_limit": f"{limit}B", "temp_directory": str(directory)}
    done = 0
    found = changes = np.empty(0, np.uint32)
    last: list[Any] = []
    with duckdb.connect(config=settings) as connection:
        keys = pa.RecordBatchReader.from_batches(schema, numbered())
        connection.register("keys", keys)
        by = ", ".join(f"{name} {direction}" for name in names)
        chosen = ", ".join(["position", *wanted])
        result = connection.sql(f"select {chosen} from keys order by {by}, position")  # noqa: S608 - names of our own
        for batch in result.to_arrow_reader():
            if not done:  # only now is it known how many there are
                found = _new_array(count, _integer(count), directory / "positions")
                changes = _new_array(count, bool, directory / "changes")
            positions, *triggers = batch.columns
            part = slice(done, done + len(positions))
            found[part] = numbers(positions)
            if triggers:
                changes[part] = _changes(triggers)
                changes[done] = [column[0] for column in triggers] != last
                last = [column[-1] for column in triggers]
            done = part.stop
    return Order(found, None if trigger is None else changes)


def order_values(keys: Iterable[tuple[Any, ...]], descending: bool, trigger: int | None, directory: Path) -> Order:
    """Sort rows by values that only Python can compare, in sorted runs that are merged from files.

    Args:
        keys: a tuple for each row.
        descending: greatest first.
        trigger: index of the trigger column in these.
        directory: for temporary files.

    Raises:
        TypeError: values that cannot be compared with each other.
    """
    numbered = ((key, position) for position, key in enumerate(keys))
    runs: list[Iterable[tuple[Any, int]]] = []
    while run := list(itertools.islice(numbered, _RUN)):
        run.sort(key=_key, reverse=descending)
        if len(run) < _RUN and not runs:
            runs.append(run)
            break
        path = directory / f"run.{len(runs)}"
        with path.open("wb") as file:
            for pair in run:
                pickle.dump(pair, file)
        runs.append(_read_run(path))
    positions, changed = [], []
    last: Any = None
    for key, position in heapq.merge(*runs, key=_key, reverse=descending):
        positions.append(position)
        if trigger is not None:
            changed.append(not positions[1:] or key[trigger] != last)
            last = key[trigger]
    order = np.array(positions, _integer(len(positions)))
    return Order(order, None if trigger is None else np.array(changed, bool))


def _key(pair: tuple[Any, int]) -> Any:
    return pair[0]


def _read_run(path: Path) -> Iterator[tuple[Any, int]]:
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except EOFError:
                return
