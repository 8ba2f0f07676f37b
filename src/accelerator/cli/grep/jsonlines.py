"""Lines of JSON."""

import json
import math
from datetime import date, time
from itertools import pairwise
from typing import Any

import pyarrow as pa

from accelerator.cli.grep.lines import Encoded, Lines, prefix_values
from accelerator.cli.grep.matching import Matcher
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.template import OBJECTS, Template
from accelerator.cli.grep.texts import column_texts, loading, python_values

__all__ = ["JsonLines"]

_AS_IS = ""  # the column type of text that is JSON already


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
        self._only_columns = query.only_matching and query.list_matching
        self._only_parts = query.only_matching and not query.list_matching

    def header(self, names: tuple[str, ...]) -> bytes:  # noqa: ARG002 - each line has the names
        """Return nothing: each line has the names."""
        return b""

    def listed(self, dataset: str, sliceno: int) -> bytes:
        """Return an object for a dataset, or for a slice of it."""
        about: dict[str, Any] = {"dataset": dataset}
        if self._query.show_slice:
            about["sliceno"] = sliceno
        return _dump(about) + b"\n"

    def encode(self, lines: Lines) -> Encoded:
        """Return the lines."""
        names = dict.fromkeys(lines.plan.shown)
        by_python = self._query.only_matching or any(lines.plan.kind(name) in OBJECTS for name in names)
        template = Template(lines, taken=by_python)
        prefix = prefix_values(self._query, str(lines.plan.dataset), lines.sliceno, 0)
        opening = b"{"
        for name, value in prefix.items():
            template.add_text(opening + _dump(name) + b": ")
            if name == "lineno":
                template.add_numbers()
            else:
                template.add_text(_dump(value))
            opening = b", "
        template.add_text(opening + b'"data": ' if prefix else b"")
        if self._only_columns:
            template.add_column(_AS_IS, self._matching_columns(lines, list(names)))
        else:
            opening = b"{"
            for name in names:
                template.add_text(opening + _dump(name) + b": ")
                opening = b", "
                if by_python:
                    template.add_column(*self._column(lines.plan.kind(name), lines.column(name)))
                else:
                    template.add_column(lines.plan.kind(name), lines.arrays[name])
            template.add_text(b"}")
        template.add_text(b"}\n" if prefix else b"\n")
        return template.written("json")

    def _column(self, coltype: str, array: Any) -> tuple[str, Any]:
        """Return column type and array for the template."""
        if self._only_parts:
            return "unicode", column_texts(coltype, array).mapped(self._patterns.parts).rows()
        if coltype in OBJECTS:
            values = python_values(coltype, array)
            with loading(coltype):
                return _AS_IS, pa.array([_dump(_jsonable(value)) for value in values], pa.large_binary())
        return coltype, array

    def _matching_columns(self, lines: Lines, names: list[str]) -> Any:
        """Return an array of objects with those columns of each line that match."""
        members: list[list[bytes]] = [[] for _ in range(len(lines))]
        for name in names:
            kind, array = lines.plan.kind(name), lines.column(name)
            template = Template(lines, taken=True)
            template.add_text(_dump(name) + b": ")
            template.add_column(*self._column(kind, array))
            data, ends = template.written("json")
            parts = [data[start:stop] for start, stop in pairwise([0, *ends.tolist()])]
            for row in self._matcher.column(kind, array).nonzero()[0].tolist():
                members[row].append(parts[row])
        return pa.array([b"{" + b", ".join(parts) + b"}" for parts in members], pa.large_binary())


def _dump(value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=repr)
    except (ValueError, TypeError, RecursionError):  # nan deep inside, keys that are not text
        text = json.dumps(_deeply_jsonable(value), ensure_ascii=False, default=repr)
    return text.encode("utf-8", "surrogatepass")


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
