"""Who runs methods: in a session its runners, in a job the runner that it came from."""

import base64
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelerator.config import Config
from accelerator.engine.client import Client, wait
from accelerator.engine.exchange import Exchange
from accelerator.engine.interpreters import Python, wanted_interpreter
from accelerator.engine.lineage import Lineage
from accelerator.engine.protocol import Frame
from accelerator.error import ServerError
from accelerator.method.declaration import Declaration
from accelerator.method.discover import MethodFile


@dataclass(frozen=True, slots=True)
class Place:
    """Where a method runs.

    Args:
        client: whom to ask.
        python: path of the interpreter.
    """

    client: Client
    python: str


class Runners:
    """Knows who runs a method, and what it is that has been imported there.

    A job asks the runner that it came from, also for methods under other interpreters: such a request goes on to the
    session, and from there to the runner of that interpreter.

    Args:
        config: the project.
        notice: called with what runners tell about jobs that were not asked for here.
        lineage: in a job's process, where it stands.

    Attributes:
        python: what runs methods that ask for no interpreter.
    """

    def __init__(self, config: Config, notice: Callable[[Frame], None], lineage: Lineage | None) -> None:
        self._config = config
        self._above = None if lineage is None else Client(lineage.channel)
        self._exchange = Exchange(config, notice)
        self.python = Python.own() if lineage is None else Python.of_session(lineage.order)
        self._environments: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._resting = False

    @property
    def clients(self) -> list[Client]:
        """All who may have something to say."""
        return [*self._exchange.running] if self._above is None else [self._above]

    def place_for(self, source: bytes) -> Place:
        """Return where a method can be imported; a runner is started if need be.

        Args:
            source: bytes of the method's file.

        Raises:
            BuildError: the method names an interpreter that is not known or does not start.
        """
        python = self.python.path_for(self._config, wanted_interpreter(source))
        return Place(self._above or self._exchange.runner(python), python)

    def declare(self, place: Place, file: MethodFile, digest: str, archive: bytes) -> Declaration:
        """Have a runner import a method and tell what it declares.

        Args:
            place: where.
            file: the method.
            digest: of its code.
            archive: its sources, packed.

        Raises:
            ServerError: it cannot be imported, or declares nonsense.
        """
        number = place.client.ask(
            "declare",
            {
                "interpreter": place.python,
                "method": file.name,
                "package": file.package,
                "module": file.module,
                "path": str(file.path),
                "source": digest,
                "archive": base64.b64encode(archive).decode("ascii"),
            },
        )
        while number not in place.client.answers:
            wait(self.clients)
        answer = place.client.answers.pop(number)
        if "error" in answer:
            raise ServerError(answer["error"])
        self._environments[place.python, file.name] = answer["environment"]
        declaration: Declaration = pickle.loads(base64.b64decode(answer["declaration"]))
        return declaration

    def environment(self, place: Place, file: MethodFile, digest: str, archive: bytes) -> Mapping[str, Any]:
        """Return what a method will run in: known once the runner has imported it. Arguments as for :meth:`declare`."""
        if (place.python, file.name) not in self._environments:
            self.declare(place, file, digest, archive)
        return self._environments[place.python, file.name]

    def run(self, place: Place, order: Frame, descriptors: Sequence[int]) -> int:
        """Have a job run.

        Args:
            place: where.
            order: the job.
            descriptors: of its locks.

        Returns:
            The number of the request; with the answer to it a job has its core again.
        """
        self._resting = False
        return place.client.ask("run", order, descriptors)

    def rest(self) -> None:
        """In a job: leave its core to others, as it waits for a job of somebody else, which may need it."""
        if self._above is not None and not self._resting:
            self._resting = True
            self._above.tell({"type": "tokens", "release": 1})

    def resume(self) -> None:
        """In a job that has been at rest: go on as soon as there is a core."""
        if self._above is not None and self._resting:
            self._resting = False
            number = self._above.ask("resume", {})
            while number not in self._above.answers:
                wait(self.clients)
            del self._above.answers[number]

    def close(self) -> None:
        """End all runners of this session."""
        self._exchange.close()
        self._environments.clear()
