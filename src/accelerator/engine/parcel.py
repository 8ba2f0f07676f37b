"""Slices that cannot be forked from the process in which prepare ran: what they need travels instead.

A library with threads of its own that has been *used* hangs in a fork. The runner has only imported it, so the
runner forks the slices, and the result of prepare and the globals that it set come to them as a pickle.
"""

import io
import sys
import types
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accelerator.engine import travel
from accelerator.error import AcceleratorError

# Seen to hang or crash in a forked child once they have been used.
_RISKY = ("polars", "duckdb", "torch", "grpc", "tensorflow", "jax")
_CONTAINERS = (list, dict, set, bytearray, deque)
_OURS = frozenset({"options", "datasets", "jobs"})

Before = dict[str, tuple[Any, Any]]


def needed(module: types.ModuleType) -> bool:
    """Tell whether the slices of a method must not be forked from the process in which its prepare has run.

    Args:
        module: the method; ``fork_safe`` in it decides, if it is there.
    """
    fork_safe = getattr(module, "fork_safe", None)
    if fork_safe is not None:
        return not fork_safe
    return any(name in sys.modules for name in _RISKY) and not module.__name__.startswith("accelerator.")


def globals_of(module: types.ModuleType) -> Before:
    """Return the globals of a module as they are now, so that later changes can be told."""
    return {name: (value, _contents(value)) for name, value in vars(module).items()}


def _contents(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, id(element)) for key, element in value.items()]
    if isinstance(value, set):
        return set(value)
    if isinstance(value, bytearray):
        return bytes(value)
    return [id(element) for element in value] if isinstance(value, list | deque) else None


def _changed(module: types.ModuleType, before: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Return the globals that prepare set, or put something into."""
    found = {}
    for name, value in vars(module).items():
        if name.startswith("__") or name in _OURS or isinstance(value, types.ModuleType):
            continue
        if name not in before or before[name][0] is not value or before[name][1] != _contents(value):
            found[name] = value
    return found


def pack(path: Path, module: types.ModuleType, before: Mapping[str, tuple[Any, Any]], prepare_res: Any) -> None:
    """Write what the slices need.

    Args:
        path: the file.
        module: the method.
        before: its globals before prepare, from :func:`globals_of`.
        prepare_res: what prepare returned.

    Raises:
        AcceleratorError: something cannot travel; the text names it.
    """
    mend = "set fork_safe = True in the method if its slices can be forked after prepare"
    try:
        result = travel.dumps(prepare_res)
    except Exception as error:
        raise AcceleratorError(
            f"what prepare returned cannot be sent to the slices ({error}); return what can be pickled, or {mend}"
        ) from error
    parts = {}
    changed = _changed(module, before)
    for name, value in vars(module).items():
        if name not in changed and (not isinstance(value, _CONTAINERS) or name.startswith("__") or name in _OURS):
            continue
        try:
            parts[name] = travel.dumps(value)
        except Exception as error:
            if name in changed:
                raise AcceleratorError(
                    f"prepare set global {name}, which cannot be sent to the slices ({error}); return it, or {mend}"
                ) from error
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(travel.dumps((result, parts)))


def unpack(path: Path, module: types.ModuleType) -> Any:
    """Take in what :func:`pack` has written: sets the module's globals.

    Args:
        path: the file.
        module: the method.

    Returns:
        What prepare returned.
    """
    result, parts = travel.load(io.BytesIO(path.read_bytes()))
    for name, data in parts.items():
        setattr(module, name, travel.load(io.BytesIO(data)))
    return travel.load(io.BytesIO(result))
