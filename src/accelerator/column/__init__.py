"""Columns: their types, and what one can ask about their values."""

from accelerator.column.hashing import hash_array, hash_value, slice_array
from accelerator.column.strptime import strptime, strptime_i
from accelerator.column.types import COLUMN_TYPES, ColumnType

__all__ = ["COLUMN_TYPES", "ColumnType", "hash_array", "hash_value", "slice_array", "strptime", "strptime_i"]
