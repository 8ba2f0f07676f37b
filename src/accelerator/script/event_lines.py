"""``ax run --json``: what happens, as one JSON object a line. ``docs/formats.md`` describes them."""

import codecs
import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.engine.events import Event
from accelerator.error import JobError, StorageError
from accelerator.job import Job
from accelerator.job.record import Failed, Post
from accelerator.script.follow import Follower
from accelerator.script.output import Capture
from accelerator.script.rate import Rate
from accelerator.script.report import build_line
from accelerator.script.running import History, RunningJob

__all__ = ["VERSION", "EventLines"]

VERSION = 1
"""Of the format; new kinds of events and new keys do not change it."""
_EVERY = 1.0
"""Seconds between two progress events of a job."""


@dataclass(slots=True, kw_only=True)
class _Running(RunningJob):
    """A job that was started, and when its progress was last told."""

    told: float = 0.0


class EventLines:
    """Writes an event for everything that happens. It is an :data:`~accelerator.engine.events.Observer`.

    What the script prints, and what jobs print, are events too, so that standard output holds nothing else.

    Args:
        descriptor: where to write.
        slices: of the project.
        output: tell what jobs print.
        tree: returns the lines of the status tree.
        history: returns the earlier runs of a method.
    """

    def __init__(
        self, descriptor: int, *, slices: int, output: bool, tree: Callable[[], list[str]], history: History
    ) -> None:
        self._descriptor = os.dup(descriptor)
        self._slices = slices
        self._output = output
        self._tree = tree
        self._history = history
        self._capture: Capture | None = None
        self._running: dict[str, _Running] = {}
        self._ended: list[_Running] = []
        self._script: str | None = None
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {stream: decoder("backslashreplace") for stream in (1, 2)}
        self._partial = {1: "", 2: ""}
        self.tree_wanted = False
        """Set by a signal handler: the status tree is told at the next tick."""

    def bind(self, capture: Capture) -> None:
        """Say who catches what is printed, before anything is."""
        self._capture = capture

    # What is printed

    def raw(self, stream: int, data: bytes) -> None:
        """Tell what the script printed, line by line."""
        text = self._partial[stream] + self._decoders[stream].decode(data)
        *lines, self._partial[stream] = text.split("\n")
        for line in lines:
            self._tell("output", job=self._script, stream=_STREAMS[stream], text=line)

    def _rest(self) -> None:
        """Tell the last line that was printed, though it has no end."""
        for stream, partial in self._partial.items():
            text = partial + self._decoders[stream].decode(b"", final=True)
            self._decoders[stream].reset()
            if text:
                self._tell("output", job=self._script, stream=_STREAMS[stream], text=text)
            self._partial[stream] = ""

    # From the session

    def began(self, script: str, job: Job) -> None:
        """Tell that a script begins."""
        with self._drained():
            self._script = str(job)
            self._tell("script", script=script, job=str(job), path=str(job.path), version=VERSION)

    def ended(self, script: str, job: Job, code: int, reason: str) -> None:
        """Tell that a script has ended."""
        with self._drained():
            self._rest()
            self._tell("finished", script=script, job=str(job), exit_code=code, error=reason or None)
            self._script = None

    def __call__(self, event: Event) -> None:
        """Take an event from the engine."""
        with self._drained():
            if event.kind == "started":
                self._start(event)
            elif event.kind in {"done", "failed"}:
                self._end(event)
            elif event.kind == "reading":
                done, expected = event.bytes
                self._tell("reading", method=event.method, bytes=done, expected_bytes=expected)
            else:
                kind = "reused" if event.kind == "linked" else event.kind
                self._tell(kind, **_about(event), seconds=event.seconds)
                if event.kind == "linked" and event.parent is None:
                    self._keep(build_line(event.method, "link", event.jobid, event.seconds))

    def say(self, text: str, style: str = "") -> None:  # noqa: ARG002 - programs see no styles
        """Tell a text for people."""
        with self._drained():
            self._tell("message", text=text)
            self._keep(text)

    def failure(self, error: JobError) -> None:
        """Keep why a job failed; the event has told it."""
        with self._drained():
            self._keep(f"\nFailed to build jobs:\n{error.format_msg()}")

    def end(self) -> None:
        """Tell what is left."""
        with self._drained():
            self._rest()
            for running in [*self._ended, *self._running.values()]:
                self._printed(running, running.follower.finish())
            self._running.clear()
            self._ended.clear()

    def close(self, code: int) -> None:
        """Tell that this is all.

        Args:
            code: the exit code.
        """
        self._tell("end", exit_code=code)
        os.close(self._descriptor)

    # From the reading thread

    def tick(self) -> None:
        """Tell what has changed; called about ten times a second."""
        now = time.monotonic()
        if self.tree_wanted:
            self.tree_wanted = False
            self._tell("status", text="\n".join(self._tree()))
        for running in list(self._running.values()):
            self._printed(running, running.follower.poll())
            running.look(now)
            if now - max(running.start, running.told) >= _EVERY:
                running.told = now
                self._progress(running, now)

    # Inside

    def _start(self, event: Event) -> None:
        self._running[event.jobid] = _Running(
            event=event, follower=Follower(event.path), rate=Rate(self._slices), past=self._history(event.method)
        )
        self._tell("started", **_about(event))

    def _progress(self, running: _Running, now: float) -> None:
        parts = [
            {
                "part": part.part,
                "pid": part.pid,
                "rows": part.rows,
                "expected_rows": part.expected,
                "status": [message for message, _ in part.stack],
            }
            for part in running.parts
        ]
        self._tell(
            "progress",
            job=running.event.jobid,
            seconds=now - running.start,
            phase=running.phase,
            slices=self._slices,
            slices_done=running.rate.slices_done,
            rows=running.rate.rows,
            rows_per_second=running.rate.speed,
            seconds_left=running.left(now),
            parts=parts,
        )

    def _end(self, event: Event) -> None:
        running = self._running.pop(event.jobid, None)
        if running is not None:
            self._printed(running, running.follower.finish())
        if event.kind == "done":
            self._tell("done", **_about(event), seconds=event.seconds, **_times(event.path))
        else:
            self._tell("failed", **_about(event), errors=_errors(event.path))
        if event.parent is None:
            status = "DONE" if event.kind == "done" else "FAIL"
            self._keep(build_line(event.method, status, event.jobid, event.seconds))

    def _printed(self, running: _Running, lines: Iterable[str]) -> None:
        if self._output:
            for line in lines:
                self._tell("output", job=running.event.jobid, stream="stdout", text=line)

    def _keep(self, text: str) -> None:
        """Keep in the script's job what `ax run` without --json shows and keeps."""
        assert self._capture is not None
        self._capture.keep(f"{text}\n".encode("utf-8", "backslashreplace"))

    def _drained(self) -> contextlib.AbstractContextManager[None]:
        assert self._capture is not None
        return self._capture.drained()

    def _tell(self, kind: str, **more: Any) -> None:
        line = json.dumps({"event": kind, "time": time.time(), **more}) + "\n"
        view = memoryview(line.encode("ascii"))
        # Whoever read the events may have gone: the jobs go on without a reader.
        with contextlib.suppress(OSError):
            while view:
                view = view[os.write(self._descriptor, view) :]


_STREAMS = {1: "stdout", 2: "stderr"}


def _about(event: Event) -> dict[str, Any]:
    return {
        "job": event.jobid or None,
        "method": event.method,
        "path": str(event.path) if event.jobid else None,
        "caption": event.caption,
        "parent": event.parent,
    }


def _times(directory: Path) -> dict[str, Any]:
    """Return how long each phase of a finished job took, and each slice."""
    try:
        times = Post.load(directory).exectime
    except (OSError, StorageError):
        return {"phases": {}, "slices": []}  # deleted meanwhile
    phases = {phase: times[phase] for phase in ("prepare", "analysis", "synthesis") if times.get(phase)}
    slices: Sequence[float] = times.get("per_slice") or []
    return {"phases": phases, "slices": list(slices)}


def _errors(directory: Path) -> dict[str, str]:
    """Return what is recorded of a failure, by part."""
    try:
        return dict(Failed.load(directory).status)
    except (OSError, StorageError):
        return {}
