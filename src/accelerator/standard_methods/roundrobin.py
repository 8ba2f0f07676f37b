"""Which row comes where when the slices of a dataset take turns, those without further rows being left out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["RoundRobin"]


class RoundRobin:
    """The order of rows in turn.

    Args:
        lines: number of rows in each slice.

    Attributes:
        edges: where each slice would end if its rows were in this order, with a 0 before them.
    """

    def __init__(self, lines: Sequence[int]) -> None:
        self._lines = list(lines)
        self._sorted = np.sort(np.array(self._lines, np.int64))
        self._sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._sorted)])
        self._before = [np.sort(np.array(self._lines[:sliceno], np.int64)) for sliceno in range(len(self._lines))]
        self.edges = [0, *(int(edge) for edge in np.cumsum(self._lines))]

    def positions(self, sliceno: int, first: int, count: int) -> Any:
        """Return where rows of a slice come.

        Args:
            sliceno: the slice.
            first: its first row.
            count: number of rows.
        """
        rounds = np.arange(first, first + count)
        # All slices have had their rows of the rounds before, and those before this one that of this round.
        ended = np.searchsorted(self._sorted, rounds, side="right")
        before = self._before[sliceno]
        earlier = len(before) - np.searchsorted(before, rounds, side="right")
        return self._sums[ended] + (len(self._sorted) - ended) * rounds + earlier

    def rows_between(self, sliceno: int, start: int, stop: int) -> tuple[int, int]:
        """Return first row and end of the rows of a slice that come from ``start`` to before ``stop``."""
        return self._first_from(sliceno, start), self._first_from(sliceno, stop)

    def _first_from(self, sliceno: int, position: int) -> int:
        low, high = 0, self._lines[sliceno]
        while low < high:
            middle = (low + high) // 2
            if self.positions(sliceno, middle, 1)[0] < position:
                low = middle + 1
            else:
                high = middle
        return low
