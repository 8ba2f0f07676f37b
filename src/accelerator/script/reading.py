"""Input files that are being digested, as a run shows it: how far, how fast, how long still."""

from dataclasses import dataclass

from accelerator.engine.events import Event
from accelerator.engine.failure import size
from accelerator.engine.inputs import READING_AFTER
from accelerator.script.report import build_line, fmttime

__all__ = ["Readings"]

_SLOW = 2.0


@dataclass(slots=True)
class _Reading:
    event: Event
    start: float
    announced: bool = False


class Readings:
    """The requests whose input files are being digested, by method."""

    def __init__(self) -> None:
        self._under_way: dict[str, _Reading] = {}

    def take(self, event: Event, now: float) -> str | None:
        """Take a ``reading`` event.

        Args:
            event: what the engine tells.
            now: seconds, from a clock that only goes forward.

        Returns:
            The line that says that this takes long, once; else None.
        """
        done, expected = event.bytes
        if done >= expected:
            self._under_way.pop(event.method, None)
            return None
        reading = self._under_way.setdefault(event.method, _Reading(event, now - READING_AFTER))
        reading.event = event
        if reading.announced or now - reading.start < _SLOW:
            return None
        reading.announced = True
        return build_line(event.method, "READ", f"{size(expected)} of input files")

    def lines(self, now: float) -> list[str]:
        """Return a line for each that says how far it is."""
        return [self._line(reading, now) for reading in self._under_way.values()]

    def clear(self) -> None:
        """Forget all."""
        self._under_way.clear()

    @staticmethod
    def _line(reading: _Reading, now: float) -> str:
        done, expected = reading.event.bytes
        elapsed = max(now - reading.start, 0.1)
        speed = done / elapsed
        left = f"  {fmttime((expected - done) / speed, short=True)} left" if speed else ""
        how = f"reading input files  {size(done)} of {size(expected)}  {size(int(speed))}/s{left}"
        return f"   - {reading.event.method:<35} {fmttime(elapsed, short=True):>5} {how}"
