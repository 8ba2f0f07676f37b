"""What comes from the processes of all slices, in the order of the output, as far as it is wanted."""

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import groupby

from accelerator.cli.grep.chunk import Chunk, Key
from accelerator.cli.grep.lines import Formatter
from accelerator.cli.grep.plan import DatasetPlan
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.workers import Workers

__all__ = ["Merge"]


class _EnoughError(Exception):
    """As many matching lines have been written as were asked for."""


class Merge:
    """Writes what was found.

    Args:
        plans: of the datasets.
        slices: slice numbers in the order of the output.
        query: what is asked for.
        formatter: for headers and names.
        write: takes whole lines.
    """

    def __init__(
        self,
        plans: Sequence[DatasetPlan],
        slices: Sequence[int],
        query: Query,
        formatter: Formatter,
        write: Callable[[bytes | memoryview], None],
    ) -> None:
        self._plans = plans
        self._slices = slices
        self._query = query
        self._formatter = formatter
        self._write = write
        self._left = query.max_count
        self._seen: set[Key] = set()
        self._listed: set[tuple[str, int | None]] = set()

    def run(self, workers: Workers) -> None:
        """Write everything."""
        if self._left is not None and self._left < 1:
            return
        try:
            if self._query.names_only:
                if self._query.headers:
                    self._write(self._formatter.header(()))
                self._names(workers)
            else:
                self._sections(workers)
        except _EnoughError:
            return

    def _names(self, workers: Workers) -> None:
        if self._query.in_order:
            for plan in self._plans:
                for number, sliceno in enumerate(self._slices):
                    for _ in workers.of_dataset(number):
                        self._list(str(plan.dataset), sliceno)
            return
        for number, index, _ in workers.of_all(len(self._plans)):
            self._list(str(self._plans[index].dataset), self._slices[number])

    def _list(self, dataset: str, sliceno: int) -> None:
        key = dataset, sliceno if self._query.show_slice else None
        if key in self._listed:
            return
        self._listed.add(key)
        self._write(self._formatter.listed(dataset, sliceno))
        self._count(1)

    def _sections(self, workers: Workers) -> None:
        """Write the lines; with headers, those of consecutive datasets with the same columns under one header."""
        sections = groupby(self._plans, lambda plan: plan.shown if self._query.headers else ())
        for names, plans in sections:
            if self._query.headers:
                self._write(self._formatter.header(names))
            datasets = len(list(plans))
            if self._query.roundrobin:
                for _ in range(datasets):
                    self._roundrobin(workers)
            elif self._query.in_order:
                for _ in range(datasets):
                    for number in range(len(self._slices)):
                        for chunk in workers.of_dataset(number):
                            self._chunk(chunk)
            else:
                for _, _, chunk in workers.of_all(datasets):
                    self._chunk(chunk)

    def _roundrobin(self, workers: Workers) -> None:
        lines = [self._single_lines(workers, number) for number in range(len(self._slices))]
        for _, _, _, chunk, position in merge(*lines):
            self._part(chunk, position, position + 1)

    def _single_lines(self, workers: Workers, number: int) -> Iterator[tuple[int, int, int, Chunk, int]]:
        for count, chunk in enumerate(workers.of_dataset(number)):
            for position, line in enumerate(chunk.numbers):
                yield line, number, count, chunk, position

    def _chunk(self, chunk: Chunk) -> None:
        if not chunk.ends:
            self._write(chunk.data)
            return
        self._part(chunk, 0, len(chunk.ends))

    def _part(self, chunk: Chunk, start: int, stop: int) -> None:
        """Write some lines of a chunk, and end when enough have matched."""
        if self._left is None and self._query.unique is None:
            self._write(_data(chunk, start, stop))
            return
        for position in range(start, stop):
            if self._is_new(chunk, position):
                self._write(_data(chunk, position, position + 1))
                if chunk.matches[position]:
                    self._after(chunk, position)
                    self._count(1)

    def _after(self, chunk: Chunk, position: int) -> None:
        """Write the context after a line, if it is the last one that counts."""
        if self._left != 1:
            return
        last = chunk.numbers[position] + self._query.after
        for following in range(position + 1, len(chunk.numbers)):
            if chunk.numbers[following] <= last and self._is_new(chunk, following):
                self._write(_data(chunk, following, following + 1))

    def _is_new(self, chunk: Chunk, position: int) -> bool:
        if self._query.unique is None:
            return True
        key = chunk.keys[position]
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _count(self, number: int) -> None:
        if self._left is not None:
            self._left -= number
            if self._left < 1:
                raise _EnoughError


def _data(chunk: Chunk, start: int, stop: int) -> bytes | memoryview:
    return chunk.data[chunk.ends[start - 1] if start else 0 : chunk.ends[stop - 1]]
