"""What dataset_type does with one dataset, decided before any value is read: columns, names, hashing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accelerator import Dataset, DatasetUsageError, UserError
from accelerator.column import COLUMN_TYPES
from accelerator.column.parse import Parser
from accelerator.standard_methods.chains import listed_columns

__all__ = ["TypePlan", "plan_dataset"]

_SOURCE_TYPES = ("ascii", "bytes", "unicode")


@dataclass(frozen=True)
class TypePlan:
    """How one dataset is typed.

    Attributes:
        source: the dataset to type.
        name: of the result.
        typed: new column → column of the source that it is made from.
        untyped: new column → column of the source that it is as it was.
        hashlabel: of the result.
        rehash: whether the rows go to other slices.
        independent: the result has no parent, so untyped columns are copied.
    """

    source: Dataset
    name: str
    typed: Mapping[str, str]
    untyped: Mapping[str, str]
    hashlabel: str | None
    rehash: bool
    independent: bool

    @property
    def bad_name(self) -> str:
        """Name of the dataset of bad lines."""
        return "bad" if self.name == "default" else f"{self.name}.bad"

    def slice_name(self, sliceno: int, slices: int, chain_slices: bool) -> str:
        """Return the name of the dataset that a slice writes."""
        last = sliceno == slices - 1
        return self.name if last or not (self.rehash and chain_slices) else f"{self.name}.{sliceno}"

    def typed_columns(self, parsers: Mapping[str, Parser]) -> dict[str, tuple[str, bool]]:
        """Return type and None support of the typed columns."""
        columns = self.source.columns
        return {
            name: (parsers[name].column_type, parsers[name].none_support or columns[old].none_support)
            for name, old in self.typed.items()
        }

    def bad_columns(self) -> dict[str, tuple[str, bool]]:
        """Return type and None support of the columns of the dataset of bad lines."""
        columns = self.source.columns
        return {name: (columns[old].type, columns[old].none_support) for name, old in self.typed.items()}

    def copied_columns(self) -> dict[str, tuple[str, bool]]:
        """Return type and None support of the untyped columns."""
        columns = self.source.columns
        return {name: (columns[old].type, columns[old].none_support) for name, old in self.untyped.items()}


def plan_dataset(source: Dataset, name: str, parsers: Mapping[str, Parser], options: Any) -> TypePlan:
    """Decide how to type a dataset.

    Args:
        source: the dataset.
        name: of the result.
        parsers: by new column name.
        options: of dataset_type.

    Raises:
        DatasetUsageError: a column is missing, has a type that cannot be typed, or cannot be hashed on.
        UserError: two columns are renamed to the same.
    """
    rename = {old: new for old, new in options.rename.items() if old in source.columns}
    target_of: dict[str, str] = {}
    for old, new in rename.items():
        if new is None:
            continue
        if new in target_of:
            raise UserError(f"Both column {target_of[new]!r} and column {old!r} rename to {new!r} (in {source.quoted})")
        target_of[new] = old
    untyped = _untyped(source, rename, target_of, parsers)
    typed = {}
    for column in parsers:
        old = target_of.get(column, untyped.get(column))
        if old is None:
            raise DatasetUsageError(
                f"Dataset {source.quoted} doesn't have a column named {column!r} ({listed_columns(source, column)})"
            )
        coltype = source.columns[old].type
        if coltype not in _SOURCE_TYPES:
            raise DatasetUsageError(
                f"Dataset {source.quoted} column {old!r} is type {coltype}, must be one of {', '.join(_SOURCE_TYPES)}"
            )
        typed[column] = old
        untyped.pop(column, None)
    if options.discard_untyped:
        untyped = {}
    hashlabel, rehash = _hashing(source, rename, target_of, typed, untyped, options.hashlabel)
    if rehash:
        _check_hashable(source, str(hashlabel), typed, untyped, parsers)
    independent = rehash or bool(options.filter_bad or options.discard_untyped)
    return TypePlan(source, name, typed, untyped, hashlabel, rehash, independent)


def _untyped(
    source: Dataset, rename: Mapping[str, Any], target_of: Mapping[str, str], parsers: Mapping[str, Parser]
) -> dict[str, str]:
    """Return new name → old name of everything that is there after renaming, before typing."""
    found = {}
    for old in source.columns:
        if old not in rename:
            if old not in target_of:
                found[old] = old
            continue
        new = rename[old]
        if new is None:
            continue
        if new not in parsers:
            found[new] = old
        elif old not in target_of and old != source.hashlabel:
            found[old] = old  # what is typed under a new name stays under the old one
    return found


def _hashing(
    source: Dataset,
    rename: Mapping[str, Any],
    target_of: Mapping[str, str],
    typed: Mapping[str, str],
    untyped: Mapping[str, str],
    wanted: str | None,
) -> tuple[str | None, bool]:
    """Return hashlabel of the result, and whether rows change slices."""
    if wanted is not None:
        return (wanted, True) if wanted else (None, False)
    hashlabel = source.hashlabel
    if hashlabel is not None and hashlabel in rename:
        hashlabel = rename[hashlabel]
    elif hashlabel in target_of:
        hashlabel = None
    if hashlabel is not None and hashlabel in typed:
        return hashlabel, True
    return (hashlabel if hashlabel in untyped else None), False


def _check_hashable(
    source: Dataset,
    hashlabel: str,
    typed: Mapping[str, str],
    untyped: Mapping[str, str],
    parsers: Mapping[str, Parser],
) -> None:
    if hashlabel in typed:
        coltype = parsers[hashlabel].column_type
        possible = COLUMN_TYPES[coltype].hashable and not coltype.startswith("complex")
    elif hashlabel in untyped:
        coltype = source.columns[untyped[hashlabel]].type
        possible = COLUMN_TYPES[coltype].hashable
    else:
        raise DatasetUsageError(f"Can't rehash {source.quoted} on discarded column {hashlabel!r}.")
    if not possible:
        raise DatasetUsageError(f"Can't hash {source.quoted} on column of type {coltype}.")
