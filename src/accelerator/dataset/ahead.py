"""Make the next item in a thread while this one is being used."""

import os
import threading
import weakref
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

_DONE = object()


class Ahead(Generic[Item]):
    """Iterator over ``items`` that is always one item ahead of its user, in a thread.

    Each item gets a thread of its own, so none is alive while nothing is being made. Before a fork threads are waited
    for (what they made is kept on both sides): a thread does not live on in the child, and what it holds would stay
    locked.

    Args:
        items: where the items come from. Used by one thread at a time.
    """

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._thread: threading.Thread | None = None
        self._made: object = None
        self._error: BaseException | None = None

    def __iter__(self) -> "Ahead[Item]":
        return self

    def __next__(self) -> Item:
        if self._thread is None:
            self._make()
        else:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            self._made = _DONE
            raise error
        made, self._made = self._made, None
        if made is _DONE:
            self._made = _DONE
            self._items = iter(())
            raise StopIteration
        self._thread = threading.Thread(target=self._make, name="read ahead")
        _working.add(self)
        self._thread.start()
        return made  # type: ignore[return-value]  # put there by _make

    def _make(self) -> None:
        try:
            self._made = next(self._items, _DONE)
        except BaseException as error:  # noqa: BLE001 - raised where the item is asked for
            self._error = error

    def wait(self) -> None:
        """Return when no thread is at work."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()


_working: "weakref.WeakSet[Ahead[Any]]" = weakref.WeakSet()


def _wait_for_all() -> None:
    for ahead in list(_working):
        ahead.wait()
    _working.clear()


os.register_at_fork(before=_wait_for_all)
