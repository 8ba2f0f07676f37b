"""A dataset as a table of its columns, for notebooks and terminals."""

from collections.abc import Iterator
from html import escape

from rich.table import Table

from accelerator.dataset.handle import Dataset


def html(dataset: Dataset) -> str:
    """Return a dataset as a table of its columns, for notebooks."""
    cells = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in _column_rows(dataset)
    )
    head = "".join(f"<th>{title}</th>" for title in _TITLES)
    return f"<p><b>{escape(dataset.quoted)}</b> {escape(_summary(dataset))}</p><table><tr>{head}</tr>{cells}</table>"


def rich_table(dataset: Dataset) -> Table:
    """Return a dataset as a table of its columns, for terminals."""
    table = Table(*_TITLES, title=f"{dataset.quoted} {_summary(dataset)}", title_justify="left")
    for row in _column_rows(dataset):
        table.add_row(*row)
    return table


_TITLES = ("column", "type", "min", "max")


def _column_rows(dataset: Dataset) -> Iterator[tuple[str, str, str, str]]:
    for name, column in sorted(dataset.columns.items()):
        kind = column.type + (" or None" if column.none_support else "")
        low, high = ("" if value is None else str(value) for value in (column.min, column.max))
        yield name, kind, low, high


def _summary(dataset: Dataset) -> str:
    columns, lines = dataset.shape
    hashed = "" if dataset.hashlabel is None else f", hashed on {dataset.hashlabel!r}"
    return f"{columns} columns, {lines} lines in {dataset.slices} slices{hashed}"
