"""What the process of one slice does where no line depends on others: find lines, and write them.

NumPy, which takes longer to import than many a search, is not needed for that.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from accelerator.cli.grep.chunk import Chunk
from accelerator.cli.grep.lines import Formatter, Lines
from accelerator.cli.grep.matching import Matcher
from accelerator.cli.grep.plan import DatasetPlan
from accelerator.cli.grep.progress import Report
from accelerator.cli.grep.query import Query
from accelerator.dataset.reader import SliceReader

__all__ = ["ROWS", "PlainScan"]

ROWS = 8192
"""Written at once: what they need then stays in the processor's caches."""

_ALL = array("q", range(ROWS))
_INVERTED = bytes([1, 0]).ljust(256)


@dataclass
class PlainScan:
    """Goes through the same slice of several datasets.

    Args:
        plans: of the datasets.
        query: what is asked for.
        matcher: finds what matches.
        formatter: writes lines.
        sliceno: the slice.
        report: told how far it is.
    """

    plans: Sequence[DatasetPlan]
    query: Query
    matcher: Matcher
    formatter: Formatter
    sliceno: int
    report: Report

    def dataset(self, number: int) -> Iterator[Chunk]:
        """Yield the lines of a dataset, or something if it has any and names are asked for.

        Args:
            number: of the dataset among the plans.
        """
        if self.query.names_only:
            if self._has_match(number):
                yield Chunk(b"")
        else:
            yield from self._chunks(number)
        self.report(number + 1, 0)

    def _has_match(self, number: int) -> bool:
        plan = self.plans[number]
        searched = self._searched(plan)
        if not searched:
            return self._shows_all and plan.dataset.lines[self.sliceno] > 0
        return any(1 in self._marks(plan, searched, batch) for _, batch in self._blocks(number, searched))

    def _chunks(self, number: int) -> Iterator[Chunk]:
        plan = self.plans[number]
        searched = self._searched(plan)
        if not searched and not self._shows_all:
            return
        for first, batch in self._blocks(number, searched or plan.needed):
            marks = self._marks(plan, searched, batch)
            start, stop = marks.find(1), marks.rfind(1) + 1
            if stop:
                for low, arrays in self._with_columns(plan, first, batch, (start, stop)):
                    length = len(next(iter(arrays.values())))
                    yield from self._written(plan, low, arrays, marks[low - first : low - first + length])

    def _searched(self, plan: DatasetPlan) -> list[str]:
        """Return the columns that must be looked at."""
        if self.matcher.everything:
            return []
        return [name for name in plan.searched if self.matcher.may_match(plan.kind(name))]

    @property
    def _shows_all(self) -> bool:
        """Whether all lines are shown where none need be looked at; otherwise none are."""
        return self.matcher.everything != self.query.invert

    def _blocks(self, number: int, names: Sequence[str]) -> Iterator[tuple[int, Any]]:
        dataset = self.plans[number].dataset
        for block in SliceReader(dataset, self.sliceno, names, shared_strings=True, short=True).blocks():
            yield block.first, block.batch
            self.report(number, block.first + block.batch.num_rows)

    def _marks(self, plan: DatasetPlan, searched: Sequence[str], batch: Any) -> bytes:
        """Return a byte for each row of a batch: whether it is to be shown."""
        rows: int = batch.num_rows
        if not searched:
            return b"\1" * rows
        marks = self.matcher.marks(plan.kind(searched[0]), batch.column(searched[0]))
        for name in searched[1:]:
            if 0 not in marks:
                break
            marks = _either(marks, self.matcher.marks(plan.kind(name), batch.column(name)))
        return marks.translate(_INVERTED) if self.query.invert else marks

    def _with_columns(
        self, plan: DatasetPlan, first: int, batch: Any, rows: tuple[int, int]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield rows of a block with all columns that are needed; those that were not searched are read now.

        Args:
            plan: of the dataset.
            first: line number of the first row of the block.
            batch: the columns that were searched.
            rows: from and to, in the block.

        Yields:
            line number of the first row, and the columns.
        """
        start, stop = rows
        needed = plan.needed
        further = [name for name in needed if name not in batch.schema.names]
        here = {name: batch.column(name) for name in needed if name not in further}
        if not further:
            yield first + start, {name: values.slice(start, stop - start) for name, values in here.items()}
            return
        reader = SliceReader(plan.dataset, self.sliceno, further, shared_strings=True)
        for block in reader.blocks([(first + start, first + stop)]):
            at, length = block.first - first, block.batch.num_rows
            arrays = {name: values.slice(at, length) for name, values in here.items()}
            arrays.update((name, block.batch.column(name)) for name in further)
            yield block.first, arrays

    def _written(self, plan: DatasetPlan, first: int, arrays: Mapping[str, Any], marks: bytes) -> Iterator[Chunk]:
        for start in range(0, len(marks), ROWS):
            part = marks[start : start + ROWS]
            rows = _ALL[: len(part)] if 0 not in part else array("q", compress(_ALL, part))
            if rows:
                near = {name: values.slice(start, len(part)) for name, values in arrays.items()}
                yield Chunk(self.formatter.encode(Lines(plan, self.sliceno, first + start, rows, near))[0])


def _either(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "little") | int.from_bytes(other, "little")).to_bytes(len(one), "little")
