"""What a call means, and which existing job answers it. Nothing here starts or changes anything."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from accelerator.config import Config
from accelerator.engine import inputs, plan
from accelerator.engine.catalogue import Catalogue
from accelerator.engine.explain import Explanation, Sources, nearest
from accelerator.engine.index import Index, Row
from accelerator.engine.request import BuildCall, Request, key_of, named_jobs
from accelerator.engine.world import World
from accelerator.error import ServerError
from accelerator.job import Job
from accelerator.job.workdir import Workdir
from accelerator.method.normalise import assign_keywords, normalise
from accelerator.storage.fingerprint import DigestCache


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides by what the project, its methods and its finished jobs are.

    Args:
        config: the project.
        index: the finished jobs.
        catalogue: the methods.
        digests: what input files hold.
        reading: called now and then while input files are digested: method, bytes done, bytes expected.
    """

    config: Config
    index: Index
    catalogue: Catalogue
    digests: DigestCache
    reading: Callable[[str, int, int], None] | None = None

    def request(self, call: BuildCall) -> Request:
        """Bring a call into the form that decides which job answers it.

        Raises:
            BuildError: the call makes no sense.
            ServerError: the parameters were refused.
        """
        declaration = self.catalogue.declaration(call.method)
        given = assign_keywords(declaration, call.options, call.datasets, call.jobs, call.keywords)
        normalised = normalise(declaration, *given)
        references = {jobid: self.index.uid(jobid) for jobid in named_jobs(normalised)}
        tell = None if self.reading is None else partial(self.reading, call.method)
        records = inputs.describe(normalised.input_options, self.config, self.digests, tell)
        identity = inputs.identity(records, self.config.input_identity)
        digest = self.catalogue.source_digest(call.method)
        key = key_of(call.method, self.config.slices, digest, normalised, references, identity)
        return Request(
            call,
            declaration,
            self.catalogue.source(call.method),
            digest,
            normalised,
            references,
            records,
            key,
            self.config.slices,
        )

    def workdir(self, name: str | None) -> Workdir:
        """Return the workdir of this name; None is for the one where new jobs go.

        Raises:
            ServerError: there is none of this name.
        """
        name = name or self.config.target_workdir
        path = self.config.workdirs.get(name)
        if path is None:
            known = ", ".join(self.config.workdirs)
            raise ServerError(f"Submit failed: there is no workdir {name!r} (known: {known})")
        return Workdir(name, path)

    def answer(self, request: Request) -> Row | None:
        """Return the finished job that answers a request, None if a new one is needed."""
        return self._world().answer(request)

    def _world(self) -> World:
        return World(self.config, self.index, self.catalogue, self.digests)

    def why(self, call: BuildCall) -> Explanation:
        """Say which job answers a call, or why none does. Nothing is built.

        Raises:
            BuildError: the call makes no sense.
            ServerError: the parameters were refused.
        """
        request = self.request(call)
        row = None if call.force_build else self.answer(request)
        if row is not None:
            return Explanation(call.method, Job(row.jobid, call.name or call.method))
        world = self._world()
        rows = filter(self.index.exists, self.index.of_method(call.method))
        candidates = nearest(
            request,
            rows,
            self.index.directory,
            lambda row: plan.outdated(row, world) if row.key == request.key else None,
            Sources(self.catalogue.source, self.catalogue.snapshot.read),
        )
        return Explanation(call.method, None, candidates)
