"""The process forked ahead: taken once, not with old imports, never left behind."""

import os

import pytest

from accelerator.engine.processes import has_ended
from accelerator.engine.protocol import Channel
from accelerator.engine.standby import JobProcess, Standby
from accelerator.job.fork import fork


@pytest.fixture
def standby():
    def process():
        ours, theirs = Channel.pair()

        def wait():
            ours.close()
            theirs.receive()

        pid = fork(wait, new_group=True)
        theirs.close()
        return JobProcess(pid, ours, 7)

    made = Standby(process)
    made.take(7)  # as a rule there is one job only
    yield made
    made.end()


def test_nothing_is_forked_for_a_single_job(standby):
    standby.renew()
    assert standby.pids == set()


def test_it_is_taken_once(standby):
    assert standby.take(7) is None
    standby.renew()
    (pid,) = standby.pids
    standby.renew()
    assert standby.pids == {pid}
    taken = standby.take(7)
    assert (taken.pid, standby.pids, standby.take(7)) == (pid, set(), None)
    taken.end()


def test_one_that_lacks_an_import_is_ended(standby):
    standby.take(7)
    standby.renew()
    (pid,) = standby.pids
    assert standby.take(8) is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_one_that_died_is_noticed(standby):
    standby.take(7)
    standby.renew()
    (pid,) = standby.pids
    os.kill(pid, 9)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert has_ended(pid)
    standby.reap()
    assert standby.pids == set()
