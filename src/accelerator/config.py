"""``accelerator.toml``: found, read strictly, and made into one frozen :class:`Config`."""

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, Self

from accelerator import _lazy
from accelerator.error import ConfigError, UserError

__all__ = ["FILENAME", "MOST_SLICES", "Config", "Execution", "find", "load"]

FILENAME = "accelerator.toml"
MOST_SLICES = 10_000

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", re.ASCII)
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_VARIABLE = re.compile(r"\$\{([^}:]*)(?::-([^}]*))?\}")
# The ways to run slices, and the further keys of [execution] that belong to each.
_EXECUTORS: Mapping[str, frozenset[str]] = {"local": frozenset()}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)i?B?", re.ASCII)
_UNITS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True)
class Execution:
    """Table ``[execution]``: how slices run.

    Attributes:
        executor: name of the executor.
        cores: how many processes may work at once.
        memory: bytes that sorting and the like may use, all slices together.
        temp_directory: for temporary data; a relative one is in the job, and removed at its end.
        extra: further keys, which belong to the executor.
    """

    executor: str = "local"
    cores: int = 1
    memory: int = 1 << 30
    temp_directory: str = ".tmp"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """The configuration of a project. Paths are absolute.

    Attributes:
        path: the file it was read from.
        project_directory: the directory of that file.
        slices: number of slices.
        methods: method packages.
        workdirs: directory by name, in the order of the file.
        target_workdir: name of the workdir where new jobs go.
        result_directory: where ``link_result`` makes its links.
        input_directory: where import methods look.
        urd: SQLAlchemy URL, or ``""`` for no urd.
        input_identity: ``"content"``, ``"stat"`` or ``"name"``: what makes two input files the same.
        interpreters: path of a Python by name.
        execution: how slices run.
    """

    path: Path
    project_directory: Path
    slices: int
    methods: tuple[str, ...]
    workdirs: Mapping[str, Path]
    target_workdir: str
    result_directory: Path
    input_directory: Path
    urd: str
    input_identity: str
    interpreters: Mapping[str, str]
    execution: Execution

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as a value that JSON can hold, for another process."""
        record: dict[str, Any] = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for name in ("path", "project_directory", "result_directory", "input_directory"):
            record[name] = str(record[name])
        record["methods"] = list(self.methods)
        record["workdirs"] = {name: str(path) for name, path in self.workdirs.items()}
        record["interpreters"] = dict(self.interpreters)
        execution = {f.name: getattr(self.execution, f.name) for f in dataclasses.fields(Execution)}
        record["execution"] = {**execution, "extra": dict(self.execution.extra)}
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the configuration that :meth:`to_json` described.

        Args:
            record: its value.
        """
        known = dict(record)
        for name in ("path", "project_directory", "result_directory", "input_directory"):
            known[name] = Path(known[name])
        known["methods"] = tuple(known["methods"])
        known["workdirs"] = {name: Path(path) for name, path in known["workdirs"].items()}
        known["execution"] = Execution(**known["execution"])
        return cls(**known)


def find(start: Path) -> Path:
    """Return the configuration file that governs a directory: the nearest, there or above.

    Args:
        start: the directory.

    Raises:
        UserError: there is none.
    """
    start = Path(start).absolute()
    for directory in (start, *start.parents):
        path = directory / FILENAME
        if path.is_file():
            return path
    raise UserError(f"No {FILENAME} in {start} or a directory above it: 'ax init' makes a project, --config names one")


def load(path: Path) -> Config:
    """Read a configuration file.

    Args:
        path: the file.

    Raises:
        ConfigError: it is missing or not valid; one line that names the file, the key and the mend.
    """
    path = Path(path).absolute()
    try:
        text = path.read_bytes().decode("utf-8")
        values = tomllib.loads(text)
    except OSError as e:
        raise ConfigError(f"{path}: cannot be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {e.start})") from e
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path}: is not valid TOML: {_first_line(str(e))}") from e
    return _Reader(path, values).config()


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""


class _Reader:
    """Takes the values out of a file's tables, checking each."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        self.path = path
        self.values = values
        self.directory = path.parent

    def fail(self, key: str, message: str) -> NoReturn:
        raise ConfigError(f"{self.path}: {key}: {message}")

    def check_keys(self, table: Mapping[str, Any], known: set[str], prefix: str = "") -> None:
        for key in table:
            if key not in known:
                close = _lazy.difflib.get_close_matches(key, known, 1, 0.5)
                mend = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(sorted(known))}"
                self.fail(prefix + key, f"unknown key; {mend}")

    def expanded(self, value: Any, key: str) -> Any:
        """Replace ``${VAR}`` and ``${VAR:-default}`` in all strings of a value."""
        if isinstance(value, str):
            return _VARIABLE.sub(lambda match: self.variable(match, key), value)
        if isinstance(value, list):
            return [self.expanded(item, key) for item in value]
        if isinstance(value, dict):
            return {name: self.expanded(item, f"{key}.{name}") for name, item in value.items()}
        return value

    def variable(self, match: re.Match[str], key: str) -> str:
        name, default = match[1], match[2]
        if not name:
            self.fail(key, f"{match[0]} names no environment variable")
        value = os.environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            self.fail(key, f"the environment variable {name} is not set; set it, or write ${{{name}:-default}}")
        return value

    def text(self, table: Mapping[str, Any], key: str, default: str, prefix: str = "") -> str:
        value = table.get(key, default)
        if not isinstance(value, str):
            self.fail(prefix + key, f"must be a string, not {_shown(value)}")
        if "\0" in value:
            self.fail(prefix + key, "has a NUL character in it")
        return value

    def table(self, key: str) -> dict[str, Any]:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fail(key, f"must be a table [{key}], not {_shown(value)}")
        return value

    def texts(self, key: str) -> dict[str, str]:
        """Return a table that has strings only."""
        table = self.table(key)
        return {name: self.text(table, name, "", f"{key}.") for name in table}

    def resolved(self, key: str, value: str) -> Path:
        if not value:
            self.fail(key, "must name a directory")
        return Path(os.path.normpath(self.directory / Path(value).expanduser()))

    def number(self, table: Mapping[str, Any], key: str, default: int, prefix: str = "") -> int:
        value = table.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self.fail(prefix + key, f"must be a whole number from 1, not {_shown(value)}")
        return value

    def config(self) -> Config:
        self.check_keys(self.values, {f.name for f in dataclasses.fields(Config)} - {"path", "project_directory"})
        self.values = {key: self.expanded(value, key) for key, value in self.values.items()}
        workdirs = self.workdirs()
        return Config(
            path=self.path,
            project_directory=self.directory,
            slices=self.slices(),
            methods=self.methods(),
            workdirs=MappingProxyType(workdirs),
            target_workdir=self.target(workdirs),
            result_directory=self.resolved("result_directory", self.text(self.values, "result_directory", "results")),
            input_directory=self.input_directory(),
            urd=self.urd(),
            input_identity=self.input_identity(),
            interpreters=MappingProxyType(self.interpreters()),
            execution=self.execution(),
        )

    def slices(self) -> int:
        value = self.number(self.values, "slices", os.cpu_count() or 1)
        if value > MOST_SLICES:
            # Each is a process and some files of every dataset: this is a slip of the finger.
            self.fail("slices", f"must be at most {MOST_SLICES}, not {value}")
        return value

    def methods(self) -> tuple[str, ...]:
        value = self.values.get("methods", ["dev", "accelerator.standard_methods"])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self.fail("methods", f'must be a list of package names like ["dev"], not {_shown(value)}')
        for name in value:
            if not _MODULE.fullmatch(name):
                self.fail("methods", f"{name!r} is not the name of a package")
            if value.count(name) > 1:
                self.fail("methods", f"{name!r} is there twice; remove one")
        return tuple(value)

    def workdirs(self) -> dict[str, Path]:
        texts = self.texts("workdirs") if "workdirs" in self.values else {"dev": "workdirs/dev"}
        if not texts:
            self.fail("workdirs", 'has no workdir; write for example dev = "workdirs/dev"')
        found: dict[str, Path] = {}
        for name, text in texts.items():
            if not _NAME.fullmatch(name):
                self.fail(f"workdirs.{name}", "only ASCII letters, digits and _ . + - make a name, not first . + -")
            path = self.resolved(f"workdirs.{name}", text)
            for other, taken in found.items():
                if path == taken:
                    self.fail(f"workdirs.{name}", f"is the same directory as {other!r}; remove one")
            if path.exists() and not path.is_dir():
                self.fail(f"workdirs.{name}", f"{path} is not a directory")
            found[name] = path
        return found

    def target(self, workdirs: Mapping[str, Path]) -> str:
        target = self.text(self.values, "target_workdir", next(iter(workdirs)))
        if target not in workdirs:
            self.fail("target_workdir", f"{target!r} is not in [workdirs], which has {', '.join(workdirs)}")
        return target

    def input_directory(self) -> Path:
        path = self.resolved("input_directory", self.text(self.values, "input_directory", "."))
        if not path.is_dir():
            self.fail("input_directory", f"there is no directory {path}; make it, or name another")
        return path

    def input_identity(self) -> str:
        value = self.text(self.values, "input_identity", "content")
        if value not in {"content", "stat", "name"}:
            self.fail("input_identity", f"must be content, stat or name, not {value!r}")
        return value

    def urd(self) -> str:
        url = self.text(self.values, "urd", "sqlite:///urd.db")
        if not url:
            return ""
        scheme, separator, rest = url.partition("://")
        if not separator or not scheme:
            self.fail("urd", f'{url!r} is not a URL like "sqlite:///urd.db"; "" is for no urd')
        if scheme.partition("+")[0] != "sqlite":
            return url
        name, question, query = rest.removeprefix("/").partition("?")
        if not rest.startswith("/") or not name or name == ":memory:":
            self.fail("urd", f'{url!r} names no file; write for example "sqlite:///urd.db"')
        return f"{scheme}:///{self.resolved('urd', name)}{question}{query}"

    def interpreters(self) -> dict[str, str]:
        found = {}
        for name, text in self.texts("interpreters").items():
            # Not normalised and no links followed: the Python of a virtual environment is a link.
            path = self.directory / Path(text).expanduser()
            if not os.access(path, os.X_OK) or path.is_dir():
                self.fail(f"interpreters.{name}", f"{path} is not a program that can be run")
            found[name] = str(path)
        return found

    def execution(self) -> Execution:
        table = dict(self.table("execution"))
        executor = self.text(table, "executor", "local", "execution.")
        if executor not in _EXECUTORS:
            self.fail("execution.executor", f"there is none but {', '.join(_EXECUTORS)}, not {executor!r}")
        known = {"executor", "cores", "memory", "temp_directory"}
        self.check_keys(table, known | _EXECUTORS[executor], "execution.")
        return Execution(
            executor=executor,
            cores=self.number(table, "cores", _cores(), "execution."),
            memory=self.memory(table),
            temp_directory=self.text(table, "temp_directory", ".tmp", "execution.") or ".tmp",
            extra=MappingProxyType({key: value for key, value in table.items() if key not in known}),
        )

    def memory(self, table: Mapping[str, Any]) -> int:
        value = table.get("memory")
        if value is None:
            return max(_memory() // 2, 1 << 28)
        if isinstance(value, str):
            match = _SIZE.fullmatch(value.strip())
            if match is None:
                self.fail("execution.memory", f"{value!r} is not a size like 8G or 500M")
            value = int(float(match[1]) * 1024 ** _UNITS[match[2]])
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail("execution.memory", f'must be a size like "8G" or a number of bytes, not {_shown(value)}')
        if value < 1 << 20:
            self.fail("execution.memory", f"{value} bytes is too little, at least 1M is needed")
        return value


def _shown(value: Any) -> str:
    return f"{value!r}" if isinstance(value, (str, int, float)) else f"a {type(value).__name__}"


def _cores() -> int:
    # What this process may use, which in a container can be less than there is.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
