"""Build scripts recorded as jobs: the session itself is the job's process."""

import os
import pickle
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from accelerator.dataset.lifecycle import finish_all
from accelerator.engine.birth import Surroundings, create_build_job
from accelerator.engine.capture import tidy
from accelerator.engine.durable import make_durable
from accelerator.engine.environment import environment
from accelerator.job import CurrentJob
from accelerator.job.context import context
from accelerator.job.record import Failed, Post, Setup
from accelerator.job.running import RunningMarker, mark_process
from accelerator.job.workdir import NewJob, Workdir
from accelerator.method.archive import pack
from accelerator.method.discover import MethodFile
from accelerator.method.source import Snapshot, method_source


@dataclass(slots=True)
class ScriptJob:
    """The job of the running build script.

    Args:
        workdir: where it is.
        new: its directory, just made.
        job: as the script sees it.
        came_from: the directory to go back to.
    """

    workdir: Workdir
    new: NewJob
    job: CurrentJob
    came_from: Path

    @classmethod
    def begin(cls, workdir: Workdir, script: MethodFile, snapshot: Snapshot, options: Mapping[str, Any]) -> Self:
        """Make the job, and make this process the one that runs it: its context, its directory, its marker.

        Args:
            workdir: where.
            script: the script.
            snapshot: where its bytes come from.
            options: what it was started with.

        Raises:
            OSError: the workdir cannot be written.
        """
        source = method_source(snapshot, script)
        around = Surroundings(snapshot.config, None, environment(), None, {})
        new = create_build_job(workdir, script, source, pack(source, (), snapshot), options, around)
        job = CurrentJob(new.jobid)
        mark = mark_process()
        workdir.write_marker(RunningMarker(jobid=new.jobid, uid=new.uid, method=script.module, session=mark))
        self = cls(workdir, new, job, Path.cwd())
        context.enter_job(job, "build")
        os.chdir(new.path)
        return self

    def finish(self, subjobs: Mapping[str, bool], uids: Mapping[str, str]) -> Post:
        """Make the job's files last, and say last that it is finished.

        Args:
            subjobs: the jobs that the script built (True) or found.
            uids: their uids.

        Returns:
            What was recorded.

        Raises:
            OSError: something could not be written.
        """
        setup = Setup.load(self.new.path)
        finish_all()
        self.job.wait_background()
        self.job.auto_register()
        if context.link_results:
            (self.new.path / "link_result.pickle").write_bytes(pickle.dumps((0, list(context.link_results)), 2))
        self.job.remove_temporary()
        files = self.job.kept_files()
        tidy(self.new.path)
        make_durable(self.new.path)
        end = time.time()
        post = Post(
            uid=setup.uid,
            key="",
            method=setup.method,
            source_digest=setup.source_digest,
            starttime=setup.starttime,
            endtime=end,
            exectime={"total": end - setup.starttime},
            files=files,
            subjobs=dict(subjobs),
            subjob_uids={jobid: uids.get(jobid, "") for jobid in subjobs},
            datasets=list(context.finished_datasets),
            is_build=True,
        )
        post.save(self.new.path)
        self._leave()
        return post

    def fail(self, status: Mapping[str, str]) -> None:
        """Leave word of what went wrong."""
        try:
            method = Setup.load(self.new.path).method
            Failed(jobid=self.new.jobid, method=method, status=status, time=time.time()).save(self.new.path)
        except OSError as error:
            # The disk may be full, and the user is told in any case.
            print(f"failed.json could not be written: {error}", file=sys.stderr)  # noqa: T201 - see above
        finally:
            self._leave()

    def _leave(self) -> None:
        context.leave_job()
        self.workdir.remove_marker(self.new.jobid)
        self.new.lock.release()
        if self.came_from.is_dir():
            os.chdir(self.came_from)
