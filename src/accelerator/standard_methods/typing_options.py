"""Options about types that csvimport and dataset_type have in common."""

from collections.abc import Mapping
from typing import Any

from accelerator import UserError
from accelerator.column.parse import Parser

__all__ = ["make_parsers", "none_values_of"]


def make_parsers(column2type: Mapping[str, str], options: Any) -> dict[str, Parser]:
    """Return a parser for each column to be typed.

    Args:
        column2type: column → type name.
        options: with ``none_values`` (texts, or column → texts), ``defaults``, ``numeric_comma`` and ``timezone``.

    Raises:
        UserError: a type, codec, default or time zone that does not exist or fit; the text names the column.
    """
    parsers = {}
    for column, name in column2type.items():
        arguments: dict[str, Any] = {"none_values": none_values_of(options, column)}
        if column in options.defaults:
            arguments["default"] = options.defaults[column]
        try:
            parsers[column] = Parser(name, numeric_comma=options.numeric_comma, timezone=options.timezone, **arguments)
        except (ValueError, LookupError) as error:
            raise UserError(f"column {column!r}: {error}") from None
    return parsers


def none_values_of(options: Any, column: str) -> list[str]:
    """Return the texts that become None in a column.

    Args:
        options: with ``none_values``: texts, or column → texts.
        column: name of the column.

    Raises:
        UserError: the option is something else.
    """
    given = options.none_values
    values = given.get(column, []) if isinstance(given, Mapping) else given or []
    if isinstance(values, str):
        return [values]
    if not isinstance(values, list | tuple | set) or not all(isinstance(value, str) for value in values):
        raise UserError(f"none_values must be a list of texts, or {{column: list}}, not {given!r}")
    return list(values)
