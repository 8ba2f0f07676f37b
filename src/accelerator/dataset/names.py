"""Names of datasets and columns, and what they are called on disk, in Parquet, in messages and as arguments."""

import keyword
import unicodedata
from collections.abc import Collection, Sequence

from accelerator import _lazy

# The name of a dataset that is given none.
DEFAULT = "default"

# A file name may have 255 bytes; the rest is room for the names of temporary files and for the digest.
_LONGEST = 200
_DIGEST_LENGTH = 16
_PLAIN = frozenset("_-+=,@()")

# `write` takes keywords; these could not be given as such (the last two for code written in the old days).
_RESERVED = frozenset(keyword.kwlist) | {"exec", "print"}


def decoded(name: str | bytes) -> str:
    """Return a name as text: bytes are UTF-8."""
    return name.decode("utf-8") if isinstance(name, bytes) else name


def directory_name(name: str) -> str:
    """Return the name of the directory, under ``DS/``, of the dataset ``name``.

    Letters, digits and a few signs stay as they are, everything else becomes the percent-escaped bytes of its UTF-8
    form. The empty name becomes ``%``. Too long names are cut and end in a digest. Different names give different
    results, but not always when case is ignored: see :func:`alternative_directory_name`.
    """
    if not name:
        return "%"
    escaped = _escape_all(name)
    return escaped if len(escaped.encode()) <= _LONGEST else _with_digest(escaped, name)


def alternative_directory_name(name: str) -> str:
    """Return the directory for ``name`` when :func:`directory_name` is taken, by a name that differs only in case."""
    return _with_digest(_escape_all(name) or "%", name)


def folded(directory: str) -> str:
    """Return what must be unique in a directory on file systems that ignore case and Unicode normal form."""
    # For ASCII they are the same, and there lower() is much faster.
    return directory.lower() if directory.isascii() else unicodedata.normalize("NFKC", directory).casefold()


def physical_name(name: str) -> str:
    """Return what the column ``name`` is called inside Parquet files.

    Only what Parquet and Arrow paths cannot hold is escaped: the empty name, dots, NUL, and the percent sign.
    """
    if not name:
        return "%"
    return name.replace("%", "%25").replace(".", "%2E").replace("\0", "%00")


def quoted(text: str) -> str:
    """Return ``text`` for use in a message: as it is if it is plain, else as Python writes it.

    The result never holds NUL or other control characters.
    """
    written = repr(text)
    if text and written[1:-1] == text and not any(letter.isspace() for letter in text):
        return text
    return written


def argument_names(columns: Sequence[str]) -> list[str]:
    """Return names for the columns that can be keywords in a call of ``write``, in the same order and unique."""
    names: list[str] = []
    taken: set[str] = set(_RESERVED)
    for column in columns:
        names.append(_argument_name(column, taken))
        taken.add(names[-1])
    return names


def _argument_name(column: str, taken: Collection[str]) -> str:
    # In source code Python normalises identifiers like this.
    normal = unicodedata.normalize("NFKC", column)
    name = "".join(letter if letter.isalnum() else "_" for letter in normal)
    if not name or name[0].isdigit():
        name = "_" + name
    while name in taken:
        name += "_"
    return name


def _escape_all(name: str) -> str:
    # A dot is kept inside a name only: a leading one hides files, and "." and ".." mean something else.
    return "".join(
        letter if letter.isalnum() or letter in _PLAIN or (letter == "." and position) else _escape(letter)
        for position, letter in enumerate(name)
    )


def _escape(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))


def _with_digest(escaped: str, name: str) -> str:
    digest = _lazy.hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    start = escaped.encode()[:_LONGEST].decode("utf-8", "ignore")
    return f"{start}%{digest}"
