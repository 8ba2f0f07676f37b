import pytest

from accelerator.error import NoSuchJobError
from accelerator.job import Job
from accelerator.job.joblist import JobList
from accelerator.job.record import Setup
from accelerator.script.response import UrdResponse, job_tuples
from accelerator.urd.entry import Dependency, Entry


def test_nothing_found():
    response = UrdResponse.of(None)

    assert not response
    assert response == {"timestamp": "0", "caption": "", "joblist": [], "deps": {}, "build_job": None}
    assert isinstance(response.joblist, JobList)
    assert response.as_dep == {"timestamp": "0", "caption": "", "joblist": []}


def test_an_entry():
    deps = {"u/a": Dependency("1", (("first", "test-3", ""),), "c")}
    response = UrdResponse.of(Entry("u", "b", "2", "text", (("name", "test-5", ""),), deps, "test-0"))

    assert response
    assert (response.user, response.build, response.timestamp, response.caption) == ("u", "b", "2", "text")
    assert (response.build_job, type(response.build_job)) == ("test-0", Job)
    assert response.joblist["name"] == "test-5"
    assert response["deps"] == {"u/a": {"timestamp": "1", "joblist": ["test-3"], "caption": "c"}}
    assert response.deps["u/a"].joblist[0].method == "first"
    assert response.as_dep == {"timestamp": "2", "joblist": [("name", "test-5")], "caption": "text"}


def test_a_job_that_is_another_one_now_counts_as_missing(current_job):
    job = current_job()
    uid = Setup.load(job.path).uid
    current_job.finish()

    (entry,) = [Entry("u", "b", "2", "", (("name", str(job), uid),))]
    assert UrdResponse.of(entry).joblist == [job]
    with pytest.raises(NoSuchJobError, match=rf"u/b/2 lists {job} as 'name'"):
        UrdResponse.of(Entry("u", "b", "2", "", (("name", str(job), "another"),)))


def test_jobs_go_into_an_entry_with_their_uids(current_job):
    job = current_job()
    uid = Setup.load(job.path).uid
    current_job.finish()
    jobs = [Job(str(job), "name"), Job("test-77", "gone"), Job("test-78", "known")]

    assert job_tuples(jobs, {"test-78": "u78"}) == (
        ("name", str(job), uid),
        ("gone", "test-77", ""),
        ("known", "test-78", "u78"),
    )
