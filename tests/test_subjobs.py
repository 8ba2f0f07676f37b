"""subjobs.build outside of jobs; inside of them it is tested with the engine."""

from pathlib import Path

import pytest

from accelerator import build, status, subjobs
from accelerator.engine.events import Event
from accelerator.job.joblist import JobList
from accelerator.job.status import stack_lines


def test_the_two_addresses():
    assert build is subjobs.build
    assert isinstance(subjobs.jobs, JobList)


@pytest.mark.parametrize("phase", ["analysis", "build"])
def test_only_in_prepare_and_synthesis(current_job, phase):
    current_job(phase=phase)
    with pytest.raises(AssertionError, match="prepare and synthesis"):
        subjobs.build("anything")


def test_not_outside_of_jobs():
    with pytest.raises(AssertionError, match=r"Project\.build"):
        subjobs.build("anything")


def test_input_files_being_digested_are_the_jobs_status():
    def reading(done: int, expected: int) -> list[str]:
        shows.take(Event("reading", "", Path(), "csvimport", bytes=(done, expected)))
        return stack_lines()

    shows = subjobs._Reading()
    with status("synthesis"):
        shows.take(Event("linked", "dev-0", Path(), "csvimport"))
        assert stack_lines() == ["synthesis"]
        for _ in range(2):
            assert reading(1 << 30, 4 << 30) == ["synthesis", "Reading input files of csvimport: 1.0 GiB of 4.0 GiB"]
            assert reading(2 << 30, 4 << 30) == ["synthesis", "Reading input files of csvimport: 2.0 GiB of 4.0 GiB"]
            assert reading(4 << 30, 4 << 30) == ["synthesis"]
        assert reading(1, 1) == ["synthesis"]
