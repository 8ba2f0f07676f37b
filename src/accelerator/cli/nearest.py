"""Suggestions for misspelt names."""

from collections.abc import Iterable

from accelerator import _lazy

__all__ = ["did_you_mean"]

# As difflib has it: less alike than this is no suggestion at all.
_ALIKE = 0.6
# One that is much less alike than the best is none either.
_WORSE = 0.12
_MOST = 3


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x' or 'y'?)`` for the up to three nearest known names, or an empty text."""
    matcher = _lazy.difflib.SequenceMatcher(b=name.casefold())
    rated = []
    for candidate in dict.fromkeys(known):
        matcher.set_seq1(candidate.casefold())
        if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
            rated.append((-matcher.ratio(), candidate))
    rated.sort()
    close = [candidate for ratio, candidate in rated[:_MOST] if -ratio >= max(_ALIKE, -rated[0][0] - _WORSE)]
    if not close:
        return ""
    quoted = [repr(candidate) for candidate in close]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f" (did you mean {listed}?)"
