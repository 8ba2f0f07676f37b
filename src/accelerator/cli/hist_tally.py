"""Distinct values of a column and how often each occurs, counted in whole arrays."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from accelerator.column.numpy_view import arrow_booleans, numbers

__all__ = ["Tally"]

# What waits to be counted: so many values, or so many bytes of them, at least.
_ROWS = 1 << 20
_BYTES = 1 << 26


class Tally:
    """Counts values; those that occur first come first."""

    def __init__(self) -> None:
        # Numbers, datetimes and times have several layouts, even in one column.
        self._by_layout: dict[Any, _Pending] = {}

    def add(self, array: Any) -> None:
        """Count the values of an array, as read; text may be a dictionary array."""
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        if isinstance(array, pa.DictionaryArray):
            distinct = len(array.dictionary)
            found = np.bincount(numbers(array.indices.fill_null(distinct)), minlength=distinct + 1)
            self._take(array.dictionary, found[:distinct])
            if array.null_count:
                self._take(pa.nulls(1, array.dictionary.type), found[distinct:])
        else:
            self._take(array, np.ones(len(array), np.int64))

    def merge(self, other: "Tally") -> None:
        """Count what another one has counted."""
        for values, counts in other.arrays():
            self._take(values, counts)

    def condense(self) -> None:
        """Count what waits."""
        for pending in self._by_layout.values():
            pending.condense()

    def arrays(self) -> Iterator[tuple[Any, Any]]:
        """Yield arrays of values, and how often each occurs; a value may come again if it has not been condensed."""
        for pending in self._by_layout.values():
            yield from zip(pending.values, pending.counts, strict=True)

    def _take(self, values: Any, counts: Any) -> None:
        if pa.types.is_string(values.type):
            values = values.cast(pa.large_string())
        elif pa.types.is_binary(values.type):
            values = values.cast(pa.large_binary())
        if not counts.all():
            values, counts = values.filter(arrow_booleans(counts > 0)), counts[counts > 0]
        if len(values):
            self._by_layout.setdefault(values.type, _Pending()).take(values, counts)


class _Pending:
    """Arrays of one layout with a count for each value, in which values may come several times."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.counts: list[Any] = []
        self._rows = self._bytes = 0
        self._row_limit, self._byte_limit = _ROWS, _BYTES

    def take(self, values: Any, counts: Any) -> None:
        self.values.append(values)
        self.counts.append(counts)
        self._rows += len(values)
        self._bytes += values.nbytes
        if self._rows >= self._row_limit or self._bytes >= self._byte_limit:
            self.condense()

    def condense(self) -> None:
        if not self.values or pa.types.is_nested(self.values[0].type):  # which Arrow cannot compare
            return
        encoded = pa.concat_arrays(self.values).dictionary_encode(null_encoding="encode")
        distinct = len(encoded.dictionary)
        # As floats, which are exact for more rows than there will ever be.
        found = np.bincount(numbers(encoded.indices), weights=np.concatenate(self.counts), minlength=distinct)
        self.values, self.counts = [encoded.dictionary], [found.astype(np.int64)]
        self._rows, self._bytes = distinct, encoded.dictionary.nbytes
        # Where hardly any value comes twice, counting again and again would take ever longer.
        self._row_limit, self._byte_limit = max(_ROWS, 2 * self._rows), max(_BYTES, 2 * self._bytes)
