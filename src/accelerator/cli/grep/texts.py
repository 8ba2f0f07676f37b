"""The text of values: ``str(value)``, for whole columns at a time.

Bytes are decoded as UTF-8, and bytes that are not UTF-8 become lone surrogates, as Python has it. Text with lone
surrogates is no Arrow string, so texts are ``large_string`` arrays if there are none, and else ``large_binary`` arrays
in UTF-8 with the surrogates encoded like other characters.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from accelerator import _lazy
from accelerator._native import Rows, text_array
from accelerator.column.numpy_view import arrow_array, numbers
from accelerator.error import AcceleratorError, UserError

__all__ = ["Texts", "column_texts", "decoded", "encode_all", "loading", "python_values"]

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others


class Texts:
    """The texts of a column: one for each row, or distinct ones and which of them each row has.

    Args:
        values: texts without nulls, ``large_string`` or ``large_binary``.
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
        positions = _lazy.numpy.arange(len(self.values)) if where is None else where.nonzero()[0]
        chosen = self.values if where is None else self.values.take(arrow_array(positions))
        changed = encode_all(map(function, decoded(chosen)))
        if where is None:
            return Texts(changed, self.indices)
        values, changed = _same_kind(self.values, changed)
        order = _lazy.numpy.arange(len(values))
        order[positions] = len(values) + _lazy.numpy.arange(len(changed))
        return Texts(pa.concat_arrays([values, changed]).take(arrow_array(order)), self.indices)

    def list(self) -> "Sequence[str]":
        """Return the text of each row as Python strings."""
        found = decoded(self.values)
        return found if self.indices is None else [found[index] for index in numbers(self.indices).tolist()]


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
    if coltype in {"json", "pickle"}:
        values = python_values(coltype, array)
        with loading(coltype):
            return encode_all(map(str, values))
    if coltype == "bytes":
        texts = _decoded_bytes(array)
    elif coltype in {"ascii", "unicode"}:
        texts = array.cast(pa.large_string()) if pa.types.is_string(array.type) else array
    else:
        texts = _array(text_array(coltype, array))
    return texts.fill_null("None") if texts.null_count else texts


def python_values(coltype: str, array: Any) -> list[Any]:
    """Return the values of a column as the Python objects that iterating gives."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    with loading(coltype):
        return list(Rows(iter([pa.RecordBatch.from_arrays([array], ["v"])]), [coltype], True))


@contextmanager
def loading(*coltypes: str) -> Iterator[None]:
    """Say what went wrong while values of these types became objects, where that ran code of the user's.

    Raises:
        UserError: there are values of type pickle that cannot be loaded or shown here.
    """
    try:
        yield
    except Exception as error:
        if "pickle" not in coltypes or isinstance(error, AcceleratorError):
            raise
        raise UserError(
            f"a value of type pickle cannot be loaded: {type(error).__name__}: {error}; "
            "its class must be found in the project that ax runs in, or be installed"
        ) from error


def decoded(texts: Any) -> list[str]:
    """Return texts as Python strings."""
    if pa.types.is_large_string(texts.type):
        return python_values("unicode", texts)
    return [text.decode("utf-8", "surrogatepass") for text in python_values("bytes", texts)]


def encode_all(texts: Iterable[str]) -> Any:
    """Return an array of texts."""
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    return _as_text(pa.array(parts, pa.large_binary()))


def _as_text(array: Any) -> Any:
    try:
        return array.cast(pa.large_string())
    except pa.ArrowInvalid:  # lone surrogates
        return array


def _same_kind(one: Any, other: Any) -> tuple[Any, Any]:
    if one.type != other.type:
        return one.cast(pa.large_binary()), other.cast(pa.large_binary())
    return one, other


def _decoded_bytes(array: Any) -> Any:
    try:
        return array.cast(pa.large_string())
    except pa.ArrowInvalid:  # not all of it is UTF-8
        values = python_values("bytes", array)
        return encode_all("None" if each is None else each.decode("utf-8", "surrogateescape") for each in values)
