"""What stands for a job that would run."""

import copy
import json

import pytest

from accelerator import Dataset, Job, JobWithFile
from accelerator.job.context import context
from accelerator.script.unbuilt import UnbuiltDataset, UnbuiltJob, UnreadableError


@pytest.fixture
def job(tmp_path):
    before = dict(context.workdirs)
    context.register_workdirs({"unbuilt": tmp_path})
    yield UnbuiltJob("unbuilt-1", "import")
    context.workdirs.clear()
    context.workdirs.update(before)


def test_it_can_be_handed_on_like_a_job(job, tmp_path):
    assert isinstance(job, Job)
    assert job
    assert (str(job), f"{job}", job + "/x", job.method, job.number) == (
        "unbuilt-1",
        "unbuilt-1",
        "unbuilt-1/x",
        "import",
        1,
    )
    assert job == UnbuiltJob("unbuilt-1") == "unbuilt-1"
    assert {job: 1}["unbuilt-1"] == 1
    assert json.dumps([job]) == '["unbuilt-1"]'
    assert copy.deepcopy({"job": job})["job"] is job
    assert job.path == str(tmp_path / "unbuilt-1")
    assert job.filename("a") == str(tmp_path / "unbuilt-1" / "a")
    assert job.withfile("a") == JobWithFile(job, "a")
    assert not job.is_build
    assert job.link_result("a", linkname="b") is None


READ = [
    "build_job", "chain", "datasets", "files", "input_directory", "json_load", "link_to_here", "load", "open",
    "output", "params", "parent", "post", "version",
]  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_reading_it_is_refused(job, name):
    with pytest.raises(UnreadableError) as caught:
        getattr(job, name)
    assert caught.value.jobid == "unbuilt-1"


def test_every_attribute_of_a_job_is_in_one_group_or_the_other(job):
    handed_on = {"dataset", "filename", "is_build", "link_result", "method", "number", "path", "withfile", "workdir"}

    assert {name for name in dir(Job) if not name.startswith("_")} - set(dir(str)) == handed_on | set(READ)


def test_what_there_is_not_is_an_ordinary_mistake(job):
    with pytest.raises(AttributeError):
        job.nosuch  # noqa: B018 - this is what fails


def test_datasets(job):
    default, other = job.dataset(), job.dataset("other")

    assert isinstance(default, Dataset)
    assert (str(default), str(other), other.name, other.job) == ("unbuilt-1", "unbuilt-1/other", "other", job)
    assert other == UnbuiltDataset(job, "other") == "unbuilt-1/other"
    assert other.quoted == "unbuilt-1/other"
    for read in ("columns", "iterate", "chain", "lines", "to_arrow", "previous", "link_to_here"):
        with pytest.raises(UnreadableError):
            getattr(other, read)
    with pytest.raises(UnreadableError):
        other.__arrow_c_stream__()
    with pytest.raises(UnreadableError):
        other.__arrow_c_schema__()
