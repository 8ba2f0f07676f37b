"""Which finished jobs nothing refers to, for ``ax gc --unreferenced``."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from accelerator.cli.du import disk_use
from accelerator.cli.workspace import Workspace
from accelerator.config import Config
from accelerator.dataset import manifest as manifests
from accelerator.error import AcceleratorError, UserError
from accelerator.job.record import Post, Setup
from accelerator.job.workdir import Workdir

__all__ = ["Needs", "unreferenced"]

_AUTO = "__auto__"


class Needs:
    """What jobs need, read from their directories.

    Args:
        config: the project, whose workdirs have the jobs.
    """

    def __init__(self, config: Config) -> None:
        self._workdirs = {name: Workdir(name, path) for name, path in config.workdirs.items()}
        self._roots = [(os.path.realpath(path), self._workdirs[name]) for name, path in config.workdirs.items()]

    def directory(self, jobid: str) -> Path | None:
        """Return the directory of a job; None if it is not in a workdir of the project."""
        workdir = self._workdirs.get(jobid.rpartition("-")[0])
        if workdir is None or workdir.number(jobid) is None or not workdir.job_path(jobid).is_dir():
            return None
        return workdir.job_path(jobid)

    def closure(self, jobids: Iterable[str]) -> set[str]:
        """Return some jobs with all that they need, also by way of others; ids of jobs that are gone are left out.

        Raises:
            UserError: a job is damaged, so that it is not known what it needs.
        """
        found: set[str] = set()
        waiting = list(jobids)
        while waiting:
            jobid = waiting.pop()
            directory = self.directory(jobid)
            if jobid in found or directory is None:
                continue
            found.add(jobid)
            try:
                waiting.extend(self._direct(directory))
            except FileNotFoundError:
                continue  # unfinished
            except (AcceleratorError, OSError) as error:
                raise UserError(f"{jobid} is damaged, so it is not known what it needs: {error}") from None
        return found

    def named(self, jobid: str) -> set[str]:
        """Return the jobs that an existing job refers to, whether they exist or not."""
        directory = self.directory(jobid)
        return set() if directory is None else set(self._direct(directory))

    def _direct(self, directory: Path) -> Iterator[str]:
        """Yield the jobs that a finished job refers to: parameters, subjobs, parts of its datasets, links."""
        yield from Setup.load(directory).references
        yield from self.linked(directory)
        for path in (directory / manifests.DIRECTORY).glob(f"*/{manifests.FILENAME}"):
            manifest = manifests.read(path)
            yield from (store.job for store in manifest.stores)
            yield from (parent.job for parent in manifest.parents)
            if manifest.previous is not None:
                yield manifest.previous.job
        yield from Post.load(directory).subjobs

    def linked(self, directory: Path) -> Iterator[str]:
        """Yield the jobs that links in a directory, or below it, lead to."""
        for above, directories, files in os.walk(directory):
            for name in (*directories, *files):
                path = os.path.join(above, name)  # noqa: PTH118  # many files: a Path for each takes too long
                if os.path.islink(path):  # noqa: PTH114  # likewise
                    yield from self._owner(os.path.realpath(path))

    def _owner(self, path: str) -> Iterator[str]:
        for root, workdir in self._roots:
            if path.startswith(f"{root}/"):
                name = path[len(root) + 1 :].partition("/")[0]
                if workdir.number(name) is not None:
                    yield name


def unreferenced(workspace: Workspace, *, keep_auto: int, since: float | None, keep_size: int) -> list[str]:
    """Return the finished jobs of the target workdir that nothing refers to, the oldest first.

    Everything that has a place in an urd list is referred to, and so are jobs that links in the result directory lead
    to, jobs in the other workdirs, and all that these need.

    Args:
        workspace: the project.
        keep_auto: how many of the newest entries in each user's ``__auto__`` list count.
        since: jobs that finished after this time stay, with all they need; None: age does not matter.
        keep_size: so many bytes of the newest jobs stay, with all they need.

    Raises:
        UserError: it cannot be said what is referred to.
    """
    config = workspace.config
    needs = Needs(config)
    target = Workdir(config.target_workdir, config.workdirs[config.target_workdir])
    kept = needs.closure(_roots(workspace, needs, keep_auto))
    finished = {jobid: post.endtime for jobid, post in _finished(target)}
    kept |= needs.closure(jobid for jobid, end in finished.items() if since is not None and end > since)
    free = keep_size
    for jobid in sorted(finished, key=lambda job: finished[job], reverse=True):
        if free <= 0:
            break
        if jobid in kept:
            continue
        more = needs.closure([jobid]) - kept
        free -= sum(disk_use(target.job_path(job)) for job in more if job in finished)
        if free >= 0:
            kept |= more
    return [jobid for jobid in target.jobids() if jobid in finished and jobid not in kept]


def _finished(workdir: Workdir) -> Iterator[tuple[str, Post]]:
    for jobid in workdir.jobids():
        try:
            yield jobid, Post.load(workdir.job_path(jobid))
        except (AcceleratorError, OSError):
            continue  # unfinished, or damaged: not for us to throw away


def _roots(workspace: Workspace, needs: Needs, keep_auto: int) -> Iterator[str]:
    config = workspace.config
    lists = workspace.urd_lists()
    if not lists:
        raise UserError("urd has no entry, so nothing would be left; ax rm deletes single jobs")
    for path in lists:
        entries = workspace.urd.entries(path)
        if path.endswith(f"/{_AUTO}"):
            entries = entries[-keep_auto:] if keep_auto else []
        for entry in entries:
            yield from (jobid for _, jobid, _ in entry.joblist)
            if entry.build_job:
                yield str(entry.build_job)
            for dependency in entry.deps.values():
                yield from (jobid for _, jobid, _ in dependency.joblist)
    yield from needs.linked(config.result_directory)
    for name, directory in config.workdirs.items():
        if name != config.target_workdir:
            yield from Workdir(name, directory).jobids()
