"""Arrow arrays as NumPy arrays, without what pyarrow's own ``to_numpy`` brings: it imports pandas (0.5 s)."""

from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["booleans"]


def booleans(array: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return an array of bool without None as a NumPy array of bool.

    Args:
        array: a pyarrow BooleanArray; its length may be 0.
    """
    data = array.cast(pa.uint8()).buffers()[1]
    if data is None:
        return np.zeros(0, bool)
    return np.frombuffer(data, np.uint8, len(array)).view(np.bool_)
