"""Lines of text."""

from accelerator.cli.grep.fields import Fields
from accelerator.cli.grep.lines import Encoded, Lines, prefix_values
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.template import OBJECTS, Template

__all__ = ["TextLines"]


class TextLines:
    """Lines of fields with something between them.

    Args:
        query: what is asked for.
        fields: makes the fields.
    """

    def __init__(self, query: Query, fields: Fields) -> None:
        self._query = query
        self._fields = fields
        self._separator = query.separator.encode("utf-8", "surrogateescape")

    def header(self, names: tuple[str, ...]) -> bytes:
        """Return the line with the names of the fields."""
        return self._join([*self._query.prefixes, *names])

    def listed(self, dataset: str, sliceno: int) -> bytes:
        """Return a line for a dataset, or for a slice of it."""
        return self._join([dataset, str(sliceno)] if self._query.show_slice else [dataset])

    def encode(self, lines: Lines) -> Encoded:
        """Return the lines."""
        kinds = {name: lines.plan.kind(name) for name in lines.plan.shown}
        by_python = self._query.only_matching or not OBJECTS.isdisjoint(kinds.values())
        template = Template(lines, taken=by_python)
        for name, value in prefix_values(self._query, str(lines.plan.dataset), lines.sliceno, 0).items():
            if name == "lineno":
                template.add_numbers()
            else:
                template.add_text(self._fields.escape(str(value)).encode("utf-8", "surrogatepass"))
            template.add_text(self._separator)
        for position, name in enumerate(lines.plan.shown):
            if position:
                template.add_text(self._separator)
            if self._query.only_matching or kinds[name] in OBJECTS:
                template.add_column("unicode", self._fields.written(kinds[name], lines.column(name)))
            else:
                template.add_column(kinds[name], lines.column(name) if by_python else lines.arrays[name])
        template.add_text(b"\n")
        if self._query.format == "raw":
            return template.written("raw")
        return template.written("fields", self._query.separator.encode("utf-8", "surrogatepass"))

    def _join(self, values: list[str]) -> bytes:
        texts = [self._fields.escape(value).encode("utf-8", "surrogatepass") for value in values]
        return self._separator.join(texts) + b"\n"
