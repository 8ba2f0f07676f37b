"""Values as fields of a line of text."""

from typing import Any

import numpy as np
import pyarrow as pa

from accelerator.cli.grep.matching import Matcher
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.texts import Texts, column_texts, decoded

__all__ = ["Fields"]

_LINE_ENDS = str.maketrans({"\n": "\\n", "\r": "\\r"})
# What the texts of these types are made of: if the separator is nothing like it, they need no look.
_SIMPLE_TYPES = {"bool", "date", "datetime", "float32", "float64", "int32", "int64", "number", "time"}
_SIMPLE_CHARACTERS = frozenset("0123456789+-.:e naifNoTrueFalse")


class Fields:
    """Turns values into the texts that are shown, and those into what stands in the line.

    Args:
        query: what is asked for.
        patterns: what is looked for.
    """

    def __init__(self, query: Query, patterns: Patterns) -> None:
        self._query = query
        self._patterns = patterns
        self._matcher = Matcher(patterns)
        self._separator = "" if query.format == "raw" else query.separator
        self._simple = not _SIMPLE_CHARACTERS.intersection(self._separator)

    def shown(self, coltype: str, array: Any) -> Texts:
        """Return the texts to show of values: the whole, or what matches."""
        texts = column_texts(coltype, array).compact()
        if not self._query.only_matching:
            return texts
        hidden = ~self._matcher.values(texts.values)
        if self._query.list_matching:
            return texts.mapped(lambda _: "", hidden)
        return texts.mapped(self._patterns.parts)

    def written(self, coltype: str, array: Any) -> Texts:
        """Return what stands in the line for values, as bytes that can be written."""
        if self._query.format == "raw":
            if coltype == "bytes" and not self._query.only_matching and not isinstance(array, pa.DictionaryArray):
                return Texts(array.fill_null(b"None"))
            texts = self.shown(coltype, array)
            return Texts(_original_bytes(texts.values), texts.indices)
        return self.escaped(self.shown(coltype, array), simple=coltype in _SIMPLE_TYPES)

    def escaped(self, texts: Texts, *, simple: bool = False) -> Texts:
        """Return what stands in the line for texts.

        Args:
            texts: the texts.
            simple: they are numbers, times or names of such.
        """
        if self._query.format == "raw" or (simple and self._simple) or not self._may_need_escape(texts.values):
            return texts
        needs = np.fromiter(map(self._needs_escape, decoded(texts.values)), bool, len(texts.values))
        return texts.mapped(self.escape, needs)

    def escape(self, text: str) -> str:
        """Return a text as it stands in a line, so that it does not end there and can be told from its neighbours."""
        if self._query.format == "raw":
            return text
        if self.is_quoted(text):
            text = '"' + text.replace('"', '""') + '"'
        return text.translate(_LINE_ENDS)

    def escape_part(self, text: str, *, quoted: bool) -> str:
        """Return a part of a text as it stands inside of what :meth:`escape` makes of the whole."""
        if self._query.format == "raw":
            return text
        return (text.replace('"', '""') if quoted else text).translate(_LINE_ENDS)

    def is_quoted(self, text: str) -> bool:
        """Return whether a text stands in the line with quotes around it."""
        if self._query.format == "raw" or not text:
            return False
        return text[0] in "\"'" or text[-1] in "\"'" or (self._separator != "" and self._separator in text)

    def _needs_escape(self, text: str) -> bool:
        return self.is_quoted(text) or "\n" in text or "\r" in text

    def _may_need_escape(self, texts: Any) -> bool:
        """Tell quickly that no text needs anything, as is the rule."""
        data = _content(texts)
        suspicious = [b"\n", b"\r", b'"', b"'"]
        if self._separator:
            suspicious.append(self._separator.encode("utf-8", "surrogatepass"))
        return any(data.find(each) >= 0 for each in suspicious)


def _content(texts: Any) -> bytes:
    """Return all texts of an array, one behind the other."""
    if not len(texts):
        return b""
    _, offsets, data = texts.buffers()
    if data is None:
        return b""
    ends = np.frombuffer(offsets, np.int32)
    first, last = int(ends[texts.offset]), int(ends[texts.offset + len(texts)])
    return bytes(memoryview(data)[first:last])


def _original_bytes(texts: Any) -> Any:
    """Return texts with the bytes that could not be decoded as they were."""
    if pa.types.is_string(texts.type):
        return texts
    return pa.array([_restored(text) for text in decoded(texts)], pa.binary())


def _restored(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
