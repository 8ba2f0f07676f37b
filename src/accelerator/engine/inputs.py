"""Files from the input directory that options name: what they hold is part of a job's identity."""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xxhash

from accelerator.config import Config
from accelerator.error import ServerError, StorageError
from accelerator.method.normalise import InputOption
from accelerator.storage.fingerprint import DigestCache, directory_digest

Record = dict[str, Any]
Tell = Callable[[int, int], None]

READING_AFTER = 0.5
"""Seconds before the first word about progress."""
_BETWEEN = 0.2


def describe(
    inputs: Iterable[InputOption], config: Config, cache: DigestCache, tell: Tell | None = None
) -> dict[str, list[Record]]:
    """Look at the input files of a request.

    Args:
        inputs: what the options name.
        config: the project: where names start, and what makes two files the same.
        cache: remembers digests of files.
        tell: called with bytes done and bytes expected, now and then if it takes longer than a moment.

    Returns:
        What is recorded in the job, by option.

    Raises:
        ServerError: a file is missing or cannot be read.
    """
    found = [(one, path) for one in inputs for path in one.paths(config.input_directory)]
    with _metered([(path, one.directory) for one, path in found], tell) as meter:
        records: dict[str, list[Record]] = {}
        for one, path in found:
            try:
                record: Record = {"filename": one.filename, "path": str(path), "directory": one.directory}
                record["state"] = state(path, one.directory)
                if config.input_identity == "content":
                    record["digest"] = _digest(path, one.directory, cache, meter)
            except (OSError, StorageError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                raise ServerError(f"Submit failed: option {one.option!r}: cannot read {path}: {reason}") from None
            records.setdefault(one.option, []).append(record)
    return records


@contextlib.contextmanager
def _metered(files: Sequence[tuple[Path, bool]], tell: Tell | None) -> Iterator[Callable[[int], None] | None]:
    """Give a function that is told of bytes that are done, and passes it on; at the end all are said to be done."""
    done, expected, due = 0, None, time.monotonic() + READING_AFTER

    def meter(more: int) -> None:
        nonlocal done, expected, due
        done += more
        now = time.monotonic()
        if tell is not None and now >= due:
            due = now + _BETWEEN
            if expected is None:
                expected = sum(_size(path, directory) for path, directory in files)
            tell(done, max(done, expected))

    try:
        yield None if tell is None else meter
    finally:
        if tell is not None and expected is not None:
            tell(expected, expected)


def _size(path: Path, directory: bool) -> int:
    with contextlib.suppress(OSError):  # told where the file is read
        if not directory:
            return path.stat().st_size
        return sum(os.stat(f"{above}/{name}").st_size for above, _, names in os.walk(path) for name in names)  # noqa: PTH116 - may be many
    return 0


def identity(records: Mapping[str, Iterable[Record]], kind: str) -> list[Any]:
    """Return what input files add to a job's key.

    Args:
        records: from :func:`describe`, or from a job's record.
        kind: ``content``, ``stat`` or ``name``.
    """
    return [
        [option, record["filename"], Path(record["path"]).name, *_identity(record, kind)]
        for option in sorted(records)
        for record in records[option]
    ]


def _identity(record: Record, kind: str) -> list[Any]:
    if kind == "content":
        return [record.get("digest")]
    return list(record["state"]) if kind == "stat" else []


def state(path: Path, directory: bool) -> list[Any]:
    """Return what shows cheaply that a file or directory changed.

    Raises:
        OSError: if it is not there.
    """
    if not directory:
        found = path.stat()
        return [found.st_size, found.st_mtime_ns]
    digest = xxhash.xxh3_128()
    pending = [str(path)]
    while pending:
        parent = pending.pop()
        with os.scandir(parent) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                found = entry.stat(follow_symlinks=False)
                digest.update(b"%b %d %d\n" % (os.fsencode(entry.path), found.st_size, found.st_mtime_ns))
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
    return [digest.hexdigest()]


def changed(records: Mapping[str, Iterable[Record]], cache: DigestCache | None = None) -> str | None:
    """Find an input file that is no longer what is recorded: its state differs, and its content if that is recorded.

    Args:
        records: from :func:`describe`.
        cache: remembers digests of files.

    Returns:
        The path of the first one, None if all are the same.
    """
    for files in records.values():
        for record in files:
            path = Path(record["path"])
            try:
                if state(path, record["directory"]) == record["state"]:
                    continue
                if "digest" in record and record["digest"] == _digest(path, record["directory"], cache):
                    continue
            except (OSError, StorageError):
                return str(path)
            return str(path)
    return None


def _digest(
    path: Path, directory: bool, cache: DigestCache | None, progress: Callable[[int], None] | None = None
) -> str:
    cache = cache or DigestCache()
    return directory_digest(path, cache, progress) if directory else cache.digest(path, progress)
