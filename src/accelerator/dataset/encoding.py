"""How the values of a column are encoded in Parquet: what reads fastest and is small, by type and a look at values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator.dataset.commit import ColumnSpec

# So many values are looked at, in the first row group of a file.
_SAMPLE = 8192
# And so many of these first.
_GLANCE = 1024
# A dictionary pays if each value comes so often.
_REPETITIVE = 4

_types: Any = pa.types


@dataclass
class Encodings:
    """Encodings of the leaves of a file.

    Attributes:
        dictionary: columns to be written with a dictionary.
        others: encoding by path of the other leaves, where it is not plain.
    """

    dictionary: list[str] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)


def choose(columns: Sequence[ColumnSpec], arrays: Sequence[Any]) -> Encodings:
    """Return the encodings for a file.

    Args:
        columns: as declared.
        arrays: the rows of its first row group, an array per column.
    """
    chosen = Encodings()
    for spec, array in zip(columns, arrays, strict=True):
        for path, leaf in _leaves(spec.physical, array.slice(0, _SAMPLE)):
            if spec.stored_type in {"ascii", "unicode", "bytes"}:
                if _is_repetitive(leaf):
                    chosen.dictionary.append(path)
            elif _types.is_floating(leaf.type):
                if not _plain_is_smaller(leaf):
                    chosen.others[path] = "BYTE_STREAM_SPLIT"
            elif _types.is_integer(leaf.type) or _types.is_temporal(leaf.type):
                # Reads in half the time that compressed plain values take, and is about as small or much smaller.
                chosen.others[path] = "DELTA_BINARY_PACKED"
    return chosen


def _leaves(path: str, array: Any) -> Iterator[tuple[str, Any]]:
    if not _types.is_struct(array.type):
        yield path, array
        return
    for index, child in enumerate(array.flatten()):
        # Parquet has no unsigned bytes; the flags of moments are stored as int32, and the same all along.
        yield f"{path}.{array.type.field(index).name}", child


def _is_repetitive(texts: Any) -> bool:
    count = len(texts)
    if count > _GLANCE:
        # With few rows in each file this look takes as long as a part of writing them. Mostly a glance will do.
        seen = _distinct(texts.slice(0, _GLANCE))
        if seen * _REPETITIVE * 2 <= _GLANCE or seen * 16 >= _GLANCE * 15:
            return seen * _REPETITIVE <= _GLANCE
    return bool(count) and _distinct(texts) * _REPETITIVE <= count


def _distinct(texts: Any) -> int:
    return int(pc.count_distinct(texts, mode="all").as_py())


def _plain_is_smaller(array: Any) -> bool:
    """Return whether compression does more for whole values, as it does for those that have few digits."""
    values = array.drop_null()
    if not len(values):
        return False
    width = values.type.bit_width // 8
    start = values.offset * width
    # The buffer and not to_numpy, which imports pandas.
    data = np.frombuffer(values.buffers()[1], np.uint8)[start : start + len(values) * width]
    split = data.reshape(len(values), width).T.tobytes()
    plain, transposed = (pa.compress(one, codec="zstd", asbytes=True) for one in (data.tobytes(), split))
    return len(plain) < len(transposed)
