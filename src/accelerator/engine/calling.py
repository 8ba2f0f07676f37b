"""Calling the functions of a method: they name the arguments that they want."""

import types
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from accelerator.error import AcceleratorError


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names that a function takes by position."""
    if isinstance(function, types.FunctionType) and not hasattr(function, "__wrapped__"):
        code = function.__code__
        return code.co_varnames[: code.co_argcount]
    kinds = (signature(function).parameters[name] for name in signature(function).parameters)
    return tuple(p.name for p in kinds if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD})


def call(function: Callable[..., Any], available: Mapping[str, Any], phase: str) -> Any:
    """Call a function of the method with the arguments that it names."""
    names = parameters_of(function)
    unknown = [name for name in names if name not in available]
    if unknown:
        raise AcceleratorError(
            f"{phase} wants the argument {unknown[0]!r}, which does not exist there; "
            f"it can have {', '.join(sorted(available))}"
        )
    return function(*(available[name] for name in names))
