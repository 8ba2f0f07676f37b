"""Parquet files as pyarrow's own reader sees them.

``pyarrow.parquet``, which is around that reader, also finds files on other machines. What it imports for that, TLS
among it, is a tenth of all that a short command imports, and our files are opened before they are read. Only where
pyarrow's reader is not what is expected here, ``pyarrow.parquet`` is used.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from accelerator import _lazy

__all__ = ["open_parquet"]


def open_parquet(source: Any, **options: Any) -> Any:
    """Return a file with ``metadata``, ``read_row_group`` and ``iter_batches`` of ``pyarrow.parquet.ParquetFile``.

    Args:
        source: an opened pyarrow file.
        options: those of ``ParquetFile``.

    Raises:
        OSError, pyarrow.ArrowException: it is no Parquet file.
    """
    try:
        return _ParquetFile(import_module("pyarrow._parquet").ParquetReader(), source, options)
    except (ImportError, AttributeError, TypeError):
        return _lazy.parquet.ParquetFile(source, **options)


class _ParquetFile:
    def __init__(self, reader: Any, source: Any, options: dict[str, Any]) -> None:
        reader.open(source, **options)
        self._reader = reader
        self._paths = reader.column_paths
        self.metadata = reader.metadata

    def read_row_group(self, group: int, columns: Sequence[str], *, use_threads: bool) -> Any:
        """Return the columns of a row group as a table."""
        return self._reader.read_row_group(group, column_indices=self._leaves(columns), use_threads=use_threads)

    def iter_batches(
        self, batch_size: int, row_groups: Sequence[int], columns: Sequence[str], *, use_threads: bool
    ) -> Iterator[Any]:
        """Return the columns of row groups, so many rows at a time."""
        batches: Iterator[Any] = self._reader.iter_batches(
            batch_size, row_groups=row_groups, column_indices=self._leaves(columns), use_threads=use_threads
        )
        return batches

    def _leaves(self, columns: Sequence[str]) -> list[int]:
        return [leaf for name in columns for leaf in self._leaves_of.get(name, ())]

    @cached_property
    def _leaves_of(self) -> dict[str, list[int]]:
        """Numbers of the leaves below each name, and below each name in a column, ``a.b``."""
        found: dict[str, list[int]] = {}
        for leaf, path in enumerate(self._paths):
            for depth in range(1, len(path) + 1):
                found.setdefault(".".join(path[:depth]), []).append(leaf)
        return found
