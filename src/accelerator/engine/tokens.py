"""Cores, as tokens: who holds one may compute. Pure bookkeeping.

Each runner has a :class:`Ledger` of the tokens that it has. The session has a :class:`Lender`, which moves them between
its runners. As long as there is one runner it has all of them, and nobody needs to be asked.
"""

from collections import deque
from collections.abc import Callable, Hashable


def _nobody(_count: int) -> None:
    """Ask nobody: the ledger has all that there are."""


class Ledger:
    """Hands out tokens in the order they are asked for.

    Args:
        total: number of tokens that there are, at least one.
        lent: how many of them are here at first; all by default.
        ask: called with a number of tokens that are lacking here; :meth:`receive` takes them in some time.
        pay: called with a number of tokens to be given away, as :meth:`recall` asked for.
    """

    def __init__(
        self,
        total: int,
        lent: int | None = None,
        *,
        ask: Callable[[int], object] = _nobody,
        pay: Callable[[int], object] = _nobody,
    ) -> None:
        self._total = max(1, total)
        self._free = self._total if lent is None else lent
        self._ask, self._pay = ask, pay
        self._asked = self._owed = 0
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
        self._settle()

    def release(self, holder: Hashable, count: int = 1) -> None:
        """Give back tokens."""
        count = min(count, self.held(holder))
        if count:
            self._held[holder] -= count
            self._free += count
            self._settle()

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
        self._settle()

    def receive(self, count: int) -> None:
        """Take in tokens that were asked for."""
        self._asked -= count
        self._free += count
        self._settle()

    def recall(self, count: int) -> None:
        """Give away that many tokens, as soon as they are free, and before anybody here gets them."""
        self._owed += count
        self._settle()

    def _settle(self) -> None:
        """Pay what is owed, hand out what is free, and ask for what is lacking."""
        while self._free > 0 and (self._owed or self._waiting):
            self._free -= 1
            if self._owed:
                self._owed -= 1
                self._pay(1)
                continue
            holder, granted = self._waiting.popleft()
            self._held[holder] = self.held(holder) + 1
            granted()
        elsewhere = self._total - (self._free + sum(self._held.values()) - self._owed)
        lacking = min(len(self._waiting), elsewhere) - self._asked
        if lacking > 0:
            self._asked += lacking
            self._ask(lacking)


class Lender:
    """Lends a session's tokens to its runners, and calls them back from one when another lacks them.

    A runner keeps what it has until somebody else wants it. When two want more than there is, tokens go to and fro
    between them, each time that one gets free.

    Args:
        total: number of tokens, at least one.
        lend: called with a borrower and the number of tokens that are its own from now on.
        recall: called with a borrower and the number of tokens that it shall return as soon as it can.
    """

    def __init__(
        self, total: int, lend: Callable[[Hashable, int], None], recall: Callable[[Hashable, int], None]
    ) -> None:
        self._idle = max(1, total)
        self._lend, self._recall = lend, recall
        self._lent: dict[Hashable, int] = {}
        self._recalled: dict[Hashable, int] = {}
        self._wanted: deque[Hashable] = deque()

    def enter(self, borrower: Hashable) -> int:
        """Take note of a new borrower.

        Returns:
            The tokens that it has at first: those that nobody has or wants.
        """
        count, self._idle = self._idle, 0
        self._lent[borrower], self._recalled[borrower] = count, 0
        return count

    def want(self, borrower: Hashable, count: int) -> None:
        """Take note that a borrower lacks tokens."""
        self._wanted.extend([borrower] * count)
        self._settle()

    def returned(self, borrower: Hashable, count: int) -> None:
        """Take tokens back that were recalled."""
        self._lent[borrower] -= count
        self._recalled[borrower] -= count
        self._idle += count
        self._settle()

    def leave(self, borrower: Hashable) -> None:
        """Forget a borrower that is gone; what it had can be lent again."""
        self._idle += self._lent.pop(borrower, 0)
        self._recalled.pop(borrower, None)
        self._wanted = deque(one for one in self._wanted if one != borrower)
        self._settle()

    def _settle(self) -> None:
        while self._idle and self._wanted:
            borrower = self._wanted.popleft()
            self._idle -= 1
            self._lent[borrower] += 1
            self._lend(borrower, 1)
        coming = sum(self._recalled.values())
        for borrower in list(self._wanted)[coming:]:
            others = [one for one in self._lent if one != borrower and self._lent[one] > self._recalled[one]]
            if others:
                richest = max(others, key=lambda one: self._lent[one] - self._recalled[one])
                self._recalled[richest] += 1
                self._recall(richest, 1)
