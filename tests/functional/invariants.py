"""What must hold in a workdir, whoever was killed whenever."""

import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from accelerator.job import Job
from accelerator.job.context import context
from accelerator.job.record import Post, Setup
from accelerator.storage.lock import held


def contents(directory: Path) -> dict:
    """Everything that a finished job gives to others: its files and the rows of its datasets."""
    post = Post.load(directory)
    job = Job(directory.name)
    pickles = {name for name in post.files if name.endswith(".pickle")}
    files = {name: job.load(name) if name in pickles else (directory / name).read_bytes() for name in post.files}
    rows = {}
    for name in post.datasets:
        dataset = job.dataset(name)
        rows[name] = (dataset.lines, list(dataset.iterate(None, sorted(dataset.columns))))
    return {"files": files, "datasets": rows}


def check_jobs(workdir: Path, expected: dict[str, dict]) -> dict[str, str]:
    """Check every job of a workdir.

    Args:
        workdir: its directory.
        expected: by method and options (as :func:`identity` gives them), what the job holds if it is finished.

    Returns:
        The uid of each job by id.
    """
    context.register_workdirs({"dev": workdir})
    made_for = workdir / ".slices"
    # Another test of this process may have left its own number.
    context.slices = int(made_for.read_text()) if made_for.exists() else None
    uids, keys = {}, Counter()
    for directory in job_directories(workdir):
        setup = Setup.load(directory)
        with tarfile.open(directory / "method.tar.gz") as archive:
            assert archive.getnames()
        assert setup.jobid == directory.name
        uids[setup.jobid] = setup.uid
        if (directory / "post.json").exists():
            post = Post.load(directory)
            assert (post.uid, post.key, post.method) == (setup.uid, setup.key, setup.method)
            assert all((directory / name).is_file() for name in post.files)
            for jobid, uid in post.subjob_uids.items():
                assert Post.load(workdir / jobid).uid == uid, f"{directory} is finished, its subjob {jobid} is not"
            if not post.is_build:
                keys[post.key] += 1
                assert contents(directory) == expected[identity(setup)]
    assert len(set(uids.values())) == len(uids)
    assert all(count == 1 for count in keys.values()), "a job was built more than once"
    return uids


def identity(setup: Setup) -> str:
    """Tell jobs of a test apart: method and options."""
    return f"{setup.method} {json.dumps(setup.options, sort_keys=True)}"


def job_directories(workdir: Path) -> Iterator[Path]:
    for directory in workdir.glob("dev-*"):
        if directory.name != "dev-LATEST":
            yield directory


def nothing_is_left_over(workdir: Path) -> None:
    """Check that a workdir holds nothing half made, no marker of a running job, and no lock that is held."""
    known = {".slices", ".last", ".alloc", ".keys", ".running"}
    names = {path.name for path in workdir.iterdir() if not path.name.startswith("dev-")}
    assert names <= known
    assert not list((workdir / ".running").iterdir())
    locks = [workdir / ".alloc", *workdir.glob("dev-*/.lock"), *workdir.glob(".keys/*/*")]
    assert not [path for path in locks if held(path)]
    last = int((workdir / ".last").read_text())
    assert all(int(directory.name.removeprefix("dev-")) <= last for directory in job_directories(workdir))
