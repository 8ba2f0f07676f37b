"""Deaths at chosen file operations. The work is done by ``faults.c``, preloaded."""

import mmap
import os
import re
import select
import struct
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

# Everything, in place of a sample: a matter of half an hour.
NIGHTLY = bool(os.environ.get("ACCELERATOR_NIGHTLY"))

_CONTROL = struct.Struct("iiiI")


def build_library(directory: Path) -> Path:
    """Compile ``faults.c``."""
    library = directory / "faults.so"
    source = Path(__file__).with_suffix(".c")
    options = ["-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-pthread"]
    subprocess.run(["cc", *options, "-o", library, source, "-ldl"], check=True)
    return library


@dataclass(frozen=True)
class Call:
    """A file operation as ``faults.c`` saw it, or one that a process died at.

    Args:
        role: ``session``, ``runner``, ``job`` or ``slice``.
        name: what it did.
        path: to what, relative to the project; of a rename the old name.
        other: the new name, of a rename.
        succeeded: whether it did anything.
    """

    role: str
    name: str
    path: str
    other: str
    succeeded: bool

    @property
    def kind(self) -> tuple[str, str, str]:
        """Role, call, and a pattern (of ``fnmatch``) for all paths of this kind."""
        return self.role, self.name, _pattern(self.other or self.path)


_VARIABLE = [
    (r"\bdev-\d+\b", "dev-*"),
    (r"\.new-[0-9a-f]{32}", ".new-*"),
    (r"\.\d+-[0-9a-f]{12}\.tmp", ".*.tmp"),
    (r"\.\d+tmp$", ".*tmp"),
    # What SQLite does with its files is not for us to test, only what we make of what it leaves.
    (r"^\.accelerator/\w+\.sqlite.*", ".accelerator/*.sqlite*"),
    (r"^urd\.db.*", "urd.db*"),
    (r"(?<=\.keys/)[0-9a-f]{2}(/[0-9a-f]{64})?", lambda match: "*/*" if match[1] else "*"),
    (r"(?<=[/.-])\d+(?=$|\.parquet$|\.json$)", "*"),
    (r":\[\d+\]$", ":*"),
]


def _pattern(path: str) -> str:
    for variable, pattern in _VARIABLE:
        path = re.sub(variable, pattern, path)
    return path


class Faults:
    """Lets processes of a project die.

    Args:
        library: the compiled ``faults.c``.
        project: an AxProject; what it starts from now on is under our eyes.
    """

    def __init__(self, library: Path, project) -> None:
        self.project = project
        self._control = project.path / "control"
        self._log = project.path / "log"
        self._library = library
        self.arm()

    def arm(
        self, rules: Iterable[str] = (), *, trace: bool = False, chance: int = 0, deaths: int = 0, seed: int = 0
    ) -> None:
        """Say what is to happen in what is started from now on.

        Args:
            rules: lines ``role call count pattern``; each applies once the one before has struck.
            trace: write every call into the log.
            chance: of so many calls one is the last, at random.
            deaths: how many processes may die so.
            seed: of the chance.
        """
        self._control.write_bytes(_CONTROL.pack(0, 0, deaths, 0).ljust(mmap.PAGESIZE, b"\0"))
        self._log.write_bytes(b"")
        self.project.extra_environment = {
            "LD_PRELOAD": str(self._library),
            "FAULTS_ROOT": str(self.project.path),
            "FAULTS_CONTROL": str(self._control),
            "FAULTS_LOG": str(self._log),
            **({"FAULTS_RULES": "\n".join(rules)} if rules else {}),
            **({"FAULTS_TRACE": "1"} if trace else {}),
            **({"FAULTS_CHANCE": f"{chance} {seed}"} if chance else {}),
        }

    def calls(self) -> list[Call]:
        """Everything in the log."""
        lines = os.fsdecode(self._log.read_bytes()).splitlines()
        fields = (line.split("\t") for line in lines)
        return [Call(role, name, *paths, succeeded == "1") for role, name, succeeded, *paths in fields]

    def deaths(self) -> list[Call]:
        """The calls that a process died at."""
        found = [call for call in self.calls() if call.name.startswith("died:")]
        return [replace(call, name=call.name.removeprefix("died:")) for call in found]

    def processes(self) -> list[int]:
        """Every process that was started under our eyes and lives."""
        # Not by the environment: it cannot be seen any more once a process has set its title.
        mark = os.fsencode(self._control)
        found = []
        for directory in Path("/proc").iterdir():
            try:
                if directory.name.isdecimal() and mark in (directory / "maps").read_bytes():
                    found.append(int(directory.name))
            except OSError:  # not ours, or gone
                continue
        return found

    def nobody_is_left(self) -> None:
        """Check that all processes are gone, or are just going."""
        end = time.monotonic() + 10
        while (left := self.processes()) and time.monotonic() < end:
            _wait_for_end(left[0], end - time.monotonic())
        assert not left, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left]


def _wait_for_end(pid: int, seconds: float) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(seconds * 1000)
    finally:
        os.close(descriptor)
