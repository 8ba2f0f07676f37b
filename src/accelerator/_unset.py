"""The value that stands for "not given" where None is a value of its own."""

from enum import Enum
from typing import Final


class Unset(Enum):
    """Type of :data:`UNSET`, so that annotations can name it."""

    UNSET = "unset"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "<unset>"


UNSET: Final = Unset.UNSET
