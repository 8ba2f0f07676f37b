"""Lines of JSON."""

import json
import math
from datetime import date, time
from itertools import accumulate
from typing import Any

from accelerator.cli.grep.lines import Encoded, Lines, prefix_values
from accelerator.cli.grep.matching import Matcher
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.texts import column_texts, python_values

__all__ = ["JsonLines"]

_ABSENT = object()


class JsonLines:
    """An object a line.

    Args:
        query: what is asked for.
        patterns: what is looked for.
    """

    def __init__(self, query: Query, patterns: Patterns) -> None:
        self._query = query
        self._patterns = patterns
        self._matcher = Matcher(patterns)

    def header(self, names: tuple[str, ...]) -> bytes:  # noqa: ARG002 - each line has the names
        """Return nothing: each line has the names."""
        return b""

    def listed(self, dataset: str, sliceno: int) -> bytes:
        """Return an object for a dataset, or for a slice of it."""
        about: dict[str, Any] = {"dataset": dataset}
        if self._query.show_slice:
            about["sliceno"] = sliceno
        return _dump(about)

    def encode(self, lines: Lines) -> Encoded:
        """Return the lines."""
        names = list(dict.fromkeys(lines.plan.shown))
        columns = [self._values(lines.plan.kind(name), lines.columns[name]) for name in names]
        encoded = []
        dataset = str(lines.plan.dataset)
        for number, *values in zip(lines.numbers.tolist(), *columns, strict=True):
            data = {name: value for name, value in zip(names, values, strict=True) if value is not _ABSENT}
            prefix: dict[str, Any] = dict(prefix_values(self._query, dataset, lines.sliceno, number))
            encoded.append(_dump({**prefix, "data": data} if prefix else data))
        return b"".join(encoded), list(accumulate(map(len, encoded)))

    def _values(self, coltype: str, array: Any) -> list[Any]:
        if self._query.only_matching and not self._query.list_matching:
            return column_texts(coltype, array).mapped(self._patterns.parts).list()  # type: ignore[return-value]  # a list
        values = [_jsonable(value) for value in python_values(coltype, array)]
        if self._query.only_matching:
            matching = self._matcher.column(coltype, array).tolist()
            return [value if matches else _ABSENT for value, matches in zip(values, matching, strict=True)]
        return values


def _dump(value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=repr)
    except (ValueError, TypeError, RecursionError):  # nan deep inside, keys that are not text
        text = json.dumps(_deeply_jsonable(value), ensure_ascii=False, default=repr)
    return text.encode("utf-8", "surrogatepass") + b"\n"


def _jsonable(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None  # JSON has neither NaN nor infinity
        case complex():
            return [_jsonable(value.real), _jsonable(value.imag)]
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case date() | time():  # a datetime is a date
            return str(value)
    return value


def _deeply_jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _deeply_jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_deeply_jsonable(item) for item in value]
    return _jsonable(value)
