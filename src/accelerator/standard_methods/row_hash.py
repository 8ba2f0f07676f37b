"""Hashes of whole rows: equal for equal values, however they are stored."""

import json
import pickle
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import accelerator.standard_methods.libraries  # noqa: F401 - for what it imports
from accelerator.column import hash_array

__all__ = ["row_hashes"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers
_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others

_NAN: Final = np.float64(np.nan).view(np.int64)
# What a number is stored as.
_NONE, _INTEGER, _FLOAT, _BIG = 0, 1, 2, 3


def row_hashes(types: Sequence[str], arrays: Sequence[Any]) -> tuple[Any, Any]:
    """Return two independent 64 bit hashes of each row.

    A row becomes bytes: what has a fixed width (values, marks of None, lengths of texts) and then the texts one after
    the other. These are hashed with SipHash, as everything is that partitions data.

    Args:
        types: column types, at least one.
        arrays: the columns as stored.
    """
    count = len(arrays[0])
    fixed: list[Any] = []
    texts: list[Any] = []
    for coltype, array in zip(types, arrays, strict=True):
        more, text = _parts(coltype, array.storage if isinstance(array, pa.ExtensionArray) else array)
        fixed += more
        if text is not None:
            lengths = _compute.binary_length(text)
            fixed.append(_compute.fill_null(lengths, -1).to_numpy(zero_copy_only=False).astype(np.int64))
            texts.append(_compute.fill_null(text, b""))
    rows = []
    for seed in (b"\1", b"\2"):
        joined = _compute.binary_join_element_wise(
            pa.scalar(seed, pa.large_binary()),
            _as_bytes(fixed, count),
            *(text.cast(pa.large_binary()) for text in texts),
            pa.scalar(b"", pa.large_binary()),
        )
        rows.append(_array(hash_array("bytes", joined)).to_numpy())
    return rows[0], rows[1]


def _as_bytes(fixed: Sequence[Any], count: int) -> Any:
    """Return arrays of numbers side by side, as one binary value a row."""
    if not fixed:
        return pa.repeat(pa.scalar(b"", pa.large_binary()), count)
    columns = [np.ascontiguousarray(array).view(np.uint8).reshape(count, array.dtype.itemsize) for array in fixed]
    joined = np.concatenate(columns, axis=1)
    width = joined.shape[1]
    offsets = np.arange(count + 1, dtype=np.int64) * width
    return pa.Array.from_buffers(
        pa.large_binary(), count, [None, pa.py_buffer(offsets.data), pa.py_buffer(joined.data)]
    )


def _parts(coltype: str, array: Any) -> tuple[list[Any], Any]:
    """Return the values of a column as arrays of fixed width, and the texts if there are some."""
    if coltype in {"ascii", "unicode", "bytes"}:
        return [], array.cast(pa.binary())
    if coltype in {"json", "pickle"}:
        return [], _canonical_json(coltype, array)
    if coltype == "number":
        return _number(array)
    valid = array.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8)
    if coltype in {"complex32", "complex64"}:
        return [valid, *(_bits(_compute.struct_field(array, name).cast(pa.float64())) for name in ("re", "im"))], None
    if coltype in {"float32", "float64"}:
        return [valid, _bits(array.cast(pa.float64()))], None
    if coltype in {"datetime", "time"}:
        return [valid, *_moment(array)], None
    if coltype == "date":
        array = array.view(pa.int32())
    return [valid, _compute.fill_null(array.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)], None


def _bits(floats: Any) -> Any:
    values = _compute.fill_null(floats, 0.0).to_numpy(zero_copy_only=False)
    return np.where(np.isnan(values), _NAN, values.view(np.int64))


def _number(array: Any) -> tuple[list[Any], Any]:
    big = None
    if pa.types.is_struct(array.type):
        integers, floats, big = (_compute.struct_field(array, name) for name in ("int", "float", "big"))
    else:
        nothing = pa.nulls(len(array), array.type)
        integers, floats = (array, nothing) if pa.types.is_integer(array.type) else (nothing, array)
    is_integer = integers.is_valid().to_numpy(zero_copy_only=False)
    is_float = floats.is_valid().to_numpy(zero_copy_only=False)
    kind = np.where(is_integer, _INTEGER, np.where(is_float, _FLOAT, _NONE)).astype(np.uint8)
    values = _compute.fill_null(integers.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    values = np.where(is_integer, values, _bits(floats.cast(pa.float64())))
    if big is None or big.null_count == len(big):
        # Always a text, so that the bytes are the same whether a big integer is somewhere else in the column or not.
        return [kind, values], pa.repeat(pa.scalar(b"", pa.binary()), len(array))
    kind[big.is_valid().to_numpy(zero_copy_only=False)] = _BIG
    return [kind, values], _compute.fill_null(big, b"")


def _moment(array: Any) -> list[Any]:
    flags = np.zeros(len(array), np.uint8)
    if pa.types.is_struct(array.type):
        flags = _compute.fill_null(_compute.struct_field(array, "flags"), 0).to_numpy(zero_copy_only=False)
        array = _compute.struct_field(array, "value")
    elif pa.types.is_timestamp(array.type) and array.type.tz is not None:
        flags = array.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8) * np.uint8(2)
    return [_compute.fill_null(array.view(pa.int64()), 0).to_numpy(zero_copy_only=False), flags]


def _canonical_json(coltype: str, array: Any) -> Any:
    load = json.loads if coltype == "json" else pickle.loads
    values = (None if stored is None else load(stored) for stored in array.to_pylist())
    texts = [
        json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "surrogatepass")
        for value in values
    ]
    return pa.array(texts, pa.binary())
