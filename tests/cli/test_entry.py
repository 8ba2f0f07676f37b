"""How ``ax`` begins."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from accelerator.cli.errors import ExitCode

FULL = Path("/dev/full")
WHILE_IMPORTING = """
import os, signal, sys

class Early:
    def find_spec(self, name, path=None, target=None):
        if name == "accelerator.cli.commands":
            os.kill(os.getpid(), signal.{signal})

sys.meta_path.insert(0, Early())
sys.argv = ["ax", "version"]
from accelerator.cli.entry import main
sys.exit(main())
"""
AT_THE_END = """
import atexit, gc, sys

atexit.register(print, "the end")
sys.argv = ["ax", {command!r}]
from accelerator.cli.entry import main
code = main()
print("garbage is looked for:", gc.isenabled())
sys.exit(code)
"""


def run(program):
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


def test_an_interrupt_before_everything_is_imported():
    done = run(WHILE_IMPORTING.format(signal="SIGINT"))
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "", "")


def test_who_asks_too_early_how_far_it_is_does_not_end_it():
    done = run(WHILE_IMPORTING.format(signal="SIGUSR1"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("accelerator ")


def test_signals_are_left_alone_in_other_programs():
    done = run("import os, signal; import accelerator.cli.main; os.kill(os.getpid(), signal.SIGUSR1)")
    assert done.returncode == -signal.SIGUSR1


def test_a_process_that_ends_at_once_does_first_what_is_to_be_done_at_its_end():
    done = run(AT_THE_END.format(command="--help"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage:")
    assert done.stdout.endswith("\nthe end\n")
    assert "garbage" not in done.stdout


@pytest.mark.parametrize("command", ["alias", "version"])
def test_other_commands_end_as_programs_of_python_do(command):
    done = run(AT_THE_END.format(command=command))
    assert done.returncode == 0
    assert done.stdout.endswith("\ngarbage is looked for: True\nthe end\n")


@pytest.mark.skipif(not FULL.exists(), reason="the system has no device that is full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["--help", "version"])
def test_an_output_that_nobody_can_write_is_told(command, unbuffered):
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "accelerator", command],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert done.returncode == ExitCode.ERROR
    assert done.stderr == "ax: No space left on device\n"
