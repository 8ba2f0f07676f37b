"""A pytest plugin: tests with a kernel built elsewhere, such as one with sanitizers. See ``make sanitize``.

    ACCELERATOR_KERNEL=build/sanitized python -m pytest -p tests.native.sanitized tests/native tests/column

A plugin, because each worker of pytest-xdist is a process of its own and imports the kernel anew.
"""

import importlib.util
import os
import sys
from pathlib import Path

import accelerator


def use_kernel(directory: Path) -> None:
    """Make the kernel in a build directory the one that `accelerator` imports."""
    (path,) = directory.glob("_native*.so")
    spec = importlib.util.spec_from_file_location("accelerator._native", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = accelerator._native = module
    spec.loader.exec_module(module)


use_kernel(Path(os.environ["ACCELERATOR_KERNEL"]))
