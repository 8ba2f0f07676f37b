"""What a method or build script says about itself, read from its source without importing it."""

import ast
import textwrap
from pathlib import Path

from accelerator.error import UserError

__all__ = ["description"]


def description(path: Path) -> str:
    """Return the ``description`` of a module, else its docstring, else an empty text.

    Args:
        path: of the source.

    Raises:
        UserError: the source cannot be read or has a syntax error; the message names file and line.
    """
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UserError(f"{path}{line}: {error.msg if isinstance(error, SyntaxError) else error}") from None
    for statement in tree.body:
        if (
            isinstance(statement, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == "description" for target in statement.targets)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        ):
            return textwrap.dedent(statement.value.value).strip()
    return (ast.get_docstring(tree) or "").strip()
