"""Comments beside option, dataset and job names in a method's source: they are the help of ``ax method``."""

import ast
import io
import tokenize
from collections.abc import Iterator

from accelerator.method.normal_form import parse

__all__ = ["comments"]

_KINDS = ("options", "datasets", "jobs")

# Name of a parameter, first and last line of its entry, column where it begins.
_Entry = tuple[str, int, int, int]


def comments(source: bytes) -> dict[str, dict[str, list[str]]]:
    """Collect the comments of a method's parameters.

    To a parameter belong comment lines directly before it, the comment at the end of its line, and comment lines
    after it that are indented further than it is.

    Args:
        source: the method's file.

    Returns:
        ``options``, ``datasets`` and ``jobs`` → parameter name → lines without ``#``. Only parameters with comments.
    """
    found: dict[str, dict[str, list[str]]] = {kind: {} for kind in _KINDS}
    tree = parse(source)
    if tree is None:
        return found
    texts = _comment_tokens(source)
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id in _KINDS and value is not None:
            entries = list(_entries(value))
            for index, entry in enumerate(entries):
                start = entries[index - 1][2] if index else value.lineno
                end = entries[index + 1][1] if index + 1 < len(entries) else (value.end_lineno or value.lineno) + 1
                if lines := _of_entry(texts, entry, start, end):
                    found[target.id][entry[0]] = lines
    return found


def _comment_tokens(source: bytes) -> dict[int, tuple[int, bool, str]]:
    """Return line number → column, whether it stands alone in its line, text."""
    texts: dict[int, tuple[int, bool, str]] = {}
    try:
        for token in tokenize.tokenize(io.BytesIO(source).readline):
            if token.type == tokenize.COMMENT:
                alone = not token.line[: token.start[1]].strip()
                texts[token.start[0]] = token.start[1], alone, token.string.lstrip("#").strip()
    except (tokenize.TokenError, SyntaxError):
        pass
    return texts


def _entries(value: ast.expr) -> Iterator[_Entry]:
    if isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, key.lineno, item.end_lineno or item.lineno, key.col_offset
    elif isinstance(value, ast.Call):
        for keyword in value.keywords:
            if keyword.arg:
                yield keyword.arg, keyword.lineno, keyword.end_lineno or keyword.lineno, keyword.col_offset
    elif isinstance(value, ast.Tuple | ast.List):
        for element in value.elts:
            name = element.elts[0] if isinstance(element, ast.List) and element.elts else element
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value, element.lineno, element.end_lineno or element.lineno, element.col_offset


def _of_entry(texts: dict[int, tuple[int, bool, str]], entry: _Entry, start: int, end: int) -> list[str]:
    """Gather the comments of one entry between the end of the one before and the start of the next."""
    _, first, last, column = entry
    before: list[str] = []
    number = first - 1
    while number >= start and number in texts and texts[number][1] and texts[number][0] <= column:
        before.insert(0, texts[number][2])
        number -= 1
    beside = [texts[number][2] for number in range(first, last + 1) if number in texts]
    after: list[str] = []
    number = last + 1
    while number < end and number in texts and texts[number][1] and texts[number][0] > column:
        after.append(texts[number][2])
        number += 1
    return [line for line in [*before, *beside, *after] if line]
