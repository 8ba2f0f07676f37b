"""What a method says about itself: its options, inputs and everything else that stands at module level."""

import pickle
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path, PosixPath, PurePath, PurePosixPath
from typing import Any, Final

from accelerator.error import ServerError
from accelerator.job import JobWithFile
from accelerator.method.discover import MethodFile
from accelerator.method.options import (
    OptionDefault,
    OptionEnum,
    OptionEnumValue,
    OptionFile,
    OptionString,
    RequiredOption,
)

__all__ = ["PATH_TYPES", "PHASES", "TEMPORAL_TYPES", "Declaration", "declare"]

PHASES: Final = ("prepare", "analysis", "synthesis")
PATH_TYPES: Final = (Path, PurePath, PosixPath, PurePosixPath)
TEMPORAL_TYPES: Final = (datetime, date, time, timedelta)
_CONTAINERS: Final = (list, tuple, set, dict)
_TYPES: Final = (str, int, float, bool, *_CONTAINERS, *TEMPORAL_TYPES, *PATH_TYPES, JobWithFile)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a method declares, checked; picklable, so that planning needs no import of the method.

    Attributes:
        method: its name.
        package: dotted name of its package.
        module: dotted name of its module.
        path: absolute path of its file.
        description: first line is the summary, the rest details; ``""`` if none.
        options: option name → template.
        datasets: names of input datasets; ``["name"]`` for one that takes a list.
        jobs: likewise for input jobs.
        depend_extra: absolute paths of files that join the source digest.
        interpreter: name of the Python to run it with; None for the session's own.
        execution: ``retries``, ``timeout`` and whatever the executor knows.
        fork_safe: what the method says about forking after prepare; None if nothing.
        phases: which of prepare, analysis and synthesis it has.
        warnings: things in the module that have no meaning here, a sentence each.
    """

    method: str
    package: str
    module: str
    path: str
    description: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    datasets: tuple[str | list[str], ...] = ()
    jobs: tuple[str | list[str], ...] = ()
    depend_extra: tuple[str, ...] = ()
    interpreter: str | None = None
    execution: Mapping[str, Any] = field(default_factory=dict)
    fork_safe: bool | None = None
    phases: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def parameters(self) -> frozenset[str]:
        """Names of all options, datasets and jobs."""
        inputs = (entry[0] if isinstance(entry, list) else entry for entry in (*self.datasets, *self.jobs))
        return frozenset((*self.options, *inputs))


def declare(module: types.ModuleType, method: MethodFile) -> Declaration:
    """Read and check what a method module declares.

    Args:
        module: the imported method.
        method: where it was found.

    Returns:
        The declaration.

    Raises:
        ServerError: a declaration has a wrong type or does not make sense; the text names it and the mend.
    """
    reader = _Reader(module, method)
    declaration = Declaration(
        method=method.name,
        package=method.package,
        module=method.module,
        path=str(method.path),
        description=reader.optional("description", str, "").strip(),
        options=reader.options(),
        datasets=reader.inputs("datasets"),
        jobs=reader.inputs("jobs"),
        depend_extra=reader.depend_extra(),
        interpreter=reader.optional("interpreter", str, None),
        execution=reader.execution(),
        fork_safe=reader.optional("fork_safe", bool, None),
        phases=tuple(phase for phase in PHASES if callable(getattr(module, phase, None))),
        warnings=reader.warnings(),
    )
    try:
        pickle.dumps(declaration)
    except Exception as error:
        raise reader.error(f"its options cannot be pickled: {error}") from error
    return declaration


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes names out of a module and checks them; every complaint names the method."""

    module: types.ModuleType
    method: MethodFile

    def error(self, text: str) -> ServerError:
        return ServerError(f"Submit failed: method {self.method.name!r} ({self.method.path}): {text}")

    def optional(self, name: str, wanted: type, default: Any) -> Any:
        value = getattr(self.module, name, default)
        if value is not None and not isinstance(value, wanted):
            raise self.error(f"{name} must be {wanted.__name__}, not {value!r}")
        return default if value is None else value

    def options(self) -> dict[str, Any]:
        declared = getattr(self.module, "options", {})
        if not isinstance(declared, Mapping):
            raise self.error(f"options must be a dict, not {type(declared).__name__}")
        for name in declared:
            if not isinstance(name, str):
                raise self.error(f"options: a name must be a str, not {name!r}")
        return {name: self._template(name, declared[name]) for name in declared}

    def _template(self, option: str, template: Any) -> Any:
        """Check a template and drop what only the method's own package could unpickle."""
        if isinstance(template, RequiredOption):
            return RequiredOption(self._template(option, template.value), template.none_ok)
        if isinstance(template, OptionDefault):
            return OptionDefault(self._template(option, template.value), template.default)
        if isinstance(template, dict):
            items = ((str(key), self._template(option, value)) for key, value in template.items())
            # Plain dicts come to the method sorted; the type remembers which ones do not.
            return dict(items) if type(template) is dict else type(template)(items)
        if isinstance(template, set | frozenset):
            return {self._template(option, element) for element in template}
        if isinstance(template, JobWithFile):
            raise self.error(f"option {option!r}: a JobWithFile cannot be an example; write JobWithFile, the type")
        if isinstance(template, list | tuple):
            elements = [self._template(option, element) for element in template]
            return elements if isinstance(template, list) else tuple(elements)
        return self._leaf(option, template)

    def _leaf(self, option: str, template: Any) -> Any:
        known = (OptionEnum, OptionEnumValue, OptionFile, type(OptionString), *TEMPORAL_TYPES, PurePath)
        if template is None or isinstance(template, (bool, *known)):
            return template
        if isinstance(template, type) and template in _TYPES:
            return template
        for base in (str, int, float):
            if isinstance(template, base):
                return base(template)
        raise self.error(
            f"option {option!r}: {template!r} is neither a type nor an example of a type that options can have"
        )

    def inputs(self, kind: str) -> tuple[str | list[str], ...]:
        declared = getattr(self.module, kind, ())
        if isinstance(declared, str):
            raise self.error(f"{kind} must be a tuple of names: write ({declared!r},) with a comma")
        if not isinstance(declared, list | tuple):
            raise self.error(f"{kind} must be a tuple of names, not {type(declared).__name__}")
        names: set[str] = set()
        for entry in declared:
            name = entry[0] if isinstance(entry, list) and len(entry) == 1 else entry
            if not isinstance(name, str) or not name:
                raise self.error(f"{kind}: an entry must be 'name' or ['name'], not {entry!r}")
            if name in names:
                raise self.error(f"{kind}: {name!r} is there twice")
            names.add(name)
        return tuple(list(entry) if isinstance(entry, list) else str(entry) for entry in declared)

    def depend_extra(self) -> tuple[str, ...]:
        declared = getattr(self.module, "depend_extra", ())
        if isinstance(declared, str | bytes | types.ModuleType) or not isinstance(declared, Iterable):
            raise self.error("depend_extra must be a tuple of modules and file names")
        paths = []
        for entry in declared:
            if isinstance(entry, types.ModuleType):
                file = getattr(entry, "__file__", None)
                if file is None:
                    raise self.error(f"depend_extra: module {entry.__name__!r} has no file")
                paths.append(Path(file).absolute())
            elif isinstance(entry, str | PurePath):
                paths.append(self.method.path.parent / entry)
            else:
                raise self.error(f"depend_extra: {entry!r} is neither a module nor a file name")
            if not paths[-1].is_file():
                raise self.error(f"depend_extra: there is no file {paths[-1]}")
        return tuple(map(str, paths))

    def execution(self) -> dict[str, Any]:
        declared = getattr(self.module, "execution", {})
        if not isinstance(declared, Mapping) or not all(isinstance(key, str) for key in declared):
            raise self.error("execution must be a dict with names as keys")
        check_execution(declared, self.error)
        return dict(declared)

    def warnings(self) -> tuple[str, ...]:
        if hasattr(self.module, "equivalent_hashes"):
            instead = f"`ax accept {self.method.name} -m WHY` does its work"
            return (f"{self.method.path}: equivalent_hashes does nothing any more; {instead}",)
        return ()


def check_execution(execution: Mapping[str, Any], error: Any) -> None:
    """Check the keys of ``execution`` that mean the same everywhere.

    Args:
        execution: from a method module or a build call.
        error: makes the exception to raise from a text.

    Raises:
        Exception: what ``error`` made.
    """
    retries = execution.get("retries")
    if retries is not None and (not isinstance(retries, int) or isinstance(retries, bool) or retries < 0):
        raise error(f"execution: retries must be a number of times, 0 or more, not {retries!r}")
    timeout = execution.get("timeout")
    if timeout is not None and (not isinstance(timeout, int | float) or isinstance(timeout, bool) or not timeout > 0):
        raise error(f"execution: timeout must be a number of seconds above 0, not {timeout!r}")
