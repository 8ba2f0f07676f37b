"""How fast a job goes, from what its processes say."""

from collections import deque
from collections.abc import Iterable

from accelerator.job.status import PartStatus

__all__ = ["Rate"]

_WINDOW = 5.0
"""Seconds that the speed is measured over."""


class Rate:
    """How fast rows go by, and how long the rest will take, from reports of the processes of a job.

    Args:
        slices: how many there are.
    """

    def __init__(self, slices: int) -> None:
        self._slices = slices
        self._seen: dict[str, PartStatus] = {}
        self._samples: deque[tuple[float, int]] = deque()
        self._running: set[str] = set()

    def update(self, now: float, parts: Iterable[PartStatus]) -> None:
        """Take what the processes say now.

        Args:
            now: seconds, from any clock that only goes forward.
            parts: of the processes that run.
        """
        current = {part.part: part for part in parts}
        if current and "synthesis" in current and "synthesis" not in self._seen:
            self._samples.clear()  # the slices' rows are done: what counts from here on is another thing
        self._seen.update(current)
        self._running = set(current)
        self._samples.append((now, sum(part.rows for part in self._seen.values())))
        while len(self._samples) > 2 and self._samples[0][0] < now - _WINDOW:
            self._samples.popleft()

    @property
    def slices_done(self) -> int:
        """How many slices have come and gone."""
        return sum(name.isdecimal() and name not in self._running for name in self._seen)

    @property
    def rows(self) -> int:
        """Rows done so far."""
        return self._samples[-1][1] if self._samples else 0

    @property
    def speed(self) -> float:
        """Rows a second, lately."""
        if len(self._samples) < 2:
            return 0.0
        (before, fewer), (now, more) = self._samples[0], self._samples[-1]
        return (more - fewer) / (now - before) if now > before else 0.0

    @property
    def left(self) -> int | None:
        """Rows that the rest of this phase has, if that can be told."""
        parts = [self._seen[name] for name in self._running]
        expected = [part.expected for part in parts if part.expected is not None]
        if not parts or len(expected) < len(parts):
            return None
        left = sum(expected) - sum(part.rows for part in parts)
        if all(part.part.isdecimal() for part in parts):
            waiting = self._slices - sum(name.isdecimal() for name in self._seen)
            left += max(0, waiting) * sum(expected) // len(expected)
        return max(0, left)

    @property
    def remaining(self) -> float | None:
        """Seconds until the rows of this phase are done, if that can be told."""
        left = self.left
        return None if left is None or self.speed <= 0 else left / self.speed

    @property
    def shares(self) -> list[float] | None:
        """How much of each slice is done, 0 to 1, by number; None outside analysis or if that cannot be told."""
        slices = {name: part for name, part in self._seen.items() if name.isdecimal()}
        running = [slices[name] for name in self._running & slices.keys()]
        if not running or any(part.expected is None for part in running):
            return None
        shares = [0.0] * self._slices
        for name, part in slices.items():
            share = 1.0 if name not in self._running else part.rows / part.expected if part.expected else 0.0
            shares[int(name)] = min(1.0, share)
        return shares
