"""NumPy waits until it is needed: it takes longer to import than many a search takes.

Pyarrow imports it if it is installed, but does without where it is not. What pyarrow cannot do then is to turn NumPy's
arrays into its own and back; code here has :mod:`~accelerator.column.numpy_view`, which needs no help. Code of others,
which may be run by values of type pickle, may need it: a process that meets any must not postpone NumPy.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["postpone_numpy"]


class _Finder:
    """Finds that there is no NumPy."""

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "numpy":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def postpone_numpy() -> None:
    """Import pyarrow without NumPy, if neither has been imported. Whoever imports NumPy later gets it as ever."""
    if not {"numpy", "pyarrow"}.isdisjoint(sys.modules):
        return
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        import_module("pyarrow")
    finally:
        sys.meta_path.remove(finder)
