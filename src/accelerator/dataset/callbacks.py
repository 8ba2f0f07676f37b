"""What a ``pre_callback`` or ``post_callback`` of an iteration is called with, and may raise."""

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["SkipDataset", "SkipSlice", "is_per_dataset"]


class SkipDataset(Exception):  # noqa: N818 - control flow, not an error
    """Raise it in ``pre_callback`` to skip the (rest of the) dataset."""


class SkipSlice(Exception):  # noqa: N818 - control flow, not an error
    """Raise it in ``pre_callback`` to skip this slice."""


def is_per_dataset(callback: Callable[..., Any]) -> bool:
    """Return whether a callback takes the dataset alone, rather than ``(dataset, sliceno)``.

    That is so if it has exactly one positional parameter; ``*args`` or a second one with a default mean two arguments.
    """
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature
        return False
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return False
    positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return sum(parameter.kind in positional for parameter in parameters) == 1
