"""Which of the words on the command line are patterns, datasets and columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

import click

from accelerator.dataset import Dataset

__all__ = ["Words", "chains", "sort_words"]


@dataclass
class Words:
    """The words, sorted.

    Attributes:
        patterns, datasets, columns: what they say.
        doubtful: a column that may have been meant as a dataset, or nothing.
    """

    patterns: list[str]
    datasets: list[Dataset]
    columns: list[str]
    doubtful: str = ""


def sort_words(
    words: Sequence[str],
    given: Words,
    find: Callable[[str], Dataset],
    look: Callable[[str], Dataset | None],
    *,
    only_datasets: bool = False,
) -> Words:
    """Sort words that stand without an option.

    The first one is the pattern, if no option says one. Then come datasets, and columns from the first word on that is
    no dataset; if options say both datasets and columns, all are columns.

    Args:
        words: the words.
        given: what options say.
        find: returns the dataset that a word means, or says why it means none.
        look: the same, or None: most columns mean none, and why need not be known then.
        only_datasets: no word may be a column.

    Raises:
        click.UsageError: there is no pattern or no dataset.
        AcceleratorError: what should be a dataset is none.
    """
    rest = list(words)
    found = Words(list(given.patterns), list(given.datasets), list(given.columns))
    if not found.patterns:
        if not rest:
            raise click.UsageError(
                "What is to be found? Give a pattern and a dataset: ax grep PATTERN DATASET [COLUMN]..."
            )
        found.patterns.append(rest.pop(0))
    if not (given.datasets and given.columns):
        while rest:
            may_be_column = found.datasets and not only_datasets and not given.columns
            dataset = (look if may_be_column else find)(rest[0])
            if dataset is None:
                found.doubtful = rest[0]
                break
            found.datasets.append(dataset)
            del rest[0]
    if not found.datasets:
        raise click.UsageError("Where is it to be found? Give a dataset: ax grep PATTERN DATASET [COLUMN]...")
    found.columns += rest
    return found


def chains(
    datasets: Sequence[Dataset], lengths: Sequence[int], stops: Sequence[str], find: Callable[[str], Dataset]
) -> list[Dataset]:
    """Return the chains of datasets, one behind the other.

    Args:
        datasets: where they end.
        lengths: how long each may be, used in turn; empty for no limit.
        stops: before which datasets they begin, used in turn; an empty one for none.
        find: returns the dataset that a word means.
    """
    found: list[Dataset] = []
    for dataset, length, stop in zip(datasets, cycle(lengths or [-1]), cycle(stops or [""]), strict=False):
        found += dataset.chain(length=length, stop_ds=find(stop) if stop else None)
    return found
