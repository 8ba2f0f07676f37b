"""``ax run`` on a terminal: what is shown of running jobs, and the keys and signals that it answers."""

import os
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len
from terminal import Terminal

from accelerator.script.status_key import StatusKey

# Each test starts processes.
pytestmark = pytest.mark.slow

AX = Path(sys.executable).parent / "ax"
WAITING = """\
    import time
    from pathlib import Path
    from accelerator import status

    options = {"go": ""}


    def analysis(sliceno, options):
        with status("日本語 ✓ a very long caption that fits no terminal at all" * 3 + "\\nsecond line \\x1b[31mred"):
            while not Path(options.go).exists():
                time.sleep(0.01)
"""
BUILD = """\
    def main(urd):
        first = urd.build_async("waiting", go="{go}", caption="å" * 500)
        urd.build("{other}", go="{go}")
"""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def project(ax_project):
    """A project with 20 slices and two jobs side by side that wait for a file."""
    made = ax_project(slices=20)
    other = "a_name_that_is_longer_than_a_narrow_terminal_is_wide"
    for name in ("waiting", other):
        made.write(f"dev/a_{name}.py", WAITING)
    made.write("dev/build.py", BUILD.format(go=made.path / "go", other=other))
    made.extra_environment = {"LANG": "C.UTF-8"}
    return made


@pytest.mark.parametrize("columns", [20, 80])
def test_running_jobs_take_a_line_each_however_narrow_it_is(project, columns):
    terminal = project.terminal("run", columns=columns)
    terminal.wait_for("analysis" if columns == 80 else "…")
    terminal.resize(columns - 7)
    (project.path / "go").touch()
    seen = terminal.finish()

    # The line of each running job begins like this; what has been printed above may be as long as it likes.
    live = [line for line in re.split(r"[\r\n]+", ESCAPES.sub("", seen)) if re.match(r"   - \S+\s+\d+s  ", line)]
    assert live or columns == 20
    assert max(map(cell_len, live), default=0) <= columns
    if columns == 80:
        # A bar for each slice would be too many: 20 slices share 16, if they say how many rows they have.
        assert any("analysis 0/20" in line for line in live)
    assert "\x1b[31m" not in seen
    assert re.search(r"   - waiting +(DONE|MAKE)", seen)


def test_control_c_ends_everything_at_once(project):
    terminal = project.terminal("run")
    terminal.wait_for("analysis")
    terminal.send("\x03")
    seen = terminal.finish(130)

    assert "Interrupted." in seen
    assert "Traceback" not in seen
    assert project.ax("status", "-s").stdout == "Idle.\n"
    assert project.finished() == []


def test_control_z_leaves_the_terminal_to_the_shell(project):
    command = ["bash", "-c", 'set -m; "$0" run; echo "left to the shell"; fg', str(AX)]
    terminal = Terminal(command, project.path, {**project.environment(), "TERM": "xterm"})
    terminal.wait_for("analysis")
    terminal.send("\x1a")
    # The cursor is back before the shell says anything.
    assert "\x1b[?25h" in terminal.wait_for("left to the shell").rpartition("analysis")[2]
    terminal.wait_for("analysis")
    (project.path / "go").touch()
    assert "DONE" in terminal.finish().replace("MAKE", "DONE")


def test_an_unfinished_line_of_the_script_stays(ax_project):
    project = ax_project()
    project.write("dev/a_one.py", "def synthesis():\n    pass\n")
    project.write("dev/build.py", "def main(urd):\n    print('begun ...', end='')\n    urd.build('one')\n")
    seen = ESCAPES.sub("", project.terminal("run").finish())

    assert "begun ...\n" in seen


def test_the_status_tree_on_a_signal(project):
    terminal = project.terminal("run")
    terminal.wait_for("analysis")
    terminal.process.send_signal(signal.SIGUSR1)
    terminal.wait_for("dev-1 waiting (")
    terminal.wait_for("analysis(0) (")
    (project.path / "go").touch()
    terminal.finish()


def test_control_t_shows_the_status_tree_and_what_is_typed_ahead_stays(project):
    command = ["bash", "-c", '"$0" run; read -r line; echo "read <$line>"; stty -a', str(AX)]
    terminal = Terminal(command, project.path, {**project.environment(), "TERM": "xterm"})
    terminal.wait_for("analysis")
    terminal.send("\x14")
    terminal.wait_for("dev-1 waiting (")
    terminal.wait_for("analysis(0) (")
    terminal.send("typed ahead\n")
    (project.path / "go").touch()
    seen = terminal.finish()

    assert "read <typed ahead>" in seen
    assert re.search(r"eol = (<undef>|M-\^\?)", seen)


def test_a_terminal_of_somebody_else_is_left_alone():
    """In the background nobody touches the terminal: that would stop the process."""
    ours, theirs = os.openpty()
    key = StatusKey(theirs)  # not our controlling terminal
    before = termios.tcgetattr(theirs)
    key.listen()

    assert termios.tcgetattr(theirs) == before
    assert not key.pressed()
    key.release()
    for descriptor in (ours, theirs):
        os.close(descriptor)


def test_a_signal_before_the_run_can_answer_does_no_harm():
    """Neither does one after it; and programs that are started do not inherit that."""
    code = """if True:
        import os, signal, subprocess, sys
        from accelerator.cli.early_signals import outlive
        outlive()
        from accelerator.cli.main import main
        assert main(["run", "--help"]) == 0
        os.kill(os.getpid(), signal.SIGUSR1)
        child = subprocess.run([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGUSR1)"])
        print("child:", child.returncode)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith(f"child: {-signal.SIGUSR1}\n")


def test_output_closed_early(project):
    (project.path / "go").touch()
    result = subprocess.run(
        ["bash", "-c", '"$0" run | head -n 1; exit ${PIPESTATUS[0]}', AX],
        cwd=project.path,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stdout, result.stderr) == (0, "dev.build running as job dev-0\n", "")
    assert len(project.finished()) == 3
