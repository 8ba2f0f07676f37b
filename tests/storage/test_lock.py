import os
import signal
import threading

import pytest

from accelerator.storage.atomic import write_bytes
from accelerator.storage.lock import Lock, check_lock_check, held


def in_child(function):
    """Return what a function says in a forked process, as its exit code."""
    pid = os.fork()
    if not pid:
        os._exit(int(function()))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_one_holder(tmp_path):
    path = tmp_path / "lock"

    assert not held(path)
    with Lock(path) as lock:
        assert lock.held
        assert held(path)
        assert not Lock(path).acquire(blocking=False)
        assert lock.acquire()
        assert in_child(lambda: Lock(path).acquire(blocking=False)) == 0
    assert not lock.held
    assert not held(path)
    assert in_child(lambda: Lock(path).acquire(blocking=False)) == 1
    with pytest.raises(ValueError, match="not held"):
        lock.fileno()


def test_children_share_a_lock_and_cannot_free_it(tmp_path):
    path = tmp_path / "lock"
    lock = Lock(path)
    lock.acquire()
    in_child(lambda: lock.release() or 0)

    assert held(path)

    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        os.close(go[1])
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    lock.release()
    assert held(path), "the child still has it open"
    os.close(go[1])
    os.waitpid(pid, 0)
    assert not held(path)
    for fd in (*ready, go[0]):
        os.close(fd)


def test_a_killed_holder_frees_the_lock(tmp_path):
    path = tmp_path / "lock"
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        lock = Lock(path)
        lock.acquire()
        os.write(write, b"x")
        signal.pause()
    os.read(read, 1)
    assert held(path)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

    assert Lock(path).acquire(blocking=False)
    os.close(read)
    os.close(write)


def test_a_deleted_lock_file_does_not_count(tmp_path):
    path = tmp_path / "lock"
    first = Lock(path)
    first.acquire()
    second = Lock(path)
    got = threading.Event()

    def wait():
        second.acquire()
        got.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    path.unlink()
    third = Lock(path)
    assert third.acquire(blocking=False), "a new file, so a new lock"
    first.release()
    assert not got.wait(0.05), "the file that the second waited for is gone; the third holds the one that counts"
    third.release()
    assert got.wait(10)
    waiting.join()
    second.release()


def test_looking_does_not_disturb_those_who_take(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    stop = threading.Event()

    def look():
        while not stop.is_set():
            held(path)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(200):
            lock = Lock(path)
            assert lock.acquire(blocking=False)
            assert held(path)
            lock.release()
    finally:
        stop.set()
        for looker in lookers:
            looker.join()


def test_check_lock_check_makes_a_thing_once(tmp_path):
    made, thing = tmp_path / "made", tmp_path / "thing"

    def check():
        return thing.read_text() if thing.exists() else None

    def make():
        with made.open("a") as file:
            file.write("x")
        write_bytes(thing, b"it", durable=False)  # whole at once, as check must see it
        return "it"

    def child():
        return check_lock_check(tmp_path / "lock", check, make) == "it"

    pids = []
    for _ in range(8):
        pid = os.fork()
        if not pid:
            os._exit(0 if child() else 1)
        pids.append(pid)

    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 8
    assert made.read_text() == "x"
    thing.unlink()
    with Lock(tmp_path / "lock"):
        assert check_lock_check(tmp_path / "lock", check, make, blocking=False) is None
