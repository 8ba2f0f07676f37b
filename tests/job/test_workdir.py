import json
import os
import signal
from pathlib import Path

import pytest

from accelerator.error import ConfigError, NoSuchJobError, UserError
from accelerator.job.record import Setup
from accelerator.job.running import ProcessMark, RunningMarker, mark_process
from accelerator.job.workdir import Workdir
from accelerator.storage.lock import Lock


def fill(directory, jobid, uid):
    Setup(uid=uid, jobid=jobid, method="m", slices=2).save(directory)


@pytest.fixture
def workdir(tmp_path):
    workdir = Workdir("dev", tmp_path / "å b" / "dev")
    workdir.ensure(2)
    return workdir


def create(workdir, fill=fill):
    new = workdir.create_job(fill)
    new.lock.release()
    return new.jobid


def names(workdir):
    return sorted(path.name for path in workdir.path.iterdir())


def test_slices_are_written_once(workdir):
    assert (workdir.path / ".slices").read_text() == "2\n"
    workdir.ensure(2)
    with pytest.raises(ConfigError, match="slices = 2"):
        workdir.ensure(3)
    (workdir.path / ".slices").write_text("two")
    with pytest.raises(ConfigError, match="two"):
        workdir.ensure(2)


def test_a_workdir_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be made"):
        Workdir("dev", tmp_path / "file" / "dev").ensure(2)


def test_a_job_is_born_whole_and_locked(workdir):
    seen = []

    def look_and_fill(directory, jobid, uid):
        seen.append((workdir.jobids(), directory.name.startswith(".new-")))
        fill(directory, jobid, uid)

    new = workdir.create_job(look_and_fill)
    assert seen == [([], True)]
    assert (new.jobid, new.path) == ("dev-0", workdir.path / "dev-0")
    setup = Setup.load(new.path)
    assert (setup.jobid, setup.uid) == (new.jobid, new.uid)
    assert workdir.is_running("dev-0")
    new.lock.release()
    assert not workdir.is_running("dev-0")


def test_a_failed_birth_leaves_nothing(workdir):
    def fail(directory, jobid, uid):
        (directory / "half").touch()
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        workdir.create_job(fail)
    assert names(workdir) == [".alloc", ".last", ".slices"]
    assert create(workdir) == "dev-1"


def test_numbers_are_not_given_again(workdir):
    assert [create(workdir) for _ in range(3)] == ["dev-0", "dev-1", "dev-2"]
    workdir.delete_job("dev-2")
    assert create(workdir) == "dev-3"
    # the file lost or damaged: what is there counts
    for damage in (b"", b"garbage", b"0000"):
        (workdir.path / ".last").write_bytes(damage)
        number = int(create(workdir).removeprefix("dev-"))
        assert number == max(int(jobid.removeprefix("dev-")) for jobid in workdir.jobids())
    (workdir.path / "dev-1000").mkdir()
    (workdir.path / ".last").unlink()
    assert create(workdir) == "dev-1001"


def test_processes_get_different_numbers(workdir):
    pids = []
    for _ in range(6):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                for _ in range(15):
                    create(workdir)
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 6

    assert workdir.jobids() == [f"dev-{i}" for i in range(90)]
    assert len({Setup.load(workdir.path / jobid).uid for jobid in workdir.jobids()}) == 90
    for jobid in workdir.jobids():
        assert Setup.load(workdir.path / jobid).jobid == jobid


def test_processes_killed_while_they_make_jobs(workdir):
    for round_ in range(10):
        ready, go = os.pipe()
        pid = os.fork()
        if not pid:
            os.write(go, b"x")
            while True:
                create(workdir)
        os.read(ready, 1)
        while len(workdir.jobids()) <= round_ * 3:
            pass
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ready)
        os.close(go)

        for jobid in workdir.jobids():
            assert Setup.load(workdir.path / jobid).jobid == jobid
            assert not workdir.is_running(jobid)
    before = set(workdir.jobids())
    assert create(workdir) not in before
    workdir.sweep()
    assert not [name for name in names(workdir) if name.startswith((".new", ".gone"))]


def test_sweeping_spares_what_is_being_made(workdir):
    def sweep_and_fill(directory, jobid, uid):
        workdir.sweep()
        assert directory.is_dir()
        fill(directory, jobid, uid)

    (workdir.path / ".new-dead").mkdir()
    (workdir.path / ".gone-dead" / "sub").mkdir(parents=True)
    # What a process that was killed while it wrote a file, a link, or a marker leaves.
    (workdir.path / ".1-0123456789ab.tmp").symlink_to("dev-0")
    (workdir.path / ".running").mkdir()
    (workdir.path / ".running" / ".1-0123456789ab.tmp").touch()
    assert create(workdir, sweep_and_fill) == "dev-0"
    assert not list((workdir.path / ".running").iterdir())
    (workdir.path / ".running").rmdir()
    assert names(workdir) == [".alloc", ".last", ".slices", "dev-0"]


def test_deleting(workdir):
    jobid = create(workdir)
    workdir.link_latest(jobid)
    lock = Lock(workdir.path / jobid / ".lock")
    lock.acquire()
    with pytest.raises(UserError, match="running"):
        workdir.delete_job(jobid)
    assert Setup.load(workdir.path / jobid)
    lock.release()
    workdir.delete_job(jobid)

    assert names(workdir) == [".alloc", ".last", ".slices"]
    for unknown in (jobid, "other-1", "dev-x", "../dev-0"):
        with pytest.raises(NoSuchJobError):
            workdir.delete_job(unknown)


def test_what_is_a_job(workdir):
    for name in ("dev-3", "dev-10", "dev-LATEST", "dev-01", "dev-1x", "odev-1", "dev--1", "dev-\u0663", "dev-4\n"):
        (workdir.path / name).mkdir()

    assert workdir.jobids() == ["dev-3", "dev-10"]
    assert Workdir("none", workdir.path / "none").jobids() == []


def test_latest(workdir):
    workdir.link_latest("dev-1")
    workdir.link_latest("dev-2")

    assert (workdir.path / "dev-LATEST").readlink() == Path("dev-2")


def test_markers(workdir):
    assert workdir.markers() == []
    me = mark_process()
    marker = RunningMarker(jobid="dev-1", uid="u", method="m", job=me, session=me)
    workdir.write_marker(marker)
    (workdir.path / ".running" / "dev-2").write_bytes(b"{torn")

    assert workdir.markers() == [marker]
    assert json.loads((workdir.path / ".running" / "dev-1").read_bytes())["job"]["pid"] == os.getpid()
    assert marker.here()
    workdir.remove_marker("dev-1")
    workdir.remove_marker("dev-1")
    assert workdir.markers() == []


def test_marks_tell_processes_apart():
    pid = os.fork()
    if not pid:
        signal.pause()
    mark = mark_process(pid)
    assert mark.alive()
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not mark.alive(), "a zombie does not live"
    os.waitpid(pid, 0)
    assert not mark.alive()
    with pytest.raises(ProcessLookupError):
        mark_process(pid)
    me = mark_process()
    assert not ProcessMark(me.pid, me.started + "0", me.group).alive(), "the same number, another process"
