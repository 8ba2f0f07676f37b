"""Any Arrow data into the arrays in which columns are stored."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from accelerator._native import ColumnBuilder, min_max
from accelerator._unset import UNSET
from accelerator.column.accept import from_arrow
from accelerator.column.dictionary import has_dictionary
from accelerator.dataset.commit import ColumnSpec
from accelerator.error import DatasetUsageError

_array: Any = pa.array
_compute: Any = pc  # its functions are made at import, unseen by type checkers
_types: Any = pa.types

_TEXT = frozenset({"ascii", "bytes", "unicode"})


def record_batches(data: Any) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of anything that has some.

    Args:
        data: anything with ``__arrow_c_stream__`` or ``__arrow_c_array__``, or a dict of arrays.

    Raises:
        TypeError: it has none.
    """
    if isinstance(data, pa.RecordBatch):
        yield data
    elif isinstance(data, Mapping):
        yield from pa.table(dict(data)).to_batches()
    elif hasattr(data, "__arrow_c_stream__"):
        yield from pa.RecordBatchReader.from_stream(data)
    elif hasattr(data, "__arrow_c_array__"):
        yield pa.record_batch(data)
    else:
        raise TypeError(f"write_batch takes Arrow data (pyarrow, Polars, pandas, DuckDB, …), not {type(data).__name__}")


def extremes(coltype: str, array: Any) -> tuple[Any, Any]:
    """Return least and greatest value of a storage array, by the rules of a column's min and max.

    Args:
        coltype: column type.
        array: in any layout of the type, not empty.
    """
    kind = array.type
    if _types.is_boolean(kind):
        both: Any = _compute.min_max(array)
        return both["min"].as_py(), both["max"].as_py()
    if has_dictionary(array):
        return None, None  # text, which has none
    if not (_types.is_integer(kind) or _types.is_temporal(kind)) or array.null_count == len(array):
        return min_max(coltype, array)
    # Arrow is many times faster where all values compare as integers; the kernel then only sees its two results.
    numbers = array.view(pa.int32() if kind.bit_width == 32 else pa.int64())
    found: Any = _compute.min_max(numbers)
    data = b"".join(found[name].as_py().to_bytes(kind.bit_width // 8, sys.byteorder, signed=True) for name in found)
    return min_max(coltype, pa.Array.from_buffers(kind, 2, [None, pa.py_buffer(data)]))


def storage_arrays(
    data: Any, columns: Mapping[str, ColumnSpec], where: str, *, shared: bool = False
) -> Iterator[list[Any]]:
    """Yield the rows of Arrow data as one storage array per column, in declared order.

    Args:
        data: see :func:`record_batches`.
        columns: as declared.
        where: the dataset, for messages.
        shared: leave repetitive text with its dictionary.

    Raises:
        DatasetUsageError: a column is missing.
        TypeError, ValueError, OverflowError: a type or a value does not fit.
    """
    for batch in record_batches(data):
        names = batch.schema.names
        for name in columns:
            if names.count(name) != 1:
                how = "twice" if name in names else "no"
                raise DatasetUsageError(f"the batch for {where} has {how} column {name!r}")
        if batch.num_rows:
            yield [
                (_shared_text(batch.column(name), spec) if shared else None)
                or storage_array(batch.column(name), spec, where)
                for name, spec in columns.items()
            ]


def _shared_text(array: Any, spec: ColumnSpec) -> Any:
    """Return text with a dictionary that is worth keeping in the form it is stored in; None for all else."""
    if not has_dictionary(array) or spec.type not in _TEXT or spec.default is not UNSET:
        return None
    texts = array.dictionary
    if array.indices.type != pa.int32() or len(texts) * 2 > len(array) or array.null_count or texts.null_count:
        return None
    if texts.type not in {pa.string(), pa.binary()}:
        return None
    try:
        return pa.DictionaryArray.from_arrays(array.indices, from_arrow(spec.type, texts), safe=False)
    except (TypeError, ValueError):
        return None  # perhaps of a text that no row has


def storage_array(array: Any, spec: ColumnSpec, where: str) -> Any:
    """Return values in the form that a column stores them in.

    Args:
        array: an Arrow array.
        spec: the column.
        where: the dataset, for messages.

    Raises:
        TypeError, ValueError, OverflowError: the type or a value does not fit; the text names column and dataset.
    """
    if array.null_count and not spec.nullable and spec.default is UNSET:
        raise ValueError(f"None in column {spec.name!r} (type {spec.type}) of {where}, which has no none_support")
    plain = spec.default is UNSET and spec.type == spec.stored_type
    if plain:
        try:
            return from_arrow(spec.type, array)
        except (TypeError, ValueError, OverflowError) as error:
            # Not of the very same class: some take more than a text.
            kind = next(one for one in (TypeError, OverflowError, ValueError) if isinstance(error, one))
            raise kind(f"{error} (column {spec.name!r}, type {spec.type}, dataset {where})") from None
    # Defaults and parsing are rules for single values, so these columns go through the same door as `write`.
    builder = ColumnBuilder(spec.type, spec.none_support, spec.default, spec.name, where)
    for value in array.to_pylist():
        builder.write(value)
    return _array(builder.take())
