"""The file behind the index: an SQLite database that is never fsynced, and made anew when it cannot be used."""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from accelerator.error import StorageError
from accelerator.job.running import boot_id

_VERSION = 1
# Seconds. Nobody writes for longer than a few, whatever the number of jobs.
_PATIENCE = 20
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE workdirs (id INTEGER PRIMARY KEY, name TEXT, path TEXT, changed INTEGER, UNIQUE (name, path));
CREATE TABLE jobs (
    workdir INTEGER, number INTEGER, uid TEXT, key TEXT, method TEXT, source_digest TEXT,
    starttime REAL, endtime REAL, is_build INTEGER, subjobs TEXT, input_files TEXT,
    PRIMARY KEY (workdir, number)
) WITHOUT ROWID;
CREATE INDEX jobs_by_key ON jobs (key);
CREATE INDEX jobs_by_method ON jobs (method, starttime);
CREATE TABLE unfinished (workdir INTEGER, number INTEGER, PRIMARY KEY (workdir, number)) WITHOUT ROWID;
CREATE TABLE cache (kind TEXT, name TEXT, stamp TEXT, value BLOB, PRIMARY KEY (kind, name)) WITHOUT ROWID;
"""


class _Connection(sqlite3.Connection):
    """Says in our words if another process does not let go of the file."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except sqlite3.OperationalError as error:
            raise self._explained(error) from None

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        try:
            return super().executemany(sql, parameters)
        except sqlite3.OperationalError as error:
            raise self._explained(error) from None

    def _explained(self, error: sqlite3.OperationalError) -> Exception:
        if not is_busy(error):
            return error
        (_, _, path) = super().execute("PRAGMA database_list").fetchone()
        return StorageError(
            f"{path} is only a cache, but another process has kept it locked for {_PATIENCE} seconds: end that "
            "process, or delete the file"
        )


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Return whether an error says that another process or connection keeps the file locked."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def open_database(path: Path | None) -> sqlite3.Connection:
    """Open the database, made if needed; in memory if the file cannot be used.

    Args:
        path: its file; None: in memory.

    Returns:
        The connection; statements outside :func:`transaction` commit by themselves.
    """
    if path is not None:
        for _ in range(2):
            try:
                path.parent.mkdir(mode=0o700, exist_ok=True)
                return _opened(str(path))
            except (sqlite3.OperationalError, StorageError):
                break  # not writable, disk full, locked: do without
            except (sqlite3.DatabaseError, _WrongVersion):
                _remove_files(path)
            except OSError:
                break
    return _opened(":memory:")


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Do what follows wholly or not at all.

    Args:
        db: a connection that is in no transaction.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _opened(name: str) -> sqlite3.Connection:
    db = sqlite3.connect(
        name,
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
        factory=_Connection,
    )
    try:
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=OFF")
    # Looked at first without a transaction: who only reads need not wait for another process that writes.
    if _is_empty(db):
        with transaction(db):
            for statement in _SCHEMA.split(";") if _is_empty(db) else ():
                db.execute(statement)
            db.execute("INSERT OR IGNORE INTO meta VALUES ('version', ?)", (_VERSION,))
    meta = dict(db.execute("SELECT name, value FROM meta"))
    if meta.get("version") != _VERSION:
        raise _WrongVersion
    # We never fsync this file. If the machine was restarted meanwhile its contents must be checked once.
    boot = boot_id()
    if meta.get("boot") != boot:
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _WrongVersion
        db.execute("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", (boot,))


def _is_empty(db: sqlite3.Connection) -> bool:
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()
    return not tables


def _remove_files(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            os.unlink(f"{path}{suffix}")  # noqa: PTH108 - the name of the database with a suffix


class _WrongVersion(Exception):  # noqa: N818 - not an error: the file is made anew
    """The file is not one we can use."""
