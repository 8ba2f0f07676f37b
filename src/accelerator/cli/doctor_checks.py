"""What ``ax doctor`` looks at. Each check yields what it found, and goes on after a mistake."""

import os
import platform
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from accelerator import _lazy
from accelerator.cli import errors, render
from accelerator.cli.deletion import plural
from accelerator.config import Config
from accelerator.engine.cleanup import is_orphan
from accelerator.engine.index_file import is_busy
from accelerator.error import AcceleratorError, StorageError
from accelerator.job.record import Post, Setup
from accelerator.job.workdir import Workdir
from accelerator.method import accepted
from accelerator.method.discover import find_methods, find_scripts
from accelerator.storage.lock import Lock, held

__all__ = ["Finding", "check_data", "check_disk", "check_index", "check_locks", "check_methods", "check_urd",
           "check_versions", "check_workdirs", "unreadable_index"]  # fmt: skip

Level = Literal["ok", "warning", "error"]

_LITTLE_SPACE = 1 << 30
_INDEX_SPACE = 1 << 20
_LITTLE_SHARE = 0.05
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)\s*$")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        level: ``ok``, ``warning`` or ``error``.
        topic: what was looked at.
        text: what was seen.
        mend: what to do about it.
    """

    level: Level
    topic: str
    text: str
    mend: str = ""


def check_methods(config: Config) -> Iterator[Finding]:
    """Look for the methods, and at what was accepted."""
    try:
        methods, scripts = find_methods(config), find_scripts(config)
        accepted.load(config.project_directory / accepted.FILENAME)
    except AcceleratorError as error:
        yield Finding("error", "methods", str(error))
    else:
        yield Finding("ok", "methods", f"{len(methods)} methods and {len(scripts)} build scripts")


def check_workdirs(config: Config) -> Iterator[Finding]:
    """Look at every workdir, and at the records of its jobs."""
    for name, path in config.workdirs.items():
        topic = f"workdir {name}"
        workdir = Workdir(name, path)
        is_target = name == config.target_workdir
        try:
            slices = workdir.slices()
        except AcceleratorError as error:
            yield Finding("error", topic, str(error), f"write the number of slices into {path / '.slices'}")
            continue
        if slices is None:
            if is_target:
                yield Finding("ok", topic, f"{path} will be made by the first ax run")
            else:
                yield Finding("warning", topic, f"{path} does not exist", f"take it out of {config.path}, or mount it")
            continue
        if is_target and slices != config.slices:
            text = f"{path} is for {slices} slices, the configuration says {config.slices}"
            yield Finding("error", topic, text, f"write slices = {slices} into {config.path}, or use another workdir")
        if is_target and not os.access(path, os.W_OK):
            yield Finding("error", topic, f"{path} cannot be written", "change its permissions, or its owner")
        yield from _check_jobs(workdir, topic)


def _check_jobs(workdir: Workdir, topic: str) -> Iterator[Finding]:
    finished = unfinished = 0
    jobids = workdir.jobids()
    for jobid in jobids:
        try:
            running = workdir.is_running(jobid)
            Setup.load(workdir.job_path(jobid))
            Post.load(workdir.job_path(jobid))
            finished += 1
        except FileNotFoundError:
            unfinished += not running
        except PermissionError as error:
            yield Finding("error", topic, errors.describe(error), "change its permissions, or its owner")
        except (StorageError, OSError) as error:
            yield Finding("error", topic, f"{jobid} is damaged: {error}", f"ax rm --force {jobid}; it is built anew")
    latest = workdir.path / f"{workdir.name}-LATEST"
    if latest.is_symlink() and not latest.exists():
        yield Finding("warning", topic, f"{latest.name} leads nowhere", "the next job that finishes mends it")
    if unfinished:
        yield Finding("warning", topic, f"{plural(unfinished)} did not finish", "ax gc lists and deletes them")
    yield Finding("ok", topic, f"{plural(finished)} finished in {workdir.path}")


def check_locks(config: Config) -> Iterator[Finding]:
    """See whether locks work where the workdirs are, and whether jobs run that nobody waits for."""
    for name, path in config.workdirs.items():
        if not path.is_dir():
            continue
        topic = f"locks {name}"
        if os.access(path, os.W_OK):
            yield _check_lock(path, topic)
        workdir = Workdir(name, path)
        for marker in workdir.markers():
            if not marker.here():
                text = f"{marker.jobid} was running on {marker.host} or before this machine was restarted"
                file = path / ".running" / marker.jobid
                yield Finding("warning", topic, text, f"if it does not run on {marker.host}, delete {file}")
            elif is_orphan(marker):
                text = f"{marker.jobid} ({marker.method}) has lost the session that waited for it"
                yield Finding("warning", topic, text, "the next ax run ends it")


def _check_lock(directory: Path, topic: str) -> Finding:
    probe = directory / f".doctor-{os.getpid()}"
    try:
        with Lock(probe):
            works = held(probe)
    except OSError as error:
        return Finding("error", topic, f"a file in {directory} cannot be locked: {error}", _MEND_LOCKS)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    if works:
        return Finding("ok", topic, "work")
    return Finding("error", topic, f"the file system of {directory} does not keep locks", _MEND_LOCKS)


_MEND_LOCKS = "put the workdir on a local disk, or mount it with locking"


def check_index(config: Config) -> Iterator[Finding]:
    """Look at the index of jobs. It is a cache, so nothing is lost with it."""
    path = config.project_directory / ".accelerator" / "index.sqlite"
    if not path.exists():
        yield Finding("ok", "index", "there is none yet")
        return
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
            (jobs,) = database.execute("SELECT count(*) FROM jobs").fetchone()
        locked = os.access(path, os.W_OK) and _is_locked(path)
    except sqlite3.Error as error:
        yield unreadable_index(path, error, shutil.disk_usage(path.parent).free)
        return
    if answer != "ok":
        yield Finding("error", "index", f"{path} is damaged: {answer}", _mend_index(path))
    elif locked:
        text = f"another process keeps {path} locked"
        yield Finding(
            "warning", "index", text, f"if that goes on, end that process, or delete {path}, which is a cache"
        )
    else:
        yield Finding("ok", "index", f"{plural(jobs)} known")


def _is_locked(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=2, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return is_busy(error)
        database.execute("ROLLBACK")
    return False


def unreadable_index(path: Path, error: sqlite3.Error, free: int) -> Finding:
    """Return what is said of an index that SQLite could not read.

    Args:
        path: the index.
        error: what SQLite said.
        free: bytes free where it is.
    """
    # Even reading takes a little space, for what the readers share; SQLite then speaks of an I/O error.
    if free < _INDEX_SPACE:
        text = f"{path} cannot be read, as the disk is full ({error})"
        return Finding("error", "index", text, f"make space on the disk of {path.parent}")
    return Finding("error", "index", f"{path} cannot be read: {error}", _mend_index(path))


def _mend_index(path: Path) -> str:
    return f"delete {path}; it is made anew"


def check_urd(config: Config) -> Iterator[Finding]:
    """See whether the urd database answers."""
    if not config.urd:
        yield Finding("ok", "urd", "none is configured")
        return
    try:
        database = _lazy.database.Database(config.urd)
        try:
            lists = database.lists()
        finally:
            database.close()
    except AcceleratorError as error:
        yield Finding("error", "urd", str(error), f"see urd in {config.path}")
    else:
        yield Finding("ok", "urd", f"{len(lists)} lists")


def check_disk(config: Config) -> Iterator[Finding]:
    """Look at the free space where things are written."""
    places = {"project": config.project_directory, "workdir": config.workdirs[config.target_workdir]}
    seen = set()
    for path in places.values():
        there = next(parent for parent in (path, *path.parents) if parent.exists())
        device = there.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(there)
        text = f"{render.size(usage.free)} of {render.size(usage.total)} free at {there}"
        if usage.free < _LITTLE_SPACE or usage.free < _LITTLE_SHARE * usage.total:
            yield Finding("warning", "disk", text, "ax gc and ax du show what could go")
        else:
            yield Finding("ok", "disk", text)


def check_versions() -> Iterator[Finding]:
    """Compare the installed packages with what this version needs."""
    wrong = False
    for requirement in requires("accelerator") or ():
        found = _REQUIREMENT.match(requirement)
        if found is None:
            continue  # of an extra, or with a condition
        name, least = found[1], found[2]
        mend = f"pip install '{name}>={least}'"
        try:
            installed = version(name)
        except PackageNotFoundError:
            wrong = True
            yield Finding("error", "versions", f"{name} is not installed", mend)
            continue
        if _numbers(installed) < _numbers(least):
            wrong = True
            yield Finding("error", "versions", f"{name} is {installed}, at least {least} is needed", mend)
    if not wrong:
        yield Finding("ok", "versions", f"accelerator {version('accelerator')}, Python {platform.python_version()}")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("+")[0]))


def check_data(config: Config) -> Iterator[Finding]:
    """Read all data of all datasets."""
    for name, path in config.workdirs.items():
        topic = f"data {name}"
        workdir = Workdir(name, path)
        jobs = damaged = 0
        for jobid in workdir.jobids():
            directory = workdir.job_path(jobid)
            try:
                uid = Post.load(directory).uid
            except (OSError, StorageError):
                continue  # unfinished, or complained of already
            jobs += 1
            for file, reason in _lazy.verify.damage(directory, uid):
                damaged += 1
                yield Finding("error", topic, f"{file}: {reason}", f"ax rm {jobid}; it is built anew")
        if not damaged:
            yield Finding("ok", topic, f"the datasets of {plural(jobs)} are as they were written")
