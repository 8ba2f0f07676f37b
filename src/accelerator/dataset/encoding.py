"""How the values of a column are encoded in Parquet: what reads fastest and is small, by type and a look at values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator.column.dictionary import has_dictionary
from accelerator.dataset.commit import ColumnSpec

# So few values are all looked at, of more in the first row group of a file this part: runs from all over it, as what is
# sorted repeats itself within a run only.
_ALL: Final = 2048
_PART: Final = 16
_RUNS: Final = 8
# A dictionary pays if each of the values looked at comes so often. Larger ones make data smaller, but rows are read
# from them in twice the time: their values lie far apart.
_REPETITIVE: Final = 4

_compute: Any = pc  # its functions are made at import, unseen by type checkers
_types: Any = pa.types


@dataclass
class Encodings:
    """Encodings of the leaves of a file.

    Attributes:
        dictionary: columns to be written with a dictionary.
        shared: those of them whose values come with one.
        others: encoding by path of the other leaves, where it is not plain.
    """

    dictionary: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    others: dict[str, str] = field(default_factory=dict)


def choose(columns: Sequence[ColumnSpec], arrays: Sequence[Any]) -> Encodings:
    """Return the encodings for a file.

    Args:
        columns: as declared.
        arrays: the rows of its first row group, an array per column.
    """
    chosen = Encodings()
    for spec, array in zip(columns, arrays, strict=True):
        if has_dictionary(array):
            chosen.dictionary.append(spec.physical)
            chosen.shared.add(spec.physical)
            continue
        for path, leaf in _leaves(spec.physical, _sample(array)):
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


def _sample(array: Any) -> Any:
    """Return some of the values, in as few runs as represent all."""
    rows = len(array)
    if rows <= _ALL:
        return array
    size = rows // _PART // _RUNS
    starts = [(rows - size) * number // (_RUNS - 1) for number in range(_RUNS)]
    return pa.concat_arrays([array.slice(start, size) for start in starts])


def _is_repetitive(sample: Any) -> bool:
    """Return whether a dictionary pays: whether it is small, so that rows are read from it as fast as without it."""
    distinct = _compute.count_distinct(sample, mode="all").as_py()
    return bool(0 < distinct * _REPETITIVE <= len(sample))


def _leaves(path: str, array: Any) -> Iterator[tuple[str, Any]]:
    if not _types.is_struct(array.type):
        yield path, array
        return
    for index, child in enumerate(array.flatten()):
        # Parquet has no unsigned bytes; the flags of moments are stored as int32, and the same all along.
        yield f"{path}.{array.type.field(index).name}", child


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
