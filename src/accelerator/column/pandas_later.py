"""Pandas waits until somebody imports it.

Where pandas is installed, pyarrow imports it when it is first given a Python or NumPy value, in case that is one of
pandas'. That takes half a second in every process, and nothing here needs it. Pyarrow looks only once; so it is made to
look while pandas seems not to be there. When somebody does import pandas, pyarrow is told, and from then on all is as
if it had looked then: a value of pandas' cannot exist before.

This is about values of a given type. When pyarrow has to *find* the type of Python values, and in ``to_numpy``, it
imports pandas at a place that cannot be told later. So code here says which type a list or scalar has, and has
:mod:`~accelerator.column.numpy_view`. Pyarrow itself makes scalars of unknown type when ``pyarrow.dataset`` is
imported, which the first ``group_by`` or ``join`` of a table does; there it is told the type.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

import pyarrow as pa

__all__ = ["postpone_pandas"]


class _Finder:
    """Finds nothing, but sees when pandas is looked for.

    Attributes:
        hiding: there is no pandas, for the moment.
    """

    def __init__(self) -> None:
        self.hiding = True

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "pandas":
            return None
        if self.hiding:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            _tell_pyarrow_after(spec.loader)
        return spec


def _tell_pyarrow_after(loader: Any) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        # Its own again, so that whoever asks the module for its loader gets what it always was.
        del loader.exec_module
        execute(module)
        pa.nulls(0).to_pandas()  # here pyarrow looks again, as it cannot do without

    loader.exec_module = exec_module


class _DatasetFinder:
    """Finds ``pyarrow.dataset``, and has it imported with scalars that know their types."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "pyarrow.dataset":
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            _give_types_during(spec.loader)
        return spec


def _give_types_during(loader: Any) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        plain: Any = pa.lib.scalar

        def typed(value: Any, type: Any = None, **more: Any) -> Any:  # noqa: A002 - the name of pyarrow's argument
            return plain(value, pa.bool_() if type is None and isinstance(value, bool) else type, **more)

        pa.lib.scalar = typed
        try:
            execute(module)
        finally:
            pa.lib.scalar = plain

    loader.exec_module = exec_module


def postpone_pandas() -> None:
    """Keep pyarrow from importing pandas in this process before somebody else does."""
    if "pandas" in sys.modules or any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    finder = _Finder()
    sys.meta_path[:0] = [finder, _DatasetFinder()]
    try:
        _ = pa.lib._pandas_api.have_pandas  # noqa: SLF001 - looks, and does nothing else
    finally:
        finder.hiding = False
