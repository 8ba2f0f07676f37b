"""Lines of JSON objects as columns, a part of a file at a time."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from accelerator import UserError, status
from accelerator.column.json import JsonLines
from accelerator.standard_methods.json_values import Kinds, ParsedBlock, ScannedBlock

__all__ = ["LineReader", "line_blocks", "parsed_block", "sampled_kinds"]

_MARK: Final = b"\xef\xbb\xbf"
# So many bytes are read at once.
_BLOCK: Final = 4 << 20
# To know of columns before all is read, so many bytes are looked at, in so many places.
_SAMPLE: Final = 128 << 10
_SAMPLES: Final = 16
_DECODER: Final = msgspec.json.Decoder()


def line_blocks(
    path: Path, filename: str, part: int, parts: int, block_size: int = _BLOCK
) -> Iterator[tuple[int, memoryview]]:
    """Yield the lines that begin in a part of a file, in blocks, with the position of each block.

    A block is good until the next one is asked for, which takes its place.

    Args:
        path: plain file to read.
        filename: what the file is called in messages.
        part: number of the part.
        parts: how many there are, of equal size.
        block_size: bytes in a block, about.
    """
    size = path.stat().st_size
    first, end = size * part // parts, size * (part + 1) // parts
    memory = bytearray(min(block_size, end - first))
    with path.open("rb") as file, status(f"Reading {filename}") as update:
        if first:
            # A line that begins before belongs to the part before.
            file.seek(first - 1)
            file.readline()
        while (position := file.tell()) < end:
            update(f"Reading {filename}: {(position - first) * 100 // (end - first)} %")
            with memoryview(memory)[: end - position] as free:
                filled = file.readinto(free)
            if not filled:
                return  # somebody has cut it short
            if not memory.endswith(b"\n", 0, filled):
                # To the end of the last line that begins before the end of the part.
                rest = file.readline()
                memory[filled : filled + len(rest)] = rest
                filled += len(rest)
            with memoryview(memory)[:filled] as block:
                yield position, block


class LineReader:
    """Makes columns of the lines of a file.

    Args:
        path: the plain file that they are from.
        filename: what it is called in messages.
        wanted: names of the columns; none for all.
        types: column types that are expected, by name.
    """

    def __init__(self, path: Path, filename: str, wanted: Iterable[str], types: Mapping[str, str]) -> None:
        self._path = path
        self._filename = filename
        self._wanted = wanted
        self._kernel = JsonLines(set(wanted), dict(types))

    def columns(self, position: int, block: bytes | memoryview) -> ParsedBlock | ScannedBlock:
        """Return the columns of some lines.

        Args:
            position: of the first of them in the file.
            block: the lines.

        Raises:
            UserError: one is not a JSON object; the text gives its number.
        """
        marked = position == 0 and block[: len(_MARK)] == _MARK
        rows = self._kernel.read(block[len(_MARK) :] if marked else block)
        if rows is not None:
            return ScannedBlock(rows, self._kernel.take())
        try:
            objects = parsed_block(position, bytes(block))
        except _LineError as error:
            line = _line_number(self._path, error.position)
            raise UserError(f"line {line} of {self._filename} {error}") from None
        return ParsedBlock(objects, self._wanted)


class _LineError(Exception):
    """A line that is not right."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(what)
        self.position = position


def parsed_block(position: int, block: bytes) -> list[dict[str, Any]]:
    """Return the objects of lines, as the json module reads them; see :meth:`LineReader.columns`."""
    # What msgspec takes it reads as json does. It does not take all: blank lines, NaN, surrogates, a mark at the start.
    # (Its decode_lines would take objects that begin on one line and end on another.)
    try:
        found = list(map(_DECODER.decode, block.removesuffix(b"\n").split(b"\n")))
    except (ValueError, RecursionError):
        pass
    else:
        if all(type(value) is dict for value in found):
            return found
    return list(_parsed(position, block))


def _parsed(position: int, block: bytes) -> Iterator[dict[str, Any]]:
    for line in block.split(b"\n"):
        text = line.removeprefix(_MARK) if position == 0 else line
        if text.strip():
            try:
                value = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise _LineError(position, f"is not JSON: {error}") from None
            if not isinstance(value, dict):
                raise _LineError(position, f"is no object: {text[:100]!r}")
            yield value
        position += len(line) + 1


def _line_number(path: Path, position: int) -> int:
    with path.open("rb") as file:
        count = 1
        while position > 0:
            block = file.read(min(position, _BLOCK))
            count += block.count(b"\n")
            position -= len(block)
        return count


def sampled_kinds(path: Path, filename: str, wanted: Iterable[str]) -> Kinds:
    """Return the kinds of values in lines here and there in a file; in all lines of a small one.

    Args:
        path: plain file to read.
        filename: what the file is called in messages.
        wanted: names of the columns to look at; none for all.

    Raises:
        UserError: a line is not a JSON object.
    """
    found: Kinds = {}
    reader = LineReader(path, filename, wanted, {})
    for part in range(_SAMPLES):
        for position, block in islice(line_blocks(path, filename, part, _SAMPLES, _SAMPLE), 1):
            for name, kinds in reader.columns(position, block).kinds.items():
                found.setdefault(name, set()).update(kinds)
    return found
