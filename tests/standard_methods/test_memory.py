"""Memory is bounded by batches, not by the data."""

import gzip
import os
import subprocess
import sys

import pytest

# Says how much memory any process of a project had at most while it built what is asked for, in MiB.
_MEASURE = """
import resource, sys
from accelerator.testing import TemporaryProject
directory, filename, sort = sys.argv[1:]
with TemporaryProject(2, directory) as project:
    job = project.build("csvimport", filename=filename, column2type={"key": "int64_10"})
    if sort:
        job = project.build("dataset_sort", source=job, sort_columns=["key"])
    assert sum(job.dataset().lines) > 0
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // (1 << 20 if sys.platform == "darwin" else 1 << 10))
"""
_TEXT = b"x" * 1000


@pytest.fixture
def peak(tmp_path):
    def measure(lines, sort):  # lines of a thousand bytes
        packed = tmp_path / f"{lines}.gz"
        with gzip.open(packed, "wb", compresslevel=1) as file:
            file.write(b"key,text\n")
            for key in range(lines):
                file.write(b"%d,%s\n" % (key * 7919 % lines, _TEXT))
        command = [sys.executable, "-c", _MEASURE, tmp_path / f"project{lines}", packed, "sort" if sort else ""]
        return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    return measure


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not os.environ.get("ACCELERATOR_NIGHTLY"), reason="a minute; ACCELERATOR_NIGHTLY=1 runs it")
@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="others do not say")
@pytest.mark.parametrize("sort", [False, True])
def test_five_times_the_data_take_no_more_memory(peak, sort):
    """200 MB and a gigabyte: what is held at a time is a few row groups of 64 MiB, or what sorting may hold."""
    assert peak(1_000_000, sort) < peak(200_000, sort) + 150
