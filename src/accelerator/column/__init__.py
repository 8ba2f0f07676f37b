"""Columns: their types, and what one can ask about their values."""

from accelerator.column.pandas_later import postpone_pandas

# Before anything gives pyarrow a value.
postpone_pandas()

from accelerator.column.digest import row_digests  # noqa: E402 - as it says
from accelerator.column.hashing import hash_array, hash_value, slice_array  # noqa: E402
from accelerator.column.strptime import strptime, strptime_i  # noqa: E402
from accelerator.column.text import text_array  # noqa: E402
from accelerator.column.types import COLUMN_TYPES, ColumnType  # noqa: E402

__all__ = [
    "COLUMN_TYPES",
    "ColumnType",
    "hash_array",
    "hash_value",
    "row_digests",
    "slice_array",
    "strptime",
    "strptime_i",
    "text_array",
]
