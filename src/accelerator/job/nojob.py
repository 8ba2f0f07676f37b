"""What NoJob says where a job would say something."""

import os
from typing import Any, NoReturn

from accelerator._unset import UNSET
from accelerator.error import NoSuchDatasetError, NoSuchJobError
from accelerator.job import _to_dataset

__all__ = ["NoJobMembers"]

StrPath = str | os.PathLike[str]

# ruff: noqa: ARG002  (the arguments are those of Job's methods, and of no consequence here)


class NoJobMembers:
    """Members of :data:`~accelerator.job.NoJob`: empty, false or -1."""

    __slots__ = ()

    method = ""
    output = ""
    number = version = -1
    workdir = filename = link_result = open = params = path = post = withfile = None
    input_directory = None
    is_build = False

    @property
    def parent(self) -> Any:
        """NoJob (``Job``)."""
        return self

    build_job = parent

    @property
    def datasets(self) -> Any:
        """An empty DatasetList."""
        return _to_dataset.dataset_list()

    def dataset(self, name: str = "default") -> NoReturn:
        """Raise NoSuchDatasetError.

        Args:
            name: of the dataset.

        Raises:
            NoSuchDatasetError: always.
        """
        raise NoSuchDatasetError(f"NoJob has no datasets, and so none called {name!r}")

    def files(self, pattern: str = "*") -> set[str]:
        """Return an empty set.

        Args:
            pattern: of no consequence.
        """
        return set()

    def chain(self, length: int = -1, reverse: bool = False, stop_job: Any = None) -> list[Any]:
        """Return an empty list.

        Args:
            length: of no consequence.
            reverse: of no consequence.
            stop_job: of no consequence.
        """
        return []

    def load(
        self,
        filename: StrPath | None = None,
        sliceno: int | None = None,
        encoding: str = "bytes",
        default: Any = UNSET,
    ) -> Any:
        """Return ``default``, else None.

        Args:
            filename: a name without a ``default`` is an error.
            sliceno: likewise.
            encoding: of no consequence.
            default: what to return.

        Raises:
            NoSuchJobError: a file or slice was named, and no default given.
        """
        if default is not UNSET:
            return default
        if filename is not None or sliceno is not None:
            raise NoSuchJobError("NoJob has no files to load")
        return None

    def json_load(
        self,
        filename: StrPath | None = None,
        sliceno: int | None = None,
        unicode_as_utf8bytes: bool = False,
        default: Any = UNSET,
    ) -> Any:
        """Return ``default``, else None.

        Args:
            filename: a name without a ``default`` is an error.
            sliceno: likewise.
            unicode_as_utf8bytes: of no consequence.
            default: what to return.

        Raises:
            NoSuchJobError: a file or slice was named, and no default given.
        """
        return self.load(filename, sliceno, default=default)

    def link_to_here(self, filename: StrPath = "result.pickle") -> None:
        """Raise NoSuchJobError.

        Args:
            filename: of no consequence.

        Raises:
            NoSuchJobError: always.
        """
        raise NoSuchJobError("NoJob has no files to link to")
