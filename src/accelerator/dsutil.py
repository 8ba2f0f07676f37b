"""Names by which older user code knows what :mod:`accelerator.column` does."""

from dataclasses import dataclass
from typing import Any

from accelerator.column import hash_value, strptime, strptime_i

__all__ = ["strptime", "strptime_i", "typed_writer"]


@dataclass(frozen=True, slots=True)
class _TypedWriter:
    coltype: str

    def hash(self, value: Any) -> int:
        """Return the partition hash of a value, see :func:`accelerator.column.hash_value`."""
        return hash_value(self.coltype, value)


def typed_writer(coltype: str) -> _TypedWriter:
    """Return an object whose ``hash(value)`` is the partition hash of a column type.

    Args:
        coltype: the column type, such as ``"int64"``.

    Returns:
        The object. It cannot write; datasets are written with ``job.datasetwriter``.
    """
    return _TypedWriter(coltype)
