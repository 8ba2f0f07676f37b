from pathlib import Path

import pytest

from accelerator import blob, extras
from accelerator.error import NoSuchJobError
from accelerator.job import Job


def test_in_a_job(current_job, monkeypatch, tmp_path):
    before = current_job(options={"x": 1})
    blob.save([1])
    extras.json_save({"a": 1}, sliceno=2)
    job = current_job.new()
    monkeypatch.chdir(tmp_path)
    blob.save("here", "f")

    assert Path(job.path, "f").exists(), "names are of the job wherever the process is"
    assert blob.load("f") == "here"
    assert extras.pickle_load(jobid=before) == [1]
    assert extras.json_load(jobid=before, sliceno=2).a == 1
    assert blob.load(Path(job.path) / "f") == "here"
    for arguments in ({"jobid": before}, {"sliceno": 1}):
        with pytest.raises(AssertionError):
            blob.load("/abs", **arguments)
    with pytest.raises(FileNotFoundError):
        blob.load("none")
    assert extras.job_params(before).options.x == 1
    assert extras.job_post(before) == Job(before).post
    with pytest.raises(NoSuchJobError):
        extras.job_params("test-99")


def test_outside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    extras.json_save([1], "å")
    blob.save(2, "x", sliceno=1)

    assert Path("å").read_text() == "[\n    1\n]\n"
    assert (extras.json_load("å"), blob.load("x", sliceno=1)) == ([1], 2)
    assert extras.job_params(default_empty=True) == {"options": {}, "datasets": {}, "jobs": {}}
    with extras.FileWriteMove("f") as file:
        file.write(b"data")
    assert Path("f").read_bytes() == b"data"


def test_params_of_the_job_one_stands_in(current_job):
    current_job(options={"x": 1})
    assert extras.job_params().options.x == 1
