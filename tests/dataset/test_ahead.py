"""Making the next item in a thread, and not having threads when this process forks."""

import os
import threading

import pytest

from accelerator.dataset.ahead import Ahead


def test_items_errors_and_the_end_come_in_order():
    def items():
        yield from range(5)
        raise ZeroDivisionError

    ahead = Ahead(items())
    assert [next(ahead) for _ in range(5)] == list(range(5))
    with pytest.raises(ZeroDivisionError):
        next(ahead)
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(ahead)
    assert list(Ahead(iter([]))) == []


def test_the_next_item_is_made_meanwhile():
    made = threading.Event()

    def items():
        yield 1
        made.set()
        yield 2

    ahead = Ahead(items())
    assert next(ahead) == 1
    assert made.wait(10)
    assert list(ahead) == [2]


def test_a_fork_waits_and_both_sides_go_on():
    release = threading.Event()

    def items():
        yield 1
        release.wait(10)
        yield from (2, 3, 4)

    ahead = Ahead(items())
    assert next(ahead) == 1
    threading.Timer(0.05, release.set).start()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if threading.active_count() == 1 and list(ahead) == [2, 3, 4] else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert list(ahead) == [2, 3, 4]
