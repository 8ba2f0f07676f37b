"""Local times of a time zone as UTC, for whole arrays."""

import io
import struct
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa

_QUARTER: Final = 15 * 60 * 1_000_000
_EPOCH: Final = datetime(1970, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)
_MIN: Final = (datetime.min - _EPOCH) // _MICROSECOND
_MAX: Final = (datetime.max - _EPOCH) // _MICROSECOND


def find_zone(name: str) -> ZoneInfo:
    """Return the time zone that a value of ``$TZ`` names.

    Args:
        name: ``Europe/Stockholm``, ``:Europe/Stockholm``, or a POSIX rule such as ``CET-1CEST,M3.5.0,M10.5.0/3``.

    Raises:
        ValueError: there is no such zone.
    """
    bare = name.removeprefix(":")
    try:
        return ZoneInfo(bare)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        pass
    try:
        return ZoneInfo.from_file(io.BytesIO(_rule_file(name)), key=name)
    except (ValueError, UnicodeEncodeError):
        raise ValueError(f"there is no time zone {name!r}") from None


def _rule_file(rule: str) -> bytes:
    """Return a time zone file without history, of which only the rule for all other times is used."""
    if not rule or "\n" in rule:
        raise ValueError(rule)
    header = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    kind = struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    return header + kind + header + kind + b"\n" + rule.encode("ascii") + b"\n"


def local_to_utc(array: Any, zone: ZoneInfo) -> tuple[Any, Any]:
    """Take naive timestamps as local times of a zone.

    A time that occurs twice is the first of the two; one that is skipped is counted on from before the gap.

    Args:
        array: ``timestamp[us]`` without zone; nulls stay.
        zone: whose local times these are.

    Returns:
        ``timestamp[us, UTC]``, and a mask (True: outside the years 1 to 9999 as UTC) or None if nothing is. Values
        there are null.
    """
    valid = np.asarray(array.is_valid())
    local = array.cast(pa.int64()).fill_null(0).to_numpy()
    # Zones change at quarters of hours, but for the times before standard time: these go one by one.
    quarters, place = np.unique(local // _QUARTER, return_inverse=True)
    starts = np.array([_offset(int(q) * _QUARTER, zone) for q in quarters], dtype=np.int64)
    ends = np.array([_offset(int(q + 1) * _QUARTER - 1, zone) for q in quarters], dtype=np.int64)
    shift = starts[place]
    for row in np.flatnonzero((starts != ends)[place]):
        shift[row] = _offset(int(local[row]), zone)
    utc = local - shift
    outside = valid & ((utc < _MIN) | (utc > _MAX))
    result = pa.array(utc, mask=~valid | outside).cast(pa.timestamp("us", tz="UTC"))
    return result, pa.array(outside) if outside.any() else None


def _offset(local: int, zone: ZoneInfo) -> int:
    moment = _EPOCH + min(max(local, _MIN), _MAX) * _MICROSECOND
    return (moment.replace(tzinfo=zone).utcoffset() or timedelta()) // _MICROSECOND
