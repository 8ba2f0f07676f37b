"""What a text must contain to match a pattern: plain texts are looked for much faster than patterns.

What a pattern consists of is asked of Python's own parser; whatever is not known may be anything.
"""

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["FOLDING", "Required", "required"]

_parser: Any = import_module("re._parser")  # private, but the only thing that knows; unknown contents mean nothing

# Letters of ASCII that others are the same as when capitals do not count.
_FOLDED_TO = frozenset("iksIKS")
FOLDING = frozenset("\u0130\u0131\u017f\u212a")
"""Those others: all characters beyond ASCII that may be the same as one of ASCII."""


@dataclass(frozen=True)
class Required:
    """Texts, one of which is in each text that matches.

    Attributes:
        literals: the texts; none of them is empty.
        fold: they may stand there with any of their letters of ASCII as capitals or not.
        exact: what contains one of them matches.
    """

    literals: frozenset[str]
    fold: bool
    exact: bool


def required(patterns: "Iterable[re.Pattern[str]]") -> Required | None:
    """Return what texts must contain to match any of some patterns, None if that is not known."""
    found = [_required(pattern) for pattern in patterns]
    known = [each for each in found if each is not None]
    if len(known) < len(found) or not known:
        return None
    same_case = len({each.fold for each in known}) == 1
    return Required(
        frozenset().union(*(each.literals for each in known)),
        fold=any(each.fold for each in known),
        exact=same_case and all(each.exact for each in known),
    )


def _required(pattern: "re.Pattern[str]") -> Required | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # the pattern has been compiled already
            tree = list(_parser.parse(pattern.pattern, pattern.flags))
    except RecursionError:
        return None
    fold = bool(pattern.flags & re.IGNORECASE)
    found = _best(_flat(tree), fold)
    if found is None:
        return None
    if fold and any(_FOLDED_TO.intersection(text) for text in found):
        return Required(found | FOLDING, fold, exact=False)
    return Required(found, fold, exact=_is_literal(tree, fold))


def _flat(items: "list[tuple[Any, Any]]") -> "list[tuple[str, Any]]":
    """Return what follows each other, with groups as if they were none."""
    found: list[tuple[str, Any]] = []
    for code, value in items:
        if str(code) == "SUBPATTERN" and not value[1] and not value[2]:
            found += _flat(list(value[3]))
        else:
            found.append((str(code), value))
    return found


def _best(items: "list[tuple[str, Any]]", fold: bool) -> frozenset[str] | None:
    """Return the texts one of which must occur, None if there are none; of several choices the longest."""
    choices: list[frozenset[str]] = []
    run = ""
    for code, value in [*items, ("END", None)]:
        if code == "LITERAL" and not (fold and value > 0x7F):
            run += chr(value)
            continue
        if code in {"AT", "ASSERT", "ASSERT_NOT"}:  # of no width: what is around them stays together
            continue
        if run:
            choices.append(frozenset({run}))
            run = ""
        inner = _of_parts(code, value, fold)
        if inner is not None:
            choices.append(inner)
    return max(choices, key=lambda texts: min(map(len, texts)), default=None)


def _of_parts(code: str, value: Any, fold: bool) -> frozenset[str] | None:
    if code in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"} and value[0] > 0:
        return _best(_flat(list(value[2])), fold)
    if code == "ATOMIC_GROUP":
        return _best(_flat(list(value)), fold)
    if code != "BRANCH":
        return None
    texts: set[str] = set()
    for branch in value[1]:
        found = _best(_flat(list(branch)), fold)
        if found is None:
            return None
        texts |= found
    return frozenset(texts)


def _is_literal(tree: "list[tuple[Any, Any]]", fold: bool) -> bool:
    """Return whether a pattern is a text, or a choice of texts, and nothing else."""
    items = _flat(tree)
    if len(items) == 1 and items[0][0] == "BRANCH":
        return all(_is_literal(list(branch), fold) for branch in items[0][1][1])
    return bool(items) and all(code == "LITERAL" and not (fold and value > 0x7F) for code, value in items)
