"""Repetitive text as Arrow dictionary arrays: each distinct one once, and for each row which of them it is."""

from typing import Any, Final

import pyarrow as pa

__all__ = ["DICTIONARY_BYTES", "dense", "fitting", "has_dictionary"]

DICTIONARY_BYTES: Final = 4 << 20
"""So large a dictionary may get in a file; of a row group with more distinct text, the rest is written plainly."""


def has_dictionary(array: Any) -> bool:
    """Return whether an array has a dictionary."""
    return isinstance(array.type, pa.DictionaryType)


def dense(array: Any) -> Any:
    """Return an array without dictionary."""
    return array.dictionary_decode() if has_dictionary(array) else array


def fitting(array: Any, kind: Any) -> Any:
    """Return an array with a dictionary, or without, as a type says."""
    if isinstance(kind, pa.DictionaryType):
        return array if has_dictionary(array) else array.dictionary_encode()
    return dense(array)
