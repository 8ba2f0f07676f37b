"""What the engine does with dataset writers that the method left open.

The writers' module imports pyarrow, so it is looked at only if the method has loaded it.
"""

import sys
from types import ModuleType


def _writers() -> ModuleType | None:
    return sys.modules.get("accelerator.dataset.writer")


def finish_started_datasets() -> None:
    """After prepare: finish the datasets that have been written to, leave the others to analysis and synthesis."""
    if (writers := _writers()) is not None:
        writers.finish_started_in_prepare()


def enter_slice(sliceno: int) -> None:
    """At the start of a slice: writers made in prepare write this slice from now on."""
    if (writers := _writers()) is not None:
        writers.enter_slice(sliceno)


def close_slice(sliceno: int) -> None:
    """At the end of a slice: put on disk what it has written."""
    if (writers := _writers()) is not None:
        writers.close_slice(sliceno)


def finish_datasets() -> None:
    """At the end of the job: finish all datasets."""
    if (writers := _writers()) is not None:
        writers.finish_all()
