"""Files from the input directory that options name: what they hold is part of a job's identity."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import xxhash

from accelerator.config import Config
from accelerator.error import ServerError, StorageError
from accelerator.method.normalise import InputOption
from accelerator.storage.fingerprint import DigestCache, directory_digest

Record = dict[str, Any]


def describe(inputs: Iterable[InputOption], config: Config, cache: DigestCache) -> dict[str, list[Record]]:
    """Look at the input files of a request.

    Args:
        inputs: what the options name.
        config: the project: where names start, and what makes two files the same.
        cache: remembers digests of files.

    Returns:
        What is recorded in the job, by option.

    Raises:
        ServerError: a file is missing or cannot be read.
    """
    records: dict[str, list[Record]] = {}
    for one in inputs:
        for path in one.paths(config.input_directory):
            try:
                record: Record = {"filename": one.filename, "path": str(path), "directory": one.directory}
                record["state"] = state(path, one.directory)
                if config.input_identity == "content":
                    record["digest"] = directory_digest(path, cache) if one.directory else cache.digest(path)
            except (OSError, StorageError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                raise ServerError(f"Submit failed: option {one.option!r}: cannot read {path}: {reason}") from None
            records.setdefault(one.option, []).append(record)
    return records


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


def _digest(path: Path, directory: bool, cache: DigestCache | None) -> str:
    cache = cache or DigestCache()
    return directory_digest(path, cache) if directory else cache.digest(path)
