"""Urd in an SQL database: SQLite for one machine, PostgreSQL for a team.

Everything that decides happens inside one transaction that excludes other writers: ``BEGIN IMMEDIATE`` on SQLite,
an advisory lock on PostgreSQL.  A connection lives as long as one call, so that a fork in between does no harm.
"""

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, inspect, make_url, or_, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool, StaticPool

from accelerator.error import UrdConflictError, UrdError, UrdPermissionError, UrdUsageError
from accelerator.urd.entry import Entry, current_user, full_path
from accelerator.urd.rules import decide_add, decide_truncate
from accelerator.urd.tables import ADDED, METADATA, SqlView, format_table, log
from accelerator.urd.timestamp import Moment, Query, normalise, sort_key

__all__ = ["Database"]

FORMAT = 1
_WAIT = 300.0
"""Seconds a writer waits for the others: a transaction takes milliseconds."""
_WAIT_TO_READ = 20.0
"""Seconds a reader waits, which SQLite asks for while a transaction is being put on disk."""
_IDLE = 60.0
"""Seconds after which PostgreSQL ends the transaction of a writer that says nothing: its machine may be gone."""
_CONNECT = 10
"""Seconds a server has to answer, unless the URL says otherwise."""
_ADVISORY_LOCK = 0x7572645F6C6F67  # "urd_log": any number that others are unlikely to use
_NO_PERMISSION = ("readonly database", "permission denied", "read-only transaction", "authentication failed")


class Database:
    """The urd of a project.

    Args:
        url: an SQLAlchemy URL of an SQLite file or a PostgreSQL database.  Nothing is opened before the first call;
            what is missing is made when something is first written.

    Raises:
        UrdError: the URL is not valid, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            self._shown = make_url(url)
            self._url = _with_driver(self._shown)
            self._engine = _engine(self._url)
        except (ArgumentError, NoSuchModuleError) as error:
            raise UrdError(f"urd = {url!r} is not a database URL: {str(error).splitlines()[0]}") from None
        except ModuleNotFoundError as error:
            raise UrdError(f'urd = {url!r} needs {error.name}: pip install "accelerator[postgresql]"') from None
        self._made = False

    def __repr__(self) -> str:
        return f"<Database {self._name()}>"

    def close(self) -> None:
        """Let go of what is held (no connection is, between calls)."""
        self._engine.dispose()

    # Writing

    def add(self, entry: Entry, *, update: bool = False, writer: str | None = None) -> dict[str, bool | int]:
        """Add an entry to its list.

        Args:
            entry: what to add.
            update: whether it may replace a different entry of the same timestamp.
            writer: who adds it; the current user if None.

        Returns:
            ``new``, ``changed``, ``is_ghost``; and if changed, ``deps``: how many entries became ghosts because they
            depended on what was replaced.

        Raises:
            UrdConflictError: a different entry exists, and ``update`` is False.
            UrdPermissionError: the database does not let this user write.
            UrdError: the database cannot be used.
        """
        row = _row("add", entry.path, entry.timestamp, writer, entry=entry, replaces=update)
        with self._writing() as view:
            return self._add(view, row, entry)

    def truncate(self, path: str, moment: Moment, *, writer: str | None = None) -> dict[str, int]:
        """Make ghosts of the entries of a list from a timestamp on, and of all that depend on them.

        Args:
            path: ``user/name``; it need not exist.
            moment: the first timestamp to go; 0 for all.
            writer: who does it; the current user if None.

        Returns:
            ``count``, the entries of the list that are gone, and ``deps``, the entries that depended on them.

        Raises:
            UrdPermissionError: the database does not let this user write.
            UrdError: the database cannot be used.
        """
        row = _row("truncate", full_path(path, ""), normalise(moment), writer)
        with self._writing() as view:
            return self._truncate(view, row)

    def import_lines(self, lines: Iterable[str]) -> int:
        """Append a log that :meth:`export_lines` wrote; lines that this log has already are passed over.

        Args:
            lines: one JSON object each; empty ones do not count.

        Returns:
            How many lines were new.

        Raises:
            UrdConflictError: an entry differs from one that is here; nothing is imported then.
            UrdError: a line is not one of a log, or the database cannot be used.
        """
        count = 0
        with self._writing() as view, self._translated():
            known = view.uids()
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                row, entry = _parse(line, number)
                if row["uid"] in known:
                    continue
                known.add(row["uid"])
                try:
                    if entry is None:
                        self._truncate(view, row)
                    else:
                        self._add(view, row, entry)
                except UrdConflictError as error:
                    raise UrdConflictError(f"line {number}: {error}; nothing was imported") from None
                count += 1
        return count

    def rebuild(self) -> None:
        """Make the visibility of all entries anew from the log."""
        with self._writing() as view:
            view.forget_visibility()
            for row in view.rows():
                if row["kind"] == "truncate":
                    self._truncate(view, row, number=row["number"])
                else:
                    self._add(view, row, Entry.from_json(json.loads(row["entry"])), number=row["number"])

    @staticmethod
    def _add(view: SqlView, row: dict[str, Any], entry: Entry, number: int | None = None) -> dict[str, bool | int]:
        """Carry out an addition; ``number`` is its row when the log is replayed."""
        decision = decide_add(view, entry, update=row["replaces"])
        if decision.logged:
            number = view.append(row) if number is None else number
            view.set_dependencies(number, entry)
            view.set_ghosted(decision.ghosts, number)
            view.set_ghosted([number], number if decision.is_ghost else None)
        return decision.as_dict()

    @staticmethod
    def _truncate(view: SqlView, row: dict[str, Any], number: int | None = None) -> dict[str, int]:
        """Carry out a truncation; ``number`` is its row when the log is replayed."""
        decision = decide_truncate(view, row["path"], row["timestamp"])
        number = view.append(row) if number is None else number
        view.set_ghosted(decision.ghosts, number)
        return decision.as_dict()

    # Reading

    def get(self, path: str, moment: Moment) -> Entry | None:
        """Return the entry of a list that answers a query.

        Args:
            path: ``user/name``.
            moment: a timestamp, or a query as :meth:`~accelerator.urd.timestamp.Query.parse` takes it.

        Returns:
            The entry, or None if there is none.
        """
        query = Query.parse(moment)
        key = sort_key(query.timestamp) if query.timestamp else ""
        conditions = {
            "=": log.c.key == key,
            "<": log.c.key < key,
            "<=": log.c.key <= key,
            ">": log.c.key > key,
            ">=": log.c.key >= key,
            "latest": ADDED,
            "first": ADDED,
        }
        condition = conditions[query.operator]
        if query.by_prefix:
            condition = or_(condition, log.c.timestamp.startswith(query.timestamp, autoescape=True))
        with self._reading() as view:
            found = view.find(full_path(path, ""), condition, newest_first=query.newest_first)
        return found.entry if found else None

    def latest(self, path: str) -> Entry | None:
        """Return the last entry of a list, or None."""
        return self.get(path, "latest")

    def first(self, path: str) -> Entry | None:
        """Return the first entry of a list, or None."""
        return self.get(path, "first")

    def since(self, path: str, moment: Moment) -> list[str]:
        """Return the timestamps of a list strictly later than another (0: all), in order."""
        after = normalise(moment)
        with self._reading() as view:
            return view.timestamps(full_path(path, ""), after)

    def entries(self, path: str, moment: Moment = 0) -> list[Entry]:
        """Return the entries of a list strictly later than a timestamp, in order."""
        after = normalise(moment)
        with self._reading() as view:
            return view.listed(full_path(path, ""), after)

    def lists(self) -> list[str]:
        """Return all lists that have an entry, ``user/name``, sorted."""
        with self._reading() as view:
            return view.paths()

    def export_lines(self) -> Iterator[str]:
        """Yield the whole log, oldest first: one JSON object a line, without the line end."""
        with self._reading() as view:
            for row in view.rows():
                yield _line(row)

    # The database

    @contextmanager
    def _writing(self) -> Iterator[SqlView]:
        """One transaction in which nobody else writes; rolled back by an exception."""
        with self._translated(), self._engine.connect() as connection:
            if self._url.get_backend_name() == "sqlite":
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {_WAIT * 1000:.0f}")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql(
                    f"SET LOCAL lock_timeout = '{_WAIT}s';"
                    f"SET LOCAL idle_in_transaction_session_timeout = '{_IDLE}s';"
                    f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"
                )
            if not self._made:
                self._make(connection)
            yield SqlView(connection)
            connection.commit()
        self._made = True

    @contextmanager
    def _reading(self) -> Iterator[SqlView]:
        """What is there now; an urd that nobody has written to yet is empty."""
        with self._translated():
            engine = self._engine if self._exists() else _empty()
            with engine.connect() as connection:
                yield SqlView(connection)

    def _exists(self) -> bool:
        if self._made:
            return True
        file = self._url.database or ""
        is_file = self._url.get_backend_name() == "sqlite" and not file.startswith("file:")
        if is_file and not Path(file).exists():
            return False  # opening it would make it
        with self._engine.connect() as connection:
            if not inspect(connection).has_table(format_table.name):
                return False
            _check_format(connection)
        self._made = True
        return True

    def _make(self, connection: Connection) -> None:
        if inspect(connection).has_table(format_table.name):
            _check_format(connection)
        else:
            METADATA.create_all(connection)
            connection.execute(format_table.insert().values(version=FORMAT))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what the database says in our own errors."""
        try:
            yield
        except DBAPIError as error:
            reason = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
            if reason == "database is locked":
                reason = "another process keeps it locked"
            kind = UrdPermissionError if any(words in reason for words in _NO_PERMISSION) else UrdError
            # Without what it comes from: that is pages of the database library's own frames in a script's traceback.
            raise kind(f"urd {self._name()}: {reason}") from None

    def _name(self) -> str:
        """Return the URL without a password, and with a file's name as it is instead of quoted."""
        if self._url.get_backend_name() == "sqlite":
            return f"sqlite:///{self._url.database}"
        return self._shown.render_as_string(hide_password=True)


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise UrdError("urd needs a file: write sqlite:///urd.db")
        # isolation_level None: sqlite3 begins no transactions by itself; ours are begun in words.
        return create_engine(url, poolclass=NullPool, connect_args={"timeout": _WAIT_TO_READ, "isolation_level": None})
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(_CONNECT)})
    return create_engine(url, poolclass=NullPool)


def _with_driver(url: URL) -> URL:
    """Name the PostgreSQL driver that we ask users to install, unless the URL names one."""
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise UrdError(f"urd lives in SQLite or PostgreSQL, not {url.get_backend_name()}")
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _empty() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    METADATA.create_all(engine)
    return engine


def _check_format(connection: Connection) -> None:
    version = connection.execute(select(format_table.c.version)).scalar()
    if version != FORMAT:
        raise UrdError(
            f"this urd has format {version}, and this program reads format {FORMAT}: use the version that wrote it"
        )


def _row(
    kind: str, path: str, timestamp: str, writer: str | None, *, entry: Entry | None = None, replaces: bool = False
) -> dict[str, Any]:
    if kind == "add" and timestamp == "0":
        raise UrdUsageError("timestamp 0 is before all others and cannot be stored")
    return {
        "uid": uuid.uuid4().hex,
        "kind": kind,
        "time": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
        "writer": writer or current_user(os.environ),
        "path": path,
        "timestamp": timestamp,
        "replaces": replaces,
        "entry": json.dumps(entry.to_json()) if entry else "",
    }


def _line(row: dict[str, Any]) -> str:
    """One row of the log as it is exported."""
    record = {name: row[name] for name in ("kind", "uid", "time", "writer")}
    if row["kind"] == "add":
        record |= {"update": row["replaces"], **json.loads(row["entry"])}
    else:
        record |= {"path": row["path"], "timestamp": row["timestamp"]}
    return json.dumps({"urd": FORMAT, **record})


def _parse(line: str, number: int) -> tuple[dict[str, Any], Entry | None]:
    """One exported line as a row of the log, and its entry if it is an addition."""
    try:
        record = json.loads(line)
        if record["urd"] != FORMAT:
            raise UrdError(f"format {record['urd']} is not known")  # noqa: TRY301 - told below with the line's number
        entry = None
        if record["kind"] == "add":
            entry = Entry.from_json(record)
            row = _row(
                "add", entry.path, entry.timestamp, record["writer"], entry=entry, replaces=bool(record["update"])
            )
        elif record["kind"] == "truncate":
            row = _row("truncate", full_path(record["path"], ""), normalise(record["timestamp"]), record["writer"])
        else:
            raise UrdError(f"{record['kind']!r} is neither add nor truncate")  # noqa: TRY301 - as above
        return {**row, "uid": str(record["uid"]), "time": str(record["time"])}, entry
    except (KeyError, TypeError, ValueError, UrdError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else str(error)
        raise UrdError(f"line {number} is not a line of an exported urd: {what}") from None
