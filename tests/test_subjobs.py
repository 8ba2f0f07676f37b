"""subjobs.build outside of jobs; inside of them it is tested with the engine."""

import pytest

from accelerator import build, subjobs
from accelerator.job.joblist import JobList


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
