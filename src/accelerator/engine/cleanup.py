"""What others do for jobs that died: end what they left running, and say what became of them."""

import contextlib
import shutil
import time
from collections.abc import Mapping

from accelerator.engine.capture import tidy
from accelerator.engine.processes import end_marked, kill_group, mark_in_environment
from accelerator.job.record import Failed
from accelerator.job.running import ProcessMark, RunningMarker, mark_process
from accelerator.job.scratch import remove_scratch
from accelerator.job.workdir import NewJob, Workdir


def end_orphans(workdir: Workdir) -> list[str]:
    """End the jobs in a workdir whose session and runner are gone, and clear away half made directories.

    Args:
        workdir: which one.

    Returns:
        The ids of the jobs that were ended or found dead.
    """
    ended = []
    sessions: set[ProcessMark] = set()
    # A workdir that cannot be written has no running jobs of ours, and those of others are theirs to end.
    with contextlib.suppress(OSError):
        for marker in workdir.markers():
            if marker.here() and is_orphan(marker):
                if marker.job is not None and not _is_reused(marker.job):
                    kill_group(marker.job.group)
                if marker.session is not None:
                    sessions.add(marker.session)
                workdir.remove_marker(marker.jobid)
                ended.append(marker.jobid)
        workdir.sweep()
    for session in sessions:
        end_marked(mark_in_environment(session))
    return ended


def leave_word(job: NewJob, method: str, status: Mapping[str, str]) -> None:
    """Say in a job's directory what became of it, if its own process could not say it any more.

    Args:
        job: the job.
        method: its method.
        status: text by component.
    """
    # Best effort: the disk may be full, and whoever asked for the job is told in any case.
    with contextlib.suppress(OSError):
        if not any((job.path / name).exists() for name in ("post.json", "failed.json")):
            shutil.rmtree(job.path / ".status", ignore_errors=True)
            remove_scratch(job.path)
            tidy(job.path)
            Failed(jobid=job.jobid, method=method, status=status, time=time.time()).save(job.path)


def is_orphan(marker: RunningMarker) -> bool:
    """Tell whether neither the session nor the runner of a job lives any more."""
    return not any(mark is not None and mark.alive() for mark in (marker.session, marker.runner))


def _is_reused(mark: ProcessMark) -> bool:
    """Tell whether the pid of a job now belongs to another process: then its group is not ours to end."""
    try:
        now = mark_process(mark.pid)
    except ProcessLookupError:
        # Gone. As long as its group has members the number is not given again.
        return False
    return now.started != mark.started
