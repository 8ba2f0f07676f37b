"""Rows of record batches in another order, without putting the batches together first."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from accelerator import _native
from accelerator.column.dictionary import dense, has_dictionary
from accelerator.column.numpy_view import arrow_array, numbers

__all__ = ["Gathered"]

_NARROW: Final[dict[Any, Any]] = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others

# As many as a row group has, so that nothing is to be joined when they are written.
_ROWS: Final = 131_072
# A dictionary pays if each text comes so often.
_REPETITIVE: Final = 2
# With long texts a batch has fewer, by their average size.
_BYTES: Final = 64 << 20


class Gathered:
    """Record batches whose rows can be had in any order.

    Args:
        batches: at least one, all of one schema, with columns in forms in which values are stored; text may have 64 bit
            offsets, or in some of them dictionaries. They must not be empty, unless all are.
        plain: give no text a dictionary.

    Attributes:
        rows: how many rows they have.
        schema: that of the rows; all text has 32 bit offsets. Text that had dictionaries all along comes with one
            again where it repeats itself, as :meth:`DatasetWriter.write_batch` likes it best.
    """

    def __init__(self, batches: Sequence[Any], *, plain: bool = False) -> None:
        fields = batches[0].schema
        self._dictionaries: dict[int, Any] = {}
        columns = [[_storage(batch.column(index)) for batch in batches] for index in range(len(fields))]
        for index, arrays in enumerate(columns):
            if any(map(has_dictionary, arrays)):
                columns[index] = list(map(dense, arrays)) if plain else self._shared(index, arrays)
        self._rows = _native.Gather(columns)
        self.schema = pa.schema([field.with_type(_plain_type(field.type)) for field in fields])
        self.rows = len(self._rows)
        size = sum(batch.nbytes for batch in batches)
        self._most = max(1, min(_ROWS, _BYTES * self.rows // max(size, 1)))

    def batches(self, positions: Any) -> Iterator[Any]:
        """Yield rows as record batches.

        Args:
            positions: of the rows wanted, as a NumPy array of uint32 or int64.

        Raises:
            ValueError: there is no such row.
        """
        for start in range(0, len(positions), self._most):
            yield from self._picked(positions[start : start + self._most])

    def _picked(self, positions: Any) -> Iterator[Any]:
        try:
            arrays = self._rows.take(positions)
        except OverflowError:
            # Rows that are much longer than the average stand together, and have more text than one array can.
            half = len(positions) // 2
            yield from self._picked(positions[:half])
            yield from self._picked(positions[half:])
            return
        columns = [_as(field.type, _array(array)) for field, array in zip(self.schema, arrays, strict=True)]
        if not self._dictionaries:
            yield pa.RecordBatch.from_arrays(columns, schema=self.schema)
            return
        for index, dictionary in self._dictionaries.items():
            columns[index] = _texts(columns[index], dictionary)
        yield pa.RecordBatch.from_arrays(columns, names=self.schema.names)

    def _shared(self, index: int, arrays: Sequence[Any]) -> list[Any]:
        """Return the numbers of texts in one dictionary for all arrays, or the texts where that does not pay."""
        if all(has_dictionary(array) and not array.null_count for array in arrays):
            parts = [array.dictionary for array in arrays]
            encoded = pa.concat_arrays(parts).dictionary_encode()
            rows = sum(map(len, arrays))
            if not encoded.null_count and len(encoded.dictionary) * _REPETITIVE <= rows:
                self._dictionaries[index] = encoded.dictionary
                starts = itertools.accumulate(map(len, parts), initial=0)
                new = [encoded.indices.slice(start, len(part)) for start, part in zip(starts, parts, strict=False)]
                return [own.take(array.indices) for own, array in zip(new, arrays, strict=True)]
        return list(map(dense, arrays))


def _texts(indices: Any, dictionary: Any) -> Any:
    """Return texts by their numbers: with a dictionary of those that there are, or without."""
    found = numbers(indices)
    used = np.zeros(len(dictionary), bool)
    used[found] = True
    count = int(np.count_nonzero(used))
    if count * _REPETITIVE > len(found):
        return dictionary.take(indices)
    if count < len(dictionary):
        indices = arrow_array((np.cumsum(used, dtype=np.int32) - 1)[found])
        dictionary = dictionary.take(arrow_array(np.flatnonzero(used)))
    return pa.DictionaryArray.from_arrays(indices, dictionary, safe=False)


def _plain_type(kind: Any) -> Any:
    kind = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    return _NARROW.get(kind, kind)


def _storage(array: Any) -> Any:
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _as(kind: Any, array: Any) -> Any:
    return pa.ExtensionArray.from_storage(kind, array) if isinstance(kind, pa.BaseExtensionType) else array
