"""Keywords of the build functions: a name that the method declares is the method's, the others are build's own."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from accelerator._unset import UNSET
from accelerator.error import BuildError, ServerError
from accelerator.method.declaration import Declaration

__all__ = ["DEFAULTS", "sort_keywords"]

DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "name": None,
        "caption": None,
        "why_build": False,
        "force_build": False,
        "workdir": None,
        "concurrency": None,
        "execution": None,
    }
)
"""What the build functions take themselves, where the method has no parameter of that name: value if not given."""


def sort_keywords(
    declaration: Callable[[], Declaration], own: Mapping[str, Any], keywords: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Say which arguments of a build function are meant for the method.

    Args:
        declaration: returns what the method declares; only called if that matters.
        own: arguments that the function has by its signature, ``UNSET`` where they were not given.
        keywords: all others.

    Returns:
        The function's own arguments, all names of :data:`DEFAULTS`, and the method's.

    Raises:
        BuildError: ``execution`` is the function's and not a dict.
    """
    given = {name: value for name, value in own.items() if value is not UNSET}
    theirs = {name: value for name, value in keywords.items() if name not in DEFAULTS}
    given.update((name, value) for name, value in keywords.items() if name in DEFAULTS)
    if given:
        declared = _declared(declaration)
        theirs.update((name, value) for name, value in given.items() if name in declared)
        given = {name: value for name, value in given.items() if name not in declared}
    execution = given.get("execution")
    if execution is not None and not isinstance(execution, Mapping):
        raise BuildError(f'execution takes a dict like {{"retries": 2, "timeout": 60}}, not {execution!r}')
    return {**DEFAULTS, **given}, theirs


def _declared(declaration: Callable[[], Declaration]) -> frozenset[str]:
    try:
        return declaration().parameters
    except (BuildError, ServerError):  # which the build will tell: there it is waited for
        return frozenset()
