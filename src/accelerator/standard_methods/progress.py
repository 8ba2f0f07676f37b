"""How far a loop over batches is, for `ax run` and `ax status`."""

from collections.abc import Iterable, Iterator
from typing import Any

from accelerator import status

__all__ = ["shown"]


def shown(what: str, batches: Iterable[Any], lines: int) -> Iterator[Any]:
    """Yield batches, and meanwhile show in the status how many of their rows are done.

    Args:
        what: what is done with them, such as ``Exporting dev-1/default``.
        batches: pyarrow RecordBatches.
        lines: how many rows they have together.
    """
    done = 0
    with status(what) as update:
        for batch in batches:
            yield batch
            done += batch.num_rows
            update(f"{what}: {done * 100 // max(lines, 1)} % of {lines:,} lines")
