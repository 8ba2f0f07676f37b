"""What the system says about memory."""

import sys

import pytest

from accelerator.engine import memory


def test_nothing_is_known_before_the_first_look_or_without_a_counter():
    assert memory.Watch(lambda: 3).rose() is None
    watch = memory.Watch(lambda: None)
    watch.look()
    assert watch.rose() is None


def test_a_counter_that_rises():
    counts = iter([3, 3, 4, 4])
    watch = memory.Watch(lambda: next(counts))
    watch.look()
    watch.look()  # too soon to be worth counting again
    assert [watch.rose() for _ in range(3)] == [False, True, False]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_what_linux_says():
    memory.look()
    assert 1 << 20 < memory.evidence().total < 1 << 50
