"""How digesting input files is shown."""

from pathlib import Path

from accelerator.engine.events import Event
from accelerator.script.reading import Readings


def reading(done, expected, method="csvimport"):
    return Event("reading", "", Path(), method, bytes=(done << 30, expected << 30))


def test_one_line_when_it_is_slow_and_how_far_it_is_at_any_time():
    readings = Readings()
    assert readings.lines(0) == []
    assert readings.take(reading(1, 8), 100.5) is None
    assert readings.lines(101) == [
        "   - csvimport                              1s reading input files  1.0 GiB of 8.0 GiB  1.0 GiB/s  7s left"
    ]
    assert (
        readings.take(reading(2, 8), 102.0) == "   - csvimport                           READ  8.0 GiB of input files"
    )
    assert readings.take(reading(4, 8), 104.0) is None
    assert readings.take(reading(0, 3, "other"), 104.0) is None
    assert [line.split()[1] for line in readings.lines(104)] == ["csvimport", "other"]
    assert readings.take(reading(8, 8), 108.0) is None
    assert readings.take(reading(3, 3, "other"), 108.0) is None
    assert readings.lines(108) == []
