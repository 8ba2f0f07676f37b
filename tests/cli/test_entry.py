"""How ``ax`` begins."""

import subprocess
import sys

from accelerator.cli.errors import ExitCode

INTERRUPTED = """
import sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "accelerator.cli.commands":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
sys.argv = ["ax", "version"]
from accelerator.cli.entry import main
sys.exit(main())
"""


def test_an_interrupt_before_everything_is_imported():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "", "")
