"""What the system says about memory."""

import os
import platform
import subprocess
import sys

import pytest

from accelerator.engine import memory
from accelerator.testing import run_method


def test_nothing_is_known_before_the_first_look_or_without_a_counter():
    assert memory.Watch(lambda: 3).rose() is None
    watch = memory.Watch(lambda: None)
    watch.look()
    assert watch.rose() is None


def test_a_counter_that_rises():
    counts = iter([3, 3, 4, 4])
    watch = memory.Watch(lambda: next(counts))
    watch.look()
    watch.look()  # too soon to be worth counting again
    assert [watch.rose() for _ in range(3)] == [False, True, False]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_what_linux_says():
    memory.look()
    assert 1 << 20 < memory.evidence().total < 1 << 50


GLIBC = platform.libc_ver()[0] == "glibc"
ALLOCATOR = "import pyarrow\nallocator = pyarrow.default_memory_pool().backend_name\n"


@pytest.mark.skipif(not GLIBC, reason="of other C libraries nothing is known")
@pytest.mark.parametrize(("chosen", "used"), [(None, "system"), ("mimalloc", "mimalloc")])
def test_memory_is_used_again_unless_the_user_has_chosen_an_allocator(chosen, used):
    environment = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    environment.update({} if chosen is None else {"ARROW_DEFAULT_MEMORY_POOL": chosen})
    code = f"from accelerator.engine.memory import reuse_memory\nreuse_memory()\n{ALLOCATOR}print(allocator)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True, check=True)

    assert done.stdout.strip() == used


@pytest.mark.skipif(not GLIBC, reason="of other C libraries nothing is known")
@pytest.mark.skipif("ARROW_DEFAULT_MEMORY_POOL" in os.environ, reason="an allocator has been chosen")
def test_slices_use_memory_again():
    method = (
        f"{ALLOCATOR}def analysis(sliceno): return allocator\ndef synthesis(analysis_res): return set(analysis_res)"
    )

    assert run_method(method).load() == {"system"}
