"""What a method uses for rows that it has to hold: memory, and beyond that temporary files."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

__all__ = ["memory_of", "temporary_directory"]

# More does not make anything faster: what is in temporary files is in memory too, as long as there is enough.
_MOST: Final = 256 << 20


def memory_of(job: Any) -> int:
    """Return how many bytes this process of a job may hold in memory before it goes on in temporary files.

    Args:
        job: the running job.
    """
    return min(int(job.memory), _MOST)


@contextlib.contextmanager
def temporary_directory(job: Any) -> Iterator[Path]:
    """Give a directory for temporary data, where the configuration wants them; it is gone after the ``with``.

    Args:
        job: the running job.
    """
    place = Path(job.path, ".tmp")
    place.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as name:
        yield Path(name)
