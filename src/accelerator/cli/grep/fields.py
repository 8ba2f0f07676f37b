"""Values as fields of a line of text."""

from typing import Any

import pyarrow as pa

from accelerator.cli.grep.matching import Matcher
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.texts import Texts, column_texts, decoded

__all__ = ["Fields"]

_LINE_ENDS = str.maketrans({"\n": "\\n", "\r": "\\r"})


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

    def shown(self, coltype: str, array: Any) -> Texts:
        """Return the texts to show of values: the whole, or what matches."""
        texts = column_texts(coltype, array).compact()
        if not self._query.only_matching:
            return texts
        hidden = ~self._matcher.values(texts.values)
        if self._query.list_matching:
            return texts.mapped(lambda _: "", hidden)
        return texts.mapped(self._patterns.parts)

    def written(self, coltype: str, array: Any) -> Any:
        """Return the texts to show of values, not escaped, as an array of what stands for them in the output."""
        texts = self.shown(coltype, array).rows()
        return _original_bytes(texts) if self._query.format == "raw" else texts

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


def _original_bytes(texts: Any) -> Any:
    """Return texts with the bytes that could not be decoded as they were."""
    if pa.types.is_large_string(texts.type):
        return texts
    return pa.array([_restored(text) for text in decoded(texts)], pa.large_binary())


def _restored(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
