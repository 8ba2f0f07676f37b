"""Taking a bundle in: into the workdirs that its jobs are named after, whole or not at all."""

import contextlib
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
import xxhash

from accelerator.cli.bundle_format import DIGESTS, HEAD, JOBS, LINK, BundledJob, Head
from accelerator.error import NoSuchJobError, StorageError, UserError
from accelerator.job.jobdir import parse_jobid
from accelerator.job.record import Post, Setup
from accelerator.job.workdir import Workdir
from accelerator.storage.atomic import fsync_tree

__all__ = ["Taken", "take_in"]

_BLOCK = 1 << 20
_MOST_HEAD = 1 << 28


@dataclass(slots=True)
class Taken:
    """What became of a bundle.

    Args:
        head: what it says it has.
        imported: the jobs that are here now and were not before.
        present: those that were here before.
        left: build scripts whose number another job has here.
        made: directories of workdirs that the project did not have, by name.
    """

    head: Head
    imported: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    made: dict[str, Path] = field(default_factory=dict)


def take_in(
    file: BinaryIO, workdirs: Mapping[str, Path], beside: Path, begin: Callable[[Head], Callable[[int], None]]
) -> Taken:
    """Take in the jobs of a bundle.

    Nothing is changed unless all of it is good; after a crash some jobs may be there, each of them whole, and the
    next try takes in the rest.

    Args:
        file: the bundle; it is read from the beginning to the end, so it may be a pipe.
        workdirs: of the project, by name.
        beside: where workdirs that the project does not have are made.
        begin: called when it is known what the bundle has; returns what to call with numbers of bytes done.

    Raises:
        UserError: it is not a bundle, it is damaged, or its jobs cannot be taken in here.
        OSError: something cannot be written.
    """
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar:
            members = iter(tar)
            head, digest = _head(tar, members)
            taken = Taken(head)
            places = _places(head, workdirs, beside, taken)
            wanted = _decide(head, places, taken)
            with contextlib.ExitStack() as stack:
                for name, path in taken.made.items():
                    if not path.exists():
                        stack.callback(_remove_unused, path, taken)
                    places[name].ensure(head.slices.get(name, 1))
                incoming = _Incoming(wanted, taken.present, places, stack)
                incoming.digests[HEAD] = digest
                incoming.receive(tar, members, begin(head))
                incoming.give_names(taken)
    except tarfile.TarError as error:
        raise UserError(f"this is not a bundle, or it is cut off: {error}") from None
    return taken


def _head(tar: tarfile.TarFile, members: Iterator[tarfile.TarInfo]) -> tuple[Head, str]:
    first = next(members, None)
    if first is None or first.name != HEAD or not first.isreg() or first.size > _MOST_HEAD:
        raise UserError("this is a tar, but not a bundle: ax bundle JOB -o FILE makes one")
    data = _content(tar, first)
    try:
        head = msgspec.json.decode(data, type=Head)
        for job in head.jobs:
            parse_jobid(job.job)
    except (msgspec.DecodeError, NoSuchJobError) as error:
        raise UserError(f"{HEAD} cannot be understood; a newer version may have written it: {error}") from None
    if len({job.job for job in head.jobs}) < len(head.jobs):
        raise UserError(f"{HEAD} has a job twice")
    return head, xxhash.xxh3_128(data).hexdigest()


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None, "a regular file"
    return file.read()


def _places(head: Head, workdirs: Mapping[str, Path], beside: Path, taken: Taken) -> dict[str, Workdir]:
    """Return the workdir of each name in the bundle; those that the project does not have are noted in ``taken``."""
    found = {}
    for name in {job.job.rpartition("-")[0] for job in head.jobs}:
        path = workdirs.get(name)
        if path is None:
            path = beside / name
            if "/" in name or name.startswith(".") or (path.exists() and not _is_workdir(path)):
                raise UserError(f"there is no workdir {name!r} in this project, and {path} cannot become it")
            taken.made[name] = path
        workdir = found[name] = Workdir(name, path)
        slices = workdir.slices()
        if slices is not None and slices != head.slices.get(name):
            raise UserError(
                f"the bundle's jobs of workdir {name} have {head.slices.get(name)} slices, {path} is for {slices}"
            )
    return found


def _is_workdir(path: Path) -> bool:
    return path.is_dir() and ((path / ".slices").exists() or not any(path.iterdir()))


def _decide(head: Head, places: Mapping[str, Workdir], taken: Taken) -> dict[str, BundledJob]:
    """Return the jobs that are not here yet.

    Raises:
        UserError: other jobs have their numbers.
    """
    wanted, others = {}, []
    for job in head.jobs:
        directory = places[job.job.rpartition("-")[0]].job_path(job.job)
        if not os.path.lexists(directory):
            wanted[job.job] = job
        elif _uid(directory) == job.uid:
            taken.present.append(job.job)
        elif job.script:
            taken.left.append(job.job)
        else:
            others.append(job.job)
    if others:
        names = ", ".join(others[:5]) + (" and others" if len(others) > 5 else "")
        name = others[0].rpartition("-")[0]
        raise UserError(
            f"this project has other jobs called {names}. Jobs name each other, so they cannot be renumbered: import "
            f"the bundle in a project whose workdirs have other names (rename {name!r} under [workdirs] in a new one)"
        )
    return wanted


def _uid(directory: Path) -> str | None:
    try:
        return Setup.load(directory).uid
    except (OSError, StorageError):
        return None


class _Incoming:
    """Jobs that are being received, under other names.

    Args:
        wanted: the jobs to take, by id.
        present: jobs of the bundle that are here already.
        places: the workdirs.
        stack: cleans up.
    """

    def __init__(
        self,
        wanted: Mapping[str, BundledJob],
        present: Collection[str],
        places: Mapping[str, Workdir],
        stack: contextlib.ExitStack,
    ) -> None:
        self._wanted = wanted
        self._known = {*wanted, *present}
        self._places = places
        self._stack = stack
        self._aside: dict[str, Path] = {}
        self._links: dict[Path, str] = {}
        self._times: list[tuple[Path, float]] = []
        self.digests: dict[str, str] = {}

    def receive(
        self, tar: tarfile.TarFile, members: Iterator[tarfile.TarInfo], progress: Callable[[int], None]
    ) -> None:
        """Write all files aside, and check that they are what was packed."""
        said: dict[str, str] | None = None
        for member in members:
            if member.name == DIGESTS and member.isreg():
                said = json.loads(_content(tar, member))
                break
            try:
                self._take(tar, member)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                raise _strange(member) from None
            progress(member.size)
        if said is None:
            raise UserError("the bundle is cut off; nothing was imported")
        if said != self.digests:
            name = next(name for name in {**said, **self.digests} if said.get(name) != self.digests.get(name))
            raise UserError(f"the bundle is damaged: {name} is not what was packed; nothing was imported")
        for link, target in self._links.items():
            job, _, rest = target.partition("/")
            link.symlink_to(self._place(job).job_path(job) / rest)
        for path, seconds in self._times:
            os.utime(path, (seconds, seconds))

    def _place(self, jobid: str) -> Workdir:
        return self._places[jobid.rpartition("-")[0]]

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Write one file; or only digest it, if its job is not wanted."""
        top, jobid, *rest = (*member.name.split("/"), "")[:-1] if "/" in member.name else ("", "")
        if top != JOBS or not rest or not all(rest) or {".", ".."}.intersection(rest) or "\0" in member.name:
            raise _strange(member)
        wanted = jobid in self._wanted
        path = self._directory(jobid).joinpath(*rest) if wanted else None
        if path is not None:
            # Links are made last, so that no name leads out of the directory.
            path.parent.mkdir(parents=True, exist_ok=True)
        if member.issym():
            self.digests[member.name] = LINK + member.linkname
            parts = member.linkname.split("/")
            if len(parts) < 2 or parts[0] not in self._known or {"", ".", ".."}.intersection(parts[1:]):
                raise _strange(member)
            if path is not None:
                self._links[path] = member.linkname
        elif member.isdir():
            if path is not None:
                path.mkdir(exist_ok=True)
        elif member.isreg():
            self.digests[member.name] = _copied(tar, member, path)
            if path is not None:
                self._times.append((path, member.mtime))
        else:
            raise _strange(member)

    def _directory(self, jobid: str) -> Path:
        """Return where a job is received: beside the others of its workdir, under one lock."""
        name = jobid.rpartition("-")[0]
        if name not in self._aside:
            aside, lock = self._places[name].receive()
            self._aside[name] = aside
            self._stack.callback(shutil.rmtree, aside, ignore_errors=True)
            self._stack.callback(lock.release)
        return self._aside[name] / jobid

    def give_names(self, taken: Taken) -> None:
        """Give the jobs their names, each after those that it needs."""
        for jobid, job in self._wanted.items():
            if not _is_job(self._directory(jobid), job):
                raise UserError(f"the bundle is damaged: {jobid} in it is not a finished job; nothing was imported")
        for jobid in self._wanted:
            fsync_tree(self._directory(jobid))
        for jobid in self._wanted:
            self._place(jobid).adopt(self._directory(jobid))
            taken.imported.append(jobid)


def _copied(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path | None) -> str:
    """Write a file, if there is a path, and return its digest."""
    source = tar.extractfile(member)
    assert source is not None, "a regular file"
    digest = xxhash.xxh3_128()
    with contextlib.ExitStack() as stack:
        out = None
        if path is not None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            out = stack.enter_context(open(os.open(path, flags, (member.mode & 0o777) | 0o600), "wb"))  # noqa: PTH123 - a descriptor
        while data := source.read(_BLOCK):
            digest.update(data)
            if out is not None:
                out.write(data)
    return digest.hexdigest()


def _is_job(directory: Path, job: BundledJob) -> bool:
    try:
        setup, post = Setup.load(directory), Post.load(directory)
    except (OSError, StorageError):
        return False
    return (setup.jobid, setup.uid, post.uid) == (job.job, job.uid, job.uid)


def _strange(member: tarfile.TarInfo) -> UserError:
    return UserError(f"this is not a bundle that ax wrote: {member.name!r} cannot be in one; nothing was imported")


def _remove_unused(directory: Path, taken: Taken) -> None:
    """Take a workdir away that was made for jobs which did not come."""
    if not taken.imported:
        shutil.rmtree(directory, ignore_errors=True)
