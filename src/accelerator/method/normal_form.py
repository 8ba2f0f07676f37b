"""The digest of Python source that comments, layout, docstrings and the Python version do not change.

The abstract syntax tree is walked here by field name and written down in a form of our own, because what
``ast.dump``, ``ast.unparse`` and ``tokenize`` give differs between Python versions. Fields that are empty are
left out, so that a field which a later Python adds changes nothing until it is used.
"""

import ast
import hashlib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["VERSION", "digest_nodes", "digest_source", "is_docstring", "parse"]

# Part of every cached digest: raise it when the form below changes.
VERSION = 1

# `ctx` follows from the place of a name, `kind` is the u of u"text", `type_ignores` and `type_comment` are comments.
_DROPPED_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_ignores"})

_FIELDS: dict[type[ast.AST], list[tuple[str, bytes]]] = {}

_Item = bytes | ast.AST | list[Any]


def parse(source: bytes) -> ast.Module | None:
    """Parse a file's bytes, obeying its encoding cookie.

    Args:
        source: the file.

    Returns:
        The tree, or None if this Python cannot read it as a program.
    """
    try:
        with warnings.catch_warnings():
            # Which escapes are worth a warning, and of which class, differs between versions.
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def digest_source(source: bytes) -> str:
    """Digest a file by its normal form; by its bytes if it cannot be parsed.

    Args:
        source: the file.

    Returns:
        64 hexadecimal digits.
    """
    tree = parse(source)
    if tree is None:
        return hashlib.sha256(b"unparsed\0" + source).hexdigest()
    return digest_nodes(tree.body)


def digest_nodes(nodes: Iterable[ast.AST]) -> str:
    """Digest statements by their normal form.

    Args:
        nodes: what to digest, in order.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for piece in _normal_form([node for node in nodes if not is_docstring(node)]):
        digest.update(piece)
    return digest.hexdigest()


def is_docstring(node: ast.AST) -> bool:
    """Say whether a statement is a bare string: it documents, and does nothing when it runs."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _normal_form(body: list[Any]) -> Iterator[bytes]:
    """Yield the pieces of the normal form.

    With a stack of our own: a sum of a thousand terms is a tree a thousand deep.
    """
    stack: list[_Item] = [body]
    while stack:
        item = stack.pop()
        if isinstance(item, bytes):
            yield item
        elif isinstance(item, list):
            yield b"["
            stack.append(b"]")
            stack.extend(map(_item, reversed(item)))
        else:
            kind = type(item)
            yield b"(" + kind.__name__.encode()
            stack.append(b")")
            for name, label in _counting_fields(kind):
                value = getattr(item, name, None)
                if isinstance(item, ast.Constant):
                    stack += [_constant(value), label]
                elif value is not None and (value := _field(item, name, value)) != []:
                    stack += [_item(value), label]


def _item(value: Any) -> _Item:
    return value if isinstance(value, ast.AST | list) else _constant(value)


def _counting_fields(kind: type[ast.AST]) -> list[tuple[str, bytes]]:
    """Return name and label of the fields of a node type that count, the last first: they go onto a stack."""
    known = _FIELDS.get(kind)
    if known is None:
        names = sorted((name for name in kind._fields if name not in _DROPPED_FIELDS), reverse=True)
        known = _FIELDS[kind] = [(name, f" {name}=".encode()) for name in names]
    return known


def _field(node: ast.AST, name: str, value: Any) -> Any:
    """Return what counts of a field; an empty list if it is to be left out."""
    if name == "format_spec" or (name == "values" and isinstance(node, ast.JoinedStr)):
        return _string_parts(value if isinstance(value, ast.JoinedStr) else node)
    if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
        return [statement for statement in value if not is_docstring(statement)]
    return value


def _string_parts(joined: Any) -> list[Any]:
    """Return the parts of an f-string with neighbouring texts joined: versions split them differently."""
    parts: list[Any] = []
    pending = list(reversed(joined.values))
    while pending:
        part = pending.pop()
        if isinstance(part, ast.JoinedStr):
            pending.extend(reversed(part.values))
        elif not isinstance(part, ast.Constant):
            parts.append(part)
        elif parts and isinstance(parts[-1], ast.Constant):
            parts[-1] = ast.Constant(str(parts[-1].value) + str(part.value))
        elif part.value:
            parts.append(part)
    return parts


def _constant(value: Any) -> bytes:
    """Write a constant with its type: 1, 1.0 and True are different programs."""
    kind = type(value).__name__.encode()
    if isinstance(value, bytes) and kind == b"bytes":
        data = value
    elif isinstance(value, str):
        # A literal may hold half a surrogate pair, which is not text that could be encoded otherwise.
        data = value.encode("utf-8", "surrogatepass")
    elif isinstance(value, int) and not isinstance(value, bool):
        # In decimal, Python refuses to write what its source may say in hexadecimal.
        data = hex(value).encode()
    else:
        data = repr(value).encode()
    return b"<%s %d:%s>" % (kind, len(data), data)
