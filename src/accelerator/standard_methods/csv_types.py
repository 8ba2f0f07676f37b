"""Types for the columns of text files, by looking at all lines."""

from typing import Any

import pyarrow as pa

from accelerator.column.csv import CsvSplitter
from accelerator.column.infer import TypeInference
from accelerator.standard_methods.csv_plan import INFER, FilePlan
from accelerator.standard_methods.csv_slice import BYTES, ROWS, filled
from accelerator.standard_methods.typing_options import none_values_of

__all__ = ["SliceTypes"]

_array: Any = pa.array  # its stubs do not know __arrow_c_array__ of others


class SliceTypes:
    """What the lines of a slice, in one file or several, say about the types of columns.

    Args:
        options: of csvimport.
    """

    def __init__(self, options: Any) -> None:
        self._options = options
        self._columns: dict[str, TypeInference] = {}

    def read(self, plan: FilePlan, sliceno: int, slices: int) -> None:
        """Look at the good lines that one slice has in a file.

        Args:
            plan: of the file.
            sliceno: the slice.
            slices: how many there are.
        """
        wanted = self._options.column2type
        columns = {label: index for label, index in plan.columns if wanted == INFER or wanted.get(label) == INFER}
        types = [self._types_of(label) for label in columns]
        splitter = CsvSplitter(
            plan.fields,
            list(columns.values()),
            sliceno=sliceno,
            slices=slices,
            limit_rows=ROWS,
            limit_bytes=BYTES,
            **plan.dialect,
        )
        for _ in filled(splitter, plan):
            for column, texts in zip(types, splitter.take()[0], strict=True):
                column.add(_array(texts))
            splitter.take_bad()

    def _types_of(self, label: str) -> TypeInference:
        options = self._options
        if label not in self._columns:
            self._columns[label] = TypeInference(
                none_values_of(options, label), numeric_comma=options.numeric_comma, timezone=options.timezone
            )
        return self._columns[label]

    def merge(self, other: "SliceTypes") -> None:
        """Take over what another slice has seen.

        Args:
            other: with the same options and files.
        """
        for label, types in other._columns.items():  # noqa: SLF001 - of this class
            self._types_of(label).merge(types)

    def result(self) -> dict[str, str]:
        """Return the type of each column, by label."""
        return {label: types.result() for label, types in self._columns.items()}
