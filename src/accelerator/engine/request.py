"""What is asked for: the call as the user wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class BuildCall:
    """A request to build a job, as it was written.

    Args:
        method: name of the method.
        options: options by name.
        datasets: input datasets by name.
        jobs: input jobs by name.
        keywords: parameters whose kind (option, dataset or job) the method's declaration decides.
        caption: text kept in the job if it is built.
        name: the name the job gets in job lists; the method's if None.
        workdir: where a new job goes; the configured target if None.
        force_build: build even if the job exists.
        concurrency: how many slices may run at once; None or 0 is unlimited.
        execution: ``retries`` and ``timeout`` (seconds) of this build.
    """

    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    datasets: Mapping[str, Any] = field(default_factory=dict)
    jobs: Mapping[str, Any] = field(default_factory=dict)
    keywords: Mapping[str, Any] = field(default_factory=dict)
    caption: str | None = None
    name: str | None = None
    workdir: str | None = None
    force_build: bool = False
    concurrency: int | None = None
    execution: Mapping[str, Any] | None = None
