import os
import time

import pytest

from accelerator.job.context import context
from accelerator.job.running import RunningMarker, mark_process
from accelerator.job.status import begin_part, end_part, publish, status
from accelerator.job.workdir import Workdir
from accelerator.script.tree import status_summary, status_tree


@pytest.fixture
def running(current_job):
    """A job that this very process runs, with its marker."""
    job = current_job()
    workdir = Workdir("test", context.workdirs["test"])
    workdir.write_marker(RunningMarker(jobid=str(job), uid="u", method="test_method", job=mark_process()))
    yield job, context.workdirs["test"]
    workdir.remove_marker(str(job))


def test_nothing_runs(tmp_path):
    assert status_tree([tmp_path, tmp_path / "nowhere"]) == status_summary([tmp_path]) == ["Idle."]


def test_a_job_its_status_and_what_it_printed_last(running):
    job, workdir = running
    (workdir / job / "OUTPUT").mkdir()
    (workdir / job / "OUTPUT" / "synthesis").write_text("one\n\ntwo\nthree\n100%\rfour\n")
    with status("counting sheep"), status("black ones"):
        publish()
        lines = status_tree([workdir])

    pid = f"{os.getpid():>6}"
    assert lines[0].startswith(f"{pid} STATUS: {job} test_method (")
    assert lines[1].startswith(f"{pid} STATUS:     counting sheep (")
    assert lines[2].startswith(f"{pid} STATUS:         black ones (")
    assert lines[3].startswith(f"{pid} TAIL OF OUTPUT:")
    assert [line.strip() for line in lines[4:]] == ["three", "100%", "four"]


@pytest.mark.parametrize(
    ("concurrency", "sliceno", "waits"),
    [
        (None, 0, "Waiting for all slices to finish analysis"),
        (1, 1, "waiting for concurrency limit (1)"),
        (1, 2, "Waiting for all slices to finish analysis"),
    ],
)
def test_what_a_job_waits_for_while_its_slices_run(current_job, concurrency, sliceno, waits):
    job = current_job(concurrency=concurrency)
    workdir = Workdir("test", context.workdirs["test"])
    workdir.write_marker(RunningMarker(jobid=str(job), uid="u", method="test_method", job=mark_process()))
    end_part()
    begin_part(workdir.path / job, sliceno)
    with status(f"analysis({sliceno})"):
        publish()
        lines = status_tree([workdir.path])

    pid = f"{os.getpid():>6}"
    assert lines[1].startswith(f"{pid} STATUS:     {waits} (")
    assert lines[2].startswith(f"{pid} STATUS:     analysis({sliceno}) (")


def test_one_line_a_job(running):
    job, workdir = running
    with status("x"):
        publish()
        (line,) = status_summary([workdir])

    assert line.startswith(f"{job} test_method synthesis (")


def test_a_marker_of_a_process_that_is_gone_is_no_job(current_job):
    job = current_job()
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    marker = RunningMarker(jobid=str(job), uid="u", method="m", job=mark_process(child))
    workdir = Workdir("test", context.workdirs["test"])
    workdir.write_marker(marker)
    assert status_tree([workdir.path])[0] != "Idle."
    os.kill(child, 9)
    os.waitpid(child, 0)

    assert status_tree([workdir.path]) == ["Idle."]
