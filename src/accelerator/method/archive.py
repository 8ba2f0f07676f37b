"""``method.tar.gz``: the exact sources of a job, laid out so that unpacked they can be imported."""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelerator.error import StorageError
from accelerator.method.source import MethodSource, Snapshot

__all__ = ["INDEX", "ArchivedFile", "pack", "unpack"]

INDEX = "sources.json"


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One file out of a ``method.tar.gz``.

    Attributes:
        module: dotted name; ``""`` for a file that ``depend_extra`` names.
        path: where it was when the job was made.
        digest: of its normal form; of its bytes for a file of ``depend_extra``.
        data: its bytes.
    """

    module: str
    path: str
    digest: str
    data: bytes


def pack(source: MethodSource, depend_extra: Sequence[str], snapshot: Snapshot) -> bytes:
    """Pack the source of a method; the same source gives the same bytes.

    Args:
        source: the code.
        depend_extra: absolute paths of further files.
        snapshot: where the bytes come from.

    Returns:
        A gzipped tar: the files, then ``sources.json`` with what is known of each.
    """
    index: dict[str, dict[str, str]] = {}
    contents: dict[str, bytes] = {}
    for file in source.files:
        contents[file.archive_name] = snapshot.read(file.path)
        index[file.archive_name] = {"module": file.module, "path": file.path, "digest": file.digest}
    code = {file.path for file in source.files}
    for path in dict.fromkeys(depend_extra):
        if path not in code:
            data = snapshot.read(path)
            name = _free_name(path, snapshot.config.project_directory, contents)
            contents[name] = data
            index[name] = {"module": "", "path": path, "digest": hashlib.sha256(data).hexdigest()}
    contents[INDEX] = json.dumps(index, indent=4).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), compresslevel=6, mtime=0)


def unpack(packed: bytes) -> dict[str, ArchivedFile]:
    """Read a ``method.tar.gz``.

    Args:
        packed: its bytes.

    Returns:
        Archive name → file, in the order they were packed: the method's own file first.

    Raises:
        StorageError: it is damaged.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            contents = {member.name: stream.read() for member in archive if (stream := archive.extractfile(member))}
        index = json.loads(contents.pop(INDEX))
        return {name: ArchivedFile(**index[name], data=data) for name, data in contents.items()}
    except (tarfile.TarError, zlib.error, OSError, EOFError, LookupError, TypeError, ValueError) as error:
        raise StorageError(f"method.tar.gz is damaged: {error}") from error


def _free_name(path: str, project: Path, taken: dict[str, bytes]) -> str:
    """Name a file by its place in the project, or by its last part if it lies elsewhere."""
    file = Path(path)
    name = file.relative_to(project) if file.is_relative_to(project) else Path("extra", file.name)
    free, number = name, 1
    while free.as_posix() in taken or free.as_posix() == INDEX:
        number += 1
        free = name.with_stem(f"{name.stem}-{number}")
    return free.as_posix()
