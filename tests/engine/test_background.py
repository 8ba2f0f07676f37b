"""Builds that go on while the program does."""

import os
import pickle

import pytest

from accelerator import BuildError, Job, JobError, ServerError

NUMBER = """
    options = {"n": 0}
    jobs = ("source", ["many"])
    def synthesis(options):
        return options.n
"""
# Each waits for its partner: if they did not run at the same time, neither would ever end.
MEET = """
    options = {"n": 0, "directory": ""}
    def synthesis(options):
        with open(f"{options.directory}/{options.n // 2}", "r" if options.n % 2 else "w") as pipe:
            # Who only opened it could be gone before the other one writes.
            pipe.read() if options.n % 2 else pipe.write("here")
    """
GATE = """
    options = {"pipe": "", "n": 0}
    def synthesis(options):
        return open(options.pipe).read()
"""
BAD = """
    jobs = ("source",)
    def synthesis():
        raise ValueError("no good")
"""
DATA = """
    def synthesis(job):
        job.datasetwriter(columns={"a": "int64"}).get_split_write()(7)
"""
READ = """
    datasets = ("source",)
    def synthesis(datasets):
        return list(datasets.source.iterate(None, "a"))
"""


@pytest.fixture
def async_project(make_project):
    project = make_project(slices=1)
    for name, source in {
        "number": NUMBER,
        "meet": MEET,
        "gate": GATE,
        "bad": BAD,
        "data": DATA,
        "read": READ,
    }.items():
        project.method(name, source)
    return project


def test_ten_jobs_of_one_slice_use_both_cores(async_project, tmp_path):
    for number in range(5):
        os.mkfifo(tmp_path / str(number))

    jobs = [async_project.project.build_async("meet", n=n, directory=str(tmp_path)) for n in range(10)]

    assert len({job.job for job in jobs}) == 10


def test_returns_at_once_and_becomes_the_job(async_project, tmp_path):
    os.mkfifo(tmp_path / "gate")
    pending = async_project.project.build_async("gate", pipe=str(tmp_path / "gate"), name="my name")
    assert not isinstance(pending, str)
    assert repr(pending) == "PendingJob('my name')"
    assert pending.method == "my name"
    (tmp_path / "gate").write_text("open")  # waits for the job to read

    assert pending.load() == "open"
    job = pending.job
    assert isinstance(job, Job)
    assert (str(pending), f"{pending}", repr(pending)) == (str(job), f"{job}", repr(job))
    assert {pending: 1}[job] == 1
    assert pending == job
    assert pending != "dev-99"
    assert pickle.loads(pickle.dumps(pending)) == str(job)
    with pytest.raises(AttributeError):
        _ = pending.no_such_thing


def test_given_to_later_builds(async_project):
    project = async_project.project
    first = project.build_async("number", n=1)
    second = project.build_async("number", n=2, source=first)
    both = project.build("number", n=3, source=second, jobs={"many": [first, second]})

    assert both.params.jobs.source == second.job
    assert both.params.jobs.many == [first.job, second.job]
    assert project.build_async("number", n=3, source=second.job, many=[first.job, second.job]) == both
    assert project.build_async("read", source=project.build_async("data")).load() == [7]


def test_the_same_job_asked_for_twice_is_built_once(async_project, tmp_path):
    os.mkfifo(tmp_path / "gate")
    one, other = (async_project.project.build_async("gate", pipe=str(tmp_path / "gate")) for _ in range(2))
    (tmp_path / "gate").write_text("open")

    assert one == other
    assert [kind for kind, _ in async_project.kinds()] == ["started", "waiting", "done", "linked"]


def test_what_needs_a_failed_job_is_not_started(async_project):
    project = async_project.project
    bad = project.build_async("bad")
    needs = project.build_async("number", n=1, source=bad)
    more = project.build_async("number", n=2, source=needs)
    fine = project.build_async("number", n=3)

    with pytest.raises(JobError) as caught:
        _ = more.path
    assert caught.value.method == "bad"
    assert fine.load() == 3
    assert sorted(kind for kind, _ in async_project.kinds()) == ["done", "failed", "started", "started"]
    assert project.wait() is None  # the script knows


def test_an_error_that_nobody_was_told_of_comes_at_the_end_once(async_project):
    project = async_project.project
    project.build_async("bad")
    project.build_async("number", n=3)

    assert isinstance(project.wait(), JobError)
    assert project.wait() is None


@pytest.mark.parametrize(
    ("method", "given", "error"), [("nothing", {}, BuildError), ("number", {"n": "x"}, ServerError)]
)
def test_calls_that_make_no_sense(async_project, method, given, error):
    pending = async_project.project.build_async(method, **given)
    with pytest.raises(error):
        _ = pending.job
    with pytest.raises(error):
        hash(pending)
    with pytest.raises(error):
        async_project.project.build(method, **given)


def test_dropped_are_those_that_have_not_begun(async_project, tmp_path):
    project = async_project.project
    os.mkfifo(tmp_path / "gate")
    gate = project.build_async("gate", pipe=str(tmp_path / "gate"))
    needs = project.build_async("number", n=1, source=gate)
    with (tmp_path / "gate").open("w") as pipe:  # it has begun to read
        project.background.drop()
        pipe.write("open")

    assert project.wait() is None
    assert gate.load() == "open"
    with pytest.raises(BuildError):
        _ = needs.job


def test_closing_ends_what_runs(async_project, tmp_path):
    os.mkfifo(tmp_path / "gate")
    gate = async_project.project.build_async("gate", pipe=str(tmp_path / "gate"))
    with (tmp_path / "gate").open("w"):  # it has begun to read
        async_project.close()
    with pytest.raises(BuildError, match="closed"):
        _ = gate.job
    assert not list(async_project.reopen().engine.index.of_method("gate"))


def test_sources_changed_meanwhile_are_seen(async_project):
    project = async_project.project
    old = project.build_async("number", n=1)
    old.job  # noqa: B018 - waited for
    async_project.method("number", NUMBER.replace("options.n", "-options.n"))
    assert (old.load(), project.build_async("number", n=1).load()) == (1, -1)
