"""Aliases: command words that stand for longer command lines."""

import os
import shlex
from collections.abc import Mapping, Sequence

from accelerator.error import UserError

__all__ = ["expand", "expansion"]

# The word that skips aliases: `ax noalias job` is always our `job`.
_NO_ALIAS = "noalias"


def expand(arguments: Sequence[str], aliases: Mapping[str, str]) -> list[str]:
    """Replace the command word by what it stands for, again and again until it is no alias.

    Args:
        arguments: the command line after ``ax``; global options may come first.
        aliases: name to command line.

    Returns:
        The command line to run. ``${VAR}`` as a whole word of an alias has become the words of that variable.

    Raises:
        UserError: aliases go in circles, or one has a quote that is not closed.
    """
    words = list(arguments)
    seen: list[str] = []
    while True:
        at = _command_at(words)
        if at >= len(words):
            return words
        name = words[at]
        if name == _NO_ALIAS:
            return words[:at] + words[at + 1 :]
        if name not in aliases or (seen and name == seen[-1]):
            return words
        if name in seen:
            raise UserError(f"The aliases {' -> '.join([*seen, name])} go in circles")
        seen.append(name)
        words[at : at + 1] = expansion(name, aliases[name])


def expansion(name: str, value: str) -> list[str]:
    """Return the words that an alias stands for.

    Args:
        name: of the alias, for the error.
        value: what the configuration says.

    Raises:
        UserError: a quote is not closed.
    """
    words: list[str] = []
    for word in _split(name, value):
        if word.startswith("${") and word.endswith("}"):
            words += _split(name, os.environ.get(word[2:-1], ""))
        else:
            words.append(word)
    return words


def _split(name: str, value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError as error:
        raise UserError(f"Alias {name!r}: {error} in {value!r}") from None


def _command_at(words: Sequence[str]) -> int:
    """Return the position of the command word: the first that is neither a global option nor its value."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] == "--config" else 1
    return at
