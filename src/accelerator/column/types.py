"""The types a column can have. What their values are is the kernel's business; this is what others ask about them."""

from dataclasses import dataclass
from typing import Final

_PREFIX: Final = "parsed:"


@dataclass(frozen=True)
class ColumnType:
    """One column type.

    Attributes:
        name: as given to ``DatasetWriter.add``.
        has_minmax: whether least and greatest value of a column are kept.
        hashable: whether the column can be a hashlabel.
        is_text: whether values are stored as text or bytes of any length.
        has_parsed: whether ``parsed:name`` exists, which takes text too.
    """

    name: str
    has_minmax: bool = False
    hashable: bool = True
    is_text: bool = False
    has_parsed: bool = False


COLUMN_TYPES: Final[dict[str, ColumnType]] = {
    kind.name: kind
    for kind in (
        ColumnType("ascii", is_text=True),
        ColumnType("bool", has_minmax=True),
        ColumnType("bytes", is_text=True),
        ColumnType("complex32", has_parsed=True),
        ColumnType("complex64", has_parsed=True),
        ColumnType("date", has_minmax=True),
        ColumnType("datetime", has_minmax=True),
        ColumnType("float32", has_minmax=True, has_parsed=True),
        ColumnType("float64", has_minmax=True, has_parsed=True),
        ColumnType("int32", has_minmax=True, has_parsed=True),
        ColumnType("int64", has_minmax=True, has_parsed=True),
        ColumnType("json", hashable=False, is_text=True, has_parsed=True),
        ColumnType("number", has_minmax=True, has_parsed=True),
        ColumnType("pickle", hashable=False, is_text=True),
        ColumnType("time", has_minmax=True),
        ColumnType("unicode", is_text=True),
    )
}
"""Every column type by its name."""

PARSED_TYPES: Final = tuple(_PREFIX + name for name, kind in COLUMN_TYPES.items() if kind.has_parsed)
"""The types that a column can be written as, but never is stored as."""


def valid_type(name: str) -> bool:
    """Return whether a column can be written as this type, ``parsed:`` ones included.

    >>> valid_type("int64"), valid_type("parsed:int64"), valid_type("parsed:date")
    (True, True, False)
    """
    return name in COLUMN_TYPES or name in PARSED_TYPES


def stored_type(name: str) -> str:
    """Return the type that a column written as ``name`` has when it is read.

    >>> stored_type("parsed:int64")
    'int64'
    """
    return name.removeprefix(_PREFIX)
