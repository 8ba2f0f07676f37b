"""Types that JSON has no form for, in a job's options: how they are stored and how they come back.

``setup.json`` holds the plain form in ``options`` and a list ``typing`` of ``[path, type]``. A path is a list of
steps: the name of the option, then ``"*"`` for every element of a list or every value of a dict.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path, PosixPath, PurePath, PurePosixPath
from typing import Any

from accelerator.error import StorageError
from accelerator.storage.dotdict import DotDict

__all__ = ["RESTORERS", "as_dotdict", "restore", "restore_inputs", "to_json"]


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _datetime(value: Sequence[int]) -> datetime:
    year, month, day, hour, minute, second, microsecond = (*value, 0, 0, 0, 0)[:7]
    return datetime(year, month, day, hour, minute, second, microsecond)  # options have no time zone


def _time(value: Sequence[int]) -> time:
    hour, minute, second, microsecond = value[3:]
    return time(hour, minute, second, microsecond)


def to_json(value: Any) -> Any:
    """Return the plain form of one value of a type in :data:`RESTORERS`; sets need the caller's order.

    A timedelta is its seconds, which are exact to the microsecond up to 135 years.

    Args:
        value: a datetime, date, time, timedelta or path; anything else is returned as it is.

    >>> to_json(date(2024, 2, 29))
    [2024, 2, 29]
    """
    if isinstance(value, datetime):
        return [
            value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond,
        ]  # fmt: skip
    if isinstance(value, date):
        return [value.year, value.month, value.day]
    if isinstance(value, time):
        return [1970, 1, 1, value.hour, value.minute, value.second, value.microsecond]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, PurePath):
        return str(value)
    return value


# JobWithFile needs the Job class, which is defined above this module; the caller adds it.
RESTORERS: dict[str, Callable[[Any], Any]] = {
    "datetime": _datetime,
    "date": lambda value: date(*value[:3]),
    "time": _time,
    "timedelta": lambda value: timedelta(seconds=value),
    "Path": Path,
    "PurePath": PurePath,
    "PosixPath": PosixPath,
    "PurePosixPath": PurePosixPath,
    "set": set,
}


def restore(
    options: Mapping[str, Any],
    typing: Sequence[Sequence[Any]],
    extra: Mapping[str, Callable[[Any], Any]] | None = None,
) -> DotDict:
    """Return the options of a job as its method sees them.

    Args:
        options: from ``setup.json``.
        typing: ``[path, type]`` pairs from ``setup.json``.
        extra: functions for types beside :data:`RESTORERS`.

    Returns:
        A new DotDict; all dicts in it are DotDicts too. None stays None everywhere.

    Raises:
        StorageError: a type is not known or a value does not fit it.
    """
    result: DotDict = as_dotdict(options)
    # Elements before the containers they are in: the elements of a set cannot be reached any more.
    for (name, *steps), kind in sorted(typing, key=lambda item: -len(item[0])):
        convert = (extra or {}).get(kind) or RESTORERS.get(kind)
        if convert is None:
            raise StorageError(f"Option {name!r} is stored with the unknown type {kind!r}")
        try:
            result[name] = _restored(result[name], len(steps), convert)
        except (TypeError, ValueError, KeyError) as e:
            raise StorageError(f"Option {name!r} cannot be read back as {kind}: {e}") from e
    return result


def _restored(value: Any, depth: int, convert: Callable[[Any], Any]) -> Any:
    if value is None:
        return None
    if not depth:
        return convert(value)
    if isinstance(value, dict):
        return DotDict((key, _restored(item, depth - 1, convert)) for key, item in value.items())
    return [_restored(item, depth - 1, convert) for item in value]


def restore_inputs(stored: Mapping[str, Any], one: Callable[[Any], Any], many: Callable[[Any], Any]) -> DotDict:
    """Return the datasets or jobs of a job as its method sees them.

    Args:
        stored: from ``setup.json``: a name, None, or a list of these for each parameter.
        one: makes the object for one of them.
        many: makes the list of several.
    """
    result = DotDict()
    for name, value in stored.items():
        result[name] = many(map(one, value)) if isinstance(value, list) else one(value)
    return result


def as_dotdict(value: Any) -> Any:
    """Return a copy of a JSON value in which every dict is a DotDict.

    Args:
        value: a JSON value.
    """
    if type(value) in _PLAIN:  # most are, and asking whether it is a Mapping takes long
        return value
    if isinstance(value, Mapping):
        return DotDict((key, as_dotdict(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [as_dotdict(item) for item in value]
    return value
