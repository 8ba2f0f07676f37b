"""Hashes of whole rows, for checksums: equal for equal values of equal types, however they are stored."""

import json
import pickle
from collections.abc import Callable, Sequence
from typing import Any, Final

import pyarrow as pa

from accelerator import _native

__all__ = ["row_digests"]

# Types of which many texts are the same value.
_LOAD: Final[dict[str, Callable[[Any], Any]]] = {"json": json.loads, "pickle": pickle.loads}


def row_digests(types: Sequence[str], arrays: Sequence[Any]) -> tuple[_native.Array, _native.Array]:
    """Return two independent 64 bit hashes of each row.

    Values count as their ``repr`` does: 1 and 1.0 differ in a ``number`` column, 0.0 and -0.0 do, all NaNs are alike.

    Args:
        types: column types, at least one.
        arrays: an Arrow array for each, in a form in which such columns are stored.

    Returns:
        Two Arrow uint64 arrays; ``pyarrow.array`` takes them without a copy.

    Raises:
        TypeError: an array is not of a form that such columns have; a pickle holds what JSON has no text for.
        ValueError: arrays of different lengths.
    """
    plain = [
        _canonical_json(_LOAD[coltype], array) if coltype in _LOAD else array
        for coltype, array in zip(types, arrays, strict=True)
    ]
    return _native.row_digests(["bytes" if coltype in _LOAD else coltype for coltype in types], plain)


def _canonical_json(load: Callable[[Any], Any], array: Any) -> Any:
    stored = array.storage if isinstance(array.type, pa.BaseExtensionType) else array
    values = (None if each is None else load(each) for each in stored.to_pylist())
    texts = [
        json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "surrogatepass")
        for value in values
    ]
    return pa.array(texts, pa.binary())
