import os
import subprocess
import sys

import pytest

# In a process of its own: what was rehearsed cannot be undone.
PROGRAM = """
import os, tempfile, threading
import accelerator.dataset.rehearsal as rehearsal
threads = "/proc/self/task"
before = len(os.listdir(threads)) if os.path.exists(threads) else 0
rehearsal.rehearse()
rehearsal.rehearse()
assert threading.active_count() == 1
assert not before or len(os.listdir(threads)) == before
"""


@pytest.mark.parametrize("usable", [True, False])
def test_rehearsing_leaves_nothing_behind(tmp_path, usable):
    """Neither files nor threads, which do not live on in forked processes; where no file can be made, no error."""
    directory = tmp_path if usable else tmp_path / "missing"
    candidates = "" if usable else "tempfile._candidate_tempdir_list = list\n"
    program = PROGRAM.replace("import accelerator", f"{candidates}import accelerator", 1)
    subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env={**os.environ, "TMPDIR": str(directory)}, check=True
    )
    assert list(tmp_path.iterdir()) == []
