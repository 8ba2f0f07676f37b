"""How dataset_fanout names the values of a column, finds common types of columns, and spreads rows over writers."""

import json
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator import UserError
from accelerator.column import text_array
from accelerator.column.dictionary import dense
from accelerator.column.gather import Gathered
from accelerator.column.numpy_view import numbers

__all__ = [
    "Numbered",
    "common_type",
    "ranks_by_number",
    "text_values",
    "windows",
    "write_ordered",
    "write_window",
]

_compute: Any = pc  # its functions are made at import, unseen by type checkers

# What the number of a row and its place take.
_ROW_BYTES: Final = 24
# NumPy sorts 16 bit integers by radix.
_RADIX: Final = 1 << 16

# What each type can be stored as besides itself, the narrowest first.
_WIDER: Final = {
    "ascii": ("unicode",),
    "complex32": ("complex64",),
    "float32": ("float64", "number"),
    "float64": ("number",),
    "int32": ("int64", "number"),
    "int64": ("number",),
}

# Types whose text is made from each different stored value.
_BY_STORED: Final[dict[str, Callable[[Any], Any]]] = {"bytes": bytes, "json": json.loads, "pickle": pickle.loads}


def text_values(coltype: str, array: Any) -> tuple[list[str], Any]:
    """Return the different values of an array as text, ``str(value)``, and for each row the number of its own.

    Args:
        coltype: column type.
        array: values as stored, or with a dictionary, of which not all need be the value of a row.
    """
    array = dense(array)
    if coltype in _BY_STORED:
        stored = array.storage if isinstance(array.type, pa.BaseExtensionType) else array
        encoded = stored.dictionary_encode()
        names = [str(_BY_STORED[coltype](value)) for value in encoded.dictionary.to_pylist()]
    elif pa.types.is_nested(array.type) or pa.types.is_floating(array.type):  # 0.0 and -0.0 would be one
        encoded = text_array(coltype, array).dictionary_encode()
        names = encoded.dictionary.to_pylist()
    else:
        encoded = array.dictionary_encode()
        names = text_array(coltype, encoded.dictionary).to_pylist()
    indices = encoded.indices
    if indices.null_count:
        indices = _compute.fill_null(indices, len(names))
        names = [*names, "None"]
    unique = list(dict.fromkeys(names))
    if len(unique) < len(names):  # values that differ only in how they are stored, or None and "None"
        places = {name: number for number, name in enumerate(unique)}
        indices = pa.array([places[name] for name in names], pa.int32()).take(indices)
    return unique, numbers(indices)


def common_type(name: str, types: Iterable[str]) -> str:
    """Return the type that holds the values of columns of several types.

    Raises:
        UserError: there is none.
    """
    different = dict.fromkeys(types)
    for candidate in dict.fromkeys([*different, "int64", "float64", "complex64", "unicode", "number"]):
        if all(kind == candidate or candidate in _WIDER.get(kind, ()) for kind in different):
            return candidate
    raise UserError(f"Column {name!r} has incompatible types: {', '.join(sorted(different))}")


@dataclass(frozen=True)
class Numbered:
    """Rows, and for each the number of the dataset it goes to.

    Attributes:
        batch: a record batch.
        numbers: a NumPy array.
    """

    batch: Any
    numbers: Any

    @property
    def num_rows(self) -> int:
        """How many they are."""
        return int(self.batch.num_rows)

    @property
    def cost(self) -> int:
        """Bytes of memory that they need, also while they are spread."""
        return int(self.batch.nbytes) + _ROW_BYTES * self.num_rows


def windows(batches: Iterable[Numbered], memory: int) -> Iterator[list[Numbered]]:
    """Yield batches, as many at a time as fit in memory.

    Args:
        batches: the rows.
        memory: bytes that they may need.
    """
    held: list[Numbered] = []
    needed = 0
    for batch in batches:
        if held and needed + batch.cost > memory:
            yield held
            held, needed = [], 0
        held.append(batch)
        needed += batch.cost
    if held:
        yield held


def write_window(batches: Sequence[Numbered], writers: Sequence[Any], finish: Callable[[Any], None]) -> None:
    """Write rows, each to the writer of its number; one writer after the other.

    Args:
        batches: the rows; their types are those of the writers, or narrower.
        writers: in the order of the numbers.
        finish: called with each writer after its last row.
    """
    numbers = np.concatenate([np.empty(0, np.uint32), *(each.numbers for each in batches)])
    order, edges = _by_number(numbers, len(writers))
    gathered = Gathered([each.batch for each in batches]) if batches else None
    for number, writer in enumerate(writers):
        if gathered is not None:
            for batch in gathered.batches(order[edges[number] : edges[number + 1]]):
                writer.write_batch(batch)
        finish(writer)


def ranks_by_number(batches: Iterable[Numbered], count: int) -> tuple[Any, Any]:
    """Return how many rows have each number, and the place of each row if they stood in the order of their numbers.

    Args:
        batches: the rows.
        count: how many numbers there are.
    """
    numbers = np.concatenate([np.empty(0, np.uint32), *(each.numbers for each in batches)])
    order, edges = _by_number(numbers, count)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return np.diff(edges), ranks


def _by_number(numbers: Any, count: int) -> tuple[Any, Any]:
    """Return the positions of rows in the order of their numbers, and where in it each number begins; the end last."""
    order = np.argsort(numbers.astype(np.uint16) if count <= _RADIX else numbers, kind="stable")
    return order, np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=count))])


def write_ordered(
    batches: Iterable[Any], counts: Sequence[int], writers: Sequence[Any], finish: Callable[[Any], None]
) -> None:
    """Write rows that stand in the order of their numbers.

    Args:
        batches: record batches.
        counts: how many rows have each number.
        writers: in the order of the numbers.
        finish: called with each writer after its last row.
    """
    remaining = iter(batches)
    rest: Any = None
    for count, writer in zip(counts, writers, strict=True):
        done = 0
        while done < count:
            if rest is None or not rest.num_rows:
                rest = next(remaining)
            rows = rest.slice(0, count - done)
            writer.write_batch(rows)
            rest = rest.slice(rows.num_rows)
            done += rows.num_rows
        finish(writer)
