"""Which Python runs a method."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from accelerator.config import Config
from accelerator.error import BuildError

# It must be known before the module is imported.
_LINE = re.compile(rb"""^interpreter\s*(?::[^=]*)?=\s*["']([^"'\n]+)["']""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Python:
    """The Python of a session: it runs the methods that ask for no other, also those that jobs under another build.

    Args:
        path: of the interpreter.
        version: its version, like ``3.12.1``.
    """

    path: str
    version: str

    @classmethod
    def own(cls) -> Self:
        """Return the Python that runs this process."""
        return cls(sys.executable, ".".join(str(part) for part in sys.version_info[:3]))

    @classmethod
    def of_session(cls, order: Mapping[str, Any]) -> Self:
        """Return the Python of the session that a job belongs to.

        Args:
            order: the ``run`` frame of the job.
        """
        return cls(*order["python"])

    def path_for(self, config: Config, name: str | None) -> str:
        """Return the path of the interpreter that a method asks for.

        Args:
            config: the project.
            name: what the method says; None if it says nothing.

        Raises:
            BuildError: the configuration does not know it.
        """
        if name is None:
            return self.path
        if name in config.interpreters:
            return config.interpreters[name]
        major, minor, _ = self.version.split(".")
        if name in {"DEFAULT", major, f"{major}.{minor}", self.version}:
            return self.path
        raise BuildError(
            f"there is no interpreter {name!r}: name it under [interpreters] in {config.path} (known: "
            f"{', '.join(sorted(config.interpreters)) or 'none'})"
        )


def wanted_interpreter(source: bytes) -> str | None:
    """Return the name of the interpreter that a method asks for, None if it does not.

    Args:
        source: bytes of the method's file.
    """
    match = _LINE.search(source)
    return match[1].decode("utf-8", "replace") if match else None
