"""Where temporary data go, and that nothing of them stays."""

import pytest

from accelerator.error import UserError
from accelerator.job.scratch import place_scratch, remove_scratch
from accelerator.job.workdir import Workdir


@pytest.fixture
def job(tmp_path):
    path = tmp_path / "jobs" / "dev-3"
    path.mkdir(parents=True)
    (path / "setup.json").write_text("{}")
    return path


def fill(job):
    (job / ".tmp").mkdir(exist_ok=True)
    (job / ".tmp" / "below").mkdir()
    (job / ".tmp" / "below" / "file").write_text("x")


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_in_the_job(job):
    place_scratch(job, "abc", ".tmp")
    assert names(job) == ["setup.json"]
    remove_scratch(job)
    fill(job)
    remove_scratch(job)
    assert names(job) == ["setup.json"]


def test_in_another_place_of_the_job(job):
    place_scratch(job, "abc", "a/b")
    fill(job)
    assert (job / "a" / "b" / "dev-3-abc" / "below" / "file").exists()
    remove_scratch(job)
    assert names(job) == ["setup.json"]


def test_elsewhere(job, tmp_path):
    scratch = tmp_path / "fast disk" / "ö"
    for uid in ("abc", "def"):
        place_scratch(job, uid, str(scratch))
        fill(job)
        assert names(scratch) == [f"dev-3-{uid}"]
        assert names(scratch / f"dev-3-{uid}") == ["below"]
        remove_scratch(job)
        assert names(job) == ["setup.json"]
        assert names(scratch) == []


def test_goes_with_a_job_that_is_deleted(job, tmp_path):
    scratch = tmp_path / "scratch"
    place_scratch(job, "abc", str(scratch))
    fill(job)
    Workdir("dev", job.parent).delete_job("dev-3")
    assert not job.exists()
    assert names(scratch) == []


def test_nowhere(job, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"no directory for temporary data can be made in .*file.*temp_directory"):
        place_scratch(job, "abc", str(tmp_path / "file" / "x"))
    assert names(job) == ["setup.json"]
