"""Which functions of a source file differ between two versions of it, for explaining why a job is built again."""

import ast
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accelerator.method.normal_form import digest_nodes, digest_source, is_docstring, parse

__all__ = ["MODULE_LEVEL", "FunctionChange", "changed_functions", "function_table"]

MODULE_LEVEL = "<module>"

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """One function, class body or module level that differs.

    Attributes:
        name: qualified name, ``Class.method``; ``<module>`` for what stands outside of functions and classes.
        kind: ``changed``, ``added`` or ``removed``.
        diff: unified diff of its lines, without header.
    """

    name: str
    kind: str
    diff: str


@dataclass(frozen=True, slots=True)
class _Part:
    digest: str
    lines: tuple[str, ...]


def function_table(source: bytes) -> dict[str, str]:
    """Digest each function of a file by its normal form: comments and layout do not count.

    Args:
        source: the file.

    Returns:
        Qualified name → digest, in the order of the file; ``<module>`` for what stands outside of functions.
    """
    return {name: part.digest for name, part in _parts(source).items()}


def changed_functions(old: bytes, new: bytes) -> list[FunctionChange]:
    """Compare two versions of a file function by function.

    Args:
        old: the file as it was.
        new: the file as it is.

    Returns:
        What differs in its normal form, in the order of the new file, then what is gone.
    """
    before, after = _parts(old), _parts(new)
    changes = []
    for name in [*after, *(name for name in before if name not in after)]:
        was, now = before.get(name), after.get(name)
        if was is not None and now is not None and was.digest == now.digest:
            continue
        kind = "added" if was is None else "removed" if now is None else "changed"
        changes.append(FunctionChange(name, kind, _diff(was.lines if was else (), now.lines if now else ())))
    return changes


def _diff(old: Sequence[str], new: Sequence[str]) -> str:
    text: list[str] = []
    # The first two lines name files, which are the same here; a new place in the function is shown by an ellipsis.
    for line in list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]:
        if not line.startswith("@@"):
            text.append(line)
        elif text:
            text.append("…")
    return "\n".join(text)


def _parts(source: bytes) -> dict[str, _Part]:
    """Take a file apart into functions, class bodies and the rest."""
    tree = parse(source)
    lines = source.decode("utf-8", "replace").splitlines()
    if tree is None:
        return {MODULE_LEVEL: _Part(digest_source(source), tuple(lines))}
    parts: dict[str, _Part] = {}
    rest = [node for node in tree.body if not isinstance(node, _Definition)]
    taken: set[int] = set()
    for definition in tree.body:
        if isinstance(definition, _Definition):
            taken.update(_line_numbers(definition))
            for name, nodes, numbers in _definitions(definition, ""):
                _add(parts, name, _Part(digest_nodes(nodes), _dedented(lines, sorted(numbers))))
    if any(not is_docstring(node) for node in rest):
        outside = [number for number in range(len(lines)) if number not in taken]
        parts[MODULE_LEVEL] = _Part(digest_nodes(rest), tuple(lines[number] for number in outside))
    return parts


def _definitions(node: _Definition, prefix: str) -> Iterator[tuple[str, list[ast.AST], set[int]]]:
    """Yield name, what counts, and line numbers of a definition; a class without its methods, then each of them."""
    name = prefix + node.name
    numbers = _line_numbers(node)
    if not isinstance(node, ast.ClassDef):
        yield name, [node], numbers
        return
    methods = [inner for inner in node.body if isinstance(inner, _Definition)]
    for method in methods:
        numbers -= _line_numbers(method)
    own = [inner for inner in node.body if not isinstance(inner, _Definition)]
    yield name, [*node.decorator_list, *node.bases, *node.keywords, *own], numbers
    for method in methods:
        yield from _definitions(method, f"{name}.")


def _line_numbers(node: _Definition) -> set[int]:
    """Return the line numbers (from 0) of a definition with its decorators."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return set(range(first - 1, node.end_lineno or node.lineno))


def _dedented(lines: list[str], numbers: list[int]) -> tuple[str, ...]:
    """Return some lines without the indentation of the first: a method moved into a class shows what changed."""
    chosen = [lines[number] for number in numbers if number < len(lines)]
    if not chosen:
        return ()
    margin = len(chosen[0]) - len(chosen[0].lstrip())
    return tuple(line[margin:] if not line[:margin].strip() else line for line in chosen)


def _add(parts: dict[str, _Part], name: str, part: _Part) -> None:
    """Add a part; a name defined again (as property setters are) gets a number."""
    number, free = 1, name
    while free in parts:
        number += 1
        free = f"{name} ({number})"
    parts[free] = part
