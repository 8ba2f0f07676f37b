"""What a query means for each dataset: which columns are shown, which are searched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accelerator.cli.grep.query import Query
from accelerator.cli.nearest import did_you_mean
from accelerator.dataset import Dataset
from accelerator.error import UserError

__all__ = ["ColumnChoice", "DatasetPlan", "make_plans"]

# So many columns are named at most to somebody who asked for others.
_LISTED = 20


@dataclass(frozen=True)
class ColumnChoice:
    """Which columns the user named.

    Attributes:
        shown: to show, in this order; empty for all, by name.
        excluded: not to show.
        searched: to search; empty for those that are shown.
        not_searched: not to search, of all there are.
        allow_missing: datasets need not have all of them.
    """

    shown: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    not_searched: tuple[str, ...] = ()
    allow_missing: bool = False


@dataclass(frozen=True)
class DatasetPlan:
    """What to do with a dataset.

    Attributes:
        dataset: the dataset.
        shown: columns to show, in order.
        searched: columns to search.
        unique: columns that make lines distinct.
    """

    dataset: Dataset
    shown: tuple[str, ...]
    searched: tuple[str, ...]
    unique: tuple[str, ...] = ()

    @property
    def needed(self) -> list[str]:
        """The columns that lines are made of, each once."""
        return list(dict.fromkeys((*self.shown, *self.unique)))

    def kind(self, column: str) -> str:
        """Return the column type of a column."""
        return self.dataset.stored[column].type


def make_plans(datasets: Sequence[Dataset], choice: ColumnChoice, query: Query) -> list[DatasetPlan]:
    """Return what to do with each dataset; without those that have nothing to show or search, if that is allowed.

    Raises:
        UserError: a dataset lacks columns, or the datasets do not have the same number of slices.
    """
    if len({len(dataset.lines) for dataset in datasets}) > 1:
        raise UserError("all datasets must have the same number of slices")
    plans = []
    problems = []
    for dataset in datasets:
        plan, missing = _plan(dataset, choice, query)
        if missing and not choice.allow_missing:
            hints = did_you_mean(missing[0], dataset.stored) or _listed(dataset.stored)
            problems.append(f"{dataset} does not have columns {', '.join(map(repr, missing))}{hints}")
        elif plan.shown and plan.searched:
            plans.append(plan)
    if problems:
        raise UserError("\n".join(problems))
    return plans


def _listed(columns: Iterable[str]) -> str:
    """Say which columns there are."""
    names = sorted(columns)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f" (it has {', '.join(map(repr, names[:_LISTED]))}{more})"


def _plan(dataset: Dataset, choice: ColumnChoice, query: Query) -> tuple[DatasetPlan, list[str]]:
    have = sorted(dataset.stored)
    shown: Iterable[str] = choice.shown or [name for name in have if name not in choice.excluded]
    searched: Iterable[str] = choice.searched or shown
    if choice.not_searched:
        searched = [name for name in have if name not in choice.not_searched]
    unique = () if query.unique is None or query.names_only else query.unique or tuple(shown)
    missing = sorted({*shown, *searched, *unique} - set(have))
    kept = [tuple(name for name in names if name in dataset.stored) for names in (shown, searched, unique)]
    plan = DatasetPlan(dataset, kept[0], tuple(dict.fromkeys(kept[1])), tuple(sorted(set(kept[2]))))
    return plan, missing
