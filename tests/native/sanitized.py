"""Run pytest with a kernel built elsewhere, such as one with sanitizers.

    cmake -G Ninja -S . -B build/sanitize -DACCELERATOR_SANITIZE=ON -DPython_EXECUTABLE=$PWD/.venv/bin/python
    ninja -C build/sanitize
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 PYTHONMALLOC=malloc \\
    LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)" \\
        .venv/bin/python tests/native/sanitized.py build/sanitize tests/native tests/column

Leaks are not looked for: the interpreter keeps much to its end.
"""

import importlib.util
import sys
from pathlib import Path

import pytest

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


if __name__ == "__main__":
    use_kernel(Path(sys.argv[1]))
    sys.exit(pytest.main(sys.argv[2:]))
