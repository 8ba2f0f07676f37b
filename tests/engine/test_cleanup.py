"""Orphans are ended by whoever uses the workdir next; those who are not orphans are left alone."""

import os
import signal
import subprocess
import sys

import pytest

from accelerator.engine.cleanup import end_orphans, is_orphan
from accelerator.engine.processes import ENVIRONMENT_MARK, mark_in_environment
from accelerator.job.running import ProcessMark, RunningMarker, mark_process
from accelerator.job.workdir import Workdir

GONE = ProcessMark(pid=1 << 22, started="never", group=1 << 22)


@pytest.fixture
def workdir(tmp_path):
    workdir = Workdir("dev", tmp_path)
    workdir.ensure(1)
    return workdir


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "1000"], process_group=0)
    yield process
    process.kill()
    process.wait()


def marker(job, **kw) -> RunningMarker:
    return RunningMarker(jobid="dev-0", uid="u", method="m", job=job, **{"runner": GONE, "session": GONE, **kw})


def test_an_orphan_is_ended(workdir, sleeper):
    workdir.write_marker(marker(mark_process(sleeper.pid)))
    assert end_orphans(workdir) == ["dev-0"]
    assert sleeper.wait(10) == -signal.SIGKILL
    assert workdir.markers() == []


@pytest.mark.parametrize("who", ["runner", "session"])
def test_a_job_whose_session_or_runner_lives_goes_on(workdir, sleeper, who):
    workdir.write_marker(marker(mark_process(sleeper.pid), **{who: mark_process()}))
    assert end_orphans(workdir) == []
    assert sleeper.poll() is None
    assert len(workdir.markers()) == 1


def test_a_pid_given_to_another_process_is_left_alone(workdir, sleeper):
    mark = mark_process(sleeper.pid)
    workdir.write_marker(marker(ProcessMark(mark.pid, "another time", mark.group)))
    assert end_orphans(workdir) == ["dev-0"]
    assert sleeper.poll() is None


@pytest.mark.parametrize("where", [{"host": "elsewhere"}, {"boot": "before"}])
def test_other_machines_and_boots_are_not_ours(workdir, sleeper, where):
    workdir.write_marker(marker(mark_process(sleeper.pid), **where))
    assert end_orphans(workdir) == []
    assert sleeper.poll() is None


def test_build_scripts_have_no_runner(workdir):
    mine = marker(None, runner=None, session=mark_process())
    assert not is_orphan(mine)
    assert is_orphan(marker(None, runner=None))


def test_a_workdir_that_is_not_there(tmp_path):
    assert end_orphans(Workdir("dev", tmp_path / "nowhere")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads environments in /proc")
def test_what_an_orphan_left_elsewhere_is_ended(workdir):
    """It is in a session of its own and nobody's child, but says in its environment where it comes from."""
    session = ProcessMark(pid=1 << 22, started="77", group=1 << 22)
    others = ProcessMark(pid=1 << 22, started="777", group=1 << 22)
    left, alone = (
        subprocess.Popen(["sleep", "1000"], start_new_session=True, env={**os.environ, ENVIRONMENT_MARK: mark})
        for mark in (mark_in_environment(session, 1), mark_in_environment(others, 1))
    )
    try:
        workdir.write_marker(marker(None, session=session))
        end_orphans(workdir)
        assert left.wait(10) == -signal.SIGKILL
        assert alone.poll() is None
    finally:
        for process in (left, alone):
            process.kill()
            process.wait()


def test_half_made_directories_are_cleared_away(workdir):
    (workdir.path / ".new-abc").mkdir()
    end_orphans(workdir)
    assert not (workdir.path / ".new-abc").exists()
