"""Parquet files as one file, by copying what is in them: only the footer, which says where everything is, is new.

The footer is a Thrift structure in the compact protocol
(https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), its fields are those of
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from accelerator.standard_methods.a_csvexport import append

__all__ = ["join_files"]

_append: Any = append  # methods have no types

_MAGIC: Final = b"PAR1"
# The footer ends with its length, in four bytes, and the magic number.
_TAIL: Final = 8

_BOOLEANS: Final = (1, 2)  # true and false: the type is the value
_BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = range(3, 14)
_FIXED: Final = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}

# FileMetaData.
_NUM_ROWS, _ROW_GROUPS = 3, 4
# RowGroup: columns, file_offset, ordinal. ColumnChunk: file_offset, meta_data. ColumnMetaData: data_page_offset,
# index_page_offset, dictionary_page_offset, bloom_filter_offset.
_OFFSETS: Final = {(5,), (1, 2), (1, 3, 9), (1, 3, 10), (1, 3, 11), (1, 3, 14)}
# ColumnChunk: offset_index_offset, column_index_offset. What is there has offsets too.
_PAGE_INDEXES: Final = {(1, 4), (1, 6)}
_ORDINAL: Final = (7,)
_MOST_ORDINALS: Final = 1 << 15

Edit = Callable[[tuple[int, ...], int], int]
"""Returns what an integer of a structure shall be, given the numbers of the fields that lead to it."""


class _Field(NamedTuple):
    """A field of a structure: number and type, and where its header, its value, and the next field begin."""

    number: int
    kind: int
    header: int
    start: int
    end: int


def join_files(paths: Sequence[Path]) -> None:
    """Make the first of some Parquet files one with the rows of all of them, in order.

    Args:
        paths: files with the same schema and metadata, as one program writes them. The others are of no use afterwards.

    Raises:
        ValueError: a file has page indexes, which this does not copy.
    """
    groups = bytearray()
    rows = count = 0
    with paths[0].open("r+b") as target:
        first = _cut_footer(target)
        for path in paths:
            with path.open("r+b") as source:
                footer, shift = first, 0
                if path != paths[0]:
                    footer = _cut_footer(source)
                    shift = target.tell() - len(_MAGIC)
                    source.seek(len(_MAGIC))
                    _append(source, target)
            fields = {field.number: field for field in _fields(footer, 0)}
            rows += _integer(footer, fields[_NUM_ROWS].start)[0]
            for start, _ in _items(footer, fields[_ROW_GROUPS].start):
                _copy(footer, start, groups, _moved(shift, count))
                count += 1
        length = target.write(_with_groups(first, rows, _list_header(count) + groups))
        target.write(length.to_bytes(4, "little") + _MAGIC)


def _cut_footer(file: IO[bytes]) -> bytes:
    """Return the footer of a file, which is taken from it; what is written next is at its end."""
    size = file.seek(0, 2)
    file.seek(size - _TAIL)
    length = int.from_bytes(file.read(4), "little")
    start = file.seek(size - _TAIL - length)
    footer = file.read(length)
    file.truncate(start)
    file.seek(start)
    return footer


def _moved(shift: int, ordinal: int) -> Edit:
    def edit(trail: tuple[int, ...], value: int) -> int:
        if trail in _OFFSETS:
            return value and value + shift  # some are 0 where nothing is meant
        if trail in _PAGE_INDEXES:
            raise ValueError("Parquet files with page indexes cannot be joined")
        # It has 16 bits, and nobody needs it but those who encrypt.
        return ordinal % _MOST_ORDINALS if trail == _ORDINAL else value

    return edit


def _with_groups(footer: bytes, rows: int, groups: bytes | bytearray) -> bytes:
    out = bytearray()
    for field in _fields(footer, 0):
        out += footer[field.header : field.start]
        new = {_NUM_ROWS: _encoded(rows), _ROW_GROUPS: groups}.get(field.number)
        out += footer[field.start : field.end] if new is None else new
    return bytes(out + b"\0")


def _copy(data: bytes, start: int, out: bytearray, edit: Edit, trail: tuple[int, ...] = ()) -> None:
    """Append a structure with its integers edited, also those of structures in it and in its lists."""
    for field in _fields(data, start):
        here = (*trail, field.number)
        out += data[field.header : field.start]
        if field.kind in (_I16, _I32, _I64):
            out += _encoded(edit(here, _integer(data, field.start)[0]))
        elif field.kind == _STRUCT:
            _copy(data, field.start, out, edit, here)
        elif field.kind == _LIST and data[field.start] & 15 == _STRUCT:
            items = list(_items(data, field.start))
            out += _list_header(len(items))
            for item, _ in items:
                _copy(data, item, out, edit, here)
        else:
            out += data[field.start : field.end]
    out.append(0)


def _fields(data: bytes, position: int) -> Iterator[_Field]:
    number = 0
    while data[position]:
        header, kind, step = position, data[position] & 15, data[position] >> 4
        position += 1
        if step:
            number += step
        else:
            number, position = _integer(data, position)
        end = position if kind in _BOOLEANS else _skip(data, position, kind)
        yield _Field(number, kind, header, position, end)
        position = end


def _items(data: bytes, position: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each item of a list."""
    kind, count = data[position] & 15, data[position] >> 4
    position += 1
    if count == 15:
        count, position = _varint(data, position)
    for _ in range(count):
        end = position + 1 if kind in _BOOLEANS else _skip(data, position, kind)
        yield position, end
        position = end


def _skip(data: bytes, position: int, kind: int) -> int:
    """Return where a value ends."""
    if kind in _FIXED:
        return position + _FIXED[kind]
    if kind in (_I16, _I32, _I64):
        return _varint(data, position)[1]
    if kind == _BINARY:
        length, position = _varint(data, position)
        return position + length
    if kind == _STRUCT:
        end = position
        for field in _fields(data, position):
            end = field.end
        return end + 1
    if kind in (_LIST, _SET):
        end = _varint(data, position + 1)[1] if data[position] >> 4 == 15 else position + 1
        for _, end in _items(data, position):  # noqa: B007 - the last is asked for
            pass
        return end
    raise ValueError(f"a footer has no values of type {kind}")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return an unsigned integer, and where it ends."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7


def _integer(data: bytes, position: int) -> tuple[int, int]:
    value, position = _varint(data, position)
    return value >> 1 ^ -(value & 1), position


def _encoded(value: int) -> bytes:
    return _encoded_varint(value << 1 if value >= 0 else ~(value << 1))


def _encoded_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _list_header(count: int) -> bytes:
    """Return how a list of so many structures begins."""
    return bytes([count << 4 | _STRUCT]) if count < 15 else bytes([15 << 4 | _STRUCT]) + _encoded_varint(count)
