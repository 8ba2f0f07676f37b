"""Types for columns of text, from a look at all their values."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from accelerator.column.infer import TypeInference
from accelerator.dataset import Dataset
from accelerator.error import UserError

__all__ = ["Suggestion", "suggest_types"]

_TEXTS = ("ascii", "bytes", "unicode")
# What programs write where there is no value. All of them are texts: none is a number, date, time or truth value.
_ABSENT = ("NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "Null", "null", "None", "none", "\\N", "-", "--", "?", ".")
_WORDS = pa.array([word.encode() for word in _ABSENT], pa.large_binary())


class Suggestion(NamedTuple):
    """Options for ``dataset_type``.

    Args:
        column2type: a type for each column.
        none_values: of columns in which a few words say that there is no value: these words.
    """

    column2type: dict[str, str]
    none_values: dict[str, list[str]]

    def text(self) -> str:
        """Return the options as a build script gives them."""
        types = {name: _quoted(kind) for name, kind in self.column2type.items()}
        words = {name: f"[{', '.join(map(_quoted, absent))}]" for name, absent in self.none_values.items()}
        return _option("column2type", types) + (_option("none_values", words) if words else "")


def suggest_types(datasets: Sequence[Dataset]) -> Suggestion:
    """Return options for ``dataset_type``: types that lose nothing, for columns that are text now.

    A column that would be text for nothing but words such as ``NA`` gets the type of its other values, and these words
    are to become None.

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
    seen = {name: _Column() for name in columns}
    for dataset in datasets:
        names = [name for name in columns if name in dataset.columns]
        for sliceno in range(len(dataset.lines) if names else 0):
            for batch in dataset.batches(sliceno, names, exact=True):
                for name in names:
                    seen[name].add(batch.column(name))
    found = {name: column.result() for name, column in seen.items()}
    news = {name: kind for name, (kind, _) in found.items() if _is_news(datasets, name, kind)}
    return Suggestion(news, {name: found[name][1] for name in news if found[name][1]})


class _Column:
    """What has been seen of a column: of all its texts, and of those that are no word for nothing."""

    def __init__(self) -> None:
        self._all, self._rest = TypeInference(), TypeInference(_ABSENT)
        self._absent: set[str] = set()

    def add(self, array: Any) -> None:
        self._all.add(array)
        if not self._all.is_text:
            self._rest.merge(self._all)  # there was no such word yet
        elif not self._rest.is_text:
            self._rest.add(array)
            texts = array.cast(pa.large_binary())
            found = texts.filter(pc.is_in(texts, value_set=_WORDS))
            self._absent.update(word.decode() for word in found.unique().to_pylist())

    def result(self) -> tuple[str, list[str]]:
        """Return the type, and the words that have to become None for it."""
        kind = self._rest.result()
        if not self._absent or kind.startswith(_TEXTS):
            return self._all.result(), []
        return kind, sorted(self._absent)


def _is_text(dataset: Dataset, name: str) -> bool:
    column = dataset.columns.get(name)
    return column is None or column.type in _TEXTS


def _is_news(datasets: Sequence[Dataset], name: str, kind: str) -> bool:
    """Return whether a type is another one than the column has."""
    if kind.startswith("unicode"):
        return any(dataset.columns[name].type == "bytes" for dataset in datasets if name in dataset.columns)
    return kind != "bytes"


def _option(name: str, values: Mapping[str, str]) -> str:
    lines = [f"    {_quoted(key)}: {value},\n" for key, value in values.items()]
    return f"{name}={{\n{''.join(lines)}}},\n"


def _quoted(text: str) -> str:
    return repr(text) if '"' in text or "\\" in text or not text.isprintable() else f'"{text}"'
