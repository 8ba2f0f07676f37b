"""What a slice of dataset_type does: its lines of one dataset are converted."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from accelerator import UserError, status
from accelerator.column import slice_array
from accelerator.column.parse import Parser
from accelerator.standard_methods.type_plan import TypePlan

__all__ = ["SliceTyping"]

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others
_compute: Any = pc  # its functions are made at import, unseen by type checkers


class SliceTyping:
    """The lines of one dataset that one slice converts.

    Without rehashing these are the lines of that slice. With it they are the lines that belong there, from all
    slices of the source; but bad lines are found and counted where they are in the source.

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
        self._slices = slices
        self._gathers = plan.rehash and not options.chain_slices
        writer = job.datasetwriter(name=plan.slice_name(sliceno, slices, options.chain_slices))
        spreads = plan.rehash and options.chain_slices
        self._write = writer.get_split_write_batch() if spreads else writer.write_batch
        self._bad_writer = job.datasetwriter(name=plan.bad_name) if options.filter_bad else None
        if plan.rehash:
            old = plan.untyped.get(str(plan.hashlabel), "")
            hashlabel = str(plan.hashlabel)
            typed = hashlabel in plan.typed
            self._hash_type = parsers[hashlabel].column_type if typed else plan.source.columns[old].type

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
        sources = range(self._slices) if self._gathers else [self._sliceno]
        lines = max(sum(plan.source.lines[source] for source in sources), 1)
        done = 0
        with status(f"Typing {plan.source.quoted}") as update:
            for source in sources:
                line = 0
                for batch in plan.source.batches(source, needed, exact=True):
                    if source == self._sliceno:
                        self._own_batch(batch, line)
                    else:
                        self._other_batch(batch)
                    line += batch.num_rows
                    done += batch.num_rows
                    update(f"Typing {plan.source.quoted}: {done * 100 // lines} % of {lines:,} lines")
        return self.bad, self.defaulted

    def _own_batch(self, batch: Any, first_line: int) -> None:
        """Take lines of this slice of the source: all of them are checked and counted here."""
        arrays, wrong = self._convert(batch, first_line)
        if wrong is not None:
            lines = {name: _compute.filter(batch.column(old), wrong) for name, old in self._plan.typed.items()}
            assert self._bad_writer is not None
            self._bad_writer.write_batch(lines)
            arrays = _filtered(arrays, _compute.invert(wrong))
        if self._gathers:
            arrays = _filtered(arrays, self._belongs(arrays[str(self._plan.hashlabel)]))
        self._write(arrays)

    def _other_batch(self, batch: Any) -> None:
        """Take lines of another slice of the source: those that belong here."""
        hashlabel = str(self._plan.hashlabel)
        if hashlabel in self._plan.typed:
            keys = self._parsers[hashlabel](batch.column(self._plan.typed[hashlabel])).array
        else:
            keys = batch.column(self._plan.untyped[hashlabel])
        arrays, wrong = self._convert(batch.filter(self._belongs(keys)), None)
        self._write(arrays if wrong is None else _filtered(arrays, _compute.invert(wrong)))

    def _belongs(self, keys: Any) -> Any:
        return _compute.equal(_array(slice_array(self._hash_type, keys, self._slices)), self._sliceno)

    def _convert(self, batch: Any, first_line: int | None) -> tuple[dict[str, Any], Any]:
        """Return the columns of the result, and a mask of the lines that are bad (None if none is).

        Without ``first_line`` nothing is counted or complained about: the slice that the lines are from does it.
        """
        wrong = None
        arrays = {}
        for name, old in self._plan.typed.items():
            parser = self._parsers[name]
            texts = batch.column(old)
            parsed = parser(texts)
            arrays[name] = parsed.array
            if not parsed.bad:
                continue
            if first_line is not None:
                (self.defaulted if parser.has_default else self.bad)[name] += parsed.bad
            if parser.has_default:
                continue
            if first_line is not None and self._bad_writer is None:
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


def _filtered(arrays: Mapping[str, Any], keep: Any) -> dict[str, Any]:
    return {name: _compute.filter(array, keep) for name, array in arrays.items()}
