"""Users' values as JSON and as pickles."""

import io
import json
import pickle
from collections.abc import Iterable
from typing import IO, Any

from accelerator.storage.dotdict import DotDict

__all__ = ["json_decode", "json_encode", "pickle_dump", "pickle_dumps", "pickle_load", "pickle_loads"]

# The oldest binary protocol that Python 3 needs: other programs of the user's can read what we write.
PICKLE_PROTOCOL = 2


def json_encode(obj: Any, sort_keys: bool = True, as_str: bool = False) -> Any:
    r"""Return a value as JSON text: pure ASCII, four spaces of indentation.

    Args:
        obj: str, int, float (also nan and inf), bool, None, and dicts, lists, tuples and sets of these.
            Tuples and sets become lists.
        sort_keys: sort the keys of dicts; False keeps their order.
        as_str: return str instead of bytes.

    Returns:
        bytes, or str with ``as_str``. No line end is added.

    Raises:
        TypeError: the value holds something that JSON has no form for, for example bytes.

    >>> json_encode({"a": (1, 2)}, as_str=True)
    '{\n    "a": [\n        1,\n        2\n    ]\n}'
    """
    text = json.dumps(_sets_to_lists(obj), indent=4, sort_keys=bool(sort_keys))
    return text if as_str else text.encode("ascii")


def _sets_to_lists(obj: Any) -> Any:
    if isinstance(obj, dict):
        return {key: _sets_to_lists(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        return [_sets_to_lists(value) for value in obj]
    if isinstance(obj, set):
        return [_sets_to_lists(value) for value in _in_order(obj)]
    return obj


def _in_order(values: set[Any]) -> Iterable[Any]:
    try:
        return sorted(values)  # so that equal sets give equal files
    except TypeError:
        return values


def _string_to_bytes(obj: Any) -> Any:
    if isinstance(obj, str):
        return obj.encode("utf-8")
    if isinstance(obj, dict):
        return DotDict((_string_to_bytes(key), _string_to_bytes(value)) for key, value in obj.items())
    if isinstance(obj, list):
        return [_string_to_bytes(value) for value in obj]
    return obj


def json_decode(s: str | bytes | bytearray, unicode_as_utf8bytes: bool = False) -> Any:
    """Return the value of a JSON text; objects become :class:`DotDict`.

    Args:
        s: the text, as str or UTF-8.
        unicode_as_utf8bytes: give every string, keys too, as UTF-8 bytes.

    Raises:
        ValueError: the text is not JSON.
    """
    value = json.loads(s, object_pairs_hook=DotDict)
    return _string_to_bytes(value) if unicode_as_utf8bytes else value


def pickle_dumps(obj: Any) -> bytes:
    """Return a value as a pickle (protocol 2).

    Args:
        obj: any picklable value.

    Raises:
        Exception: what pickle or the value's own code raises if it cannot be pickled.
    """
    return pickle.dumps(obj, PICKLE_PROTOCOL)


def pickle_dump(obj: Any, file: IO[bytes]) -> None:
    """Write a value to a binary file as a pickle (protocol 2).

    Args:
        obj: any picklable value.
        file: open for binary writing.
    """
    pickle.dump(obj, file, PICKLE_PROTOCOL)


def pickle_load(file: IO[bytes], encoding: str = "bytes") -> Any:
    """Read one value from a binary file.

    Args:
        file: open for binary reading.
        encoding: how ``str`` pickled by Python 2 is decoded; ``bytes`` leaves it as bytes.
    """
    return pickle.load(file, encoding=encoding)


def pickle_loads(data: bytes, encoding: str = "bytes") -> Any:
    """Return the value of a pickle.

    Args:
        data: the pickle.
        encoding: see :func:`pickle_load`.
    """
    return pickle_load(io.BytesIO(data), encoding)
