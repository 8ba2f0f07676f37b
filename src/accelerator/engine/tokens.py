"""Cores, as tokens: who holds one may compute. The ledger is pure bookkeeping; the runner owns one."""

from collections import deque
from collections.abc import Callable, Hashable


class Ledger:
    """Hands out tokens in the order they are asked for.

    Args:
        total: number of tokens, at least one.
    """

    def __init__(self, total: int) -> None:
        self._free = max(1, total)
        self._held: dict[Hashable, int] = {}
        self._waiting: deque[tuple[Hashable, Callable[[], None]]] = deque()

    @property
    def free(self) -> int:
        """Tokens that nobody holds."""
        return self._free

    def held(self, holder: Hashable) -> int:
        """Return how many tokens this holder has."""
        return self._held.get(holder, 0)

    def request(self, holder: Hashable, granted: Callable[[], None], *, first: bool = False) -> None:
        """Ask for one token; ``granted`` is called when it is there, maybe at once.

        Args:
            holder: who asks.
            granted: what to do with it.
            first: go before all who wait: for one that has been running already and must go on.
        """
        if first:
            self._waiting.appendleft((holder, granted))
        else:
            self._waiting.append((holder, granted))
        self._hand_out()

    def release(self, holder: Hashable, count: int = 1) -> None:
        """Give back tokens."""
        count = min(count, self.held(holder))
        if count:
            self._held[holder] -= count
            self._free += count
            self._hand_out()

    def withdraw(self, holder: Hashable, count: int) -> int:
        """Take back up to ``count`` requests that have not been granted, the latest first.

        Returns:
            How many were taken back.
        """
        kept: deque[tuple[Hashable, Callable[[], None]]] = deque()
        taken = 0
        for entry in reversed(self._waiting):
            if taken < count and entry[0] == holder:
                taken += 1
            else:
                kept.appendleft(entry)
        self._waiting = kept
        return taken

    def drop(self, holder: Hashable) -> None:
        """Forget a holder that is gone, with what it held and asked for."""
        self._waiting = deque(entry for entry in self._waiting if entry[0] != holder)
        self._free += self._held.pop(holder, 0)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free > 0 and self._waiting:
            holder, granted = self._waiting.popleft()
            self._free -= 1
            self._held[holder] = self.held(holder) + 1
            granted()
