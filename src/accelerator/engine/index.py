"""The index of finished jobs: a cache in SQLite of what the workdirs hold. It can be deleted at any moment.

Every row repeats what a job's ``post.json`` says. A row whose job is gone is dropped when it is met, a job
without a row is found when the workdirs are scanned.
"""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from accelerator.engine.index_file import open_database, transaction
from accelerator.error import BuildError

Reader = Callable[[Path], "Row | None"]

# A directory that changed this shortly before it was scanned may change again with the same time stamp.
_TIME_STAMP_SECONDS = 2.0
# A scan that takes longer than this is not repeated until so many times its duration have passed.
_QUICK_SCAN_SECONDS = 0.05
_SCAN_SHARE = 20
_COLUMNS = "workdir, number, uid, key, method, source_digest, starttime, endtime, is_build, subjobs, input_files"
_SELECT = f"SELECT {_COLUMNS} FROM jobs"  # noqa: S608 - only our own names
_INSERT = f"INSERT OR REPLACE INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - likewise


class Row(msgspec.Struct, frozen=True):
    """A finished job, as far as deciding about reuse needs it.

    Args:
        workdir: name of its workdir.
        number: its number there.
        uid: the job's own identity; numbers can be copied, uids cannot be met twice.
        key: what it was asked for, digested.
        method: its method.
        source_digest: the method's source when it ran.
        starttime: when it started, seconds since 1970.
        endtime: when it was finished.
        is_build: whether it is the record of a build script.
        subjobs: uid of every job it built or linked, by job id.
        input_files: what is recorded of the files it read from the input directory.
    """

    workdir: str
    number: int
    uid: str
    key: str
    method: str
    source_digest: str
    starttime: float
    endtime: float
    is_build: bool = False
    subjobs: Mapping[str, str] = msgspec.field(default_factory=dict)
    input_files: Mapping[str, Any] = msgspec.field(default_factory=dict)

    @property
    def jobid(self) -> str:
        """The job's id."""
        return f"{self.workdir}-{self.number}"


def split_jobid(jobid: str) -> tuple[str, int]:
    """Return workdir name and number of a job id.

    Raises:
        ValueError: if it is not one.
    """
    workdir, _, number = jobid.rpartition("-")
    if not workdir or not number.isdecimal():
        raise ValueError(f"{jobid!r} is not the id of a job")
    return workdir, int(number)


class Index:
    """The finished jobs of some workdirs, by key and by method.

    Must be opened after a fork, never before. If the file cannot be used the index lives in memory.

    Args:
        directory: where ``index.sqlite`` is; made if needed. None: in memory.
        workdirs: directory of each workdir by name.
        read: reads a job directory; returns None if the job is not finished.
    """

    def __init__(self, directory: Path | None, workdirs: Mapping[str, Path], read: Reader) -> None:
        self._workdirs = dict(workdirs)
        self._read = read
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._uids: dict[str, str] = {}
        self._next_scan = 0.0
        self._db = open_database(None if directory is None else directory / "index.sqlite")
        self._load_workdirs()

    def _load_workdirs(self) -> None:
        db = self._db
        known = {(name, path): number for number, name, path in db.execute("SELECT id, name, path FROM workdirs")}
        for name, path in self._workdirs.items():
            number = known.get((name, str(path)))
            if number is None:
                db.execute("INSERT OR IGNORE INTO workdirs (name, path) VALUES (?, ?)", (name, str(path)))
                (number,) = db.execute(
                    "SELECT id FROM workdirs WHERE name = ? AND path = ?", (name, str(path))
                ).fetchone()
            self._ids[name] = number
            self._names[number] = name

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    # -- asking --

    def with_key(self, key: str) -> list[Row]:
        """Return the finished jobs with this key, the newest first."""
        rows = self._db.execute(_SELECT + " WHERE key = ? ORDER BY starttime DESC, number DESC", (key,))
        return [self._row(row) for row in rows if row[0] in self._names]

    def of_method(self, method: str) -> Iterator[Row]:
        """Yield the finished jobs of a method, the newest first; rows may be removed meanwhile.

        Args:
            method: its name.
        """
        return self._rows("method = ? ORDER BY starttime DESC, number DESC", method)

    def times_of(self, method: str, source_digests: Collection[str] | None = None) -> list[tuple[float, str]]:
        """Return start time and id of the finished jobs of a method, the oldest first.

        Args:
            method: its name.
            source_digests: only of jobs that ran one of these sources; None for all.
        """
        query = "SELECT starttime, workdir, number, source_digest FROM jobs WHERE method = ? ORDER BY starttime, number"
        return [
            (start, f"{self._names[workdir]}-{number}")
            for start, workdir, number, digest in self._db.execute(query, (method,))
            if workdir in self._names and (source_digests is None or digest in source_digests)
        ]

    def of_workdir(self, workdir: str) -> Iterator[Row]:
        """Yield the finished jobs of a workdir by number; rows may be removed meanwhile.

        Args:
            workdir: its name.
        """
        return self._rows("workdir = ? ORDER BY number", self._ids[workdir])

    def _rows(self, condition: str, value: str | int) -> Iterator[Row]:
        """Yield rows one by one: there may be very many, and as a rule the first few are enough.

        Their numbers are fetched first, because an open query would stand in the way of changes.
        """
        query = f"SELECT workdir, number FROM jobs WHERE {condition}"  # noqa: S608 - only our own words
        for workdir, number in self._db.execute(query, (value,)).fetchall():
            row = self._fetch(workdir, number) if workdir in self._names else None
            if row is not None:
                yield row

    def get(self, jobid: str) -> Row | None:
        """Return the row of a job, None if there is none."""
        try:
            workdir, number = split_jobid(jobid)
        except ValueError:
            return None
        return self._fetch(self._ids.get(workdir), number)

    def _fetch(self, workdir: int | None, number: int) -> Row | None:
        found = self._db.execute(_SELECT + " WHERE workdir = ? AND number = ?", (workdir, number)).fetchone()
        return None if found is None else self._row(found)

    def directory(self, jobid: str) -> Path:
        """Return the directory of a job of a known workdir."""
        return self._workdirs[jobid.rpartition("-")[0]] / jobid

    def exists(self, row: Row) -> bool:
        """Tell whether the job is still there; forgets it if not.

        Raises:
            BuildError: that may not be seen. To build the job anew would not be what anybody wants.
        """
        post = self._workdirs[row.workdir] / row.jobid / "post.json"
        try:
            if post.exists():
                return True
        except PermissionError as error:
            raise BuildError(f"{post}: {error.strerror}; change its permissions, or delete {row.jobid}") from None
        self.remove(row.jobid)
        return False

    def uid(self, jobid: str) -> str:
        """Return the uid of a finished job, empty if there is no such job."""
        uid = self._uids.get(jobid)
        if uid is None:
            row = self.get(jobid) or self.discover(jobid)
            if row is None:
                return ""
            uid = self._uids[jobid] = row.uid
        return uid

    def discover(self, jobid: str) -> Row | None:
        """Read a job that another process may have finished; its row is added."""
        try:
            workdir, _ = split_jobid(jobid)
        except ValueError:
            return None
        if workdir not in self._workdirs:
            return None
        row = self._read(self._workdirs[workdir] / jobid)
        if row is not None:
            self.add(row)
        return row

    # -- changing --

    def add(self, row: Row) -> None:
        """Add a job, or replace what was known of it."""
        self._add_all([row])

    def _add_all(self, rows: Iterable[Row]) -> None:
        self._db.executemany(
            _INSERT,
            (
                (
                    self._ids[row.workdir], row.number, row.uid, row.key, row.method, row.source_digest,
                    row.starttime, row.endtime, row.is_build, _dump(row.subjobs), _dump(row.input_files),
                )
                for row in rows
            ),
        )  # fmt: skip

    def remove(self, jobid: str) -> None:
        """Forget a job."""
        workdir, number = split_jobid(jobid)
        self._uids.pop(jobid, None)
        self._db.execute("DELETE FROM jobs WHERE workdir = ? AND number = ?", (self._ids[workdir], number))

    def scan(self) -> None:
        """Look through the workdirs for jobs that came or went.

        Many jobs take their time, so another look shortly after is left out: nothing depends on it. An answer is
        looked at on disk, and the lock on its key tells of a job that another process has made.
        """
        if time.monotonic() < self._next_scan:
            return
        start = time.thread_time()
        for name in self._workdirs:
            self._scan_workdir(name)
        seconds = time.thread_time() - start
        if seconds > _QUICK_SCAN_SECONDS:
            self._next_scan = time.monotonic() + _SCAN_SHARE * seconds

    def _scan_workdir(self, name: str) -> None:
        number, path = self._ids[name], self._workdirs[name]
        (seen,) = self._db.execute("SELECT changed FROM workdirs WHERE id = ?", (number,)).fetchone()
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return
        unfinished = {n for (n,) in self._db.execute("SELECT number FROM unfinished WHERE workdir = ?", (number,))}
        known: set[int] = set()
        if changed == seen:
            look = unfinished
            there = None
        else:
            known = {n for (n,) in self._db.execute("SELECT number FROM jobs WHERE workdir = ?", (number,))}
            there = _job_numbers(path, name)
            look = there - known
        rows, still = [], set()
        for job in sorted(look):
            row = self._read(path / f"{name}-{job}")
            if row is None:
                still.add(job)
            else:
                rows.append(row)
        settled = time.time_ns() - changed > _TIME_STAMP_SECONDS * 1e9
        if there is None and still == unfinished:
            return
        with transaction(self._db):
            self._add_all(rows)
            if there is not None:
                self._db.executemany(
                    "DELETE FROM jobs WHERE workdir = ? AND number = ?", [(number, n) for n in known - there]
                )
            self._db.executemany(
                "DELETE FROM unfinished WHERE workdir = ? AND number = ?", [(number, n) for n in unfinished - still]
            )
            self._db.executemany("INSERT OR IGNORE INTO unfinished VALUES (?, ?)", [(number, n) for n in still])
            if there is not None:
                self._db.execute("UPDATE workdirs SET changed = ? WHERE id = ?", (changed if settled else None, number))
        if there is not None and known - there:
            self._uids.clear()

    # -- a place for other caches --

    def cached(self, kind: str, name: str, stamp: str) -> bytes | None:
        """Return a value that was kept with :meth:`keep` if it was kept with the same stamp."""
        found = self._db.execute("SELECT stamp, value FROM cache WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        if found is None or found[0] != stamp:
            return None
        value: bytes = found[1]
        return value

    def keep(self, kind: str, name: str, stamp: str, value: bytes) -> None:
        """Keep a value that can be made again.

        Args:
            kind: what sort of thing it is.
            name: its name.
            stamp: what must be the same for the value to count.
            value: anything.
        """
        with contextlib.suppress(sqlite3.OperationalError):  # disk full or locked for long: it can be made again
            self._db.execute("INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?)", (kind, name, stamp, value))

    def _row(self, row: tuple[Any, ...]) -> Row:
        subjobs, input_files = (json.loads(text) if text else {} for text in row[9:11])
        workdir = self._names[row[0]]
        _, number, uid, key, method, source_digest, start, end, is_build, *_ = row
        return Row(workdir, number, uid, key, method, source_digest, start, end, bool(is_build), subjobs, input_files)


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) if value else ""


def _job_numbers(path: Path, name: str) -> set[int]:
    prefix = f"{name}-"
    length = len(prefix)
    with os.scandir(path) as entries:
        names = [entry.name for entry in entries]
    tails = (found[length:] for found in names if found.startswith(prefix))
    return {int(tail) for tail in tails if tail.isdecimal() and (tail == "0" or tail[0] != "0")}
