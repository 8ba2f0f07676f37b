"""What a slice of csvimport does: its lines of one file become rows."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from accelerator import UserError, status
from accelerator.column.csv import CsvSplitter
from accelerator.standard_methods.csv_plan import FilePlan
from accelerator.standard_methods.csv_source import fed

__all__ = ["BYTES", "ROWS", "SliceImport", "filled"]

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others
_compute: Any = pc  # its functions are made at import, unseen by type checkers

# Rows and bytes collected before they are written: a row group of the dataset.
ROWS: Final = 131_072
BYTES: Final = 64 << 20

_REASONS: Final = {"not enough": "Not enough fields on line {}", "too many": "Too many fields on line {}"}


def filled(splitter: CsvSplitter, plan: FilePlan) -> Iterator[None]:
    """Feed a file to a splitter; whenever this yields, its rows are to be taken.

    Args:
        splitter: with limits, so that it gets full.
        plan: of the file.
    """
    size = max(plan.path.stat().st_size, 1)
    done = percent = 0
    with status(f"Reading {plan.filename}") as update:
        for read in fed(plan.path, splitter):
            while splitter.full:
                yield
                splitter.feed(b"")
            done += read
            if done * 100 // size != percent:
                percent = done * 100 // size
                update(f"Reading {plan.filename}: {percent} %")
        while not splitter.finish():
            yield
        yield


class SliceImport:
    """The lines of one file that belong in one slice.

    Args:
        job: the running job, which has the writers.
        plan: of the file.
        options: of csvimport.
        kinds: the datasets to write: ``default``, and perhaps ``bad`` and ``skipped``.
        sliceno: the slice.
        slices: how many there are.

    Attributes:
        good: lines imported.
        bad: lines that are not right.
    """

    def __init__(self, job: Any, plan: FilePlan, options: Any, kinds: Sequence[str], sliceno: int, slices: int) -> None:
        self.good = self.bad = 0
        self._plan = plan
        self._sliceno = sliceno
        self._lineno_label = options.lineno_label
        self._writers = {kind: job.datasetwriter(name=plan.dataset_name(kind)) for kind in kinds}
        self._first_bad: tuple[int, str] | None = None
        self._splitter = CsvSplitter(
            plan.fields,
            [index for _, index in plan.columns],
            lineno=bool(options.lineno_label) or bool(plan.parsers),
            raw=bool(plan.parsers) and "bad" in kinds,
            keep_skipped="skipped" in kinds,
            sliceno=sliceno,
            slices=slices,
            limit_rows=ROWS,
            limit_bytes=BYTES,
            share=True,
            **plan.dialect,
        )

    def run(self) -> tuple[int, int, int]:
        """Import the lines.

        Returns:
            How many were good, bad and skipped.

        Raises:
            UserError: a line is bad, and these are not asked for.
        """
        splitter = self._splitter
        for _ in filled(splitter, self._plan):
            self._write()
        # What one file of several holds in memory is not there while the next is read.
        for writer in self._writers.values():
            writer.close_slice(self._sliceno)
        if self._first_bad:
            print(f"{self._first_bad[1]} (further bad lines in slice {self._sliceno} not reported)")
        return self.good, self.bad, splitter.skipped

    def _write(self) -> None:
        """Write what the splitter has collected."""
        splitter = self._splitter
        if splitter.first_bad and not self.bad:
            reason, line = splitter.first_bad
            self._note_bad(line, _REASONS.get(reason, "Line {} bad").format(line))
        columns, lineno, raw = splitter.take()
        arrays = {label: _texts(column) for (label, _), column in zip(self._plan.columns, columns, strict=True)}
        bad = [_lines(*splitter.take_bad())]
        if lineno is not None:
            lineno = _array(lineno)
            wrong = self._convert(arrays, lineno)
            if self._lineno_label:
                arrays[self._lineno_label] = lineno
            if wrong is not None:
                bad.append(_lines(lineno, raw).filter(wrong))
                keep = _compute.invert(wrong)
                arrays = {label: _compute.filter(array, keep) for label, array in arrays.items()}
        self.good += len(next(iter(arrays.values())))
        self._writers["default"].write_batch(arrays)
        if "bad" in self._writers:
            lines = pa.concat_tables(bad).sort_by("lineno")
            self.bad += lines.num_rows
            self._writers["bad"].write_batch(lines)
        if "skipped" in self._writers:
            self._writers["skipped"].write_batch(_lines(*splitter.take_skipped()))

    def _convert(self, arrays: dict[str, Any], lineno: Any) -> Any:
        """Type the columns that are to be; return a mask of the rows that cannot be, None if all can."""
        wrong = None
        for label, parser in self._plan.parsers.items():
            texts = arrays[label]
            parsed = parser(texts)
            arrays[label] = parsed.array
            if parsed.bad and not parser.has_default:
                wrong = parsed.mask if wrong is None else _compute.or_(wrong, parsed.mask)
                row = _compute.index(parsed.mask, True).as_py()
                line = lineno[row].as_py()
                shown = texts[row].as_py().decode("utf-8", "backslashreplace")
                self._note_bad(line, f'Failed to convert "{shown}" in column {label} on line {line}')
        return wrong

    def _note_bad(self, line: int, message: str) -> None:
        if "bad" not in self._writers:
            raise UserError(f"{message} of {self._plan.filename}")
        if not self.bad and (self._first_bad is None or line < self._first_bad[0]):
            self._first_bad = (line, message)


def _texts(column: Any) -> Any:
    """Return a column as the splitter gives it: an array, or indices and what they are of."""
    if isinstance(column, tuple):
        indices, dictionary = map(_array, column)
        return pa.DictionaryArray.from_arrays(indices, dictionary, safe=False)
    return _array(column)


def _lines(lineno: Any, data: Any) -> Any:
    return pa.table([_array(lineno), _array(data)], ["lineno", "data"])
