"""A lazy Polars frame that asks us only for the columns and row groups a query needs."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from accelerator.dataset.batches import BatchSource
from accelerator.dataset.handle import Dataset


def lazy_frame(datasets: Sequence[Dataset]) -> Any:
    """Return a ``polars.LazyFrame`` over datasets."""
    import polars  # noqa: PLC0415 - optional
    from polars.io.plugins import register_io_source  # noqa: PLC0415 - optional

    schema = polars.DataFrame(pa.Table.from_batches([], BatchSource(datasets, None, None, None).schema)).schema

    def frames(columns: list[str] | None, predicate: Any, rows: int | None, _size: int | None) -> Iterator[Any]:
        left = rows
        for batch in BatchSource(datasets, None, columns, None):
            frame = polars.DataFrame(batch)
            if predicate is not None:
                frame = frame.filter(predicate)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            yield frame
            if left == 0:
                return

    return register_io_source(io_source=frames, schema=schema)
