"""Which jobs have files of a certain size: a cache of all files of finished jobs, in SQLite.

It can be deleted at any moment. Jobs that came are read when it is opened, jobs that went are forgotten; a finished
job's files never change, so nothing is ever read twice.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from accelerator.dataset import manifest as manifests
from accelerator.engine.index_file import transaction
from accelerator.error import StorageError
from accelerator.job.record import Post
from accelerator.job.workdir import Workdir

__all__ = ["JobFile", "JobFiles"]

_VERSION = 1
_SCHEMA = """
CREATE TABLE workdirs (id INTEGER PRIMARY KEY, name TEXT, stamp TEXT, UNIQUE (name, stamp));
CREATE TABLE jobs (workdir INTEGER, number INTEGER, PRIMARY KEY (workdir, number)) WITHOUT ROWID;
CREATE TABLE files (
    workdir INTEGER, number INTEGER, name BLOB, size INTEGER, PRIMARY KEY (workdir, number, name)
) WITHOUT ROWID;
CREATE INDEX files_by_size ON files (size);
"""
# Jobs read between two transactions: what was done is kept if somebody grows impatient.
_JOBS = 2000


class JobFile(NamedTuple):
    """A file of a finished job.

    Attributes:
        job: id of the job.
        name: relative to the job's directory, or absolute if the job wrote it elsewhere.
    """

    job: str
    name: str


class JobFiles:
    """The files of all finished jobs of some workdirs.

    Args:
        path: of the cache; kept in memory if it cannot be used.
        workdirs: directory of each workdir by name.
    """

    def __init__(self, path: Path, workdirs: Mapping[str, Path]) -> None:
        self._workdirs = {name: Workdir(name, directory) for name, directory in workdirs.items()}
        self._names: dict[int, str] = {}
        self._db = _opened(path)
        try:
            self._update()
        except sqlite3.OperationalError:  # the disk is full, or somebody keeps it locked
            self._db.close()
            self._db = _in_memory()
            self._update()

    def close(self) -> None:
        """Close the cache."""
        self._db.close()

    def of_size(self, size: int) -> list[JobFile]:
        """Return the files with so many bytes.

        Args:
            size: in bytes.
        """
        found = self._db.execute("SELECT workdir, number, name FROM files WHERE size = ?", (size,))
        return [
            JobFile(f"{self._names[workdir]}-{number}", os.fsdecode(name))
            for workdir, number, name in found
            if workdir in self._names
        ]

    def _update(self) -> None:
        self._names.clear()
        for workdir in self._workdirs.values():
            row = workdir.name, _stamp(workdir)
            self._db.execute("INSERT OR IGNORE INTO workdirs (name, stamp) VALUES (?, ?)", row)
            (number,) = self._db.execute("SELECT id FROM workdirs WHERE name = ? AND stamp = ?", row).fetchone()
            self._names[number] = workdir.name
            self._update_workdir(workdir, number)

    def _update_workdir(self, workdir: Workdir, number: int) -> None:
        known = {job for (job,) in self._db.execute("SELECT number FROM jobs WHERE workdir = ?", (number,))}
        there = {int(jobid.rpartition("-")[2]) for jobid in workdir.jobids()}
        gone = [(number, job) for job in known - there]
        with transaction(self._db):
            self._db.executemany("DELETE FROM jobs WHERE workdir = ? AND number = ?", gone)
            self._db.executemany("DELETE FROM files WHERE workdir = ? AND number = ?", gone)
        new = sorted(there - known)
        for start in range(0, len(new), _JOBS):
            self._add(workdir, number, new[start : start + _JOBS])

    def _add(self, workdir: Workdir, number: int, jobs: Iterable[int]) -> None:
        done: list[tuple[int, int]] = []
        files: list[tuple[int, int, bytes, int]] = []
        for job in jobs:
            directory = os.fspath(workdir.path / f"{workdir.name}-{job}")
            try:
                post = Post.load(Path(directory))
            except (OSError, StorageError):
                continue  # unfinished or damaged
            done.append((number, job))
            files += ((number, job, os.fsencode(name), size) for name, size in _files(directory, post))
        with transaction(self._db):
            self._db.executemany("INSERT OR IGNORE INTO jobs VALUES (?, ?)", done)
            self._db.executemany("INSERT OR IGNORE INTO files VALUES (?, ?, ?, ?)", files)


def _files(directory: str, post: Post) -> Iterator[tuple[str, int]]:
    """Yield name and size of what a job wrote: its files, and those of its datasets."""
    for name in post.files:
        with contextlib.suppress(OSError, ValueError):  # deleted by hand
            yield name, os.stat(os.path.join(directory, name)).st_size  # noqa: PTH116, PTH118  # many are asked
    if not post.datasets:
        return
    with contextlib.suppress(OSError):
        for dataset in os.listdir(os.path.join(directory, manifests.DIRECTORY)):  # noqa: PTH118, PTH208  # likewise
            below = os.path.join(manifests.DIRECTORY, dataset)  # noqa: PTH118  # likewise
            with os.scandir(os.path.join(directory, below)) as entries:  # noqa: PTH118  # likewise
                for entry in entries:
                    if entry.name.endswith(".parquet"):
                        yield os.path.join(below, entry.name), entry.stat().st_size  # noqa: PTH118  # likewise


def _stamp(workdir: Workdir) -> str:
    """Return what tells a workdir from one that was later made in its place."""
    try:
        found = (workdir.path / ".slices").stat()
    except OSError:  # not there yet, and then there are no jobs
        return str(workdir.path)
    return f"{workdir.path} {found.st_ino} {found.st_mtime_ns}"


def _opened(path: Path) -> sqlite3.Connection:
    for _ in range(2):
        db = None
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            db = _connected(str(path))
            db.execute("PRAGMA journal_mode = WAL")
            _prepare(db)
        except (sqlite3.DatabaseError, OSError) as error:
            if db is not None:
                db.close()
            if isinstance(error, (sqlite3.OperationalError, OSError)):
                break  # locked, or not to be written: somebody else's is left alone
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        else:
            return db
    return _in_memory()


def _in_memory() -> sqlite3.Connection:
    db = _connected(":memory:")
    _prepare(db)
    return db


def _connected(name: str) -> sqlite3.Connection:
    return sqlite3.connect(name, timeout=20, isolation_level=None)


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA synchronous = OFF")
    with transaction(db):
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            raise sqlite3.DatabaseError("of another version")
