"""Values and places as text for people."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["debug_print_options", "quote", "stackup"]

_FRAMEWORK = str(Path(__file__).parent.parent)
_USERS = ("standard_methods", "examples")


def quote(s: Any) -> str:
    """Return a text as it is if that is unambiguous, else its ``repr``.

    Args:
        s: the text; anything else is taken as ``str(s)``.

    >>> quote("dev-1/name"), quote("a b"), quote("")
    ('dev-1/name', "'a b'", "''")
    """
    text = str(s)
    shown = repr(text)
    if text and shown[1:-1] == text and not any(c.isspace() for c in text):
        return text
    return shown


def stackup() -> tuple[str, int]:
    """Return file name and line of the innermost caller outside the Accelerator; ``("?", -1)`` if there is none."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  (much quicker than the traceback module)
    while frame is not None:
        name = frame.f_code.co_filename
        inside = name.startswith(_FRAMEWORK + "/") and not name[len(_FRAMEWORK) + 1 :].startswith(_USERS)
        if not inside:
            return name, frame.f_lineno
        frame = frame.f_back
    return "?", -1


def debug_print_options(d: Mapping[str, Any], title: str = "") -> None:
    """Print a dict, a line for each key in sorted order, between rules.

    Args:
        d: the dict.
        title: heading.
    """
    rule = "-" * 53
    print(rule)  # noqa: T201  (it says print)
    if title:
        print(f"- {title}")  # noqa: T201
        print(rule)  # noqa: T201
    width = max(map(len, d), default=0)
    for key in sorted(d):
        print(f"{key:{width}} = {d[key]!r}")  # noqa: T201
    print(rule)  # noqa: T201
