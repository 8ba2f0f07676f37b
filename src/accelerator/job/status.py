"""What each process is doing now: a stack of messages in memory, and on disk for others to read.

``.status/<part>`` in the job directory is written aside and renamed, never fsynced, and not more than a few times a
second; error reports use the stack in memory.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, TracebackType

import msgspec

__all__ = [
    "PartStatus",
    "StatusEntry",
    "begin_part",
    "dummy_status",
    "end_part",
    "iterating",
    "lines_at_raise",
    "publish",
    "publish_iteration",
    "read_status",
    "stack_lines",
    "status",
]

_INTERVAL = 0.25
_BURST = 12
_LONGEST = 1450


class StatusEntry:
    """One line of the stack.

    Attributes:
        message: the text.
        start: Unix time at which it began.
        position: returns how many rows are done, for iterations.
        expected: how many there will be, or None.
    """

    __slots__ = ("expected", "message", "position", "start")

    def __init__(self, message: str, position: Callable[[], int] | None = None, expected: int | None = None) -> None:
        self.message = _shortened(message)
        self.start = time.time()
        self.position = position
        self.expected = expected

    def text(self) -> str:
        """Return the line as an error report shows it."""
        if self.position is None:
            return self.message
        return f"{self.message} reached line {self.position()}"


class PartStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What one process of a job is doing, as written in ``.status/<part>``.

    Attributes:
        part: ``prepare``, number of the slice, or ``synthesis``.
        pid: the process.
        stack: message and Unix time of its beginning, outermost first.
        rows: rows done by the iterations that are going on, and by those that ended in this part.
        expected: rows that the iterations going on will have, or None if not known.
        updated: Unix time of writing.
    """

    part: str
    pid: int
    stack: list[tuple[str, float]]
    rows: int = 0
    expected: int | None = None
    updated: float = 0.0


class _Published:
    """Where this process writes its status, and how often it has done so lately."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.part = ""
        self.pid = 0
        self.budget = float(_BURST)
        self.last = 0.0
        self.rows_before = 0


_stack: list[StatusEntry] = []
_published = _Published()


class _Abandoned:
    """An iteration that was dropped before its end: perhaps because an exception is leaving the loop over it.

    Python closes such an iterator while the exception passes, so its line would be gone from every report. Whether
    that is the reason shows later: then the exception's traceback has the very line at which the iteration ended.
    """

    def __init__(self, code: CodeType, lineno: int, lines: list[str]) -> None:
        self.code = code
        self.lineno = lineno
        self.lines = lines


_abandoned: list[_Abandoned] = []


def _shortened(message: str) -> str:
    assert isinstance(message, str), "A status is a str"
    assert message, "A status cannot be empty"
    assert "\0" not in message, "A status cannot have NUL in it"
    if len(message) > _LONGEST:
        half = _LONGEST // 2 - 5
        return f"{message[:half]} … {message[-half:]}"
    return message


class status:  # noqa: N801  (a public name that user code writes in lower case)
    """Show what is going on: ``with status("Reading") as update: …``.

    The message is seen in ``ax status``, in the progress display, and in the report if an exception passes.
    Outside methods (in build scripts, notebooks, commands) nothing is shown.

    Args:
        message: non-empty text without NUL. Long ones lose their middle.

    The value of the ``with`` is a function that takes a new message; the time goes on from the beginning.

    Raises:
        AssertionError: the message is empty, not str, or has a NUL in it.
    """

    def __init__(self, message: str) -> None:
        self._entry = StatusEntry(message)

    def __enter__(self) -> Callable[[str], None]:
        _push(self._entry)
        return self._update

    def _update(self, message: str) -> None:
        self._entry.message = _shortened(message)
        publish()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            _remember(error)
        _pop(self._entry)


class iterating(contextlib.AbstractContextManager[StatusEntry]):  # noqa: N801  (used as status is)
    """Show an iteration, with how far it has come.

    Reports say ``<message> reached line <n>``, also when an exception in the loop's body makes Python close the
    iterator. Call :func:`publish_iteration` once for each block of rows.

    Args:
        message: as for :class:`status`.
        position: returns how many rows are done.
        expected: how many there will be, if known.
    """

    def __init__(self, message: str, position: Callable[[], int], expected: int | None = None) -> None:
        self._entry = StatusEntry(message, position, expected)

    def __enter__(self) -> StatusEntry:
        _push(self._entry)
        return self._entry

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, GeneratorExit):
            _note_abandoned(sys._getframe(1))  # noqa: SLF001  (the only way to know who dropped the iterator)
        elif error is not None:
            _remember(error)
        if self._entry.position is not None:
            _published.rows_before += self._entry.position()
        _take_away(self._entry)
        if _stack:
            publish_iteration()


@contextlib.contextmanager
def dummy_status(message: str) -> Iterator[Callable[[str], None]]:  # noqa: ARG001  (the same signature)
    """Take the place of :class:`status` where nothing shall be shown.

    Args:
        message: ignored.
    """
    yield lambda _message: None


def _push(entry: StatusEntry) -> None:
    _abandoned.clear()
    _stack.append(entry)
    publish()


def _pop(entry: StatusEntry) -> None:
    _take_away(entry)
    if _stack:  # else the part is at its end and takes the file away
        publish()


def _take_away(entry: StatusEntry) -> None:
    # Iterators that are used in turns end in any order; each takes its own line away.
    for i in range(len(_stack) - 1, -1, -1):
        if _stack[i] is entry:
            del _stack[i]
            break


def _note_abandoned(frame: FrameType | None) -> None:
    # An iterator of ours may have entered us through an ExitStack.
    while frame is not None and (frame.f_globals.get("__name__") == "contextlib" or _is_framework(frame)):
        frame = frame.f_back
    if frame is not None:
        _abandoned.append(_Abandoned(frame.f_code, frame.f_lineno, stack_lines()))
        del _abandoned[:-8]


def _is_framework(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name.startswith("accelerator.") and not name.startswith("accelerator.standard_methods")


def _remember(error: BaseException) -> None:
    if getattr(error, "_accelerator_status", None) is None:
        # A class of the user's may refuse attributes: then the report has the lines that are left.
        with contextlib.suppress(Exception):
            error._accelerator_status = lines_at_raise(error)  # type: ignore[attr-defined]  # noqa: SLF001  (our mark)


def stack_lines() -> list[str]:
    """Return the stack of this process as an error report shows it, outermost first."""
    return [entry.text() for entry in _stack]


def lines_at_raise(error: BaseException) -> list[str]:
    """Return the stack as it was when an exception was raised, also when parts of it have been left since.

    Args:
        error: the exception.
    """
    known: list[str] | None = getattr(error, "_accelerator_status", None)
    if known is not None:
        return known
    lines = stack_lines()
    if _abandoned:
        places = set()
        traceback = error.__traceback__
        while traceback is not None:
            places.add((traceback.tb_frame.f_code, traceback.tb_lineno))
            traceback = traceback.tb_next
        for abandoned in _abandoned:
            if (abandoned.code, abandoned.lineno) in places and len(abandoned.lines) > len(lines):
                lines = abandoned.lines
    return lines


def begin_part(job_directory: Path, part: str | int) -> None:
    """Have the status of this process written to a job's directory from now on, beginning with an empty stack.

    Args:
        job_directory: of the job.
        part: ``"prepare"``, number of the slice, or ``"synthesis"``.
    """
    directory = Path(job_directory) / ".status"
    directory.mkdir(exist_ok=True)
    _stack.clear()
    _abandoned.clear()
    _published.__init__()  # type: ignore[misc]  # back to its first state
    _published.path = directory / str(part)
    _published.part = str(part)
    _published.pid = os.getpid()


def end_part() -> None:
    """Stop writing the status of this process, and take away what was written."""
    path, _published.path = _published.path, None
    _stack.clear()
    _abandoned.clear()
    if path is not None:
        path.unlink(missing_ok=True)


def publish() -> None:
    """Write the status, if it has not been written very recently. Cheap: call it once for each block of rows."""
    path = _published.path
    if path is None:
        return
    now = time.monotonic()
    budget = min(_BURST, _published.budget + (now - _published.last) / _INTERVAL)
    _published.last, _published.budget = now, budget
    if budget < 1:
        return
    _published.budget = budget - 1
    # Only a status, and the disk may be full: the work goes on without it.
    with contextlib.suppress(OSError):
        # Not by way of Path: most of what this costs is code that a slice just forked has not touched yet.
        temporary = f"{path.parent}/.{_published.part}"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            os.write(fd, msgspec.json.encode(_snapshot()))
        finally:
            os.close(fd)
        os.replace(temporary, path)  # noqa: PTH105


def publish_iteration() -> None:
    """Write the status if that was not done in the last quarter of a second: what is shorter nobody sees."""
    if time.monotonic() - _published.last >= _INTERVAL:
        publish()


def _snapshot() -> PartStatus:
    iterations = [entry for entry in _stack if entry.position is not None]
    expected = [entry.expected for entry in iterations if entry.expected is not None]
    return PartStatus(
        part=_published.part,
        pid=os.getpid(),
        stack=[(_encodable(entry.message), entry.start) for entry in _stack],
        rows=_published.rows_before + sum(entry.position() for entry in iterations if entry.position),
        expected=_published.rows_before + sum(expected) if expected and len(expected) == len(iterations) else None,
        updated=time.time(),
    )


def _encodable(message: str) -> str:
    return message.encode("utf-8", "backslashreplace").decode("utf-8")


def read_status(job_directory: Path) -> list[PartStatus]:
    """Return what the processes of a job are doing, in the order prepare, slices, synthesis.

    Args:
        job_directory: of the job.
    """
    directory = Path(job_directory) / ".status"
    found = []
    try:
        names = [path.name for path in directory.iterdir() if not path.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    for name in sorted(names, key=_part_order):
        # A part that ends takes its file away, and nothing here is worth an error.
        with contextlib.suppress(OSError, msgspec.DecodeError):
            found.append(msgspec.json.decode((directory / name).read_bytes(), type=PartStatus))
    return found


def _part_order(name: str) -> tuple[int, int]:
    if name.isdecimal():
        return 1, int(name)
    return (0 if name == "prepare" else 2), 0
