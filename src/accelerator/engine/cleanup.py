"""Ending what sessions that died have left running. Done by whoever uses a workdir next."""

import contextlib

from accelerator.engine.processes import kill_group
from accelerator.job.running import ProcessMark, RunningMarker, mark_process
from accelerator.job.workdir import Workdir


def end_orphans(workdir: Workdir) -> list[str]:
    """End the jobs in a workdir whose session and runner are gone, and clear away half made directories.

    Args:
        workdir: which one.

    Returns:
        The ids of the jobs that were ended or found dead.
    """
    ended = []
    # A workdir that cannot be written has no running jobs of ours, and those of others are theirs to end.
    with contextlib.suppress(OSError):
        for marker in workdir.markers():
            if marker.here() and is_orphan(marker):
                if marker.job is not None and not _is_reused(marker.job):
                    kill_group(marker.job.group)
                workdir.remove_marker(marker.jobid)
                ended.append(marker.jobid)
        workdir.sweep()
    return ended


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
