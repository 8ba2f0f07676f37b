"""Lines of text, for whole columns at a time."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accelerator.cli.grep.fields import Fields
from accelerator.cli.grep.lines import Encoded, Lines, prefix_values
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.texts import Texts
from accelerator.column.numpy_view import arrow_array

__all__ = ["TextLines"]

_compute: Any = pc

_ROWS = 8192  # joined at once: what they need then stays in the processor's caches
_BYTES = 1 << 28  # joined at once at most, if there is more than one row
_LARGE = 1 << 30  # above this, 32 bits may not do


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
        texts = []
        dataset = str(lines.plan.dataset)
        for name, value in prefix_values(self._query, dataset, lines.sliceno, 0).items():
            if name == "lineno":
                texts.append(self._fields.escaped(Texts(arrow_array(lines.numbers).cast(pa.string())), simple=True))
            else:
                zeros = arrow_array(np.zeros(len(lines), np.int32))
                texts.append(Texts(pa.array([self._fields.escape(str(value))], pa.string()), zeros))
        written = {
            name: self._fields.written(lines.plan.kind(name), lines.columns[name]) for name in set(lines.plan.shown)
        }
        texts += [written[name] for name in lines.plan.shown]
        widest = sum(each.widest + len(self._separator) for each in texts) + 1
        rows = max(1, min(_ROWS, _BYTES // widest))
        parts: list[bytes] = []
        ends: list[Any] = []
        size = 0
        for start in range(0, len(lines), rows):
            data, own_ends = self._joined(texts, start, rows, large=widest * rows > _LARGE)
            parts.append(data)
            ends.append(own_ends + size)
            size += len(data)
        return b"".join(parts), np.concatenate(ends).tolist() if ends else []

    def _joined(self, texts: list[Texts], start: int, rows: int, *, large: bool) -> tuple[bytes, Any]:
        kind = pa.large_binary() if large else pa.binary()
        columns = []
        for each in texts:
            if each.indices is None:
                column = each.values.slice(start, rows)
                columns.append(column.cast(pa.binary()).cast(kind))
            else:
                columns.append(each.values.cast(pa.binary()).cast(kind).take(each.indices.slice(start, rows)))
        separator, nothing, end = (pa.scalar(part, kind) for part in (self._separator, b"", b"\n"))
        columns[-1] = _compute.binary_join_element_wise(columns[-1], nothing, end)
        joined = _compute.binary_join_element_wise(*columns, separator) if len(columns) > 1 else columns[0]
        _, offsets, data = joined.buffers()
        ends = np.frombuffer(offsets, np.int64 if large else np.int32)[joined.offset : joined.offset + len(joined) + 1]
        ends = ends.astype(np.int64)
        return bytes(memoryview(data)[ends[0] : ends[-1]]), ends[1:] - ends[0]

    def _join(self, values: list[str]) -> bytes:
        texts = [self._fields.escape(value).encode("utf-8", "surrogatepass") for value in values]
        return self._separator.join(texts) + b"\n"
