import pytest

from accelerator.job import Job
from accelerator.job.joblist import JobList


@pytest.fixture
def jobs():
    return JobList([Job("dev-1", "one"), Job("dev-2", "two"), Job("dev-3", "one")])


def test_finding(jobs):
    assert jobs["one"] == jobs[-1] == jobs.get("one") == "dev-3"
    assert jobs.get("three") is None
    assert jobs.get(7, "x") == "x"
    assert jobs.find("one") == ["dev-1", "dev-3"]
    assert jobs.find("three") == []
    for missing in ("three", 3):
        with pytest.raises(IndexError):
            jobs[missing]


def test_the_type_is_kept(jobs):
    for part in (
        jobs[1:],
        jobs + [Job("dev-4")],  # noqa: RUF005  (this is what is tested)
        jobs + jobs,
        jobs.find("one"),
    ):
        assert type(part) is JobList


def test_text(jobs):
    assert repr(jobs) == "JobList(['dev-1', 'dev-2', 'dev-3'])"
    assert jobs.as_tuples == [("one", "dev-1"), ("two", "dev-2"), ("one", "dev-3")]
    assert JobList([Job("dev-1", "x"), Job("dev-2", "long")]).pretty == (
        "JobList(\n   [  0]    x : dev-1\n   [  1] long : dev-2\n)"
    )
    assert JobList().pretty == "JobList([])"


def test_times(current_job, capsys):
    ids = [str(current_job()), str(current_job.new())]
    current_job.finish()
    jobs = JobList([Job(ids[0], "a"), Job(ids[1], "b"), Job(ids[0], "a")])

    assert jobs.exectime == (1.0, {"a": 0.5, "b": 0.5})
    jobs.print_exectimes()
    assert capsys.readouterr().out == (
        "   a         0.5 seconds   50.0%\n   b         0.5 seconds   50.0%\nTotal time 1.0 seconds\n"
    )
    JobList().print_exectimes()
    jobs.print_exectimes(verbose=False)
    assert capsys.readouterr().out == "Total time 0.0 seconds\nTotal time 1.0 seconds\n"
