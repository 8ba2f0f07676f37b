"""What the process of one slice does where lines are counted, compared, or shown because others are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from accelerator.cli.grep.chunk import Chunk, Key
from accelerator.cli.grep.context import Context
from accelerator.cli.grep.lines import Lines
from accelerator.cli.grep.plain import ROWS, PlainScan
from accelerator.cli.grep.plan import DatasetPlan
from accelerator.cli.grep.texts import column_texts

__all__ = ["Scan"]


@dataclass
class Scan(PlainScan):
    """Goes through the same slice of several datasets, and knows each line that it shows.

    The arguments are those of :class:`~accelerator.cli.grep.plain.PlainScan`.
    """

    def __post_init__(self) -> None:
        # With `unique` a match may turn out to be nothing new, so it is not known here how many are enough.
        self._wanted = self.query.max_count if self.query.unique is None else None
        self._seen: set[Key] = set()

    def _chunks(self, number: int) -> Iterator[Chunk]:
        """Yield the lines of a dataset; each chunk ends where no more context is owed, if lines are counted."""
        held: list[Chunk] = []
        for chunk, complete in self._parts(number):
            held.append(chunk)
            if complete or self.query.max_count is None:
                yield _joined(held)
                held = []
        if held:
            yield _joined(held)

    def _parts(self, number: int) -> Iterator[tuple[Chunk, bool]]:
        """Yield the lines to show, and whether nothing is owed after them."""
        plan = self.plans[number]
        searched = self._searched(plan)
        if not searched and not self._shows_all:
            return
        context = Context(self.query.before, self.query.after)
        window: list[tuple[int, Any]] = []  # this block, and those whose lines may still be shown as context
        stop = 0
        for first, batch in self._blocks(number, searched or plan.needed):
            if self._wanted == 0 and not context.owes_after(first):
                return
            stop = first + batch.num_rows
            window.append((first, batch))
            matches = first + self._matching(plan, searched, batch)
            if self._wanted is not None:
                matches = matches[: self._wanted]
                self._wanted -= len(matches)
            numbers = context.lines(first, stop, matches)
            complete = not context.owes_after(stop)
            if len(numbers):
                for lines in self._pieces(plan, window, numbers):
                    chunk = self._chunk(lines, matches)
                    yield chunk, complete and lines.numbers[-1] == numbers[-1]
            keep_from = context.keep_from(stop) if self.query.before else stop
            window = [(start, each) for start, each in window if start + each.num_rows > keep_from]

    def _matching(self, plan: DatasetPlan, searched: Sequence[str], batch: Any) -> Any:
        """Return the positions of the rows of a batch that match, or that do not."""
        if self._wanted == 0:
            return np.arange(0)
        return np.frombuffer(self._marks(plan, searched, batch), np.bool_).nonzero()[0]

    def _pieces(self, plan: DatasetPlan, window: Sequence[tuple[int, Any]], numbers: Any) -> Iterator[Lines]:
        for lines in self._lines(plan, window, numbers):
            yield from lines.pieces(ROWS)

    def _lines(self, plan: DatasetPlan, window: Sequence[tuple[int, Any]], numbers: Any) -> Iterator[Lines]:
        for first, batch in window:
            inside = numbers[(numbers >= first) & (numbers < first + batch.num_rows)]
            if not len(inside):
                continue
            rows = int(inside[0]) - first, int(inside[-1]) + 1 - first
            for low, arrays in self._with_columns(plan, first, batch, rows):
                here = inside[(inside >= low) & (inside < low + len(next(iter(arrays.values()))))]
                if len(here):
                    yield Lines(plan, self.sliceno, low, here - low, arrays)

    def _chunk(self, lines: Lines, matches: Any) -> Chunk:
        if not self.query.detailed:
            return Chunk(self.formatter.encode(lines)[0])
        keys: list[Key] = []
        if self.query.unique is not None:
            lines, keys = self._new(lines)
        data, ends = self.formatter.encode(lines)
        return Chunk(data, ends.tolist(), lines.numbers.tolist(), np.isin(lines.numbers, matches).tolist(), keys)

    def _new(self, lines: Lines) -> tuple[Lines, list[Key]]:
        """Return only lines that are distinct from those before them in this slice, and what makes them distinct."""
        names = lines.plan.unique
        texts = [column_texts(lines.plan.kind(name), lines.column(name)).list() for name in names]
        if self.query.ignore_case:
            texts = [[text.lower() for text in column] for column in texts]
        kept: list[int] = []
        keys: list[Key] = []
        # Without columns all lines are the same.
        rows = zip(*texts, strict=True) if texts else [()] * len(lines)
        for position, values in enumerate(rows):
            key = names, values
            if key not in self._seen:
                self._seen.add(key)
                kept.append(position)
                keys.append(key)
        return replace(lines, rows=lines.rows[kept]), keys


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    if len(chunks) == 1:
        return chunks[0]
    whole = Chunk(b"".join(chunk.data for chunk in chunks))
    size = 0
    for chunk in chunks:
        whole.ends += [size + end for end in chunk.ends]
        whole.numbers += chunk.numbers
        whole.matches += chunk.matches
        whole.keys += chunk.keys
        size += len(chunk.data)
    return whole
