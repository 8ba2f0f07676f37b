import copy
import json
import pickle
from collections import OrderedDict
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from accelerator.dataset import DatasetList, NoDataset
from accelerator.error import NoSuchDatasetError, NoSuchJobError, NoSuchWorkdirError
from accelerator.job import CurrentJob, Job, JobWithFile, NoJob
from accelerator.job.context import context
from accelerator.job.joblist import JobList
from accelerator.job.workdir import Workdir


def read(file):
    with file:
        return file.read()


@pytest.mark.parametrize(
    ("jobid", "workdir", "number"),
    [("dev-0", "dev", 0), ("a-b-12", "a-b", 12), ("dev--1", "dev-", 1), ("å.x-3", "å.x", 3)],
)
def test_ids(jobid, workdir, number):
    job = Job(jobid)

    assert (job, job.workdir, job.number) == (jobid, workdir, number)


@pytest.mark.parametrize(
    "jobid",
    ["", "dev", "dev-", "-1", "dev-x", "dev-1x", "dev-+1", "dev-1_0", "dev-٣", "dev-01", "dev- 1", "dev-1\n", None, 3],
)
def test_what_is_no_id(jobid):
    with pytest.raises(NoSuchJobError, match="Not a valid jobid"):
        Job(jobid)


def test_a_job_is_a_str():
    job = Job("dev-1")

    assert job is Job("dev-1") is Job(job)
    assert job is not Job("dev-1", "name")
    assert job is not CurrentJob("dev-1")
    assert job == "dev-1" == Job("dev-1", "name")
    assert {job: 1}["dev-1"] == 1
    assert f"{job}" == "dev-1"
    assert json.dumps([job]) == '["dev-1"]'
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert type(pickle.loads(pickle.dumps(job, protocol))) is str
    assert copy.deepcopy([job])[0] is job is copy.copy(job)


@pytest.mark.parametrize("name", ["number", "workdir", "path", "anything", "method"])
def test_attributes_cannot_be_set(name):
    with pytest.raises(AttributeError):
        setattr(Job("dev-1"), name, 1)


def test_jobs_that_do_not_exist(current_job):
    current_job()

    with pytest.raises(NoSuchWorkdirError, match=r"'nowhere'.*known: test"):
        Job("nowhere-1").path  # noqa: B018
    for name in ("params", "method", "parent", "is_build"):
        with pytest.raises(NoSuchJobError, match="test-99"):
            getattr(Job("test-99"), name)
    with pytest.raises(FileNotFoundError):
        Job("test-99").post  # noqa: B018
    with pytest.raises(FileNotFoundError):
        Job("test-99").load()
    assert Job("test-99").files() == set()
    assert Job("test-99").output() == ""


def test_params_have_their_types(current_job):
    before = str(current_job())
    options = {
        "when": [2024, 2, 29, 1, 2, 3, 4], "days": [[2024, 2, 29], None], "at": [1970, 1, 1, 1, 2, 3, 4], "long": 90.5,
        "where": {"b": "/x", "a": None}, "some": [1, 2], "files": [[before, "f", True, {"x": 1}]],
        "nested": {"x": {"y": [1]}}, "nan": float("nan"), "*": [[2024, 2, 29]],
    }  # fmt: skip
    typing = [
        [["when"], "datetime"], [["days", "*"], "date"], [["at"], "time"], [["long"], "timedelta"],
        [["where", "*"], "Path"], [["some"], "set"], [["files", "*"], "JobWithFile"], [["*", "*"], "date"],
    ]  # fmt: skip
    job = current_job.new(
        options=options, typing=typing, jobs={"one": before, "none": None, "many": [before, None]}, seed=5, caption="c"
    )
    assert "endtime" not in job.params
    assert job.params is not job.params, "not kept while the job runs"
    job = Job(current_job.finish())

    params = job.params
    assert params is job.params
    assert params.options.when == datetime(2024, 2, 29, 1, 2, 3, 4)
    assert params.options.days == [date(2024, 2, 29), None]
    assert params.options.at == time(1, 2, 3, 4)
    assert params.options.long == timedelta(seconds=90.5)
    assert params.options.where == {"b": Path("/x"), "a": None}
    assert list(params.options.where) == ["b", "a"]
    assert params.options.some == {1, 2}
    assert params.options.files == [JobWithFile(Job(before), "f", True, {"x": 1})]
    assert params.options.nested.x.y == [1]
    assert str(params.options.nan) == "nan"
    assert params.options["*"] == [date(2024, 2, 29)]
    assert params.jobs == {"one": before, "none": NoJob, "many": [before, NoJob]}
    assert type(params.jobs.many) is JobList
    assert type(params.jobs.one) is Job
    assert (params.seed, params.caption, params.jobid, params.slices) == (5, "c", job, 3)
    assert type(params.jobid) is Job
    assert params.endtime == job.post.endtime
    assert params.exectime.total == 0.5


def test_relatives(current_job):
    build = str(current_job(is_build=True, method="dev.build_x"))
    child = str(current_job.new(parent=build))
    grandchild = str(current_job.new(parent=child))
    orphan = str(current_job.new())
    current_job.finish()

    assert Job(grandchild).parent == child
    assert Job(grandchild).build_job == build
    assert Job(orphan).parent is NoJob
    assert Job(orphan).build_job is NoJob
    assert (Job(build).is_build, Job(child).is_build) == (True, False)
    assert Job(build).method == "dev.build_x"
    assert Job(build, "name").method == "name"
    assert Job(build).version == 1


def test_files_and_loading(current_job):
    job = current_job()
    job.save({"a": 1})
    job.save([2], "part", sliceno=1)
    job.json_save({"å": [1]}, "x/../j.json")
    with job.open("t\n\udcff.txt", "w") as file:
        file.write("å\n")
    job = Job(current_job.finish())

    assert job.files() == {"result.pickle", "part.1", "j.json", "t\n\udcff.txt"}
    assert job.files("*.json") == {"j.json"}
    assert job.load() == {"a": 1}
    assert job.load("part", 1) == [2]
    assert job.load(Path(job.path) / "part.1") == [2]
    assert job.json_load("j.json").å == [1]
    assert job.json_load("j.json", unicode_as_utf8bytes=True) == {"å".encode(): [1]}
    assert read(job.open("t\n\udcff.txt")) == "å\n"
    assert read(job.open("t\n\udcff.txt", "rb")) == b"\xc3\xa5\n"
    assert job.filename("x") == job.path + "/x"
    assert job.filename(Path("x"), 3) == job.path + "/x.3"
    assert job.filename("/abs/x") == "/abs/x"
    assert job.load("none", default=7) == 7
    assert job.json_load("none", default=None) is None
    with pytest.raises(FileNotFoundError):
        job.load("none")
    for mode in ("w", "a", "xb", "r+"):
        with pytest.raises(AssertionError, match="Only reading"):
            job.open("new", mode)
    with pytest.raises(AssertionError, match="Only reading"):
        job.withfile("new").open("w")


def test_a_default_does_not_hide_damage(current_job):
    job = current_job()
    Path("broken.json").write_text("{")
    Path("broken.pickle").write_bytes(b"\x80")

    with pytest.raises(ValueError):
        job.json_load("broken.json", default=1)
    with pytest.raises(Exception, match=r"pickle|Ran out"):
        job.load("broken.pickle", default=1)


def test_output(current_job):
    job = current_job()
    output = Path("OUTPUT")
    output.mkdir()
    for part, data in {"synthesis": b"s\r\n", "10": b"ten\n", "2": b"two \xff\n", "prepare": "på\n".encode()}.items():
        (output / part).write_bytes(data)

    assert job.output() == "på\ntwo \\xff\nten\ns\n"
    assert job.output("prepare") == "på\n"
    assert job.output("analysis") == "two \\xff\nten\n"
    assert job.output("synthesis") == "s\n"
    assert (job.output(2), job.output(3)) == ("two \\xff\n", "")
    parts = job.output("parts")
    assert type(parts) is OrderedDict
    assert list(parts) == ["prepare", 2, 10, "synthesis"]
    for unknown in ("foo", "2", True):
        with pytest.raises(AssertionError):
            job.output(unknown)


def test_chains(current_job):
    jobs = [str(current_job())]
    for _ in range(4):
        jobs.append(str(current_job.new(jobs={"previous": jobs[-1], "other": jobs[0]})))
    current_job.finish()
    last = Job(jobs[-1])

    assert last.chain() == jobs
    assert last.chain(reverse=True) == jobs[::-1]
    assert last.chain(2) == jobs[-2:]
    assert last.chain(0) == []
    assert last.chain(stop_job=jobs[1]) == jobs[2:]
    assert last.chain(stop_job=last) == []
    assert last.chain(stop_job={Job(jobs[3]): "previous"}) == jobs[3:]
    assert last.chain(stop_job={jobs[3]: "missing"}) == jobs
    assert last.chain(stop_job={NoJob: "previous"}) == jobs
    assert all(type(job) is Job for job in last.chain())


def test_a_long_chain(current_job):
    jobs = [str(current_job())]
    for _ in range(60):
        jobs.append(str(current_job.new(jobs={"previous": jobs[-1]})))
    current_job.finish()

    assert Job(jobs[-1]).chain() == jobs


def test_two_workdirs_of_one_name_are_not_mixed_up(current_job, tmp_path):
    job = Job(current_job(caption="first"))
    current_job.finish()
    assert job.params.caption == "first"
    other = Workdir("test", tmp_path / "other")
    context.register_workdirs({"test": other.path})

    with pytest.raises(NoSuchJobError):
        job.params  # noqa: B018


def test_nojob():
    assert NoJob == ""
    assert not NoJob
    assert isinstance(NoJob, Job)
    assert type(NoJob)() is NoJob
    assert (NoJob.method, NoJob.output, NoJob.number, NoJob.version) == ("", "", -1, -1)
    for name in ("workdir", "filename", "link_result", "open", "params", "path", "post", "withfile", "input_directory"):
        assert getattr(NoJob, name) is None
    assert NoJob.is_build is False
    assert NoJob.parent is NoJob.build_job is NoJob
    assert (NoJob.files(), NoJob.chain(), NoJob.datasets) == (set(), [], [])
    assert NoJob.load() is NoJob.json_load() is None
    assert NoJob.load("x", default=3) == NoJob.json_load(sliceno=1, default=3) == 3
    for load in (NoJob.load, NoJob.json_load):
        for args in ({"filename": "x"}, {"sliceno": 0}):
            with pytest.raises(NoSuchJobError):
                load(**args)
    with pytest.raises(NoSuchDatasetError):
        NoJob.dataset()
    with pytest.raises(NoSuchJobError):
        NoJob.link_to_here()
    assert pickle.loads(pickle.dumps(NoJob)) == ""
    with pytest.raises(NoSuchJobError):
        Job("")


def test_jobwithfile(current_job):
    job = current_job()
    job.save(1, "one")
    job.save(2, "two", sliceno=2)
    job.json_save(3, "three")
    job = Job(current_job.finish())
    one, two, three = (
        job.withfile("one"),
        job.withfile(Path("two"), sliced=1, extra=[1]),
        JobWithFile(str(job), "three"),
    )

    assert tuple(two) == (job, "two", True, [1])
    assert (one.filename(), two.filename(2)) == (job.path + "/one", job.path + "/two.2")
    assert (one.load(), two.load(2), three.json_load()) == (1, 2, 3)
    assert (read(one.open("rb")), read(three.open())) == (Path(job.path, "one").read_bytes(), "3\n")
    assert two.load(1, default="none") == "none"
    for wrong in (lambda: one.filename(0), two.filename, lambda: one.load(1), two.json_load):
        with pytest.raises(AssertionError, match="sliced"):
            wrong()
    with pytest.raises(AssertionError, match="relative"):
        JobWithFile(job, "/abs")
    with pytest.raises(NoSuchJobError):
        JobWithFile("x", "y")

    back = pickle.loads(pickle.dumps(two))
    assert (type(back), back) == (JobWithFile, two)
    assert type(back.job) is Job
    assert json.loads(json.dumps(two)) == [job, "two", True, [1]]
    assert JobWithFile(None, "x").job is NoJob


def test_datasets_of_a_job_without_any(current_job):
    job = current_job(datasets={"one": None, "many": []})
    assert job.datasets == []
    with pytest.raises(NoSuchDatasetError):
        job.dataset()
    job = Job(current_job.finish())

    assert job.params.datasets == {"one": NoDataset, "many": []}
    assert (type(job.params.datasets.many), job.datasets) == (DatasetList, [])
    with pytest.raises(NoSuchDatasetError):
        job.dataset("name")


def test_a_dataset_given_to_a_job_must_exist(current_job):
    before = str(current_job())
    job = current_job.new(datasets={"source": f"{before}/gone"})

    with pytest.raises(NoSuchDatasetError):
        job.params  # noqa: B018
    assert job.method == "test_method", "what needs no dataset can still be asked"
