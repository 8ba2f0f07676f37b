"""Options about types that csvimport and dataset_type have in common."""

from collections.abc import Collection, Mapping
from typing import Any

from accelerator import UserError
from accelerator.column.parse import Parser

__all__ = ["check_none_values", "make_parsers", "none_values_of"]


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


def check_none_values(options: Any, typed: Collection[str]) -> None:
    """Raise UserError if ``none_values`` is none, or names a column that is not typed.

    Args:
        options: with ``none_values``: texts, or column → texts.
        typed: the columns that are.
    """
    given = options.none_values
    for column in given if isinstance(given, Mapping) else [""]:
        none_values_of(options, column)
        if column and column not in typed:
            raise UserError(f"none_values names {column!r}, which is no column that is typed")


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
