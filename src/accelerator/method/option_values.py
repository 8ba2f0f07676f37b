"""One option: from what the caller gave to the JSON form that is stored, by the method's template.

Every value is first brought into the form that JSON can hold (:func:`plain`) and then fitted to the template, so that
a value given in Python and the same value read back from another job's parameters are treated alike.
"""

import json
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any

from accelerator.job import JobWithFile
from accelerator.job.restore import to_json
from accelerator.method.options import (
    OptionDefault,
    OptionEnum,
    OptionEnumValue,
    OptionFile,
    OptionString,
    RequiredOption,
)

__all__ = ["MisfitError", "convert", "default", "is_required", "plain", "typing_of"]

_STRING = type(OptionString)
_SCALARS = (str, int, float, bool)
_LONGEST_SHOWN = 200
_MOST_CHOICES = 20
# More lenient than what reads stored forms back: a date is also a datetime, and a datetime a time.
_MAKERS: dict[str, Callable[[Any], Any]] = {
    "datetime": lambda value: datetime(*value),
    "date": lambda value: date(*value[:3]),
    "time": lambda value: time(*value[3:]),
    "timedelta": lambda value: timedelta(seconds=value),
    "Path": Path,
    "PurePath": PurePath,
}
_WORDS = {
    **dict.fromkeys(("1", "t", "true", "y", "yes", "on"), True),
    **dict.fromkeys(("", "0", "f", "false", "n", "no", "off"), False),
}


class MisfitError(ValueError):
    """A value that its template does not take; the text says why."""


def plain(value: Any) -> Any:
    """Return the form of a value that JSON can hold.

    Tuples and sets become lists (sets in a fixed order), keys of dicts become str, plain dicts are sorted, subclasses
    of str, int and float become what they extend. Times lose time zone and fold.

    Args:
        value: what the caller gave.

    Raises:
        AssertionError: the value is of a type that options cannot have.
    """
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            # Not kind(value): a subclass may show itself as another text.
            return str.__str__(value) if kind is str else kind(value)
    if isinstance(value, datetime | date | time | timedelta | PurePath):
        return to_json(value)
    if isinstance(value, dict):
        items = [(_key(key), plain(item)) for key, item in value.items()]
        return dict(items if isinstance(value, OrderedDict) else sorted(items, key=lambda item: item[0]))
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set):
        return in_order(plain(item) for item in value)
    raise AssertionError(f"{value!r} is {type(value).__name__}, a type that options cannot have")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, int | float):
        return json.dumps(key)
    raise AssertionError(f"the key {key!r} of a dict is {type(key).__name__}; keys can be str and numbers")


def in_order(values: Iterable[Any]) -> list[Any]:
    """Return the elements of a set in an order that depends on nothing but them.

    Args:
        values: plain values of any mixture of types.
    """
    return sorted(values, key=_rank)


def _rank(value: Any) -> tuple[int, bool, Any]:
    if value is None:
        return 0, False, 0
    if isinstance(value, int | float):
        # nan compares with nothing.
        nan = isinstance(value, float) and math.isnan(value)
        return 1, nan, 0 if nan else value
    if isinstance(value, str):
        return 2, False, value
    return 3, False, json.dumps(value)


def convert(template: Any, value: Any) -> Any:
    """Fit a value to a template.

    Args:
        template: what the method declares.
        value: a plain value.

    Returns:
        The JSON form of what the method will see.

    Raises:
        MisfitError: the template does not take the value.
    """
    if isinstance(template, RequiredOption):
        if value is None and not template.none_ok:
            raise MisfitError("None is not allowed")
        return convert(template.value, value)
    if isinstance(template, OptionDefault):
        return plain(template.default) if value is None else convert(template.value, value)
    if template is None:
        return value
    if isinstance(template, OptionEnum | OptionEnumValue):
        return _enum(template.enum if isinstance(template, OptionEnumValue) else template, value)
    if isinstance(template, OptionFile):
        return _file(template, value)
    if isinstance(template, _STRING):
        return _string(value)
    if value is None:
        return None
    if template is set:
        return _container(set(), value)
    if isinstance(template, dict | list | set | tuple):
        return _container(template, value)
    kind = kind_of(template)
    if kind in _MAKERS or kind == "JobWithFile":
        return _special(kind, value)
    if isinstance(template, type):
        return _of_type(template, value)
    return _example(template, value)


def kind_of(template: Any) -> str | None:
    """Name the type, among those that JSON has no form for, that a template stands for.

    Args:
        template: a type or an example value.

    Returns:
        A type name of ``typing`` in ``setup.json``, or None.
    """
    wanted = template if isinstance(template, type) else type(template)
    if wanted is JobWithFile:
        return "JobWithFile"
    if issubclass(wanted, Path):
        return "Path"
    if issubclass(wanted, PurePath):
        return "PurePath"
    # datetime is a date, so the order matters.
    return next((kind.__name__ for kind in (datetime, date, time, timedelta, set) if issubclass(wanted, kind)), None)


def _misfit(template: Any, value: Any) -> MisfitError:
    wanted = template.__name__ if isinstance(template, type) else type(template).__name__
    return MisfitError(f"{_show(value)} is {type(value).__name__}, not {wanted}")


def _show(value: Any) -> str:
    """Write a value for a message, with its middle left out if it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN // 2]} … {text[-_LONGEST_SHOWN // 4 :]}"


def _enum(enum: OptionEnum, value: Any) -> str | None:
    if enum.none_ok and (value is None or value == ""):
        return None
    if not isinstance(value, str) or not value or value not in enum:
        raise MisfitError(f"{_show(value)} is none of {_choices(enum, value)}")
    return value


def _choices(enum: OptionEnum, value: Any) -> str:
    """Return the texts that an enum has, for a message; of many those that are most like a wrong one."""
    texts = list(enum)
    if len(texts) <= _MOST_CHOICES:
        return ", ".join(texts)
    close = get_close_matches(str(value), [text for text in texts if text[-1] != "*"], n=5, cutoff=0.4)
    hint = f", such as {', '.join(close)}" if close else ""
    return f"{len(texts)} texts{hint}; `ax method` with the name of the method lists them"


def _string(value: Any) -> str:
    if value is None or value == "":
        raise MisfitError("a non-empty string is required")
    if not isinstance(value, _SCALARS):
        raise _misfit(str, value)
    return str(value)


def _file(template: OptionFile, value: Any) -> Any:
    what = "directory" if template.directory else "file"
    if value is None or value in ("", []):
        if template.none_ok:
            return None
        raise MisfitError(f"the name of a {what} is required")
    names = value if template.multiple and isinstance(value, list) else [value]
    for name in names:
        if not isinstance(name, str) or not name:
            raise MisfitError(f"{_show(name)} is not the name of a {what}")
    return value


def _container(template: Any, value: Any) -> Any:
    element = _element(template)
    if isinstance(template, dict):
        if not isinstance(value, dict):
            raise _misfit(dict, value)
        return {key: convert(element, item) for key, item in value.items()}
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list):
        raise _misfit(template, value)
    converted = [convert(element, item) for item in value]
    return _as_set(element, converted) if isinstance(template, set) else converted


def _element(template: Any) -> Any:
    """Return the one template of a container's elements; None, which takes anything, if it is empty."""
    elements = list(template.values() if isinstance(template, dict) else template)
    if len({type(element) for element in elements}) > 1:
        raise MisfitError("the template has elements of several types, so no value can be given")
    return elements[0] if elements else None


def _as_set(element: Any, values: list[Any]) -> list[Any]:
    """Return what a set made of the values holds."""
    distinct: dict[Any, Any] = {}
    for value in values:
        if isinstance(value, list | dict) and kind_of(unwrap(element)) in {None, "set"}:
            raise MisfitError(f"{_show(value)} cannot be in a set")
        distinct.setdefault(json.dumps(value) if isinstance(value, list) else value, value)
    return in_order(distinct.values())


def _special(kind: str, value: Any) -> Any:
    """Fit values of the types that JSON has no form for: check by making one."""
    if kind == "JobWithFile":
        return _job_with_file(value)
    wanted = str if kind.endswith("Path") else int | float if kind == "timedelta" else list
    if not isinstance(value, wanted):
        raise MisfitError(f"{_show(value)} is not a {kind}")
    try:
        return to_json(_MAKERS[kind](value))
    except (TypeError, ValueError, OverflowError) as error:
        raise MisfitError(f"{_show(value)} is not a {kind}: {error}") from None


def _job_with_file(value: Any) -> list[Any]:
    if not isinstance(value, list) or not 2 <= len(value) <= 4:
        raise MisfitError(f"{_show(value)} is not a JobWithFile")
    job, name, sliced, extra = [*value, False, None][:4] if len(value) == 2 else [*value, None][:4]
    workdir, _, number = job.rpartition("-") if isinstance(job, str) else ("", "", "")
    if not workdir or not number.isdecimal():
        raise MisfitError(f"{_show(job)} is not the name of a job")
    if not isinstance(name, str | int | float) or not str(name) or str(name).startswith("/"):
        raise MisfitError(f"{_show(name)} is not the name of a file in a job")
    return [job, str(name), bool(sliced), extra]


def _of_type(wanted: type, value: Any) -> Any:
    """Check a value against a bare type: nothing is coerced."""
    plain_type = list if wanted is tuple else int if wanted is bool else wanted
    if not isinstance(value, plain_type):
        raise _misfit(wanted, value)
    return value


def _example(template: Any, value: Any) -> Any:
    """Coerce a value to the type of an example."""
    wanted = next(kind for kind in (bool, str, int, float) if isinstance(template, kind))
    if not isinstance(value, _SCALARS):
        raise _misfit(wanted, value)
    if wanted is bool and isinstance(value, str):
        if value.lower() not in _WORDS:
            raise MisfitError(f"{_show(value)} is neither true nor false")
        return _WORDS[value.lower()]
    try:
        return wanted(value)
    except (ValueError, OverflowError) as error:
        raise MisfitError(str(error)) from None


def unwrap(template: Any) -> Any:
    """Return the template inside RequiredOption and OptionDefault.

    Args:
        template: any template.
    """
    while isinstance(template, RequiredOption | OptionDefault):
        template = template.value
    return template


def is_required(template: Any) -> bool:
    """Say whether an option must be given: something in its template cannot be without a value.

    Args:
        template: any template.
    """
    if isinstance(template, RequiredOption | _STRING):
        return True
    if isinstance(template, OptionEnum | OptionFile):
        return not template.none_ok
    if isinstance(template, dict):
        return any(map(is_required, template.values()))
    return isinstance(template, list | tuple | set) and any(map(is_required, template))


def default(template: Any) -> Any:
    """Return the JSON form of what the method sees of an option that was not given.

    Args:
        template: any template that is not required.
    """
    if isinstance(template, OptionDefault):
        return plain(template.default)
    if isinstance(template, dict):
        if _is_kind_only(template.values()):
            return {}
        items = {_key(key): default(value) for key, value in template.items()}
        return items if isinstance(template, OrderedDict) else dict(sorted(items.items()))
    if isinstance(template, list | tuple | set):
        if _is_kind_only(template):
            return []
        elements = [default(element) for element in template]
        return in_order(elements) if isinstance(template, set) else elements
    if template is None or isinstance(template, type | OptionEnum | OptionFile):
        return None
    return plain(template)


def _is_kind_only(elements: Iterable[Any]) -> bool:
    """Say whether a container shows only of which kind its elements are, not an example of what is in it."""
    elements = list(elements)
    return len(elements) == 1 and isinstance(elements[0], type | OptionEnum | OptionFile | OptionDefault)


def typing_of(template: Any, value: Any, path: tuple[str, ...], *, in_list: bool = False) -> Iterator[list[Any]]:
    """List what has to be restored when an option's JSON form is read back.

    Restored are options of the types that JSON has no form for, lists of them, sets, and these as values of dicts at
    any depth; not what is deeper in lists, and nothing in tuples.

    Args:
        template: any template.
        value: the JSON form.
        path: name of the option, then ``"*"`` for each level of elements.
        in_list: whether this is an element of a list or set, below which nothing but a set is restored.

    Yields:
        ``[path, type]`` pairs for ``setup.json``.
    """
    template = unwrap(template)
    kind = kind_of(template)
    if value is None:
        return
    if kind is not None and _fits(kind, value):
        yield [list(path), kind]
    if isinstance(template, set | list | dict) and len(template) and (kind == "set" or not in_list):
        element = next(iter(template.values() if isinstance(template, dict) else template))
        if not isinstance(value, dict if isinstance(template, dict) else list):
            return
        found: dict[str, list[Any]] = {}
        for item in value.values() if isinstance(value, dict) else value:
            for entry in typing_of(element, item, (*path, "*"), in_list=not isinstance(template, dict)):
                found[json.dumps(entry)] = entry
        yield from found.values()


def _fits(kind: str, value: Any) -> bool:
    """Say whether a JSON form can be restored; the default of an OptionDefault may be anything."""
    if kind == "timedelta":
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, str if kind.endswith("Path") else list)
