"""Rows of record batches in another order, without putting the batches together first."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa

from accelerator import _native

__all__ = ["Gathered"]

_NARROW: Final[dict[Any, Any]] = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others

# As many as a row group has, so that nothing is to be joined when they are written.
_ROWS: Final = 131_072
# With long texts a batch has fewer, by their average size.
_BYTES: Final = 64 << 20


class Gathered:
    """Record batches whose rows can be had in any order.

    Args:
        batches: at least one, all of one schema, with columns in forms in which values are stored; text may have 64 bit
            offsets. They must not be empty, unless all are.

    Attributes:
        rows: how many rows they have.
        schema: that of the rows; all text has 32 bit offsets.
    """

    def __init__(self, batches: Sequence[Any]) -> None:
        fields = batches[0].schema
        self._rows = _native.Gather(
            [[_storage(batch.column(index)) for batch in batches] for index in range(len(fields))]
        )
        self.schema = pa.schema([field.with_type(_NARROW.get(field.type, field.type)) for field in fields])
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
        yield pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _storage(array: Any) -> Any:
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _as(kind: Any, array: Any) -> Any:
    return pa.ExtensionArray.from_storage(kind, array) if isinstance(kind, pa.BaseExtensionType) else array
