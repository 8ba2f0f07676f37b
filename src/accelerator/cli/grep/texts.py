"""The text of values: ``str(value)``, for whole columns at a time.

Bytes are decoded as UTF-8, and bytes that are not UTF-8 become lone surrogates, as Python has it. Text with lone
surrogates is no Arrow string, so texts are ``string`` arrays if there are none, and else ``binary`` arrays in UTF-8
with the surrogates encoded like other characters.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator._native import Rows
from accelerator.column.numpy_view import arrow_array, arrow_booleans, numbers

__all__ = ["Texts", "column_texts", "decoded", "encode_all", "python_values"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers

# From here on, and below here, Python writes floats in another way than Arrow.
_PLAIN_FLOATS = 1e-4, 1e15
_POINT, _NOTHING = (pa.scalar(text, pa.string()) for text in (".0", ""))


class Texts:
    """The texts of a column: one for each row, or distinct ones and which of them each row has.

    Args:
        values: texts without nulls, ``string`` or ``binary``.
        indices: int32 positions in ``values``, one for each row; None if ``values`` are the rows.
    """

    def __init__(self, values: Any, indices: Any = None) -> None:
        self.values = values
        self.indices = indices

    def __len__(self) -> int:
        return len(self.values if self.indices is None else self.indices)

    def take(self, rows: Any) -> "Texts":
        """Return the texts of some rows, given by their positions."""
        if self.indices is not None:
            return Texts(self.values, self.indices.take(rows))
        return Texts(self.values.take(rows))

    def compact(self) -> "Texts":
        """Return the same, without distinct texts that no row has."""
        if self.indices is None or len(self.indices) >= len(self.values):
            return self
        return Texts(self.values.take(self.indices))

    def rows(self) -> Any:
        """Return an array with the text of each row."""
        return self.values if self.indices is None else self.values.take(self.indices)

    def spread(self, of_values: Any) -> Any:
        """Return for each row what a NumPy array has for each of the values."""
        return of_values if self.indices is None else of_values[numbers(self.indices)]

    def mapped(self, function: Callable[[str], str], where: Any = None) -> "Texts":
        """Return texts with a function applied.

        Args:
            function: what to do with each text.
            where: NumPy mask of the values that it would change; None for all.
        """
        if where is not None and not where.any():
            return self
        positions = np.arange(len(self.values)) if where is None else where.nonzero()[0]
        chosen = self.values if where is None else self.values.take(arrow_array(positions))
        changed = encode_all(map(function, decoded(chosen)))
        if where is None:
            return Texts(changed, self.indices)
        values, changed = _same_kind(self.values, changed)
        order = np.arange(len(values))
        order[positions] = len(values) + np.arange(len(changed))
        return Texts(pa.concat_arrays([values, changed]).take(arrow_array(order)), self.indices)

    def list(self) -> "Sequence[str]":
        """Return the text of each row as Python strings."""
        found = decoded(self.values)
        return found if self.indices is None else [found[index] for index in numbers(self.indices).tolist()]

    @property
    def widest(self) -> int:
        """Length in bytes of the longest."""
        lengths = _compute.binary_length(self.values)
        return _compute.max(lengths).as_py() or 0


def column_texts(coltype: str, array: Any) -> Texts:
    """Return the texts of the values of a column.

    Args:
        coltype: column type.
        array: its values, in any layout of that type; texts may be a dictionary array.
    """
    if isinstance(array, pa.DictionaryArray):
        values = _plain_texts(coltype, array.dictionary)
        indices = array.indices
        if indices.null_count:
            none = encode_all(["None"])
            values, none = _same_kind(values, none)
            indices = indices.fill_null(len(values))
            values = pa.concat_arrays([values, none])
        return Texts(values, indices)
    if pa.types.is_boolean(array.type):
        names = encode_all(["False", "True", "None"])
        return Texts(names, array.cast(pa.int32()).fill_null(2))
    return Texts(_plain_texts(coltype, array))


def _plain_texts(coltype: str, array: Any) -> Any:
    kind = array.type
    texts = None
    if coltype in {"ascii", "unicode"}:
        texts = array
    elif coltype == "bytes":
        texts = _valid_utf8(array)
    elif pa.types.is_integer(kind) or pa.types.is_date32(kind):
        texts = array.cast(pa.string())
    elif pa.types.is_timestamp(kind) and kind.tz is None:
        texts = _with_microseconds(array, array.cast(pa.int64()), pa.timestamp("s"))
    elif pa.types.is_time64(kind):
        texts = _with_microseconds(array, array.cast(pa.int64()), pa.time32("s"))
    elif pa.types.is_floating(kind):
        texts = _float_texts(array)
    if texts is None:
        return _by_python(coltype, array)
    if texts.null_count:
        texts = texts.fill_null("None")
    return texts


def python_values(coltype: str, array: Any) -> list[Any]:
    """Return the values of a column as the Python objects that iterating gives."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    return list(Rows(iter([pa.RecordBatch.from_arrays([array], ["v"])]), [coltype], True))


def decoded(texts: Any) -> list[str]:
    """Return texts as Python strings."""
    if pa.types.is_string(texts.type):
        return python_values("unicode", texts)
    return [text.decode("utf-8", "surrogatepass") for text in python_values("bytes", texts)]


def encode_all(texts: Iterable[str]) -> Any:
    """Return an array of texts."""
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    return _as_text(pa.array(parts, pa.binary()))


def _as_text(array: Any) -> Any:
    try:
        return array.cast(pa.string())
    except pa.ArrowInvalid:  # lone surrogates
        return array


def _same_kind(one: Any, other: Any) -> tuple[Any, Any]:
    if one.type != other.type:
        return one.cast(pa.binary()), other.cast(pa.binary())
    return one, other


def _by_python(coltype: str, array: Any) -> Any:
    values = python_values(coltype, array)
    if coltype == "bytes":
        return encode_all("None" if each is None else each.decode("utf-8", "surrogateescape") for each in values)
    return encode_all(map(str, values))


def _valid_utf8(array: Any) -> Any:
    try:
        return array.cast(pa.string())
    except pa.ArrowInvalid:
        return None


def _with_microseconds(array: Any, microseconds: Any, whole: Any) -> Any:
    """Return the texts of times: with six digits after the second only where those are not all 0."""
    fractions = numbers(microseconds.fill_null(0)) % 1_000_000 != 0
    if fractions.all() and len(fractions):
        return array.cast(pa.string())
    short = array.cast(whole, safe=False).cast(pa.string())
    if not fractions.any():
        return short
    return _compute.if_else(arrow_booleans(fractions), array.cast(pa.string()), short)


def _float_texts(array: Any) -> Any:
    doubles = array.cast(pa.float64())
    values = numbers(doubles.fill_null(0.5))
    sizes = np.abs(values)
    low, high = _PLAIN_FLOATS
    plain = (sizes >= low) & (sizes < high)
    whole = plain & (np.floor(values) == values)
    texts = doubles.cast(pa.string())
    if whole.any():
        texts = _compute.if_else(
            arrow_booleans(whole), _compute.binary_join_element_wise(texts, _POINT, _NOTHING), texts
        )
    if not plain.all():
        rest = (~plain).nonzero()[0]
        texts = _compute.replace_with_mask(texts, arrow_booleans(~plain), encode_all(map(repr, values[rest].tolist())))
    return texts
