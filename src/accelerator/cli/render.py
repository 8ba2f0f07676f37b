"""How commands show things: lines, names with descriptions, JSON. Tables are in :mod:`accelerator.cli.tables`."""

import json
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from accelerator import _lazy

__all__ = [
    "count",
    "print_descriptions",
    "print_json",
    "print_lines",
    "print_pairs",
    "size",
    "terminal_width",
]


def print_json(value: Any) -> None:
    """Print a value as JSON; NaN and infinities become null, which is all that JSON has for them."""
    print(json.dumps(_jsonable(value), indent=2, ensure_ascii=not _speaks_utf8()))


def print_pairs(pairs: Mapping[str, object]) -> None:
    """Print names and values in two columns."""
    width = max(map(len, pairs), default=0)
    print_lines(f"{name:<{width}}  {value}" for name, value in pairs.items())


def terminal_width() -> int | None:
    """Return the columns of the terminal; None where the output is none, and nothing need be cut."""
    terminal = sys.stdout is not None and sys.stdout.isatty()
    return _lazy.shutil.get_terminal_size().columns if terminal else None


def print_descriptions(texts: Mapping[str, str], *, full: bool = False, indent: str = "  ") -> None:
    """Print names with the first line of each description beside them, or with the whole of it below."""
    width = max(map(len, texts), default=0)
    room = terminal_width()
    for name, text in texts.items():
        first, _, rest = text.partition("\n")
        line = f"{indent}{name:<{width}}  {first}".rstrip()
        if room and len(line) > room and not full:
            line = f"{line[: room - 4]} ..."
        print(line)
        if full and rest.strip():
            print_lines(f"{indent}    {part}".rstrip() for part in rest.strip("\n").split("\n"))


def print_lines(lines: Iterable[str]) -> None:
    """Print plain lines as they are."""
    for line in lines:
        print(line)


def count(number: int) -> str:
    """Return a number with ``_`` between thousands."""
    return f"{number:_}"


def size(number: float) -> str:
    """Return a size in bytes with three digits and a binary unit: ``512 B``, ``1.21 MiB``."""
    unit = "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):  # the last unit tried is the one to show
        if abs(number) < 1000 or unit == "TiB":
            break
        number /= 1024
    return f"{number:.0f} B" if unit == "B" else f"{number:.3g} {unit}"


def _speaks_utf8() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _jsonable(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_jsonable(item) for item in (sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, PurePath):
        return str(value)
    return str(value)
