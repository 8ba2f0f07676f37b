"""The whole of a search: processes that look, and one that writes."""

from collections.abc import Sequence
from typing import BinaryIO

from accelerator import _lazy
from accelerator.cli.grep.fields import Fields
from accelerator.cli.grep.jsonlines import JsonLines
from accelerator.cli.grep.lines import Formatter
from accelerator.cli.grep.matching import Matcher
from accelerator.cli.grep.merge import Merge
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.plain import PlainScan
from accelerator.cli.grep.plan import DatasetPlan
from accelerator.cli.grep.progress import Progress
from accelerator.cli.grep.query import Query
from accelerator.cli.grep.styled import StyledLines
from accelerator.cli.grep.textlines import TextLines
from accelerator.cli.grep.workers import Workers
from accelerator.error import UserError

__all__ = ["search"]

_ENOUGH = 1 << 16


def search(plans: Sequence[DatasetPlan], patterns: Patterns, query: Query, stream: BinaryIO) -> None:
    """Write the lines that were asked for.

    Args:
        plans: the datasets, in order.
        patterns: what is looked for.
        query: what is asked for.
        stream: where to.

    Raises:
        UserError: a slice does not exist.
        BrokenPipeError: nobody reads the output any more.
    """
    if not plans:
        return
    slices = _slices(len(plans[0].dataset.lines), query)
    matcher = Matcher(patterns)
    formatter = _formatter(query, patterns)
    output = _Output(stream)
    progress = Progress(plans, slices)
    scan = PlainScan if query.plain else _lazy.grep_scan.Scan
    works = [
        scan(plans, query, matcher, formatter, sliceno, progress.reporter(number)).dataset
        for number, sliceno in enumerate(slices)
    ]
    with progress.shown_on_signals(), Workers(works, len(plans), output.flush) as workers:
        Merge(plans, slices, query, formatter, output.write).run(workers)
    output.flush()


def _slices(available: int, query: Query) -> Sequence[int]:
    if query.slices is None:
        return range(available)
    for sliceno in query.slices:
        if not 0 <= sliceno < available:
            raise UserError(f"There is no slice {sliceno}, only 0 to {available - 1}")
    return list(dict.fromkeys(query.slices))


def _formatter(query: Query, patterns: Patterns) -> Formatter:
    if query.format == "json":
        return JsonLines(query, patterns)
    fields = Fields(query, patterns)
    if query.colour or query.spacing is not None:
        return StyledLines(query, fields, patterns)
    return TextLines(query, fields)


class _Output:
    """Whole lines on their way to a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines = bytearray()

    def write(self, lines: bytes | memoryview) -> None:
        if len(lines) > _ENOUGH:
            self.flush()
            self._write(lines)
            return
        self._lines += lines
        if len(self._lines) > _ENOUGH:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            self._write(self._lines)
            self._lines.clear()

    def _write(self, lines: bytes | bytearray | memoryview) -> None:
        # A signal that is handled in the middle makes even a buffered write stop short.
        with memoryview(lines) as rest:
            done = 0
            while done < len(rest):
                done += self._stream.write(rest[done:])
        self._stream.flush()
