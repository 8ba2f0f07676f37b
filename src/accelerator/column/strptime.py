"""Dates and times from text, by the dialect of ``dataset_type`` (see its documentation for the directives)."""

from datetime import datetime
from typing import Any

from accelerator import _native
from accelerator._unset import UNSET

__all__ = ["strptime", "strptime_i"]

_Text = str | bytes


def strptime(value: _Text, format: _Text, default: Any = UNSET) -> Any:  # noqa: A002 - the name in the specification
    """Return the (naive) datetime that a text stands for; all of the text must match.

    Args:
        value: the text, str or UTF-8.
        format: items of the dialect, str or UTF-8.
        default: returned if the text does not match.

    Raises:
        ValueError: the text does not match, or is no date that exists; only without default.
        TypeError: value or format is not text, or has a NUL in it.

    Example:
        >>> strptime("2013-01-01 05:00", "%Y-%m-%d %H:%M")
        datetime.datetime(2013, 1, 1, 5, 0)
    """
    text = _encoded(value)
    fields, used = _native.strptime(text, _encoded(format))
    if fields is not None and used == len(text):
        return datetime(*fields)
    return _failed(value, format, default)


def strptime_i(value: _Text, format: _Text, default: Any = UNSET) -> tuple[Any, bytes]:  # noqa: A002 - as strptime
    """Return the (naive) datetime that the start of a text stands for, and the rest of the text.

    Args:
        value: the text, str or UTF-8.
        format: items of the dialect, str or UTF-8.
        default: returned in place of the datetime if the text does not match; the rest then begins where matching
            stopped.

    Raises:
        ValueError: the text does not match, or is no date that exists; only without default.
        TypeError: value or format is not text, or has a NUL in it.

    Example:
        >>> strptime_i("20130101 and more", "%Y%m%d")
        (datetime.datetime(2013, 1, 1, 0, 0), b' and more')
    """
    text = _encoded(value)
    fields, used = _native.strptime(text, _encoded(format))
    rest = text[used:]
    return (_failed(value, format, default) if fields is None else datetime(*fields)), rest


def _encoded(text: _Text) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    if not isinstance(data, bytes):
        raise TypeError(f"expected str or bytes, not {type(text).__name__}")
    if b"\0" in data:
        raise TypeError(f"NUL in {text!r}")
    return data


def _failed(value: _Text, format: _Text, default: Any) -> Any:  # noqa: A002 - as strptime
    if default is UNSET:
        shown = [t.decode(errors="backslashreplace") if isinstance(t, bytes) else t for t in (value, format)]
        raise ValueError(f"Failed to parse {shown[0]!r} as {shown[1]!r}")
    return default
