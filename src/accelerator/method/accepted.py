"""``accelerator.accepted.toml``: sources that people have declared to do the same, so that older jobs stay valid.

The file belongs to the project's version control. Each ``ax accept`` adds one table to it; nothing is ever rewritten.
"""

import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from accelerator.error import ConfigError
from accelerator.storage.atomic import write_bytes

__all__ = ["FILENAME", "Acceptance", "accept", "equivalent_sources", "load"]

FILENAME = "accelerator.accepted.toml"

_HEADING = """\
# Which sources of a method do the same, as stated with `ax accept METHOD -m WHY`.
# Jobs made with any of them are used for all of them. Keep this file in version control.
"""


class Acceptance(msgspec.Struct, frozen=True):
    """The statement that a source of a method does the same as earlier ones.

    Attributes:
        method: name of the method.
        source: source digest of the method when the statement was made.
        equivalent: source digests that existing jobs were made with.
        why: the reason, for people.
        user: who stated it.
        time: when, with a time zone.
    """

    method: str
    source: str
    equivalent: tuple[str, ...]
    why: str
    user: str
    time: datetime


def load(path: Path) -> tuple[Acceptance, ...]:
    """Read the acceptances of a project.

    Args:
        path: the file; it need not exist.

    Returns:
        The acceptances in the order of the file.

    Raises:
        ConfigError: the file cannot be read, or an entry is not as it should be; the text names file and entry.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}; mend the file or restore it from version control") from None
    entries = tables.pop("accepted", [])
    if tables or not isinstance(entries, list):
        wrong = next(iter(tables), "accepted")
        raise ConfigError(f"{path}: {wrong}: only [[accepted]] tables belong here")
    return tuple(_entry(path, number, entry) for number, entry in enumerate(entries, start=1))


def accept(path: Path, acceptance: Acceptance) -> None:
    """Add an acceptance to the file of a project.

    Args:
        path: the file; it is made if it does not exist.
        acceptance: what to add.

    Raises:
        ConfigError: the file is there and is not what it should be.
        OSError: it cannot be written.
    """
    known = load(path)
    text = path.read_text(encoding="utf-8") if path.exists() else _HEADING
    if known and acceptance in known:
        return
    write_bytes(path, (text.rstrip("\n") + "\n\n" + to_toml(acceptance)).encode("utf-8", "replace"))


def equivalent_sources(acceptances: Iterable[Acceptance], method: str, source: str) -> frozenset[str]:
    """Return the source digests that count as one for a method.

    Equivalence goes both ways and through others: if B was accepted for A and later C for B, A does for C too.

    Args:
        acceptances: of the project.
        method: name of the method.
        source: its source digest now.

    Returns:
        The digests, ``source`` among them.
    """
    groups = [{entry.source, *entry.equivalent} for entry in acceptances if entry.method == method]
    found = {source}
    while True:
        touching = [group for group in groups if group & found]
        if not touching:
            return frozenset(found)
        groups = [group for group in groups if not group & found]
        found.update(*touching)


def to_toml(acceptance: Acceptance) -> str:
    """Write an acceptance as a TOML table.

    Args:
        acceptance: what to write.

    Returns:
        The text, with a final line end.
    """
    equivalent = "".join(f"    {_quoted(digest)},\n" for digest in acceptance.equivalent)
    return (
        "[[accepted]]\n"
        f"method = {_quoted(acceptance.method)}\n"
        f"why = {_quoted(acceptance.why)}\n"
        f"user = {_quoted(acceptance.user)}\n"
        f"time = {acceptance.time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n"
        f"source = {_quoted(acceptance.source)}\n"
        f"equivalent = [\n{equivalent}]\n"
    )


def _quoted(text: str) -> str:
    """Write a TOML basic string. Not by json: its escapes of what lies beyond 16 bits are none of TOML's."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04X}" for c in escaped) + '"'


def _entry(path: Path, number: int, entry: Any) -> Acceptance:
    if not isinstance(entry, dict):
        raise ConfigError(f"{path}: accepted: entry {number} must be a table")
    wanted = {"method": str, "source": str, "equivalent": list, "why": str, "user": str, "time": datetime}
    for key, kind in wanted.items():
        if not isinstance(entry.get(key), kind):
            state = f"not {entry[key]!r}" if key in entry else "and is missing"
            raise ConfigError(f"{path}: entry {number}: {key} must be {kind.__name__}, {state}")
    for key in entry:
        if key not in wanted:
            raise ConfigError(f"{path}: entry {number}: there is no key {key!r}; the keys are {', '.join(wanted)}")
    if not all(isinstance(digest, str) for digest in entry["equivalent"]):
        raise ConfigError(f"{path}: entry {number}: equivalent must be a list of source digests")
    time = entry["time"] if entry["time"].tzinfo else entry["time"].replace(tzinfo=UTC)
    return Acceptance(**{**entry, "equivalent": tuple(entry["equivalent"]), "time": time})
