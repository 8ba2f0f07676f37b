"""A running job: its phase, and how long it will still take."""

from pathlib import Path

import pytest

from accelerator.engine.events import Event
from accelerator.job.status import begin_part, end_part, status
from accelerator.project import Project
from accelerator.script.estimate import Past
from accelerator.script.follow import Follower
from accelerator.script.rate import Rate
from accelerator.script.running import PastRuns, RunningJob


@pytest.fixture
def running(tmp_path):
    (tmp_path / "job").mkdir()
    event = Event("started", "dev-1", tmp_path / "job", "method")
    past = [Past(2.0, 40.0, 8.0)]
    return RunningJob(event=event, follower=Follower(event.path), rate=Rate(2), past=past, start=100.0)


def test_one_that_waits_for_a_core_has_everything_before_it(running):
    running.look(110.0)

    assert (running.phase, running.message, running.left(130.0)) == (None, "", 50.0)


def test_each_phase_counts_from_its_beginning(running):
    seen = []
    for now, part in ((110.0, "prepare"), (111.0, 0), (121.0, "synthesis")):
        begin_part(running.event.path, part)
        with status("outer"), status("counting å"):
            running.look(now)
        end_part()
        seen.append((running.phase, running.entered, running.left(now + 1), running.message))

    assert seen == [
        ("prepare", 110.0, 49.0, "counting å"),
        ("analysis", 111.0, 47.0, "counting å"),
        ("synthesis", 121.0, 7.0, "counting å"),
    ]


def test_without_earlier_runs_nothing_is_known(running):
    running.past = ()
    running.look(110.0)

    assert running.left(120.0) is None


def test_earlier_runs_of_a_method(project):
    project.run_script(
        "def main(urd):\n    for n in range(7):\n        urd.build('number', n=n)\n    urd.build('talk')\n"
    )
    with Project.open(Path(project.directory)) as opened:
        history = PastRuns(opened.engine.index)
        assert len(history("number")) == 5
        assert {run.prepare for run in history("number")} == {0.0}
        assert history("number") is history("number")
        (talk,) = history("talk")
        assert min(talk.prepare, talk.analysis, talk.synthesis) > 0
        assert history("nosuch") == []
