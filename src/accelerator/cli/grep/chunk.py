"""What the process of a slice hands to the one that writes."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Chunk", "Key"]

Key = tuple[Any, ...]
"""What makes a line distinct."""


@dataclass
class Chunk:
    """Lines of one slice of a dataset that are written behind each other.

    What is beside ``data`` is there only if whoever puts the chunks together needs single lines.

    Attributes:
        data: what to write; bytes, or a view of such.
        ends: where in it each line ends.
        numbers: line numbers.
        matches: which lines match; the others are context.
        keys: what makes each line distinct.
    """

    data: bytes | memoryview
    ends: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    matches: list[bool] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
