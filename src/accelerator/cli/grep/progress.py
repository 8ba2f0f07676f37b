"""How far a search is, for whoever asks with ^T (where the terminal makes SIGINFO of it) or SIGUSR1."""

import mmap
import os
import signal
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from types import FrameType

from accelerator.cli.grep.plan import DatasetPlan
from accelerator.cli.render import count

__all__ = ["Progress", "Report"]

_SIGNALS = ("SIGUSR1", "SIGINFO")
# Who asks again so soon wants to know more.
_AGAIN = 2.0

Report = Callable[[int, int], None]
"""Takes the number of a dataset, and how many of its lines in the slice have been looked at."""


class Progress:
    """Lines that have been looked at; the processes of the slices write it into memory that they share.

    Args:
        plans: of the datasets, in order.
        slices: numbers of the slices, in the order of their processes.
        clock: returns seconds.
    """

    def __init__(
        self, plans: Sequence[DatasetPlan], slices: Sequence[int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._names = [str(plan.dataset) for plan in plans]
        self._slices = slices
        # For each process how many lines lie before each dataset, and behind the last one.
        self._starts = [
            list(accumulate((plan.dataset.lines[sliceno] for plan in plans), initial=0)) for sliceno in slices
        ]
        self._memory = mmap.mmap(-1, max(8 * len(slices), 1))
        self._done = memoryview(self._memory).cast("q")
        self._clock = clock
        self._started = clock()
        self._asked = float("-inf")

    def reporter(self, number: int) -> Report:
        """Return the function with which a process says where it is.

        Args:
            number: of the process.
        """

        def report(dataset: int, lines: int) -> None:
            self._done[number] = self._starts[number][dataset] + lines

        return report

    @contextmanager
    def shown_on_signals(self) -> Iterator[None]:
        """Answer signals while this lasts."""

        def show(_number: int, _frame: FrameType | None) -> None:
            # Not through sys.stderr: the signal may come in the middle of another print.
            with suppress(OSError):
                os.write(2, self.text().encode("utf-8", "backslashreplace"))

        numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
        before = {number: signal.signal(number, show) for number in numbers} if sys.stderr is not None else {}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def text(self) -> str:
        """Return lines that say how far everything is; and each slice, when asked twice in two seconds."""
        now = self._clock()
        again = now - self._asked < _AGAIN
        self._asked = now
        done = self._done.tolist()[: len(self._slices)]
        totals = [starts[-1] for starts in self._starts]
        shares = [_share(*pair) for pair in zip(done, totals, strict=True)]
        rate = sum(done) / max(now - self._started, 1e-9)
        slowest = shares.index(min(shares))
        whole = f"{_share(sum(done), sum(totals)):.0%} of {count(sum(totals))} lines, {count(round(rate))} a second"
        lines = [f"{whole}, slowest slice {shares[slowest]:.0%} ({self._place(slowest, done)})"]
        if again:
            lines += [
                f"    slice {sliceno}: {share:.0%} of {count(total)} lines ({self._place(number, done)})"
                for number, (sliceno, share, total) in enumerate(zip(self._slices, shares, totals, strict=True))
            ]
        return "".join(f"{line}\n" for line in lines)

    def _place(self, number: int, done: Sequence[int]) -> str:
        """Return the dataset that a process is at."""
        if done[number] == self._starts[number][-1]:
            return "done"
        at = bisect_right(self._starts[number], done[number]) - 1
        return f"in {self._names[at]}, dataset {at + 1} of {len(self._names)}"


def _share(done: int, total: int) -> float:
    return done / total if total else 1.0
