"""Coloured text for terminals: ``colour.red("x")``, ``colour("x", "red", "bold")``.

Names are those of the colours ``black red green yellow blue magenta cyan white default``, each also as ``bright…``
and, for the background, with ``bg`` at the end; and ``bold faint italic underline blink invert strike``. In
:func:`colour` also ``#RRGGBB`` and ``#RRGGBBbg``. Capitals do not matter there; ``colour.RED`` is the control sequence
itself.

Where colour is off (no terminal, ``NO_COLOR``; ``FORCE_COLOR`` turns it on) text comes back as it was, and the control
sequences are empty.
"""

import os
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from accelerator.error import ColourError

__all__ = ["colour", "disable", "enable", "pre_post"]

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_RGB = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})(bg)?")


def _codes() -> dict[str, tuple[str, str]]:
    """Return the number that turns each attribute on, and the one that turns it off."""
    codes = {"default": ("39", "39"), "defaultbg": ("49", "49")}
    for i, name in enumerate(_COLOURS):
        codes[name] = f"3{i}", "39"
        codes[f"{name}bg"] = f"4{i}", "49"
        codes[f"bright{name}"] = f"9{i}", "39"
        codes[f"bright{name}bg"] = f"10{i}", "49"
    styles = ("bold", "faint", "italic", "underline", "blink", "", "invert", "", "strike")
    for i, name in enumerate(styles, 1):
        if name:
            off = "22" if name == "bold" else f"2{i}"
            codes[name] = str(i), off
            codes[f"not{name}"] = off, ""
    return codes


_CODES = _codes()
_forced: bool | None = None


def enable() -> None:
    """Use colour from now on, terminal or not."""
    global _forced  # noqa: PLW0603  (one switch for the process)
    _forced = True


def disable() -> None:
    """Use no colour from now on."""
    global _forced  # noqa: PLW0603  (one switch for the process)
    _forced = False


def _enabled() -> bool:
    if _forced is not None:
        return _forced
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    try:
        return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # no standard output, or a closed one
        return False


def _code(attr: str) -> tuple[str, str]:
    name = attr.lower()
    match = _RGB.fullmatch(name)
    if match:
        red, green, blue = (int(match[i], 16) for i in (1, 2, 3))
        return f"{'48' if match[4] else '38'};2;{red};{green};{blue}", "49" if match[4] else "39"
    if name not in _CODES:
        raise ColourError(f"Unknown colour {attr!r}; names are like red, brightred, redbg, bold or #ff8800")
    return _CODES[name]


def pre_post(*attrs: str) -> tuple[str, str]:
    """Return the control sequences to write before and after a text.

    Args:
        *attrs: names, see the module.

    Raises:
        ColourError: a name does not exist.
        TypeError: no name was given.
    """
    if not attrs:
        raise TypeError("colour needs at least one attribute, for example 'red'")
    codes = [_code(attr) for attr in attrs]
    if not _enabled():
        return "", ""
    offs = list(dict.fromkeys(off for _, off in reversed(codes) if off))
    return f"\33[{';'.join(on for on, _ in codes)}m", f"\33[{';'.join(offs)}m" if offs else ""


def colour(value: Any, *attrs: str) -> Any:
    """Return a text with control sequences around it.

    Args:
        value: the text; bytes stay bytes, anything else becomes ``str(value)``. Empty text stays empty.
        *attrs: names, see the module.

    Raises:
        ColourError: a name does not exist.
        TypeError: no name was given.
    """
    pre, post = pre_post(*attrs)
    if isinstance(value, bytes):
        return pre.encode() + value + post.encode() if value else value
    text = str(value)
    return f"{pre}{text}{post}" if text else text


def __getattr__(name: str) -> Callable[[Any], Any] | str:
    if name in _CODES:
        return lambda value: colour(value, name)
    if name.isupper() and name.lower() in _CODES:
        return f"\33[{_CODES[name.lower()][0]}m" if _enabled() else ""
    if name == "RESET":
        return "\33[m" if _enabled() else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_CODES, *(name.upper() for name in _CODES), "RESET"])


class _CallableModule(ModuleType):
    def __call__(self, value: Any, *attrs: str) -> Any:
        return colour(value, *attrs)


sys.modules[__name__].__class__ = _CallableModule
