"""Which column ``dataset_type`` made a column from."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from accelerator.dataset import Dataset
from accelerator.dataset import manifest as manifests
from accelerator.dataset.names import quoted
from accelerator.error import AcceleratorError
from accelerator.job import Job
from accelerator.job.record import Setup

__all__ = ["Place", "place_of", "typed_from"]

_METHOD = "dataset_type"


class Place(NamedTuple):
    """A column of a dataset.

    Attributes:
        column: its name there.
        dataset: the dataset, with its name written out.
    """

    column: str
    dataset: str

    def __str__(self) -> str:
        return f"{quoted(self.column)} in {quoted(self.dataset)}"


def place_of(dataset: Dataset, column: str) -> Place:
    """Return where the data of a column is, the newest if that is in several places.

    Args:
        dataset: one that has the column.
        column: its name.
    """
    manifest = manifests.load(dataset.job.path, dataset.name)
    assert manifest is not None, dataset
    found = manifest.column(column)
    stores = manifest.places[found.place]
    if not stores:
        return Place(column, _full(dataset))
    store = manifest.stores[stores[-1]]
    name = f"{store.job}/{unquote(store.directory)}"
    return Place(column if name == _full(dataset) else found.physical_in(len(stores) - 1), name)


def typed_from(dataset: Dataset, column: str) -> tuple[Place, Place] | None:
    """Return the column that was typed to make this one, in the dataset that was typed, and where its data is.

    Args:
        dataset: one that has the column.
        column: its name.

    Returns:
        None if it was not made so, or if that cannot be seen any more.
    """
    try:
        here = place_of(dataset, column)
        typed = Dataset(here.dataset)
        setup = Setup.load(Path(Job(str(typed.job)).path))
        if setup.method != _METHOD or here.column not in setup.options["column2type"]:
            return None
        names = {new: old for old, new in (setup.options["rename"] or {}).items()}
        source = _source(typed, setup)
        name = names.get(here.column, here.column)
        return Place(name, _full(source)), place_of(source, name)
    except (AcceleratorError, FileNotFoundError, KeyError):
        return None  # deleted


def _source(typed: Dataset, setup: Setup) -> Dataset:
    """Return the dataset that one of dataset_type was made from; each in a chain is made from one in a chain."""
    newest = Dataset(str(typed.job)).chain_within_job()
    behind = len(newest) - 1 - [str(each) for each in newest].index(str(typed))
    source: Dataset = Dataset(str(setup.datasets["source"])).chain()[-1 - behind]
    return source


def _full(dataset: Dataset) -> str:
    return f"{dataset.job}/{dataset.name}"
