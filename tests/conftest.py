"""Fixtures shared by all tests."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import settings

from accelerator.job.context import context
from accelerator.job.current import CurrentJob
from accelerator.job.record import Post, Setup
from accelerator.job.status import begin_part, end_part
from accelerator.job.workdir import NewJob, Workdir

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


class CurrentJobFactory:
    """Makes jobs and enters them in this process, without the engine.

    ``current_job(slices=3, **setup)`` enters a job; keywords beside ``slices`` and ``phase`` are fields of its Setup.
    ``current_job.new()`` finishes it, so that it can be read like any finished job, and enters another one.
    ``current_job.finish()`` only finishes it and returns it as a plain Job id.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.slices = 3
        self.job: CurrentJob | None = None
        self._new: NewJob | None = None

    def __call__(self, slices: int = 3, phase: str = "synthesis", **setup) -> CurrentJob:
        self.slices = slices
        # each number of slices needs a workdir of its own
        name = "test" if slices == 3 else f"test{slices}"
        workdir = Workdir(name, self.directory / name)
        workdir.ensure(slices)
        context.register_workdirs({name: workdir.path})
        context.slices = slices

        def fill(directory: Path, jobid: str, uid: str) -> None:
            record = {"method": "test_method", "package": "test", "starttime": time.time(), **setup}
            Setup(uid=uid, jobid=jobid, slices=slices, **record).save(directory)

        self._new = workdir.create_job(fill)
        self.job = CurrentJob(self._new.jobid)
        os.chdir(self.job.path)
        context.enter_job(self.job, phase)
        begin_part(self._new.path, "synthesis")
        return self.job

    def new(self, phase: str = "synthesis", **setup) -> CurrentJob:
        self.finish()
        return self(self.slices, phase, **setup)

    def finish(self) -> str:
        assert self.job is not None
        assert self._new is not None
        job, setup = self.job, Setup.load(self._new.path)
        job.wait_background()
        job.auto_register()
        post = Post(
            uid=setup.uid, key=setup.key, method=setup.method, source_digest=setup.source_digest,
            starttime=setup.starttime, endtime=time.time(), exectime={"total": 0.5}, files=job.kept_files(),
            subjobs=dict(context.subjobs), datasets=list(context.finished_datasets), is_build=setup.is_build,
        )  # fmt: skip
        job.remove_temporary()
        post.save(self._new.path)
        self.leave()
        return str(job)

    def leave(self) -> None:
        end_part()
        context.leave_job()
        if self._new is not None:
            self._new.lock.release()
        self.job = self._new = None


@pytest.fixture
def current_job(tmp_path):
    """A factory of running jobs, see CurrentJobFactory. Afterwards this process runs no job again."""
    here = Path.cwd()
    factory = CurrentJobFactory(tmp_path / "workdirs")
    yield factory
    factory.leave()
    context.__init__()
    os.chdir(here)
