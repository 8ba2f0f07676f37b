"""What the process of one slice does: find lines, and write them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from accelerator.cli.grep.context import Context
from accelerator.cli.grep.lines import Formatter, Lines
from accelerator.cli.grep.matching import Matcher
from accelerator.cli.grep.plan import DatasetPlan
from accelerator.cli.grep.progress import Report
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.texts import column_texts
from accelerator.dataset.reader import SliceReader

__all__ = ["Chunk", "Scan"]

Key = tuple[Any, ...]

# Written at once: what they need then stays in the processor's caches.
_ROWS = 8192


@dataclass
class Chunk:
    """Lines of one slice of a dataset that are written behind each other.

    What is beside ``data`` is there only if whoever puts the chunks together needs single lines.

    Attributes:
        data: what to write; bytes, or a view of such.
        ends: where in it each line ends.
        numbers: line numbers.
        matches: which lines match; the others are context.
        keys: what makes each line distinct.
    """

    data: bytes | memoryview
    ends: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    matches: list[bool] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)


class Scan:
    """Goes through the same slice of several datasets.

    Args:
        plans: of the datasets.
        query: what is asked for.
        matcher: finds what matches.
        formatter: writes lines.
        sliceno: the slice.
        report: told how far it is.
    """

    def __init__(
        self,
        plans: Sequence[DatasetPlan],
        query: Query,
        matcher: Matcher,
        formatter: Formatter,
        sliceno: int,
        report: Report,
    ) -> None:
        self._plans = plans
        self._query = query
        self._matcher = matcher
        self._formatter = formatter
        self._sliceno = sliceno
        self._report = report
        # With `unique` a match may turn out to be nothing new, so it is not known here how many are enough.
        self._wanted = query.max_count if query.unique is None else None
        self._seen: set[Key] = set()
        self._detailed = query.max_count is not None or query.roundrobin or query.unique is not None

    def dataset(self, number: int) -> Iterator[Chunk]:
        """Yield the lines of a dataset; each chunk ends where no more context is owed, if lines are counted.

        Args:
            number: of the dataset among the plans.
        """
        yield from self._dataset(number)
        self._report(number + 1, 0)

    def _dataset(self, number: int) -> Iterator[Chunk]:
        if self._query.names_only:
            if self._has_match(number):
                yield Chunk(b"")
            return
        held: list[Chunk] = []
        for chunk, complete in self._chunks(number):
            held.append(chunk)
            if complete or self._query.max_count is None:
                yield _joined(held)
                held = []
        if held:
            yield _joined(held)

    def _has_match(self, number: int) -> bool:
        plan = self._plans[number]
        searched = self._searched(plan)
        if not searched:
            return self._shows_all and plan.dataset.lines[self._sliceno] > 0
        return any(len(self._matching(plan, searched, batch)) for _, batch in self._blocks(number, searched))

    def _searched(self, plan: DatasetPlan) -> list[str]:
        """Return the columns that must be looked at."""
        if self._matcher.everything:
            return []
        return [name for name in plan.searched if self._matcher.may_match(plan.kind(name))]

    @property
    def _shows_all(self) -> bool:
        """Whether all lines are shown where none need be looked at; otherwise none are."""
        return self._matcher.everything != self._query.invert

    def _blocks(self, number: int, names: Sequence[str]) -> Iterator[tuple[int, Any]]:
        dataset = self._plans[number].dataset
        for block in SliceReader(dataset, self._sliceno, names, shared_strings=True, short=True).blocks():
            yield block.first, block.batch
            self._report(number, block.first + block.batch.num_rows)

    def _chunks(self, number: int) -> Iterator[tuple[Chunk, bool]]:
        """Yield the lines to show, and whether nothing is owed after them."""
        plan = self._plans[number]
        searched = self._searched(plan)
        if not searched and not self._shows_all:
            return
        context = Context(self._query.before, self._query.after)
        names = searched or dict.fromkeys((*plan.shown, *plan.unique))
        window: list[tuple[int, Any]] = []  # this block, and those whose lines may still be shown as context
        stop = 0
        for first, batch in self._blocks(number, list(names)):
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
            keep_from = context.keep_from(stop) if self._query.before else stop
            window = [(start, each) for start, each in window if start + each.num_rows > keep_from]

    def _matching(self, plan: DatasetPlan, searched: Sequence[str], batch: Any) -> Any:
        """Return the positions of the rows of a batch that match, or that do not."""
        if self._wanted == 0:
            return np.arange(0)
        if not searched:
            return np.arange(batch.num_rows)
        found = np.zeros(batch.num_rows, bool)
        for name in searched:
            found |= self._matcher.column(plan.kind(name), batch.column(name))
            if found.all():
                break
        return (~found if self._query.invert else found).nonzero()[0]

    def _pieces(self, plan: DatasetPlan, window: Sequence[tuple[int, Any]], numbers: Any) -> Iterator[Lines]:
        for lines in self._lines(plan, window, numbers):
            yield from lines.pieces(_ROWS)

    def _lines(self, plan: DatasetPlan, window: Sequence[tuple[int, Any]], numbers: Any) -> Iterator[Lines]:
        for first, batch in window:
            inside = numbers[(numbers >= first) & (numbers < first + batch.num_rows)]
            if len(inside):
                yield from self._with_columns(plan, first, batch, inside)

    def _with_columns(self, plan: DatasetPlan, first: int, batch: Any, numbers: Any) -> Iterator[Lines]:
        """Yield lines of a block with all columns that are needed; those that were not searched are read now."""
        needed = dict.fromkeys((*plan.shown, *plan.unique))
        further = [name for name in needed if name not in batch.schema.names]
        here = [name for name in needed if name not in further]
        if not further:
            yield Lines(plan, self._sliceno, first, numbers - first, {name: batch.column(name) for name in here})
            return
        reader = SliceReader(plan.dataset, self._sliceno, further, shared_strings=True)
        for block in reader.blocks([(int(numbers[0]), int(numbers[-1]) + 1)]):
            start, length = block.first, block.batch.num_rows
            inside = numbers[(numbers >= start) & (numbers < start + length)]
            if len(inside):
                arrays = {name: batch.column(name).slice(start - first, length) for name in here}
                arrays.update((name, block.batch.column(name)) for name in further)
                yield Lines(plan, self._sliceno, start, inside - start, arrays)

    def _chunk(self, lines: Lines, matches: Any) -> Chunk:
        if not self._detailed:
            return Chunk(self._formatter.encode(lines)[0])
        keys: list[Key] = []
        if self._query.unique is not None:
            lines, keys = self._new(lines)
        data, ends = self._formatter.encode(lines)
        return Chunk(data, ends.tolist(), lines.numbers.tolist(), np.isin(lines.numbers, matches).tolist(), keys)

    def _new(self, lines: Lines) -> tuple[Lines, list[Key]]:
        """Return only lines that are distinct from those before them in this slice, and what makes them distinct."""
        names = lines.plan.unique
        texts = [column_texts(lines.plan.kind(name), lines.column(name)).list() for name in names]
        if self._query.ignore_case:
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
