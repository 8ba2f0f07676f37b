"""The runners of a session, one per interpreter; in a job, the one it came from and those it starts for others."""

import base64
import pickle
from collections.abc import Callable, Mapping
from typing import Any

from accelerator.config import Config
from accelerator.engine.client import Client, RunnerProcess
from accelerator.engine.interpreters import Python, wanted_interpreter
from accelerator.engine.lineage import Lineage
from accelerator.engine.protocol import Frame
from accelerator.error import ServerError
from accelerator.method.declaration import Declaration
from accelerator.method.discover import MethodFile


class Runners:
    """Starts runners when they are needed and knows what they have imported.

    A job asks the runner that it came from. For a method under another interpreter it starts one of its own, which
    ends with it.

    Args:
        config: the project.
        notice: called with what runners tell about jobs that were not asked for here.
        lineage: in a job's process, where it stands.

    Attributes:
        python: what runs methods that ask for no interpreter.
    """

    def __init__(self, config: Config, notice: Callable[[Frame], None], lineage: Lineage | None) -> None:
        self._config = config
        self._notice = notice
        self._above = None if lineage is None else Client(lineage.channel, lineage.order["interpreter"])
        self.python = Python.own() if lineage is None else Python.of_session(lineage.order)
        self._processes: dict[str, RunnerProcess] = {}
        self._environments: dict[tuple[int, str], Mapping[str, Any]] = {}

    def client_for(self, source: bytes) -> Client:
        """Return the runner that can import a method, started if need be.

        Args:
            source: bytes of the method's file.

        Raises:
            BuildError: the method names an interpreter that is not known or does not start.
        """
        python = self.python.path_for(self._config, wanted_interpreter(source))
        if self._above is not None and python == self._above.python:
            return self._above
        runner = self._processes.get(python)
        if runner is None or runner.gone:
            runner = RunnerProcess(self._config, python, self._config.execution.cores, self._notice)
            self._processes[python] = runner
        return runner

    def declare(self, client: Client, file: MethodFile, digest: str, archive: bytes) -> Declaration:
        """Have a runner import a method and tell what it declares.

        Args:
            client: the runner.
            file: the method.
            digest: of its code.
            archive: its sources, packed.

        Raises:
            ServerError: it cannot be imported, or declares nonsense.
        """
        number = client.ask(
            "declare",
            {
                "method": file.name,
                "package": file.package,
                "module": file.module,
                "path": str(file.path),
                "source": digest,
                "archive": base64.b64encode(archive).decode("ascii"),
            },
        )
        answer = client.answer(number)
        if "error" in answer:
            raise ServerError(answer["error"])
        self._environments[id(client), file.name] = answer["environment"]
        declaration: Declaration = pickle.loads(base64.b64decode(answer["declaration"]))
        return declaration

    def environment(self, client: Client, file: MethodFile, digest: str, archive: bytes) -> Mapping[str, Any]:
        """Return what a method will run in: known once the runner has imported it. Arguments as for :meth:`declare`."""
        if (id(client), file.name) not in self._environments:
            self.declare(client, file, digest, archive)
        return self._environments[id(client), file.name]

    def close(self) -> None:
        """End all runners of this session."""
        for runner in self._processes.values():
            runner.close()
        self._processes.clear()
        self._environments.clear()
