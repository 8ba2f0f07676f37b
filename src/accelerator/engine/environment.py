"""What a job ran in: Python, platform and the versions of the installed packages that were imported."""

import functools
import importlib.metadata
import os
import sys
from typing import Any

_OURS = "accelerator"


def environment() -> dict[str, Any]:
    """Return the environment of this process as JSON can hold it."""
    return {**_fixed(), "packages": dict(sorted(_packages().items()))}


@functools.cache
def _fixed() -> dict[str, str]:
    system = os.uname()
    return {
        "accelerator": _version(_OURS) or "unknown",
        "python": sys.version,
        "python_path": sys.executable,
        # Not platform.platform(), which starts a process to ask for the name of the processor.
        "platform": f"{system.sysname} {system.release} {system.machine}",
    }


def _packages() -> dict[str, str]:
    found = {}
    for name, module in list(sys.modules.items()):
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names or name == _OURS:
            continue
        origin = getattr(getattr(module, "__spec__", None), "origin", None) or ""
        if "site-packages" in origin or "dist-packages" in origin:
            for distribution in _distributions(name):
                if version := _version(distribution):
                    found[distribution] = version
    return found


@functools.cache
def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def _distributions(module: str) -> tuple[str, ...]:
    """Return which installed distributions a module comes from; most are called like their module."""
    if _version(module) is not None:
        return (module,)
    return tuple(dict.fromkeys(_all_distributions().get(module, ())))


@functools.cache
def _all_distributions() -> dict[str, list[str]]:
    # 90 ms: only if a module is not called like its distribution, and once per runner.
    return dict(importlib.metadata.packages_distributions())
