"""Which build script a name on the command line means, and its ``main``."""

import difflib
import inspect
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from accelerator.error import BuildError, UserError
from accelerator.method.discover import MethodFile

__all__ = ["arguments_for", "find_script", "import_script", "main_of"]

_ARGUMENTS = frozenset({"urd", "job"})
_NAMED = frozenset({inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY})


def find_script(name: str, scripts: Mapping[str, MethodFile]) -> MethodFile:
    """Return the script that a name means.

    Args:
        name: ``x`` for the first ``build_x.py`` (or ``buildx``: names that begin with ``build`` are taken as they are)
            in any method package, in alphabetical order; ``package.x`` for the one in that package, of whose name
            the last parts are enough.
        scripts: by module, as :func:`~accelerator.method.discover.find_scripts` returns them.

    Raises:
        BuildError: there is none.
    """
    package, _, last = name.rpartition(".")
    module = last if last.startswith("build") else f"build_{last}"
    candidates = [script for script in scripts.values() if script.name == module]
    if package:
        candidates = [script for script in candidates if f".{script.package}".endswith(f".{package}")]
        # The package itself goes before one whose name only ends so.
        candidates.sort(key=lambda script: (script.package != package, script.package))
    else:
        candidates.sort(key=lambda script: script.package)
    if candidates:
        return candidates[0]
    raise NoSuchScriptError(_not_found(name, module, scripts))


class NoSuchScriptError(BuildError, UserError):
    """There is no such build script."""


def _not_found(name: str, module: str, scripts: Mapping[str, MethodFile]) -> str:
    if not scripts:
        return f"no build script {name!r}: the method packages have no build*.py at all"
    shown = {_short(script): script for script in scripts.values()}
    close = difflib.get_close_matches(name, shown, n=1) or difflib.get_close_matches(
        module, [script.name for script in scripts.values()], n=1
    )
    packages = ", ".join(sorted({script.package for script in scripts.values()}))
    hint = f"did you mean {close[0]}?" if close else f"`ax script` lists those in {packages}"
    return f"no build script {name!r} (a file {module}.py with a function main); {hint}"


def _short(script: MethodFile) -> str:
    """What one would type for a script."""
    return script.name.removeprefix("build_")


def import_script(script: MethodFile) -> ModuleType:
    """Import a script.

    Args:
        script: which one.

    Returns:
        The module.

    Raises:
        UserError: it has no function ``main``.
        Exception: whatever its own code raises.
    """
    __import__(script.module)  # importlib.import_module would leave its frame in the traceback of what fails there
    module = sys.modules[script.module]
    if not callable(getattr(module, "main", None)):
        raise UserError(f"{script.path} has no function main: write `def main(urd):` in it")
    return module


def main_of(script: MethodFile) -> Callable[..., Any]:
    """Import a script and return its main.

    Args:
        script: which one.

    Raises:
        UserError: it has none, or one that wants other arguments than ``urd`` and ``job``.
        Exception: whatever its own code raises.
    """
    main: Callable[..., Any] = import_script(script).main
    for name, parameter in inspect.signature(main).parameters.items():
        if name not in _ARGUMENTS and parameter.default is parameter.empty and parameter.kind in _NAMED:
            raise UserError(f"{script.path}: main() is given urd and job, by name; {name!r} is neither")
    return main


def arguments_for(main: Callable[..., Any], urd: Any, job: Any) -> dict[str, Any]:
    """Return those of the arguments that a main wants, by name."""
    parameters = inspect.signature(main).parameters
    return {name: value for name, value in {"urd": urd, "job": job}.items() if name in parameters}
