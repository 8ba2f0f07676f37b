"""Which lines are shown: those that match, and the lines around them."""

from typing import Any

import numpy as np

__all__ = ["Context"]


class Context:
    """Goes through the lines of one slice of a dataset, block by block, and says which are to be shown.

    Each line is shown once, in order. Lines before a match may lie in earlier blocks.

    Args:
        before: lines to show before each match.
        after: lines to show after it.
    """

    def __init__(self, before: int, after: int) -> None:
        self._before = before
        self._after = after
        self._shown_to = 0  # lines before this one have been shown, or never will be
        self._owed_to = 0  # lines before this one are to be shown because of matches seen

    def owes_after(self, line: int) -> bool:
        """Return whether lines from this one on are to be shown whatever they hold."""
        return self._owed_to > line

    def keep_from(self, stop: int) -> int:
        """Return the first line that matches after ``stop`` may still call for."""
        return max(stop - self._before, self._shown_to)

    def lines(self, first: int, stop: int, matches: Any) -> Any:
        """Return the lines to show next, as a NumPy array.

        Args:
            first: first line of the block.
            stop: end of the block.
            matches: lines of the block that match, as a NumPy array.
        """
        if not self._before and not self._after:
            return matches
        low = max(min(first - self._before, first), self._shown_to, 0)
        # One more where a stretch of lines begins, one less where it ends.
        steps = np.zeros(stop - low + 1, np.int64)
        if self._owed_to > first:
            _add(steps, np.array([first - low]), 1)
            _add(steps, np.array([min(self._owed_to, stop) - low]), -1)
        if len(matches):
            _add(steps, np.maximum(matches - self._before, low) - low, 1)
            _add(steps, np.minimum(matches + self._after + 1, stop) - low, -1)
            self._owed_to = max(self._owed_to, int(matches[-1]) + self._after + 1)
        shown = low + np.cumsum(steps[:-1]).nonzero()[0]
        if len(shown):
            self._shown_to = int(shown[-1]) + 1
        return shown


def _add(steps: Any, positions: Any, amount: int) -> None:
    np.add.at(steps, positions, amount)
