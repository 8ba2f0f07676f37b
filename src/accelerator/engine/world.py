"""The state of the world, as far as deciding about reuse asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from accelerator.config import Config
from accelerator.engine import inputs, plan
from accelerator.engine.catalogue import Catalogue
from accelerator.engine.index import Index, Row
from accelerator.engine.request import Request, key_of
from accelerator.error import AcceleratorError, StorageError
from accelerator.job.record import Setup
from accelerator.method.normalise import Normalised, fill_defaults
from accelerator.storage.fingerprint import DigestCache


@dataclass(slots=True)
class World:
    """Facts for one decision; what it has found out it remembers.

    Args:
        config: the project.
        index: the finished jobs.
        catalogue: the methods.
        digests: what input files hold.
    """

    config: Config
    index: Index
    catalogue: Catalogue
    digests: DigestCache
    _rows: dict[str, Row | None] = field(default_factory=dict)

    def finished(self, jobid: str) -> Row | None:
        """Return the row of a job that exists and is finished."""
        if jobid not in self._rows:
            row = self.index.get(jobid)
            self._rows[jobid] = row if row is not None and self.index.exists(row) else None
        return self._rows[jobid]

    def is_current(self, method: str, source_digest: str) -> bool:
        """Tell whether this is the present source of the method, or one accepted as equal to it."""
        try:
            return source_digest in self.catalogue.valid_sources(method)
        except AcceleratorError:  # the method is gone or broken: then it is not the present one
            return False

    def changed_input(self, row: Row) -> str | None:
        """Return an input file of the job that has changed."""
        return inputs.changed(row.input_files, self.digests) if row.input_files else None

    def answer(self, request: Request) -> Row | None:
        """Return the job that answers a request, None if a new one is needed."""
        row = plan.choose(self.index.with_key(request.key), self)
        if row is None and len(self.catalogue.valid_sources(request.call.method)) > 1:
            row = plan.choose(self._accepted(request), self)
        return row

    def _accepted(self, request: Request) -> Iterator[Row]:
        """Find jobs of accepted sources that would have the request's key if their source were the present one."""
        valid = self.catalogue.valid_sources(request.call.method)
        for row in self.index.of_method(request.call.method):
            if row.source_digest not in valid or row.source_digest == request.source_digest:
                continue
            try:
                setup = Setup.load(self.index.directory(row.jobid))
            except (OSError, StorageError):
                continue
            parameters = fill_defaults(request.declaration, setup.options, setup.datasets, setup.jobs)
            options, datasets, jobs = parameters
            same = Normalised(options, [], datasets, jobs, (), request.normalised.option_jobs)
            identity = inputs.identity(setup.input_files, self.config.input_identity)
            key = key_of(row.method, setup.slices, request.source_digest, same, setup.references, identity)
            if key == request.key:
                yield row
