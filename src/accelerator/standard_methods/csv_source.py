"""The bytes of a text file, whatever it is packed in: gzip, bzip2, xz, zstd by content, or a member of a ZIP file."""

import bz2
import lzma
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol

import pyarrow as pa

from accelerator import UserError
from accelerator.column.csv import CsvSplitter

__all__ = ["BLOCK", "blocks", "fed", "open_member", "packing", "unpack"]

BLOCK: Final = 1 << 20
_PIECE: Final = 4 << 20  # unpacked at once: a small file may be very large inside

_BOM: Final = b"\xef\xbb\xbf"

_MAGIC: Final = {
    "gzip": b"\x1f\x8b\x08",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\0",
    "zstd": b"\x28\xb5\x2f\xfd",
}


_python_file: Any = pa.PythonFile  # its stubs want more than it does


class _Unpacker(Protocol):
    """What the decompressors of bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class _Gunzip:
    """zlib in the shape of the other two."""

    def __init__(self) -> None:
        self._z = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._z.eof

    @property
    def needs_input(self) -> bool:
        return not self._z.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._z.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        return self._z.decompress(self._z.unconsumed_tail + data, max_length)


_UNPACKERS: Final[dict[str, Callable[[], _Unpacker]]] = {
    "gzip": _Gunzip,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
}
# What follows their data and is none is ignored, as their own programs do.
_REST_IGNORED: Final = frozenset({"gzip", "bzip2"})
_TOO_SOON: Final = "the file ends too soon"
_DAMAGED: Final = (zlib.error, lzma.LZMAError, pa.ArrowException, OSError, EOFError, ValueError, zipfile.BadZipFile)


def packing(head: bytes) -> str | None:
    """Return how a file is packed, judged by its first bytes; None if it is not."""
    return next((name for name, magic in _MAGIC.items() if head.startswith(magic)), None)


@contextmanager
def open_member(path: Path, member: str) -> Iterator[IO[bytes]]:
    """Open a file, or with ``member`` a file inside a ZIP file, for reading bytes.

    Args:
        path: the file.
        member: name inside; "" for the file itself.

    Raises:
        UserError: the ZIP file is damaged, or has no such member.
    """
    if not member:
        with path.open("rb") as plain:
            yield plain
        return
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise UserError(f"{path} is not a ZIP file, or damaged: {error}") from None
    with archive:
        try:
            # The first of several members with one name.
            info = next(info for info in archive.infolist() if info.filename == member)
            file = archive.open(info)
        except StopIteration:
            raise UserError(f"there is no file {member!r} in {path}") from None
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
            raise UserError(f"{member!r} in {path} cannot be read: {error}") from None
        with file:
            yield file


def unpack(file: IO[bytes], what: str) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked if it is packed.

    Args:
        file: read from its beginning.
        what: its name, for messages.

    Raises:
        UserError: the file is damaged or ends too soon; the text names file and offset.
    """
    position = 0

    def packed() -> Iterator[bytes]:
        nonlocal position
        while data := file.read(BLOCK):
            yield data
            position += len(data)

    try:
        head = file.read(8)
        while len(head) < 8 and (more := file.read(8 - len(head))):
            head += more
        name = packing(head)
        pieces = _chained(head, packed())
        if name is None:
            yield from pieces
        elif name == "zstd":
            yield from _unzstd(pieces)
        elif (yield from _members(_UNPACKERS[name], _MAGIC[name], pieces)):
            if name not in _REST_IGNORED:
                raise ValueError(f"what follows is not {name}")
            print(f"WARNING: {what}: what follows the {name} data, near byte {position}, is ignored")
    except _DAMAGED as error:
        raise UserError(f"{what} is damaged near byte {position}: {str(error) or type(error).__name__}") from None


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


def _members(unpacker: Callable[[], _Unpacker], magic: bytes, packed: Iterator[bytes]) -> Generator[bytes, None, bool]:
    """Unpack one member after the other, with zeros between them or not.

    Returns:
        Whether something that is no member follows them.

    Raises:
        EOFError: the last member is not complete.
    """
    current = unpacker()
    for block in packed:
        data = block
        while data or not current.needs_input:
            if current.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                if len(data) < len(magic):
                    data += next(packed, b"")
                if not data.startswith(magic):
                    if magic.startswith(data):
                        raise EOFError(_TOO_SOON)
                    return True
                current = unpacker()
            piece = current.decompress(data, _PIECE)
            if piece:
                yield piece
            data = current.unused_data if current.eof else b""
    if not current.eof:
        raise EOFError(_TOO_SOON)
    return False


class _Readable:
    """The part of a file that pyarrow wants, over blocks."""

    closed = False

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        while (size < 0 or len(self._left) < size) and (block := next(self._blocks, b"")):
            self._left += block
        size = len(self._left) if size < 0 else size
        data, self._left = self._left[:size], self._left[size:]
        return data

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def _unzstd(packed: Iterator[bytes]) -> Iterator[bytes]:
    with pa.CompressedInputStream(_python_file(_Readable(packed), mode="r"), "zstd") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def fed(path: Path, splitter: CsvSplitter) -> Iterator[int]:
    """Feed the bytes of a plain file, without a UTF-8 mark at its start, to a splitter, and yield how many at a time.

    Args:
        path: the file.
        splitter: reads the file itself, which spares a copy.
    """
    with path.open("rb", buffering=0) as file:
        if file.read(len(_BOM)) != _BOM:
            file.seek(0)
        while size := splitter.feed_from(file.fileno(), BLOCK):
            yield size


def blocks(path: Path) -> Iterator[Any]:
    """Yield the bytes of a plain file without a UTF-8 mark at its start.

    A block may be reused when the next one is asked for.

    Args:
        path: the file.
    """
    with path.open("rb", buffering=0) as file:
        memory = memoryview(bytearray(BLOCK))
        first = True
        while size := file.readinto(memory):
            start = 3 if first and bytes(memory[: min(size, 3)]) == _BOM else 0
            first = False
            yield memory[start:size]
