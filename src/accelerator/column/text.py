"""Values as text: what ``str`` gives in Python, for whole arrays."""

import json
import pickle
from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa

from accelerator import _native

__all__ = ["text_array"]

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others

# Types whose values only Python can read: how, and how they are written.
_BY_PYTHON: Final[dict[str, tuple[Callable[[Any], Any], Callable[[Any], str]]]] = {
    "json": (json.loads, lambda value: json.dumps(value, sort_keys=True)),
    "pickle": (pickle.loads, str),
}


def text_array(coltype: str, array: Any) -> Any:
    r"""Return values as text.

    Args:
        coltype: column type.
        array: an Arrow array in a form in which such columns are stored.

    Returns:
        An Arrow large_string array; null where the value is None (in json too). Bytes are decoded as UTF-8, what is not
        that becomes ``\xNN``; json has sorted keys and only ASCII.

    Raises:
        TypeError: the array is not of a form that such columns have.
    """
    if coltype not in _BY_PYTHON:
        return _array(_native.text_array(coltype, array))
    load, text = _BY_PYTHON[coltype]
    stored = array.storage if isinstance(array.type, pa.BaseExtensionType) else array
    values = (None if each is None else load(each) for each in stored.to_pylist())
    return pa.array([None if value is None else text(value) for value in values], pa.large_string())
