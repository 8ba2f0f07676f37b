"""The output of a process caught from its descriptors: each test is a process of its own, on pipes or on a terminal."""

import os
import pty
import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
import os, subprocess, sys
from pathlib import Path
from accelerator.script.output import Capture
shown = []
real = {1: os.dup(1), 2: os.dup(2)}
def show(stream, data):
    shown.append((stream, data))
    os.write(real[stream], data)
ticks = []
capture = Capture(show)
capture.start(lambda: ticks.append(1))
record = Path(sys.argv[1]) / "OUTPUT" / "synthesis"
capture.record(record)
"""


def program(tmp_path, source):
    return [sys.executable, "-c", PRELUDE + textwrap.dedent(source), str(tmp_path)]


def run(tmp_path, source):
    done = subprocess.run(program(tmp_path, source), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    record = tmp_path / "OUTPUT" / "synthesis"
    return done.stdout, done.stderr, record.read_text() if record.exists() else None


def test_what_is_printed_is_shown_and_kept(tmp_path):
    output, error, kept = run(
        tmp_path,
        """
        print("one")
        os.write(1, b"two\\n")
        subprocess.run(["echo", "three"])
        capture.stop()
        print("after")
        """,
    )

    assert (output, error, kept) == ("one\ntwo\nthree\nafter\n", "", "one\ntwo\nthree\n")


def test_two_streams_stay_two_streams(tmp_path):
    output, error, kept = run(
        tmp_path,
        """
        print("out")
        print("err", file=sys.stderr)
        capture.stop()
        """,
    )

    assert (output, error) == ("out\n", "err\n")
    assert sorted(kept.splitlines()) == ["err", "out"]


def test_one_file_for_both_keeps_their_order(tmp_path):
    source = """
    for number in range(200):
        print(number, file=sys.stderr if number % 2 else sys.stdout)
    capture.stop()
    """
    done = subprocess.run(
        program(tmp_path, source), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=True
    )

    assert done.stdout.decode().split() == [str(number) for number in range(200)]
    assert (tmp_path / "OUTPUT" / "synthesis").read_bytes() == done.stdout


def test_who_prints_nothing_leaves_no_file(tmp_path):
    assert run(tmp_path, "capture.stop()") == ("", "", None)


def test_more_than_a_pipe_holds(tmp_path):
    output, _, kept = run(
        tmp_path,
        """
        sys.stdout.write("x" * 1_000_000)
        with capture.drained():
            assert sum(len(data) for _, data in shown) == 1_000_000
        capture.stop()
        """,
    )

    assert output == kept == "x" * 1_000_000


def test_each_script_has_its_own_file(tmp_path):
    _, _, kept = run(
        tmp_path,
        """
        print("first")
        other = Path(sys.argv[1]) / "other" / "synthesis"
        capture.record(other)
        print("second")
        capture.record(None)
        print("nobody's")
        capture.stop()
        assert other.read_text() == "second\\n"
        """,
    )

    assert kept == "first\n"


def test_a_child_that_lives_on_does_not_hold_us_up(tmp_path):
    output, _, _ = run(
        tmp_path,
        """
        child = subprocess.Popen([sys.executable, "-c", "print('begun', flush=True); import sys; sys.stdin.read()"],
                                 stdin=subprocess.PIPE)
        while b"begun\\n" not in b"".join(data for _, data in shown):
            with capture.drained():
                pass
        capture.stop()
        child.stdin.close()
        child.wait()
        """,
    )

    assert output == "begun\n"


def test_a_record_that_cannot_be_written_is_told_and_blocks_nobody(tmp_path):
    output, _, kept = run(
        tmp_path,
        """
        capture.record(Path("/dev/full"))
        print("y" * 200_000)
        with capture.drained():
            pass
        assert capture.error.errno == 28, capture.error
        capture.stop()
        """,
    )

    assert (output, kept) == ("y" * 200_000 + "\n", None)


def test_ticks_come_while_nothing_is_printed(tmp_path):
    run(
        tmp_path,
        """
        import threading
        came = threading.Event()
        with capture.drained():
            capture._tick = came.set
        assert came.wait(30)
        capture.stop()
        """,
    )


@pytest.fixture
def on_a_terminal(tmp_path):
    """Run a program on a pseudo terminal, typing something, and return all that the terminal showed."""

    def run_there(source, typed):
        master, slave = pty.openpty()
        with subprocess.Popen(
            program(tmp_path, source), stdin=slave, stdout=slave, stderr=slave, close_fds=True
        ) as process:
            os.close(slave)
            os.write(master, typed)
            seen = b""
            while True:
                try:
                    data = os.read(master, 4096)
                except OSError:  # Linux says EIO when the last one has closed the terminal
                    break
                if not data:
                    break
                seen += data
            process.wait(60)
        os.close(master)
        assert process.returncode == 0, seen.decode()
        return seen.decode().replace("\r\n", "\n")

    return run_there


def test_a_question_gets_the_real_terminal(tmp_path, on_a_terminal):
    seen = on_a_terminal(
        """
        print("before")
        assert not os.isatty(1)
        answer = input("name? ")
        print("hello", answer)
        capture.stop()
        assert os.isatty(1)
        """,
        b"kim\n",
    )

    assert "before\nname? " in seen
    assert seen.endswith("hello kim\n")
    assert (tmp_path / "OUTPUT" / "synthesis").read_text() == "before\nhello kim\n"


def test_the_debugger_gets_the_real_terminal(tmp_path, on_a_terminal, monkeypatch):
    monkeypatch.delenv("PYTHONBREAKPOINT", raising=False)
    seen = on_a_terminal(
        """
        def main():
            value = 41
            breakpoint()
            print("went on with", value)
        main()
        capture.stop()
        """,
        b"p value + 1\nvalue = 7\nc\n",
    )

    assert "(Pdb) " in seen
    assert "\n42\n" in seen
    assert seen.endswith("went on with 7\n")
    assert "42" not in (tmp_path / "OUTPUT" / "synthesis").read_text()
