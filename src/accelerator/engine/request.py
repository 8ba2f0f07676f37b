"""What is asked for: the call as the user wrote it, and the request as the engine understands it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from accelerator.method.declaration import Declaration
from accelerator.method.normalise import Normalised
from accelerator.method.source import MethodSource
from accelerator.storage.canonical import encode

_KEY_FORMAT = 1


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

    def limit(self, limits: Mapping[str, int]) -> int | None:
        """Return how many slices may run at once, None for any number.

        Args:
            limits: those of the session by method, for all others under an empty name.
        """
        return self.concurrency or limits.get(self.method) or limits.get("") or None


@dataclass(frozen=True, slots=True)
class Request:
    """A call, brought into the one form that decides which job answers it.

    Args:
        call: what was asked.
        declaration: of the method.
        source: the method's source files.
        source_digest: of the source with ``depend_extra``.
        normalised: the parameters.
        references: uid of every job that the parameters name; empty for one that does not exist.
        input_files: what is recorded of the input files.
        key: the identity.
        slices: number of slices.
    """

    call: BuildCall
    declaration: Declaration
    source: MethodSource
    source_digest: str
    normalised: Normalised
    references: Mapping[str, str]
    input_files: Mapping[str, Any]
    key: str
    slices: int

    @property
    def execution(self) -> Mapping[str, Any]:
        """Retries, timeout and so on, as the method and the call say."""
        return {**self.declaration.execution, **(self.call.execution or {})}


def key_of(
    method: str,
    slices: int,
    source_digest: str,
    normalised: Normalised,
    references: Mapping[str, str],
    input_identity: list[Any],
) -> str:
    """Return the identity of a request: equal keys are answered by the same job.

    Args:
        method: its name.
        slices: number of slices.
        source_digest: of the source.
        normalised: the parameters.
        references: uid of every job they name.
        input_identity: what makes the input files the same.

    Returns:
        64 hexadecimal digits.
    """

    def pinned(value: Any) -> Any:
        if isinstance(value, list):
            return [pinned(element) for element in value]
        if not value:
            return value
        job, _, dataset = value.partition("/")
        return [job, references.get(job, ""), dataset]

    identity = [
        "accelerator job",
        _KEY_FORMAT,
        method,
        slices,
        source_digest,
        normalised.identity(),
        {name: pinned(value) for name, value in normalised.datasets.items()},
        {name: pinned(value) for name, value in normalised.jobs.items()},
        [[job, references.get(job, "")] for job in normalised.option_jobs],
        input_identity,
    ]
    return sha256(encode(identity)).hexdigest()


def named_jobs(normalised: Normalised) -> list[str]:
    """Return every job that the parameters name, each once."""
    found: dict[str, None] = {}
    for value in (*normalised.datasets.values(), *normalised.jobs.values()):
        for one in value if isinstance(value, list) else [value]:
            if one:
                found[one.partition("/")[0]] = None
    found.update(dict.fromkeys(filter(None, normalised.option_jobs)))
    return list(found)
