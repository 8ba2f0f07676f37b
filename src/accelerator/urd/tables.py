"""The SQL tables of urd, and the view of them that the rules decide on.

``urd_log`` is append-only: additions and truncations in the order they happened.  Its column ``ghosted_by`` and the
whole of ``urd_dependency`` follow from the log by the rules and can be made anew from it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    delete,
    insert,
    select,
    update,
)

from accelerator.urd.entry import Entry
from accelerator.urd.rules import Stored
from accelerator.urd.timestamp import sort_key

__all__ = ["ADDED", "METADATA", "PENDING", "SqlView", "dependency", "format_table", "log"]

PENDING = -1
"""``ghosted_by`` of rows that a replay of the log has not reached yet."""

METADATA = MetaData()

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself only in an INTEGER column
_SORTED = String().with_variant(String(collation="C"), "postgresql")  # by bytes, whatever the database's language

format_table = Table("urd_format", METADATA, Column("version", Integer, nullable=False))

log = Table(
    "urd_log",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("uid", String, nullable=False, unique=True, comment="the same in every copy of the log"),
    Column("kind", String, nullable=False, comment="add or truncate"),
    Column("time", String, nullable=False, comment="when it happened, UTC, ISO 8601"),
    Column("writer", String, nullable=False, comment="who did it"),
    Column("path", String, nullable=False, comment="the list: user/name"),
    Column("timestamp", String, nullable=False),
    Column("key", _SORTED, nullable=False, comment="the timestamp in a form that sorts"),
    Column("replaces", Boolean, nullable=False, comment="an addition that was allowed to replace another one"),
    Column("entry", Text, nullable=False, comment="JSON; empty for a truncation"),
    Column("ghosted_by", _NUMBER, comment="row of this log that made it a ghost; null: active.  Can be made anew"),
    Index("urd_log_by_key", "path", "ghosted_by", "key"),
    sqlite_autoincrement=True,
)

dependency = Table(
    "urd_dependency",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=False, comment="row of urd_log that depends"),
    Column("path", String, primary_key=True, comment="on an entry of this list"),
    Column("key", _SORTED, nullable=False),
    Index("urd_dependency_by_key", "path", "key"),
)

ADDED: ColumnElement[bool] = log.c.kind == "add"
_ACTIVE = and_(ADDED, log.c.ghosted_by.is_(None))
_GHOST = and_(ADDED, log.c.ghosted_by > 0)


class SqlView:
    """The entries as one transaction sees them (a :class:`~accelerator.urd.rules.View`), and ways to change them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def active(self, path: str, timestamp: str) -> Stored | None:
        """Return the active entry, if there is one."""
        rows = self._entries(_ACTIVE, log.c.path == path, log.c.key == sort_key(timestamp))
        return rows[0] if rows else None

    def ghost(self, path: str, timestamp: str) -> Stored | None:
        """Return the entry of this timestamp that became a ghost last, if there is one."""
        rows = self._entries(_GHOST, log.c.path == path, log.c.key == sort_key(timestamp))
        return rows[-1] if rows else None

    def active_from(self, path: str, timestamp: str) -> Sequence[Stored]:
        """Return the active entries of a list at this timestamp and later; ``0`` is before all."""
        return self._entries(_ACTIVE, log.c.path == path, log.c.key >= sort_key(timestamp))

    def dependants(self, path: str, timestamp: str) -> Sequence[Stored]:
        """Return the active entries that depend on this one."""
        numbers = select(dependency.c.number).where(dependency.c.path == path, dependency.c.key == sort_key(timestamp))
        return self._entries(_ACTIVE, log.c.number.in_(numbers))

    def find(self, path: str, *conditions: ColumnElement[bool], newest_first: bool) -> Stored | None:
        """Return the first, or the last, active entry of a list under these conditions."""
        order = log.c.key.desc() if newest_first else log.c.key
        query = select(log.c.number, log.c.entry).where(_ACTIVE, log.c.path == path, *conditions).order_by(order)
        row = self._connection.execute(query.limit(1)).first()
        return _stored(*row) if row else None

    def listed(self, path: str, after: str) -> list[Entry]:
        """Return the active entries of a list strictly after a timestamp, in order."""
        query = select(log.c.number, log.c.entry).where(_ACTIVE, log.c.path == path, log.c.key > sort_key(after))
        return [_stored(*row).entry for row in self._connection.execute(query.order_by(log.c.key))]

    def timestamps(self, path: str, after: str) -> list[str]:
        """Return the timestamps of a list strictly after another, in order."""
        query = select(log.c.timestamp).where(_ACTIVE, log.c.path == path, log.c.key > sort_key(after))
        return list(self._connection.scalars(query.order_by(log.c.key)))

    def paths(self) -> list[str]:
        """Return the lists that have an active entry, sorted."""
        return sorted(self._connection.scalars(select(log.c.path).where(_ACTIVE).distinct()))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the whole log, oldest first."""
        for row in self._connection.execute(select(log).order_by(log.c.number)):
            yield dict(row._mapping)  # noqa: SLF001 - public in SQLAlchemy: the underscore keeps column names free

    def uids(self) -> set[str]:
        """Return the identities of all rows of the log."""
        return set(self._connection.scalars(select(log.c.uid)))

    def append(self, values: dict[str, Any]) -> int:
        """Add a row to the log and return its number."""
        values = {**values, "key": sort_key(values["timestamp"])}
        number = self._connection.execute(insert(log).values(values)).inserted_primary_key
        assert number is not None
        return int(number[0])

    def set_ghosted(self, numbers: Iterable[int], by: int | None) -> None:
        """Make entries ghosts (or active: ``by`` is None)."""
        for number in numbers:
            self._connection.execute(update(log).where(log.c.number == number).values(ghosted_by=by))

    def set_dependencies(self, number: int, entry: Entry) -> None:
        """Note what the entry in a row depends on."""
        rows = [
            {"number": number, "path": path, "key": sort_key(dependency.timestamp)}
            for path, dependency in entry.deps.items()
        ]
        if rows:
            self._connection.execute(insert(dependency), rows)

    def forget_visibility(self) -> None:
        """Drop all that follows from the log, before it is replayed."""
        self._connection.execute(delete(dependency))
        self._connection.execute(update(log).values(ghosted_by=PENDING))

    def _entries(self, *conditions: ColumnElement[bool]) -> list[Stored]:
        query = select(log.c.number, log.c.entry).where(*conditions).order_by(log.c.ghosted_by, log.c.number)
        return [_stored(*row) for row in self._connection.execute(query)]


def _stored(number: int, text: str) -> Stored:
    return Stored(number, Entry.from_json(json.loads(text)))
