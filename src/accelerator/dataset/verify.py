"""Reading everything that a dataset has on disk, to see whether it is still what was written."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from accelerator.dataset import manifest as manifests
from accelerator.dataset.manifest import DIRECTORY, FILENAME, File, Manifest
from accelerator.dataset.reader import verified_metadata
from accelerator.error import DatasetCorruptError

__all__ = ["damage"]


def damage(job_directory: Path, uid: str) -> Iterator[tuple[str, str]]:
    """Read every file of a job's datasets and yield what is wrong.

    Files that a dataset shares with other jobs are checked with those.

    Args:
        job_directory: of the job.
        uid: of the job.

    Yields:
        path of the damaged file, and what is the matter with it.
    """
    for path in sorted((job_directory / DIRECTORY).glob(f"*/{FILENAME}")):
        try:
            manifest = manifests.read(path)
        except (DatasetCorruptError, OSError) as error:
            yield str(path), str(error)
            continue
        for name, file in _own_files(manifest, uid, path.parent.name):
            try:
                _read(path.parent / name, file)
            except (OSError, ValueError, pa.ArrowException) as error:
                yield str(path.parent / name), str(error) or type(error).__name__


def _own_files(manifest: Manifest, uid: str, directory: str) -> Iterator[tuple[str, File]]:
    for store in manifest.stores:
        if store.uid == uid and store.directory == directory:
            for files in store.slices:
                yield from ((file.name, file) for file in files)


def _read(path: Path, file: File) -> None:
    """Read a file to its end.

    Raises:
        OSError, ValueError, pa.ArrowException: it is not what was written.
    """
    metadata = verified_metadata(str(path), file)
    if metadata.num_rows != file.rows:
        raise ValueError(f"it has {metadata.num_rows} rows instead of {file.rows}")
    with pq.ParquetFile(
        pa.OSFile(str(path), "rb"), metadata=metadata, page_checksum_verification=True, pre_buffer=False
    ) as opened:
        for group in range(metadata.num_row_groups):
            opened.read_row_group(group, use_threads=False)
