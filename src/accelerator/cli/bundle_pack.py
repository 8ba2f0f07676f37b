"""Packing: which jobs and urd entries belong to a bundle, and writing it as one stream."""

import io
import json
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import xxhash

from accelerator.cli import errors
from accelerator.cli.bundle_format import DIGESTS, HEAD, JOBS, LINK, BundledJob, Head
from accelerator.cli.unreferenced import Needs
from accelerator.cli.workspace import Workspace
from accelerator.error import UserError
from accelerator.job import Job
from accelerator.job.record import Post, Setup
from accelerator.job.workdir import Workdir
from accelerator.urd.entry import Entry

__all__ = ["contents", "write"]

_AUTO = "__auto__"
_OURS = frozenset({".lock"})


def contents(workspace: Workspace, asked: Sequence[str]) -> Head:
    """Return what a bundle of some jobs has: all that they need, the build scripts that asked for them, urd entries.

    Args:
        workspace: the project.
        asked: ids of the jobs.

    Raises:
        UserError: one of them has not finished, or a job that is needed is damaged.
    """
    needs = Needs(workspace.config)
    for jobid in asked:
        if not Path(Job(jobid).path, "post.json").exists():
            raise UserError(f"{jobid} has not finished, so it cannot be bundled")
    needed = needs.closure(asked)
    missing = sorted(name for jobid in needed for name in needs.named(jobid) if name not in needed)
    scripts = _scripts(needed, needs) - needed
    bundled = []
    for jobid in needed | scripts:
        directory = Path(Job(jobid).path)
        post, size = Post.load(directory), sum(path.lstat().st_size for path in _files(directory))
        job = BundledJob(job=jobid, uid=post.uid, method=post.method, bytes=size, script=jobid in scripts)
        bundled.append((post.endtime, job))
    # Whatever a job needs had finished before it did.
    jobs = [job for _, job in sorted(bundled, key=lambda pair: pair[0])]
    slices = {name: _slices(workspace, name) for name in sorted({job.job.rpartition("-")[0] for job in jobs})}
    return Head(asked=list(asked), jobs=jobs, slices=slices, missing=missing, urd=_urd_lines(workspace, asked))


def _scripts(jobids: set[str], needs: Needs) -> set[str]:
    found = set()
    for jobid in jobids:
        parent = Setup.load(Path(Job(jobid).path)).parent
        while parent and (directory := needs.directory(parent)) is not None:
            setup = Setup.load(directory)
            if setup.is_build:
                if (directory / "post.json").exists():
                    found.add(parent)
                break
            parent = setup.parent
    return found


def _slices(workspace: Workspace, workdir: str) -> int:
    return Workdir(workdir, workspace.config.workdirs[workdir]).slices() or workspace.config.slices


def _urd_lines(workspace: Workspace, asked: Sequence[str]) -> list[str]:
    """Return the entries that list one of the jobs, with those that they depend on, as lines of an exported urd."""
    if not workspace.config.urd:
        return []
    wanted: dict[tuple[str, str], Entry] = {}
    waiting = [
        entry
        for path in workspace.urd_lists()
        if not path.endswith(f"/{_AUTO}")
        for entry in workspace.urd.entries(path)
        if any(jobid in asked for _, jobid, _ in entry.joblist)
    ]
    while waiting:
        entry = waiting.pop()
        if (entry.path, entry.timestamp) not in wanted:
            wanted[entry.path, entry.timestamp] = entry
            found = (workspace.urd_entry(path, dependency.timestamp) for path, dependency in entry.deps.items())
            waiting.extend(filter(None, found))
    lines: dict[tuple[str, str], str] = {}
    for line in workspace.urd.export_lines():
        record = json.loads(line)
        if record["kind"] == "add":
            key = f"{record['user']}/{record['build']}", record["timestamp"]
            if key in wanted and Entry.from_json(record).same_as(wanted[key]):
                # Where it is taken in, it must not replace another entry.
                lines.pop(key, None)
                lines[key] = json.dumps({**record, "update": False})
    return list(lines.values())


def _files(directory: Path) -> Iterator[Path]:
    """Yield the files, links and empty directories of a job, sorted."""
    for above, directories, names in os.walk(directory):
        directories.sort()
        here = Path(above)
        links = [name for name in directories if (here / name).is_symlink()]
        for name in sorted([*names, *links]):
            if here != directory or name not in _OURS:
                yield here / name
        if not directories and not names:
            yield here


def write(head: Head, out: BinaryIO, progress: Callable[[int], None]) -> None:
    """Write a bundle.

    Args:
        head: what is in it.
        out: where; it is written from the beginning to the end, so it may be a pipe.
        progress: called with numbers of bytes that have been written.

    Raises:
        OSError: something cannot be read or written.
    """
    digests: dict[str, str] = {}
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        _add_text(tar, HEAD, msgspec.json.format(msgspec.json.encode(head), indent=1), digests)
        for job in head.jobs:
            directory = Path(Job(job.job).path)
            for path in _files(directory):
                name = f"{JOBS}/{job.job}/{path.relative_to(directory)}"
                _add(tar, name, path, head, digests)
                progress(path.lstat().st_size)
        _add_text(tar, DIGESTS, json.dumps(digests, indent=0).encode("ascii"), digests)


def _add(tar: tarfile.TarFile, name: str, path: Path, head: Head, digests: dict[str, str]) -> None:
    info = tarfile.TarInfo(name)
    found = path.lstat()
    info.mtime, info.mode = int(found.st_mtime), stat.S_IMODE(found.st_mode) & 0o777
    if stat.S_ISLNK(found.st_mode):
        target = _inside(path, head)
        if target is not None:
            info.type, info.linkname = tarfile.SYMTYPE, target
            digests[name] = LINK + target
            tar.addfile(info)
            return
        if not path.is_file():
            errors.warn(f"{path} is left out: it is a link to {path.readlink()}, which is not in a job of the bundle")
            return
        found = path.stat()  # what is outside comes as a file
    if stat.S_ISDIR(found.st_mode):
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    elif stat.S_ISREG(found.st_mode):
        info.size = found.st_size
        with path.open("rb") as file:
            reader = _Digesting(file)
            tar.addfile(info, reader)  # type: ignore[arg-type]  # tarfile only reads
        digests[name] = reader.digest.hexdigest()
    else:
        errors.warn(f"{path} is left out: it is neither file, directory nor link")


def _inside(path: Path, head: Head) -> str | None:
    """Return where in a job of the bundle a link leads, as ``JOB/FILE``; None if it does not."""
    target = os.path.realpath(path)
    for job in head.jobs:
        root = os.path.realpath(Job(job.job).path) + "/"
        if target.startswith(root) and Path(target).exists():
            return f"{job.job}/{target[len(root) :]}"
    return None


class _Digesting:
    """A file that is digested while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = xxhash.xxh3_128()

    def read(self, size: int) -> bytes:
        """Read some bytes."""
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _add_text(tar: tarfile.TarFile, name: str, data: bytes, digests: dict[str, str]) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))
    digests[name] = xxhash.xxh3_128(data).hexdigest()
