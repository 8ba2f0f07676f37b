"""Quick start-up of commands that read data."""

import sys
from typing import Any

import pyarrow as pa

__all__ = ["leave_pandas_out"]


class _NoPandas:
    """A finder of modules before which there is no pandas."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def leave_pandas_out() -> None:
    """Keep pyarrow from importing pandas in this process unless somebody asks for a data frame.

    Where pandas is installed pyarrow imports it when it first sees a Python value, in case that is a pandas one; that
    takes half a second. It looks only once, so it is made to look here, while there seems to be none.
    """
    if "pandas" in sys.modules:
        return
    finder: Any = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(finder)
