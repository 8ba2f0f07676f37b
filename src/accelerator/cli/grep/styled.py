"""Lines of text for people: coloured, or set apart with spaces."""

from array import array
from itertools import accumulate, chain, pairwise

from accelerator.cli.grep.fields import Fields
from accelerator.cli.grep.lines import Encoded, Lines, prefix_values
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.query import Query
from accelerator.colour import pre_post

__all__ = ["StyledLines"]

Styled = tuple[str, int]
"""A field with control sequences, and its width without."""


class StyledLines:
    """Lines of fields for a terminal.

    Args:
        query: what is asked for.
        fields: makes the fields.
        patterns: what to highlight.
    """

    def __init__(self, query: Query, fields: Fields, patterns: Patterns) -> None:
        self._query = query
        self._fields = fields
        self._patterns = patterns
        self._highlights = query.colour and patterns.highlighted and not query.list_matching
        plain = "", ""
        self._match = pre_post("red") if query.colour else plain
        self._header = pre_post("brightblue", "bold") if query.colour else plain
        self._between = pre_post("cyan", "underline") if query.colour else plain
        self._errors = "surrogateescape" if query.format == "raw" else "surrogatepass"

    def header(self, names: tuple[str, ...]) -> bytes:
        """Return the line with the names of the fields."""
        texts = [self._fields.escape(name) for name in (*self._query.prefixes, *names)]
        return self._line([(f"{self._header[0]}{text}{self._header[1]}", len(text)) for text in texts])

    def listed(self, dataset: str, sliceno: int) -> bytes:
        """Return a line for a dataset, or for a slice of it."""
        return self._line([self._plain(dataset), *([self._plain(str(sliceno))] if self._query.show_slice else [])])

    def encode(self, lines: Lines) -> Encoded:
        """Return the lines."""
        shown = {
            name: self._fields.shown(lines.plan.kind(name), lines.column(name)).list() for name in set(lines.plan.shown)
        }
        style = self._marked if self._highlights else self._plain
        encoded = []
        dataset = str(lines.plan.dataset)
        for number, *texts in zip(lines.numbers.tolist(), *(shown[name] for name in lines.plan.shown), strict=True):
            prefix = prefix_values(self._query, dataset, lines.sliceno, number).values()
            encoded.append(self._line([*(self._plain(str(value)) for value in prefix), *map(style, texts)]))
        return b"".join(encoded), memoryview(array("q", accumulate(map(len, encoded))))

    def _plain(self, text: str) -> Styled:
        text = self._fields.escape(text)
        return text, len(text)

    def _marked(self, text: str) -> Styled:
        spans = self._patterns.spans(text)
        if not spans:
            return self._plain(text)
        quoted = self._fields.is_quoted(text)
        borders = [0, *chain.from_iterable(spans), len(text)]
        parts = [self._fields.escape_part(text[start:stop], quoted=quoted) for start, stop in pairwise(borders)]
        width = sum(map(len, parts)) + 2 * quoted
        before, after = self._match
        marked = "".join(f"{before}{part}{after}" if number % 2 else part for number, part in enumerate(parts))
        return (f'"{marked}"' if quoted else marked), width

    def _line(self, fields: list[Styled]) -> bytes:
        before, after = self._between
        spacing = self._query.spacing
        if spacing is None:
            gaps = [self._query.separator] * len(fields)
        else:
            gaps = [" " * gap for gap in spacing.gaps(width for _, width in fields)]
        gaps[-1] = ""
        line = "".join(
            f"{text}{before}{gap}{after}" if gap else text for (text, _), gap in zip(fields, gaps, strict=True)
        )
        return self._bytes(line) + b"\n"

    def _bytes(self, text: str) -> bytes:
        try:
            return text.encode("utf-8", self._errors)
        except UnicodeEncodeError:  # surrogates that stand for no byte
            return text.encode("utf-8", "surrogatepass")
