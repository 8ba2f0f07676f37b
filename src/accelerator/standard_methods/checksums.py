"""Checksums of datasets, as dataset_checksum defines them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from accelerator import UserError
from accelerator.column import row_digests
from accelerator.column.numpy_view import numbers
from accelerator.standard_methods.progress import shown

__all__ = ["SliceSum", "combined", "slice_sum"]

_MASK = (1 << 64) - 1


@dataclass
class SliceSum:
    """The rows of a slice.

    Attributes:
        lines: how many.
        sums: of the two hashes of each row, modulo 2**64: the same in any order.
        chain: of the hashes of the rows one after the other.
    """

    lines: int = 0
    sums: list[int] = field(default_factory=lambda: [0, 0])
    chain: bytes = b""


def slice_sum(dataset: Any, sliceno: int, columns: Sequence[str]) -> SliceSum:
    """Return the sums of a slice of a dataset.

    Args:
        dataset: the dataset.
        sliceno: the slice.
        columns: names in order.

    Raises:
        UserError: a pickle holds what JSON has no text for.
    """
    types = [dataset.columns[name].type for name in columns]
    found = SliceSum()
    chain = hashlib.md5(usedforsecurity=False)
    batches = dataset.batches(sliceno, columns, exact=True)
    for batch in shown(f"Summing {dataset.quoted}", batches, dataset.lines[sliceno]):
        try:
            digests = row_digests(types, batch.columns)
        except TypeError as error:
            if "pickle" not in types:
                raise
            raise UserError(f"{dataset.quoted}: a pickle holds what has no checksum ({error})") from None
        hashes = [numbers(each) for each in digests]
        found.lines += batch.num_rows
        for index, values in enumerate(hashes):
            found.sums[index] = (found.sums[index] + int(values.sum(dtype=np.uint64))) & _MASK
        # Row by row: where batches end must not matter.
        chain.update(np.column_stack(hashes).data)
    found.chain = chain.digest()
    return found


def combined(types: Sequence[tuple[str, str]], slices: Sequence[SliceSum], sort: bool) -> int:
    """Return the checksum of a dataset.

    Args:
        types: name and type of each column, in order.
        slices: of its slices, in order.
        sort: the order of rows and slices shall not matter.
    """
    total = hashlib.md5(
        repr(("accelerator checksum 2", list(types), sort)).encode("utf-8", "surrogatepass"), usedforsecurity=False
    )
    if sort:
        sums = [sum(each.sums[index] for each in slices) & _MASK for index in range(2)]
        total.update(repr((sum(each.lines for each in slices), sums)).encode())
    else:
        total.update(repr([(each.lines, each.chain) for each in slices]).encode())
    return int.from_bytes(total.digest(), "big")
