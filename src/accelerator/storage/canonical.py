"""Values as bytes for identity: equal bytes exactly for equal values of equal types.

The form is frozen, because keys of jobs on disk depend on it. Each value is a letter for its type and a text::

    N                       None
    T F                     True, False
    i<decimal>;             int
    f<hex>;                 float: float.hex(), nan, inf, -inf (all nans are one; -0.0 is not 0.0)
    s<length>:<bytes>       str as UTF-8, lone surrogates too
    b<length>:<bytes>       bytes
    d<y,m,d,h,m,s,us,fold>; datetime, the same with its UTC offset and zone if aware
    D<y,m,d>;               date
    t<h,m,s,us,fold>;       time
    m<days,s,us>;           timedelta
    P<type>;<str>           path
    [<items>]               list or tuple
    {<items>}               set or frozenset, in the order of the items' bytes
    (<key><value>…)         dict, in its order
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from typing import Any

__all__ = ["digest_order", "encode"]


def encode(value: Any) -> bytes:
    """Return the canonical bytes of a value.

    Tuples equal lists, subclasses of a type equal the type, the order of a dict counts and that of a set does not.

    Args:
        value: None, bool, int, float, str, bytes, datetime, date, time, timedelta, a path, or a list, tuple, set,
            frozenset or dict of these.

    Raises:
        TypeError: another type.

    >>> encode([1, True, 1.0, "1"])
    b'[i1;Tf0x1.0000000000000p+0;s1:1]'
    """
    out: list[bytes] = []
    _encode(value, out)
    return b"".join(out)


def _encode(value: Any, out: list[bytes]) -> None:
    if value is None:
        out.append(b"N")
    elif isinstance(value, bool):
        out.append(b"T" if value else b"F")
    elif isinstance(value, str):
        _counted(b"s", value.encode("utf-8", "surrogatepass"), out)
    elif isinstance(value, int):
        out.append(b"i%s;" % _decimal(value))
    elif isinstance(value, float):
        out.append(f"f{value.hex()};".encode("ascii"))
    elif isinstance(value, bytes):
        _counted(b"b", value, out)
    elif isinstance(value, (list, tuple)):
        out.append(b"[")
        for item in value:
            _encode(item, out)
        out.append(b"]")
    elif isinstance(value, Mapping):
        out.append(b"(")
        for key, item in value.items():
            _encode(key, out)
            _encode(item, out)
        out.append(b")")
    elif isinstance(value, (set, frozenset)):
        out.extend((b"{", *digest_order(value), b"}"))
    else:
        _encode_other(value, out)


def _counted(tag: bytes, data: bytes, out: list[bytes]) -> None:
    out.extend((b"%s%d:" % (tag, len(data)), data))


def _decimal(value: int) -> bytes:
    # Hexadecimal beyond what Python is willing to write in decimals; "x" keeps the two apart.
    return b"%d" % value if value.bit_length() < 2048 else f"x{value:x}".encode("ascii")


def _encode_other(value: Any, out: list[bytes]) -> None:
    if isinstance(value, datetime):
        fields = [*value.timetuple()[:6], value.microsecond, value.fold]
        _fields(b"d", [*fields, *_zone(value)], out)
    elif isinstance(value, date):
        _fields(b"D", [value.year, value.month, value.day], out)
    elif isinstance(value, time):
        fields = [value.hour, value.minute, value.second, value.microsecond, value.fold]
        _fields(b"t", [*fields, *_zone(value)], out)
    elif isinstance(value, timedelta):
        _fields(b"m", [value.days, value.seconds, value.microseconds], out)
    elif isinstance(value, PurePath):
        out.append(b"P%s;" % type(value).__name__.encode("utf-8"))
        _encode(str(value), out)
    else:
        raise TypeError(f"A value of type {type(value).__name__} cannot be part of a job's identity")


def _zone(value: datetime | time) -> list[str]:
    if value.tzinfo is None:
        return []
    zone = str(value.tzinfo).encode("utf-8", "surrogatepass")
    return [str(value.utcoffset()), zone.hex()]


def _fields(tag: bytes, fields: list[Any], out: list[bytes]) -> None:
    out.append(tag + ",".join(map(str, fields)).encode("ascii") + b";")


def digest_order(values: Any) -> list[bytes]:
    """Return the canonical bytes of the elements of a set, in the order that counts as its own.

    Args:
        values: the set.
    """
    return sorted(map(encode, values))
