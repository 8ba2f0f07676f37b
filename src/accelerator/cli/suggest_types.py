"""Types for columns of text, from a look at all their values."""

from collections.abc import Mapping, Sequence
from typing import Any

from accelerator import _lazy
from accelerator.dataset import Dataset
from accelerator.error import UserError

__all__ = ["option_text", "suggest_types"]

_TEXTS = ("ascii", "bytes", "unicode")


def suggest_types(datasets: Sequence[Dataset]) -> dict[str, str]:
    """Return ``column2type`` for ``dataset_type``: types that lose nothing, for columns that are text now.

    Args:
        datasets: all of a chain; columns must be text in each of them that has them.

    Raises:
        UserError: there is no column of text.
    """
    columns = sorted(
        {name for dataset in datasets for name, column in dataset.columns.items() if column.type in _TEXTS}
    )
    columns = [name for name in columns if all(_is_text(dataset, name) for dataset in datasets)]
    if not columns:
        raise UserError(f"{datasets[-1].quoted} has no column of type bytes, ascii or unicode")
    seen: dict[str, Any] = {name: _lazy.infer.TypeInference() for name in columns}
    for dataset in datasets:
        names = [name for name in columns if name in dataset.columns]
        for sliceno in range(len(dataset.lines) if names else 0):
            for batch in dataset.batches(sliceno, names, exact=True):
                for name in names:
                    seen[name].add(batch.column(name))
    found = {name: inference.result() for name, inference in seen.items()}
    return {name: kind for name, kind in found.items() if _is_news(datasets, name, kind)}


def _is_text(dataset: Dataset, name: str) -> bool:
    column = dataset.columns.get(name)
    return column is None or column.type in _TEXTS


def _is_news(datasets: Sequence[Dataset], name: str, kind: str) -> bool:
    """Return whether a type is another one than the column has."""
    if kind.startswith("unicode"):
        return any(dataset.columns[name].type == "bytes" for dataset in datasets if name in dataset.columns)
    return kind != "bytes"


def option_text(types: Mapping[str, str]) -> str:
    """Return types as the option that a build script gives to ``dataset_type``."""
    lines = [f"    {_quoted(name)}: {_quoted(kind)},\n" for name, kind in types.items()]
    return f"column2type={{\n{''.join(lines)}}},"


def _quoted(text: str) -> str:
    return repr(text) if '"' in text or "\\" in text or not text.isprintable() else f'"{text}"'
