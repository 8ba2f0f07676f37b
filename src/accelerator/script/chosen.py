"""What ``ax run`` was asked for: which scripts, and what they are told."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelerator.error import BuildError, UserError
from accelerator.method.discover import MethodFile, find_methods, find_scripts
from accelerator.project import Project
from accelerator.script.find import find_script
from accelerator.script.urd import Scripted
from accelerator.urd.timestamp import normalise

__all__ = ["Chosen", "choose", "parse_concurrency"]


def parse_concurrency(specs: Iterable[str]) -> dict[str, int]:
    """Read limits on how many slices run at once.

    Args:
        specs: ``method=N`` for one method, ``N`` for all others.

    Returns:
        Limit by method, ``""`` for all others.

    Raises:
        BuildError: neither of these.
    """
    limits = {}
    for spec in specs:
        method, _, number = spec.rpartition("=")
        if not (number.isascii() and number.isdecimal()) or ("=" in spec and not method):
            raise BuildError(f"concurrency {spec!r}: write N, or METHOD=N")
        limits[method] = int(number)
    return limits


def _check_methods(project: Project, concurrency: Mapping[str, int]) -> None:
    """Refuse limits for methods that do not exist: they would be none."""
    named = [method for method in concurrency if method]
    known = find_methods(project.config) if named else {}
    for method in named:
        if method not in known:
            close = difflib.get_close_matches(method, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "`ax method` lists those there are"
            raise UserError(f"concurrency {method}={concurrency[method]}: there is no method {method!r}; {hint}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The scripts to run, and how.

    Args:
        scripts: in this order.
        scripted: what the command line said that scripts can see.
        options: what is recorded in the scripts' jobs.
    """

    scripts: Sequence[MethodFile]
    scripted: Scripted
    options: Mapping[str, Any]


def choose(
    project: Project,
    names: Sequence[str],
    *,
    flags: Iterable[str] = (),
    concurrency: Mapping[str, int] | None = None,
    workdir: str | None = None,
    horizon: str | None = None,
    why: bool = False,
) -> Chosen:
    """Find scripts by name, and check what else was said.

    Args:
        project: where.
        names: of the scripts, as :func:`~accelerator.script.find.find_script` takes them.
        flags: for the scripts.
        concurrency: limits by method.
        workdir: where new jobs go.
        horizon: timestamp after which ``latest`` sees nothing.
        why: tell why each job is built that is built.

    Raises:
        BuildError: there is no such script.
        UserError: something else that was asked for does not exist.
    """
    known = find_scripts(project.config)
    wanted = [find_script(name, known) for name in names]
    if workdir is not None and workdir not in project.config.workdirs:
        workdirs = ", ".join(project.config.workdirs)
        raise UserError(f"there is no workdir {workdir!r} in {project.config.path}; there are: {workdirs}")
    _check_methods(project, concurrency or {})
    end = None if horizon is None else normalise(horizon)
    scripted = Scripted(frozenset(filter(None, flags)), workdir, end, why)
    options = {
        "--flags": ",".join(sorted(scripted.flags)),
        "--concurrency": concurrency or None,
        "--workdir": workdir,
        "--horizon": end,
        "script": list(names),
    }
    return Chosen(wanted, scripted, options)
