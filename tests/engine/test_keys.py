"""The lists of jobs by key, also those that a killed process has left half written."""

import pytest

from accelerator.engine.keys import KeyLock
from accelerator.job.workdir import Workdir

KEY = "ab" * 32


@pytest.fixture
def workdir(tmp_path):
    return Workdir("dev", tmp_path)


@pytest.fixture
def lock(workdir):
    lock = KeyLock(workdir, KEY)
    assert lock.acquire()
    yield lock
    lock.release()


def test_the_newest_job_is_first(lock):
    assert lock.jobids() == []
    lock.note("dev-3")
    lock.note("dev-12")
    assert lock.jobids() == ["dev-12", "dev-3"]


def test_only_one_has_the_lock(lock, workdir):
    other = KeyLock(workdir, KEY)
    assert not other.acquire()
    lock.note("dev-1")
    assert other.jobids() == ["dev-1"]
    lock.release()
    assert other.acquire()
    other.release()


@pytest.mark.parametrize("half", ["d", "dev", "dev-", "dev-1", "dev-12"])
def test_a_half_written_id_counts_for_nothing_and_hides_nothing(lock, workdir, half):
    lock.note("dev-7")
    file = workdir.path / ".keys" / KEY[:2] / KEY
    file.write_text(file.read_text() + half)
    assert lock.jobids() == ["dev-7"]
    lock.note("dev-20")
    found = lock.jobids()
    assert (found[0], found[-1]) == ("dev-20", "dev-7")
    assert set(found) <= {"dev-20", "dev-7", half}


def test_ids_of_other_workdirs_count_for_nothing(lock):
    lock.note("old-7")
    assert lock.jobids() == []
