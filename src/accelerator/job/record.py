"""What a job directory says about its job: ``setup.json``, ``post.json`` and ``failed.json``."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import msgspec

from accelerator.error import StorageError
from accelerator.storage.atomic import write_bytes

__all__ = ["Failed", "Post", "Setup"]

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Setup:
    """``setup.json``: what a job was asked to do. Written before the job's directory gets its name, never again.

    It is written and read with the json module because options may hold nan and inf.

    Attributes:
        uid: random name of the job, unlike that of any other job anywhere.
        jobid: ``WORKDIR-NUMBER``.
        method: name of the method; of a build job the full module name.
        package: package of the method; None for build jobs.
        caption: what the caller called it.
        key: identity of the request: equal keys mean the same job.
        source_digest: of the source the job runs.
        slices: number of slices.
        input_directory: from the configuration.
        parent: id of the job that asked for this one.
        seed: a random number for the method to use, 0 to 2**63-1; None for build jobs.
        starttime: Unix time.
        is_build: whether it is a build script.
        project_directory: of the project that made the job.
        concurrency: limit on the slices running at once.
        environment: Python, platform and package versions.
        sources: ``{"module", "path", "digest"}`` of each source file.
        input_files: per option what was found of the file: size, time, digest, …
        references: uid by id, of every job the parameters name.
        options: after conversion and default filling, in JSON form.
        datasets: ids as strings, None, or lists of these.
        jobs: likewise.
        typing: how to get the types of ``options`` back, see :mod:`accelerator.job.restore`.
        execution: retries, timeout, executor, …
        version: of this format.
    """

    uid: str
    jobid: str
    method: str
    package: str | None = None
    caption: str = ""
    key: str = ""
    source_digest: str = ""
    slices: int
    input_directory: str | None = None
    parent: str | None = None
    seed: int | None = None
    starttime: float = 0.0
    is_build: bool = False
    project_directory: str | None = None
    concurrency: int | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    input_files: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    datasets: Mapping[str, Any] = field(default_factory=dict)
    jobs: Mapping[str, Any] = field(default_factory=dict)
    typing: list[Any] = field(default_factory=list)
    execution: Mapping[str, Any] = field(default_factory=dict)
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        """Return the record as it is stored. Options keep their order."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def encode(self) -> bytes:
        """Return the bytes of ``setup.json``."""
        return _encode_json(self.to_dict())

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the record of a job.

        Args:
            directory: of the job.

        Raises:
            FileNotFoundError: the job does not exist.
            StorageError: the file is damaged or of another version.
        """
        path = Path(directory) / "setup.json"
        record = _read_json(path)
        try:
            return cls(**record)
        except TypeError as e:
            raise StorageError(f"{path}: not a job's setup of version {VERSION}: {e}") from e

    def save(self, directory: Path) -> None:
        """Write the record into the directory of a job about to be born; :mod:`workdir` makes it durable.

        Args:
            directory: of the job.
        """
        (Path(directory) / "setup.json").write_bytes(self.encode())


class Post(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """``post.json``: written last; that it exists means that the job has finished.

    Attributes:
        uid, key, method, source_digest, is_build: as in :class:`Setup`.
        starttime, endtime: Unix times.
        exectime: seconds: ``prepare``, ``analysis``, ``per_slice`` (list), ``synthesis``, ``total``; build jobs only
            ``total``.
        files: names relative to the job directory, absolute if outside; sorted; without temporary ones.
        subjobs: direct subjobs: True if made by this job, False if found.
        subjob_uids: their uids.
        datasets: names in the order they were finished.
        input_files: per option size, time and digest of the file that was read.
        version: of this format.
    """

    uid: str
    key: str
    method: str
    source_digest: str
    starttime: float
    endtime: float
    exectime: dict[str, Any]
    files: list[str] = []
    subjobs: dict[str, bool] = {}
    subjob_uids: dict[str, str] = {}
    datasets: list[str] = []
    is_build: bool = False
    input_files: dict[str, Any] = {}
    version: int = VERSION

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the record of a finished job.

        Args:
            directory: of the job.

        Raises:
            FileNotFoundError: the job has not finished, or does not exist.
            StorageError: the file is damaged or of another version.
        """
        path = Path(directory) / "post.json"
        data = path.read_bytes()
        try:
            record = _decode_post(data)
        except msgspec.DecodeError:
            # msgspec refuses lone surrogates, which is what the bytes of a file name that is not UTF-8 become.
            try:
                record = msgspec.convert(json.loads(data), Post)
            except (ValueError, msgspec.ValidationError) as e:
                raise StorageError(f"{path} is damaged: {e}") from e
        if record.version != VERSION:
            raise StorageError(f"{path}: format version {record.version}, this program knows {VERSION}")
        return record  # type: ignore[return-value]  # nobody derives from a record

    def to_dict(self) -> dict[str, Any]:
        """Return the record as it is stored."""
        return msgspec.structs.asdict(self)

    def save(self, directory: Path) -> None:
        """Write the record durably: from here on the job has finished.

        Args:
            directory: of the job; all its other files must be durable already.
        """
        write_bytes(Path(directory) / "post.json", _encode_json(self.to_dict()))


_decode_post = msgspec.json.Decoder(Post).decode


@dataclass(frozen=True, kw_only=True)
class Failed:
    """``failed.json``: what went wrong, written as well as it can be.

    Attributes:
        jobid, method: as in :class:`Setup`.
        status: text by component that failed.
        time: Unix time.
        version: of this format.
    """

    jobid: str
    method: str
    status: Mapping[str, str]
    time: float
    version: int = VERSION

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the record of a failed job.

        Args:
            directory: of the job.

        Raises:
            FileNotFoundError: there is none: the job has not failed, or it was killed.
            StorageError: the file is damaged or of another version.
        """
        path = Path(directory) / "failed.json"
        record = _read_json(path)
        try:
            return cls(**record)
        except TypeError as e:
            raise StorageError(f"{path}: not a failure of version {VERSION}: {e}") from e

    def save(self, directory: Path) -> None:
        """Write the record.

        Args:
            directory: of the job.
        """
        write_bytes(Path(directory) / "failed.json", _encode_json(asdict(self)), durable=False)


def _encode_json(record: dict[str, Any]) -> bytes:
    data = json.dumps(record).encode("ascii")
    try:
        # The json module indents in Python, thirty times slower.
        return msgspec.json.format(data, indent=4) + b"\n"
    except msgspec.DecodeError:  # options may hold nan and inf, which only the json module writes
        return (json.dumps(record, indent=4) + "\n").encode("ascii")


def _read_json(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    try:
        record = json.loads(data)
    except ValueError as e:
        raise StorageError(f"{path} is damaged: {e}") from e
    if not isinstance(record, dict) or record.get("version") != VERSION:
        version = record.get("version") if isinstance(record, dict) else None
        raise StorageError(f"{path}: format version {version!r}, this program knows {VERSION}")
    return record
