"""What a slice of dataset_type does: its lines of one dataset are converted."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from accelerator import UserError, status
from accelerator.column.parse import Parser
from accelerator.standard_methods.type_plan import TypePlan

__all__ = ["SliceTyping"]

_compute: Any = pc  # its functions are made at import, unseen by type checkers


class SliceTyping:
    """The lines of one slice of one dataset, converted; with rehashing they are written to the slices they belong in.

    Args:
        job: the running job, which has the writers.
        plan: of the dataset.
        parsers: by new column.
        options: of dataset_type.
        sliceno: the slice.
        slices: how many there are.

    Attributes:
        bad: number of values that could not be converted, by column.
        defaulted: number of values that a default replaced, by column.
    """

    def __init__(
        self, job: Any, plan: TypePlan, parsers: Mapping[str, Parser], options: Any, sliceno: int, slices: int
    ) -> None:
        self.bad: Counter[str] = Counter()
        self.defaulted: Counter[str] = Counter()
        self._plan = plan
        self._parsers = parsers
        self._sliceno = sliceno
        self._writer = job.datasetwriter(name=plan.slice_name(sliceno, slices, options.chain_slices))
        self._write = self._writer.get_split_write_batch() if plan.rehash else self._writer.write_batch
        self._bad_writer = job.datasetwriter(name=plan.bad_name) if options.filter_bad else None

    def run(self) -> tuple[Counter[str], Counter[str]]:
        """Convert the lines.

        Returns:
            ``bad`` and ``defaulted``.

        Raises:
            UserError: a value cannot be converted, has no default, and bad lines are not asked for.
        """
        plan = self._plan
        copied = plan.untyped.values() if plan.independent else ()
        needed = sorted({*plan.typed.values(), *copied})
        lines = max(plan.source.lines[self._sliceno], 1)
        done = 0
        with status(f"Typing {plan.source.quoted}") as update:
            for batch in plan.source.batches(self._sliceno, needed, exact="dictionaries"):
                self._batch(batch, done)
                done += batch.num_rows
                update(f"Typing {plan.source.quoted}: {done * 100 // lines} % of {lines:,} lines")
        # What one dataset of a chain holds in memory is not there while the next is converted.
        for writer in filter(None, (self._writer, self._bad_writer)):
            writer.close_slice(self._sliceno)
        return self.bad, self.defaulted

    def _batch(self, batch: Any, first_line: int) -> None:
        arrays, wrong = self._convert(batch, first_line)
        if wrong is not None:
            assert self._bad_writer is not None
            lines = {name: _compute.filter(batch.column(old), wrong) for name, old in self._plan.typed.items()}
            self._bad_writer.write_batch(lines)
            keep = _compute.invert(wrong)
            arrays = {name: _compute.filter(array, keep) for name, array in arrays.items()}
        self._write(arrays)

    def _convert(self, batch: Any, first_line: int) -> tuple[dict[str, Any], Any]:
        """Return the columns of the result, and a mask of the lines that are bad (None if none is)."""
        wrong = None
        arrays = {}
        for name, old in self._plan.typed.items():
            parser = self._parsers[name]
            texts = batch.column(old)
            parsed = parser(texts)
            arrays[name] = parsed.array
            if not parsed.bad:
                continue
            (self.defaulted if parser.has_default else self.bad)[name] += parsed.bad
            if parser.has_default:
                continue
            if self._bad_writer is None:
                self._complain(texts, parsed.mask, name, first_line)
            wrong = parsed.mask if wrong is None else _compute.or_(wrong, parsed.mask)
        if self._plan.independent:
            arrays.update((name, batch.column(old)) for name, old in self._plan.untyped.items())
        return arrays, wrong

    def _complain(self, texts: Any, mask: Any, name: str, first_line: int) -> None:
        row = _compute.index(mask, True).as_py()
        value = texts[row].as_py()
        if isinstance(value, bytes):
            value = value.decode("utf-8", "backslashreplace")
        raise UserError(
            f'Failed to convert "{value}" from {self._plan.source.quoted} column {name} '
            f"slice {self._sliceno} line {first_line + row + 1}"
        )
