"""Python's regular expressions for RE2, as far as they mean exactly the same there.

Only whether a text contains a match counts here, so it does not matter which match would be found first. What a pattern
consists of is asked of Python's own parser; whatever is not known to be the same makes the answer None.
"""

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["Translation", "translate"]

_parser: Any = import_module("re._parser")  # private, but the only thing that knows; unknown contents mean None

_FLAGS = re.UNICODE | re.DOTALL | re.IGNORECASE | re.VERBOSE
_LIMIT = 1000  # of RE2, for repetitions
# Of ASCII characters. Python's \s has the separators 1c to 1f, RE2's has not.
_CATEGORIES = {
    "CATEGORY_DIGIT": r"0-9",
    "CATEGORY_SPACE": r"\x09-\x0d\x1c-\x20",
    "CATEGORY_WORD": r"0-9A-Za-z_",
}


@dataclass(frozen=True)
class Translation:
    """A pattern for RE2.

    Attributes:
        pattern: the pattern.
        ascii_only: it means the same only in texts that are ASCII.
    """

    pattern: str
    ascii_only: bool


class _UnknownError(Exception):
    """Something that RE2 does not have, or may understand in another way."""


def translate(pattern: "re.Pattern[str]") -> Translation | None:
    """Return a pattern for RE2 that is found in exactly the texts in which this one is found; None if unsure."""
    if pattern.flags & ~_FLAGS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # the pattern has been compiled already
            tree = _parser.parse(pattern.pattern, pattern.flags)
        translator = _Translator(ignore_case=bool(pattern.flags & re.IGNORECASE))
        text = translator.sequence(list(tree), last=True)
    except (_UnknownError, RecursionError):
        return None
    if translator.ignore_case:
        text = f"(?i){text}"
    return Translation(f"(?s){text}", translator.ascii_only)


class _Translator:
    def __init__(self, *, ignore_case: bool) -> None:
        self.ignore_case = ignore_case
        # The two fold other letters to other letters, but agree about those of ASCII.
        self.ascii_only = ignore_case

    def sequence(self, items: "Iterable[tuple[Any, Any]]", *, last: bool) -> str:
        """Translate what follows each other; ``last`` if nothing follows it in the whole pattern."""
        items = list(items)
        return "".join(
            self._item(str(code), value, last=last and number == len(items) - 1)
            for number, (code, value) in enumerate(items)
        )

    def _item(self, code: str, value: Any, *, last: bool) -> str:
        match code:
            case "LITERAL":
                return self._character(value)
            case "NOT_LITERAL":
                return f"[^{self._character(value)}]"
            case "ANY":
                return "."  # parsed with DOTALL, and (?s) for RE2
            case "IN":
                return self._set(value)
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(*value)
            case "SUBPATTERN":
                _, added, removed, inner = value
                if added or removed:
                    raise _UnknownError
                return f"(?:{self.sequence(inner, last=last)})"
            case "BRANCH":
                return "(?:" + "|".join(self.sequence(inner, last=last) for inner in value[1]) + ")"
            case "AT":
                return self._position(str(value), last=last)
        raise _UnknownError

    def _repeat(self, least: int, most: Any, inner: Any) -> str:
        if least > _LIMIT or (str(most) != "MAXREPEAT" and most > _LIMIT):
            raise _UnknownError
        stop = "" if str(most) == "MAXREPEAT" else str(int(most))
        return f"(?:{self.sequence(inner, last=False)}){{{least},{stop}}}"

    def _position(self, where: str, *, last: bool) -> str:
        if where in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
            return r"\A"
        if where == "AT_END_STRING":
            return r"\z"
        if where == "AT_END" and last:  # in Python also before a line end that is the last character
            return r"\n?\z"
        if where == "AT_BOUNDARY":
            self.ascii_only = True
            return r"\b"
        raise _UnknownError

    def _set(self, items: "list[tuple[Any, Any]]") -> str:
        negated = str(items[0][0]) == "NEGATE"
        parts = []
        for code, value in items[1:] if negated else items:
            match str(code):
                case "LITERAL":
                    parts.append(self._character(value))
                case "RANGE":
                    parts.append(f"{self._character(value[0])}-{self._character(value[1])}")
                case "CATEGORY" if str(value) in _CATEGORIES:
                    self.ascii_only = True
                    parts.append(_CATEGORIES[str(value)])
                case "CATEGORY" if str(value).replace("_NOT_", "_") in _CATEGORIES and len(items) == 1:
                    self.ascii_only = True
                    return f"[^{_CATEGORIES[str(value).replace('_NOT_', '_')]}]"
                case _:
                    raise _UnknownError
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _character(self, code: int) -> str:
        if 0xD800 <= code <= 0xDFFF or (self.ignore_case and code > 0x7F):
            raise _UnknownError
        return f"\\x{{{code:x}}}"
