"""A workdir full of finished jobs, written directly: what scale costs is measured on it."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from accelerator import Project
from accelerator.engine.request import BuildCall

METHOD = "bench_empty"


def fill(project_directory: Path, count: int) -> None:
    """Add finished jobs to the target workdir of a project, as if each had been built.

    One is really built; the others are its files with their own numbers, uids, options and keys, so that a build of
    the same options finds them. The project's index knows nothing of them yet.

    Args:
        project_directory: of the project; no session may be running.
        count: how many; job number ``n`` has the option ``number=n``.
    """
    with Project.open(project_directory) as project:
        first = project.build(METHOD, number=-1)
        pattern = _Pattern(Path(first.path))
        workdir = pattern.directory.parent
        start = first.number + 1
        for number in range(start, start + count):
            key = project.engine.request(BuildCall(METHOD, {"number": number})).key
            pattern.write(workdir, f"{first.workdir}-{number}", number, key)
        (workdir / ".last").write_bytes(b"%019d\n" % (start + count - 1))


class _Pattern:
    """A finished job, to be repeated.

    Args:
        directory: of the job.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._setup: dict[str, Any] = json.loads((directory / "setup.json").read_bytes())
        self._post: dict[str, Any] = json.loads((directory / "post.json").read_bytes())
        own = {"setup.json", "post.json"}
        self._files = {path.name: path.read_bytes() for path in directory.iterdir() if path.name not in own}

    def write(self, workdir: Path, jobid: str, number: int, key: str) -> None:
        """Write a job that is like this one but for its id, option and key."""
        uid, now = secrets.token_hex(16), time.time()
        self._setup.update(uid=uid, jobid=jobid, key=key, starttime=now, options={"number": number})
        self._post.update(uid=uid, key=key, starttime=now, endtime=now + 0.01)
        path = f"{workdir}/{jobid}"
        os.mkdir(path)  # noqa: PTH102 - a hundred thousand times
        for name, data in self._files.items():
            _write(f"{path}/{name}", data)
        _write(f"{path}/setup.json", json.dumps(self._setup).encode())
        _write(f"{path}/post.json", json.dumps(self._post).encode())
        keys = f"{workdir}/.keys/{key[:2]}"
        os.makedirs(keys, exist_ok=True)  # noqa: PTH103 - likewise
        _write(f"{keys}/{key}", f"{jobid}\n".encode())


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    os.write(descriptor, data)
    os.close(descriptor)


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
