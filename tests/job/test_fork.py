import contextlib
import os
import signal
import sys

import pytest

from accelerator.job.fork import before_fork, fork


def exit_code(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize(
    ("function", "code"),
    [(lambda: None, 0), (lambda: 7, 7), (sys.exit, 0), (lambda: sys.exit(9), 9), (lambda: sys.exit("x"), 1)],
)
def test_exit_codes(function, code):
    assert exit_code(fork(function)) == code


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, GeneratorExit])
def test_exceptions_stay_in_the_child(error, capfd):
    def fail():
        raise error("told on stderr")

    assert exit_code(fork(fail)) == 1
    assert "told on stderr" in capfd.readouterr().err


def test_what_is_buffered_is_written_once(tmp_path):
    path = tmp_path / "out"
    with path.open("w") as file, contextlib.redirect_stdout(file):
        sys.stdout.write("parent ")
        assert exit_code(fork(lambda: sys.stdout.write("child ") and 0)) == 0

    assert path.read_text() == "parent child "


def test_a_process_group_of_its_own():
    read, write = os.pipe()

    def tell():
        os.write(write, b"%d" % os.getpgid(0))

    pid = fork(tell, new_group=True)
    assert os.read(read, 20) == b"%d" % pid
    assert exit_code(pid) == 0
    assert exit_code(fork(tell)) == 0
    assert os.read(read, 20) == b"%d" % os.getpgid(0)
    os.close(read)
    os.close(write)


def test_descriptors_can_be_closed():
    read, write = os.pipe()

    def closed():
        try:
            os.fstat(write)
        except OSError:
            return 0
        return 1

    assert exit_code(fork(closed, close_fds=[write])) == 0
    os.fstat(write)
    os.close(read)
    os.close(write)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot do this; there the running marker serves")
def test_a_child_dies_with_its_parent():
    read, write = os.pipe()

    def parent():
        fork(signal.pause)
        fork(signal.pause, new_group=True)
        os.write(write, b"x")
        signal.pause()

    pid = fork(parent)
    os.close(write)
    assert os.read(read, 1) == b"x"
    os.kill(pid, signal.SIGKILL)
    exit_code(pid)
    # the pipe ends when the last of them is gone
    assert os.read(read, 1) == b""
    os.close(read)


def test_what_must_stop_before_a_fork_is_told():
    told = []
    before_fork.append(lambda: told.append(os.getpid()))
    try:
        assert exit_code(fork(lambda: len(told))) == 1
    finally:
        before_fork.pop()
    assert told == [os.getpid()]
