"""Workdirs: directories of jobs. Numbers are given once, directories appear whole and go whole."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from accelerator.error import ConfigError, NoSuchJobError, StorageError, UserError
from accelerator.job.running import RunningMarker
from accelerator.job.scratch import remove_scratch
from accelerator.storage.atomic import fsync_directory, fsync_files, fsync_tree, make_directories, symlink, write_bytes
from accelerator.storage.lock import Lock, held

__all__ = ["NewJob", "Workdir"]


@dataclass(frozen=True)
class NewJob:
    """A job just born.

    Attributes:
        jobid: its id.
        uid: its uid.
        path: its directory.
        lock: held: the job counts as running until every process that has this lock open has closed it.
    """

    jobid: str
    uid: str
    path: Path
    lock: Lock


class Workdir:
    """A workdir.

    Args:
        name: of the workdir; the ids of its jobs begin with it.
        path: its directory.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Workdir({self.name!r}, {str(self.path)!r})"

    def ensure(self, slices: int) -> None:
        """Make the workdir if it does not exist, and check that it is for this number of slices.

        Args:
            slices: number of slices.

        Raises:
            ConfigError: it was made for another number of slices, or it cannot be made.
        """
        path = self.path / ".slices"
        known = self.slices()
        if known is None:
            try:
                make_directories(self.path)
                with Lock(self.path / ".alloc"):
                    known = self.slices()
                    if known is None:
                        write_bytes(path, b"%d\n" % slices)
                        known = slices
            except OSError as e:
                raise ConfigError(f"workdir {self.name}: {self.path} cannot be made or written: {e.strerror}") from e
        if known != slices:
            raise ConfigError(
                f"workdir {self.name}: {self.path} is for {known} slices, the configuration says slices = {slices}. "
                f"Say slices = {known}, or choose another workdir"
            )

    def slices(self) -> int | None:
        """Return the number of slices of this workdir; None if it does not exist yet.

        Raises:
            ConfigError: it does not say a number.
        """
        path = self.path / ".slices"
        try:
            text = path.read_text(encoding="ascii", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as e:
            raise ConfigError(f"workdir {self.name}: {path} cannot be read: {e.strerror}") from e
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise ConfigError(f"workdir {self.name}: {path} holds {text!r} and not a number of slices")
        return int(text)

    def number(self, name: str) -> int | None:
        """Return the number of a job of this workdir.

        Args:
            name: a file name or job id.

        Returns:
            None if it is not the id of a job here.
        """
        workdir, dash, digits = name.rpartition("-")
        if not dash or workdir != self.name or not (digits.isascii() and digits.isdecimal()):
            return None
        return int(digits) if digits[0] != "0" or digits == "0" else None

    def jobids(self) -> list[str]:
        """Return the ids of all jobs here, by number, whether finished or not."""
        return [f"{self.name}-{number}" for number in sorted(self._numbers())]

    def unfinished(self) -> list[str]:
        """Return the ids of the jobs here that have not finished, by number: those that run, failed or were killed."""
        top = os.fspath(self.path)
        return [jobid for jobid in self.jobids() if not os.access(f"{top}/{jobid}/post.json", os.F_OK)]

    def _numbers(self) -> Iterator[int]:
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    number = self.number(entry.name)
                    if number is not None:
                        yield number
        except (FileNotFoundError, NotADirectoryError):
            return

    def job_path(self, jobid: str) -> Path:
        """Return the directory that a job of this workdir has.

        Args:
            jobid: its id.

        Raises:
            NoSuchJobError: the id is not one of this workdir.
        """
        if self.number(jobid) is None:
            raise NoSuchJobError(f"{jobid!r} is not a job in workdir {self.name}")
        return self.path / jobid

    def create_job(self, fill: Callable[[Path, str, str], None], *, uid: str | None = None) -> NewJob:
        """Make the directory of a new job. It appears under its id at once with everything in it, durably.

        Args:
            fill: writes ``setup.json`` and ``method.tar.gz``; called with the directory (under another name yet), the
                id and the uid.
            uid: random name of the job; made here by default.

        Returns:
            The job, with its lock held.

        Raises:
            OSError: the directory cannot be written; nothing is left of it.
        """
        uid = uid or os.urandom(16).hex()
        aside = self.path / f".new-{uid}"
        lock = Lock(aside / ".lock")
        try:
            # Whoever sweeps must not find the directory before its lock is held.
            with Lock(self.path / ".alloc"):
                aside.mkdir()
                lock.acquire()
                jobid = f"{self.name}-{self._next_number()}"
            fill(aside, jobid, uid)
            fsync_tree(aside, durable={".lock"})  # there is nothing in it
            final = self.path / jobid
            aside.rename(final)
        except BaseException:
            lock.release()
            shutil.rmtree(aside, ignore_errors=True)
            raise
        fsync_directory(self.path)
        return NewJob(jobid, uid, final, lock.moved(final / ".lock"))

    def receive(self) -> tuple[Path, Lock]:
        """Make a directory where finished jobs that come from elsewhere can be put until :meth:`adopt` takes them.

        Returns:
            The directory, and the lock that keeps others from sweeping it away; the caller deletes and releases.

        Raises:
            OSError: the workdir cannot be written.
        """
        aside = self.path / f".new-{os.urandom(16).hex()}"
        lock = Lock(aside / ".lock")
        with Lock(self.path / ".alloc"):
            aside.mkdir()
            lock.acquire()
        return aside, lock

    def adopt(self, directory: Path) -> None:
        """Make a finished job that comes from elsewhere one of this workdir, under the id that it has.

        Args:
            directory: named by the job's id, complete and durable; it is moved.

        Raises:
            UserError: there is a job of this id.
        """
        final = self.job_path(directory.name)
        number = self.number(directory.name)
        with Lock(self.path / ".alloc"):
            if os.path.lexists(final):
                raise UserError(f"there is a job {directory.name} by now")
            last = self.path / ".last"
            text = last.read_bytes().strip() if last.exists() else b""
            if number is not None and number > (int(text) if text.isdigit() else -1):
                # Given once, even if the job is deleted before the numbers get there.
                write_bytes(last, b"%019d\n" % number)
            directory.rename(final)
        fsync_directory(self.path)

    def _next_number(self) -> int:
        """Return a number that no job here has had or will get again; `.alloc` must be held.

        The number of a job that comes to nothing is lost.
        """
        fd = os.open(self.path / ".last", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            text = os.read(fd, 64).strip()
            last = int(text) if text.isdigit() else -1
            # The file can be behind what is there: made by hand, or lost in a power cut.
            if last < 0 or os.path.lexists(self.path / f"{self.name}-{last + 1}"):
                last = max(last, -1, *self._numbers())
            # Overwritten in place: within one disk block that is whole or not done. It may be behind after a power
            # cut, and then the directories tell; so it is made durable only before one of them goes.
            os.pwrite(fd, b"%019d\n" % (last + 1), 0)
        finally:
            os.close(fd)
        return last + 1

    def link_latest(self, jobid: str) -> None:
        """Make ``NAME-LATEST`` point to a job.

        Args:
            jobid: its id.
        """
        with self._setting_aside():
            symlink(jobid, self.path / f"{self.name}-LATEST")

    def _setting_aside(self) -> Lock:
        """Return the lock under which files may be made aside in the workdir: who sweeps holds it too."""
        return Lock(self.path / ".alloc")

    def is_running(self, jobid: str) -> bool:
        """Say whether any process of a job lives.

        Args:
            jobid: its id.
        """
        return held(self.job_path(jobid) / ".lock")

    def delete_job(self, jobid: str) -> None:
        """Delete a job. Its number is not given again.

        Args:
            jobid: its id.

        Raises:
            NoSuchJobError: there is no such job.
            UserError: it is running.
            StorageError: it cannot be deleted completely; what is left is out of the way under another name.
        """
        path = self.job_path(jobid)
        gone = self.path / f".gone-{os.urandom(8).hex()}"
        with Lock(self.path / ".alloc"):
            if not path.is_dir():
                raise NoSuchJobError(f"No such job: {jobid!r}")
            lock = Lock(path / ".lock")
            if not lock.acquire(blocking=False):
                raise UserError(f"{jobid} is running, so it cannot be deleted (ax abort {jobid} stops it)")
            with lock:
                fsync_files([self.path / ".last"])
                path.rename(gone)
                fsync_directory(self.path)
        latest = self.path / f"{self.name}-LATEST"
        if latest.is_symlink() and not latest.exists():
            latest.unlink(missing_ok=True)
        self.remove_marker(jobid)
        remove_scratch(gone)
        shutil.rmtree(gone, ignore_errors=True)  # somebody who sweeps may be at it too
        if gone.exists():
            raise StorageError(f"{jobid} is deleted, but {gone} could not be removed completely")

    def sweep(self) -> None:
        """Delete what processes that died left half made or half deleted. Nothing that has a job id is touched."""
        with contextlib.suppress(OSError):  # not there, or only for reading: then nothing is left by us either
            aside = list((self.path / ".running").glob(".*.tmp"))
            with os.scandir(self.path) as entries:
                hidden = [self.path / entry.name for entry in entries if entry.name[0] == "."]
            for path in hidden:
                if path.name.startswith(".gone-") or (path.name.startswith(".new-") and self._is_abandoned(path)):
                    remove_scratch(path)
                    shutil.rmtree(path, ignore_errors=True)
                elif path.suffix == ".tmp":
                    aside.append(path)
            if aside:
                with self._setting_aside():
                    for path in aside:
                        path.unlink(missing_ok=True)

    def _is_abandoned(self, path: Path) -> bool:
        with Lock(self.path / ".alloc"):
            return not held(path / ".lock")

    def write_marker(self, marker: RunningMarker) -> None:
        """Say in ``.running`` which processes run a job.

        Args:
            marker: what to say.
        """
        path = self.path / ".running" / marker.jobid
        with self._setting_aside():
            try:
                write_bytes(path, marker.encode(), durable=False)
            except FileNotFoundError:
                path.parent.mkdir(exist_ok=True)
                write_bytes(path, marker.encode(), durable=False)

    def remove_marker(self, jobid: str) -> None:
        """Take the marker of a job away, if there is one.

        Args:
            jobid: its id.
        """
        (self.path / ".running" / jobid).unlink(missing_ok=True)

    def markers(self) -> list[RunningMarker]:
        """Return the markers of all jobs that are running, or were when their processes died."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for path in sorted((self.path / ".running").iterdir()):
                if self.number(path.name) is not None:
                    with contextlib.suppress(FileNotFoundError, StorageError):
                        found.append(RunningMarker.load(path))
        return found
