"""In which order rows stand when they are sorted: small ones in memory, large ones by DuckDB or in files.

Sorting is stable in both directions: rows with equal keys stay as they were.
"""

import heapq
import itertools
import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator.column.numpy_view import arrow_array, booleans, numbers

__all__ = ["Order", "order_keys", "order_values"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers

# Keys are kept in memory up to this size; DuckDB gets that much memory too.
_MEMORY: Final = 96 << 20
# Larger arrays than this are in a file.
_LARGE: Final = 64 << 20
# Up to here Arrow sorts anything quickly; beyond, text is sorted better by DuckDB.
_FEW: Final = 50_000
# If a text has to come so often, sorting the different ones pays.
_REPETITIVE: Final = 4
_SAMPLE: Final = 8192
_BITS: Final = 64
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


def order_keys(keys: Iterable[list[list[Any]]], descending: bool, trigger: int | None, directory: Path) -> Order:
    """Sort rows by plain keys.

    Args:
        keys: for each batch and each column, most important first, what :func:`key_arrays` gives.
        descending: greatest first.
        trigger: index of the trigger column.
        directory: for temporary files.
    """
    first = next(keys := iter(keys), None)
    if first is None:
        return Order(np.empty(0, np.uint32), None if trigger is None else np.empty(0, bool))
    cuts = [0, *itertools.accumulate(len(column) for column in first)]
    wanted = None if trigger is None else slice(cuts[trigger], cuts[trigger + 1])
    flat = ([array for column in batch for array in column] for batch in itertools.chain([first], keys))
    return _order_flat(flat, descending, wanted, directory)


def _order_flat(keys: Iterator[list[Any]], descending: bool, trigger: slice | None, directory: Path) -> Order:
    batches: list[list[Any]] = []
    size = 0
    for batch in keys:
        batches.append(batch)
        size += sum(array.nbytes for array in batch) + 8 * len(batch[0])
        if size > _MEMORY:
            return _order_by_duckdb(itertools.chain(batches, keys), descending, trigger, directory)
    columns = [pa.concat_arrays(arrays) for arrays in zip(*batches, strict=True)]
    if len(columns[0]) > _FEW:
        numeric = [_as_numbers(column) for column in columns]
        if any(column is None for column in numeric):
            return _order_by_duckdb(iter([columns]), descending, trigger, directory)
        positions = _order_numbers(numeric, descending)
    else:
        direction = "descending" if descending else "ascending"
        names = [str(number) for number in range(len(columns))]
        table = pa.table(columns, names)
        positions = numbers(_compute.sort_indices(table, sort_keys=[(name, direction) for name in names]))
    positions = positions.astype(_integer(len(positions)))
    if trigger is None:
        return Order(positions)
    return Order(positions, _changes([column.take(arrow_array(positions)) for column in columns[trigger]]))


def _integer(count: int) -> Any:
    return np.uint32 if count < 1 << 32 else np.int64


def _as_numbers(column: Any) -> Any:
    """Return numbers in the same order as the values; None if that is not the quick way."""
    if not pa.types.is_binary(column.type):
        return numbers(column)
    sample = column.slice(0, _SAMPLE)
    if _compute.count_distinct(sample).as_py() * _REPETITIVE > len(sample):
        return None
    encoded = column.dictionary_encode()
    if len(encoded.dictionary) * _REPETITIVE > len(column):
        return None
    order = numbers(_compute.array_sort_indices(encoded.dictionary))
    ranks = np.empty(len(order), np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    return ranks[numbers(encoded.indices)]


def _order_numbers(columns: Sequence[Any], descending: bool) -> Any:
    # What is the same in all rows is left out: mostly marks of None, and rests of numbers.
    keys = [_narrow(column) for column in columns if column.min() != column.max()]
    if descending:
        keys = [-key if key.dtype == np.float64 else ~key for key in keys]
    if not keys:
        return np.arange(len(columns[0]))
    packed = _packed(keys)
    if packed is not None:
        return packed
    return np.argsort(keys[0], kind="stable") if len(keys) == 1 else np.lexsort(keys[::-1])


def _packed(keys: Sequence[Any]) -> Any:
    """Return the order by integers that fit in 64 bits together with the position; None if they do not.

    NumPy sorts such numbers ten times as fast as it finds the order of others.
    """
    if any(key.dtype == np.float64 for key in keys):
        return None
    lows = [int(key.min()) for key in keys]
    widths = [(int(key.max()) - low).bit_length() for key, low in zip(keys, lows, strict=True)]
    count = len(keys[0])
    last = (count - 1).bit_length()
    if sum(widths) + last > _BITS:
        return None
    packed = np.zeros(count, np.uint64)
    for key, low, width in zip(keys, lows, widths, strict=True):
        packed <<= np.uint64(width)
        # Differences of 64 bits are right modulo 2 ** 64, and all of these are less than that.
        packed |= key.astype(np.uint64) - np.uint64(low % (1 << _BITS))
    packed <<= np.uint64(last)
    packed |= np.arange(count, dtype=np.uint64)
    packed.sort()
    return packed & np.uint64((1 << last) - 1)


def _narrow(column: Any) -> Any:
    """Return integers in 16 bits if they fit, which NumPy sorts by radix."""
    if column.dtype != np.float64:
        low, high = int(column.min()), int(column.max())
        if high - low < 1 << 16:
            return (column.astype(np.int64) - low).astype(np.uint16)
    return column


def _changes(columns: Sequence[Any]) -> Any:
    """Return for each row whether it differs from the one before; the first does."""
    changed = np.ones(len(columns[0]), bool)
    changed[1:] = False
    for column in columns:
        differs = _compute.not_equal(column.slice(1), column.slice(0, max(len(column) - 1, 0)))
        changed[1:] |= booleans(differs)
    return changed


def _order_by_duckdb(batches: Iterator[list[Any]], descending: bool, trigger: slice | None, directory: Path) -> Order:
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
    settings: dict[str, Any] = {"threads": 1, "memory_limit": f"{_MEMORY >> 20}MiB", "temp_directory": str(directory)}
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
