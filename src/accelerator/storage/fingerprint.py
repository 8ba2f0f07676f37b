"""Digests of files: xxh3-128 of their bytes, remembered as long as the file looks the same."""

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Callable
from pathlib import Path

import xxhash

from accelerator.error import StorageError

__all__ = ["DigestCache", "directory_digest", "file_digest", "file_identity"]

StrPath = str | os.PathLike[str]

_BLOCK = 1 << 20
# A file this young can change again without its time stamp showing it.
_SETTLED = 2.0


def file_digest(path: StrPath, progress: Callable[[int], None] | None = None) -> str:
    """Return the digest of a file's bytes.

    Args:
        path: the file.
        progress: called with the number of bytes read, after each block.

    Returns:
        xxh3-128, 32 hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    digest = xxhash.xxh3_128()
    buffer = bytearray(_BLOCK)
    view = memoryview(buffer)
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  (unbuffered, and quick to open)
        while size := file.readinto(buffer):
            digest.update(view[:size])
            if progress is not None:
                progress(size)
    return digest.hexdigest()


def file_identity(path: StrPath) -> tuple[int, int, int]:
    """Return what a file looks like from outside: size in bytes, modification time in ns, inode.

    Args:
        path: the file.

    Raises:
        OSError: there is no such file.
    """
    found = os.stat(path)  # noqa: PTH116  (many are asked)
    return found.st_size, found.st_mtime_ns, found.st_ino


class DigestCache:
    """Digests of files already read, by path, size, modification time and inode.

    The cache can be deleted at any moment, and does without a file when it cannot be written.

    Args:
        path: SQLite file, made when missing; None keeps the cache in memory.
    """

    def __init__(self, path: StrPath | None = None) -> None:
        self._memory: dict[str, tuple[tuple[int, int, int], str]] = {}
        self._db = None if path is None else _opened(Path(path))

    def digest(self, path: StrPath, progress: Callable[[int], None] | None = None) -> str:
        """Return the digest of a file, from the cache if the file looks as it did then.

        Args:
            path: the file.
            progress: called with numbers of bytes that are done, also for what need not be read.

        Raises:
            OSError: the file cannot be read.
            StorageError: the file changed while it was read.
        """
        name = os.path.realpath(path)
        identity = file_identity(name)
        known = self._get(name, identity)
        if known is not None:
            if progress is not None:
                progress(identity[0])
            return known
        digest = file_digest(name, progress)
        if file_identity(name) != identity:
            raise StorageError(f"{os.fspath(path)} changed while it was being read")
        if abs(time.time() - identity[1] / 1e9) > _SETTLED:
            self._put(name, identity, digest)
        return digest

    def close(self) -> None:
        """Close the cache's file."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _get(self, name: str, identity: tuple[int, int, int]) -> str | None:
        known = self._memory.get(name)
        if known is None and self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                row = self._db.execute(
                    "SELECT size, mtime_ns, inode, digest FROM digests WHERE path = ?", (os.fsencode(name),)
                ).fetchone()
                if row is not None:
                    known = self._memory[name] = (int(row[0]), int(row[1]), int(row[2])), row[3]
        return known[1] if known is not None and known[0] == identity else None

    def _put(self, name: str, identity: tuple[int, int, int], digest: str) -> None:
        self._memory[name] = identity, digest
        if self._db is not None:
            # A cache that cannot be written (full disk, lock) is no reason to fail.
            with contextlib.suppress(sqlite3.Error):
                self._db.execute(
                    "INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?)",
                    (os.fsencode(name), identity[0], identity[1], str(identity[2]), digest),
                )


def _opened(path: Path) -> sqlite3.Connection | None:
    for _ in range(2):
        db = None
        try:
            db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = OFF")
            db.execute(
                "CREATE TABLE IF NOT EXISTS digests"
                " (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode TEXT, digest TEXT)"
            )
            db.execute("SELECT path, size, mtime_ns, inode, digest FROM digests LIMIT 1").fetchone()
        except sqlite3.DatabaseError as e:
            if db is not None:
                db.close()
            if isinstance(e, sqlite3.OperationalError) and "no such column" not in str(e):
                return None  # cannot be opened or is locked: somebody else's is left alone
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
        else:
            return db
    return None


def directory_digest(
    path: StrPath, cache: DigestCache | None = None, progress: Callable[[int], None] | None = None
) -> str:
    """Return the digest of a directory: of the sorted names below it with the digests of their files.

    Links to files count as the files; links to directories are not followed and count as their targets' names.

    Args:
        path: the directory.
        cache: remembers the files' digests.
        progress: see :func:`file_digest`.

    Raises:
        OSError: something cannot be read.
        StorageError: a file changed while it was read, or is neither file nor directory.
    """
    digest = xxhash.xxh3_128()
    top = os.fspath(path)
    for name in sorted(_names(top), key=os.fsencode):
        full = os.path.join(top, name)  # noqa: PTH118
        if os.path.islink(full) and os.path.isdir(full):  # noqa: PTH112, PTH114
            content = "link " + os.readlink(full)  # noqa: PTH115
        elif name.endswith("/"):
            content = "directory"
        else:
            if not stat.S_ISREG(os.stat(full).st_mode):  # noqa: PTH116
                raise StorageError(f"{full} is not a regular file, so it cannot be input")
            content = file_digest(full, progress) if cache is None else cache.digest(full, progress)
        for text in (name, content):
            data = os.fsencode(text)
            digest.update(b"%d:" % len(data))
            digest.update(data)
    return digest.hexdigest()


def _names(top: str) -> list[str]:
    """Return the names of everything below a directory, directories with a slash at the end."""
    found: list[str] = []
    pending = [""]
    while pending:
        prefix = pending.pop()
        with os.scandir(os.path.join(top, prefix)) as entries:  # noqa: PTH118
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    found.append(f"{prefix}{entry.name}/")
                    pending.append(found[-1])
                else:
                    found.append(prefix + entry.name)
    return found
