"""How the jobs of a run are going: a line for each, what they print, and below it those running now."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.console import Group
from rich.text import Text

from accelerator.engine.events import Event
from accelerator.error import JobError
from accelerator.job import Job
from accelerator.script.bars import bars
from accelerator.script.estimate import Past
from accelerator.script.follow import Follower
from accelerator.script.output import Capture
from accelerator.script.rate import Rate
from accelerator.script.reading import Readings
from accelerator.script.report import build_line, fmttime, time_line
from accelerator.script.running import History, RunningJob
from accelerator.script.screen import Screen

__all__ = ["Progress", "Style"]

Style = Literal["no", "status", "dots", "log"]

_SLOW = 2.0
"""Seconds after which a job is announced while it runs."""
_MOST_OUTPUT = 1 << 17
"""Bytes of a job's output that are shown in one tick on a terminal."""
_STYLES = {"link": "dim", "DONE": "green", "MAKE": "cyan", "FAIL": "bold red", "WAIT": "yellow", "READ": "cyan"}


@dataclass(slots=True, kw_only=True)
class _Running(RunningJob):
    """A job that was started and has not ended, and what has been shown of it."""

    root: str
    depth: int
    announced: bool = False
    reported: float = 0.0
    dots: int = 0


def _no_history(_method: str) -> list[Past]:
    return []


class Progress:
    """Shows what the engine does.  It is an :data:`~accelerator.engine.events.Observer`.

    Args:
        capture: whose thread calls :meth:`tick`.
        screen: where to show it.
        slices: of the project.
        style: how to show a job that takes long; ``no`` for its line only.
        full_path: show paths of jobs instead of their ids.
        output: show what jobs print.
        tree: returns the lines of the status tree.
        history: returns the earlier runs of a method.
    """

    def __init__(
        self,
        capture: Capture,
        screen: Screen,
        *,
        slices: int,
        style: Style = "status",
        full_path: bool = False,
        output: bool = True,
        tree: Callable[[], list[str]] = list,
        history: History = _no_history,
    ) -> None:
        self._capture = capture
        self._screen = screen
        self._slices = slices
        self._style = style
        self._full_path = full_path
        self._output = output
        self._tree = tree
        self._history = history
        self._running: dict[str, _Running] = {}
        self._ended: list[_Running] = []
        self._waiting: dict[str, tuple[Event, float]] = {}
        self._readings = Readings()
        self._latest = ""
        """The job that the last line was about, if that announced it."""
        self._live = screen.is_terminal and style == "status"
        self.tree_wanted = False
        """Set by a signal handler: the status tree is shown at the next tick."""
        self.stop_wanted = False
        """Likewise: at the next tick this process stops until it is continued."""

    # From the session

    def began(self, script: str, job: Job) -> None:
        """Say that a script begins.

        Args:
            script: its module.
            job: its job.
        """
        self.say(f"{script} running as job {job.path if self._full_path else job}")

    def ended(self, script: str, job: Job, code: int, reason: str) -> None:
        """Say that a script has ended: who sees this sees that."""

    def __call__(self, event: Event) -> None:
        """Take an event from the engine."""
        with self._capture.drained():
            if event.kind == "reading":
                line = self._readings.take(event, time.monotonic())
                if line is not None and not self._live and self._style != "no":
                    self._say(_styled(line, "READ"))
                self._update_live()
                return
            if event.kind == "waiting":
                self._waiting.setdefault(event.method, (event, time.monotonic()))
                return
            self._waiting.pop(event.method, None)
            if event.kind == "started":
                self._start(event)
            elif event.kind == "linked":
                if event.parent is None:
                    self._say(self._line(event, "link", event.seconds))
            else:
                self._end(event)

    def say(self, text: str, style: str = "") -> None:
        """Show a text of our own, in its place among what the script prints, and keep it with that.

        Args:
            text: without the last line end.
            style: for the terminal, as rich knows them.
        """
        with self._capture.drained():
            self._say(Text(text, style=style))

    def failure(self, error: JobError) -> None:
        """Show that a build failed, and why.

        Args:
            error: what the engine raised.
        """
        report = error.format_msg()
        with self._capture.drained():
            self._running.pop(str(error.job), None)
            self._flush(str(error.job), report)
            path = str(error.job.path) if self._full_path else str(error.job)
            self._say(_styled(build_line(error.method, "FAIL", path), "FAIL"))
            self._update_live()
            self._screen.line(f"\nFailed to build jobs:\n{report}", error=True)
            self._capture.keep(f"\nFailed to build jobs:\n{report}\n".encode("utf-8", "backslashreplace"))

    def end(self) -> None:
        """Show what is left, and nothing below it any more."""
        with self._capture.drained():
            for running in [*self._ended, *self._running.values()]:
                self._print(running, running.follower.finish())
            self._running.clear()
            self._ended.clear()
            self._waiting.clear()
            self._readings.clear()
            self._update_live()

    # From the reading thread

    def tick(self) -> None:
        """Show what has changed; called about ten times a second."""
        if self.stop_wanted:
            self.stop_wanted = False
            self._screen.suspend()
        now = time.monotonic()
        if self.tree_wanted or self._screen.status_wanted():
            self.tree_wanted = False
            self._screen.line("\n".join(self._tree()), error=True)
        for running in list(self._running.values()):
            self._print(running, running.follower.poll())
            if self._style != "no":
                running.look(now)
            if running.event.parent is None and not self._live:
                self._announce(running, now)
        self._update_live()

    # Inside

    def _start(self, event: Event) -> None:
        parent = self._running.get(event.parent or "")
        self._running[event.jobid] = _Running(
            event=event,
            follower=Follower(event.path, _MOST_OUTPUT if self._screen.is_terminal else None),
            rate=Rate(self._slices),
            past=() if self._style == "no" else self._history(event.method),
            root=parent.root if parent else event.jobid,
            depth=parent.depth + 1 if parent else 0,
        )

    def _end(self, event: Event) -> None:
        running = self._running.pop(event.jobid, None)
        if running is None:
            return
        self._print(running, running.follower.poll())
        self._ended.append(running)
        if event.parent is None and event.kind == "done":
            self._flush(running.root, None)
            slow = time.monotonic() - running.start >= _SLOW
            if running.dots:
                self._screen.raw(1, f" ({running.dots})]\n".encode())
            elif running.announced and self._latest == event.jobid:
                if event.seconds is not None and self._style != "no":
                    self._say(Text(time_line(event.seconds)))
            else:
                # One that was announced too, if others have been in between: a time alone could be anybody's.
                self._say(self._line(event, "MAKE" if slow and not running.announced else "DONE", event.seconds))
        self._update_live()

    def _flush(self, root: str, report: str | None) -> None:
        """Show the rest of what a job and its subjobs printed."""
        mine = [running for running in self._ended if running.root == root]
        self._ended = [running for running in self._ended if running.root != root]
        for running in mine:
            self._print(running, running.follower.finish(report))

    def _announce(self, running: _Running, now: float) -> None:
        """Without a live display: a line when a job turns out to be slow, and signs of life after it."""
        elapsed = now - running.start
        if not running.announced and elapsed >= _SLOW:
            running.announced = True
            running.reported = now
            self._say(self._line(running.event, "MAKE", None), running.event.jobid)
        elif running.announced and self._style == "log" and now - running.reported >= 60:
            running.reported = now
            self._say(Text(self._description(running, now)))
        elif self._latest == running.event.jobid and self._style == "dots" and now - running.reported >= 1:
            running.reported = now
            self._screen.raw(1, b"." if running.dots else b"[.")
            running.dots += 1

    def _line(self, event: Event, status: str, seconds: float | None) -> Text:
        job = str(event.path) if self._full_path else event.jobid
        return _styled(build_line(event.method, status, job, seconds), status)

    def _say(self, text: Text, jobid: str = "") -> None:
        for running in self._running.values():
            if running.dots:  # of a job that goes on: what is said now is on a line of its own
                self._screen.raw(1, f" ({running.dots})]\n".encode())
                running.dots = 0
        self._latest = jobid
        self._screen.line(text)
        self._capture.keep(f"{text.plain}\n".encode("utf-8", "backslashreplace"))

    def _print(self, running: _Running, lines: Iterable[str]) -> None:
        if self._output:
            self._screen.prefixed(f"{running.event.jobid} | ", lines)

    def _update_live(self) -> None:
        if not self._live:
            return
        now = time.monotonic()
        lines = [self._live_line(running, now) for running in self._running.values()]
        lines.extend(Text(line, style="cyan", no_wrap=True) for line in self._readings.lines(now))
        for event, since in self._waiting.values():
            job = event.jobid or "another process"
            text = build_line(event.method, "WAIT", f"built by another process: {job}")
            lines.append(_styled(f"{text} {fmttime(now - since, short=True)}", "WAIT"))
        if lines or self._screen.is_live:
            self._screen.show_live(Group(*lines) if lines else None)

    def _live_line(self, running: _Running, now: float) -> Text:
        names = ["  " * one.depth + one.event.method for one in self._running.values()]
        # As wide as the names need, but most of a narrow terminal is for the rest.
        width = min(max(map(cell_len, names)), max(10, self._screen.width // 3))
        name = set_cell_size("  " * running.depth + running.event.method, width)
        elapsed = fmttime(now - running.start, short=True)
        line = f"   - {name} {elapsed:>5}  {self._description(running, now)}"
        return Text(line, style="cyan", no_wrap=True, overflow="ellipsis")

    def _description(self, running: _Running, now: float) -> str:
        """What a job does now: how long it will take, its phase, how far and how fast, what it says."""
        left = running.left(now)
        speed = running.rate.speed
        words = [
            "" if left is None else f"{fmttime(left, short=True)} left",
            running.event.jobid,
            self._phase(running),
            f"{_count(speed)} rows/s" if speed >= 1 else "",
            f"{fmttime(now - running.start, short=True)} so far" if self._style == "log" else "",
            "".join(letter if letter.isprintable() else " " for letter in running.message),
        ]
        return "  ".join(filter(None, words))

    def _phase(self, running: _Running) -> str:
        """The phase of a job; for analysis with how many slices are done, and how far the others are."""
        done = running.rate.slices_done
        if running.phase != "analysis":
            return running.phase or "starting"
        shares = running.rate.shares
        text = f"analysis {done}/{self._slices}"
        if shares is None:
            return text
        return f"{text} {bars(shares)}" if self._screen.speaks_unicode else f"{text} {sum(shares) / len(shares):.0%}"


def _count(number: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return f"{number:.0f}"


def _styled(line: str, status: str) -> Text:
    """A job's line with its status coloured."""
    text = Text(line)
    at = line.find(status, 5 + 35)
    if at >= 0:
        text.stylize(_STYLES[status], at, at + len(status))
    return text
