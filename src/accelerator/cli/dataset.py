"""``ax ds``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click

from accelerator import _lazy
from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import dataset_names
from accelerator.cli.dataset_text import column_lines, print_balance, print_in_columns
from accelerator.cli.job import for_each
from accelerator.cli.typed_from import typed_from
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.colour import colour
from accelerator.dataset import Dataset, DatasetChain
from accelerator.dataset import manifest as manifests
from accelerator.dataset.names import quoted
from accelerator.error import AcceleratorError, DatasetError, NoSuchWhateverError
from accelerator.job.record import Setup

__all__ = ["command", "describe"]


@dataclass(frozen=True)
class View:
    """What ``ax ds`` was asked to show of each dataset."""

    chain: bool = False
    non_empty_chain: bool = False
    min_max: bool = True
    columns: bool = True
    slices: bool = False
    chain_slices: bool = False
    location: bool = False

    @property
    def whole_chain(self) -> bool:
        """Whether minimum and maximum are those of the whole chain."""
        return self.chain or self.non_empty_chain or self.chain_slices


def describe(dataset: Dataset, view: View) -> dict[str, Any]:
    """Return everything that ``ax ds`` shows of a dataset, ready for JSON."""
    # By name: what was deleted since is not needed to show the rest.
    manifest = dataset.manifest
    parents, previous = [f"{parent.job}/{parent.dataset}" for parent in manifest.parents], manifest.previous
    broken = ""
    try:
        chain = dataset.chain()
    except AcceleratorError as error:  # a dataset in it is gone, or damaged
        if view.whole_chain:
            raise DatasetError(f"the chain of {dataset.quoted} is broken: {error}") from None
        chain, broken = DatasetChain([dataset]), str(error)
    of_columns = chain if view.whole_chain else DatasetChain([dataset])
    about: dict[str, Any] = {
        "dataset": _full(dataset),
        "job": str(dataset.job),
        "name": dataset.name,
        "method": Setup.load(Path(dataset.job.path)).method,
        "parents": parents,
        "filename": dataset.filename,
        "caption": dataset.caption,
        "previous": f"{previous.job}/{previous.dataset}" if previous else None,
        "hashlabel": dataset.hashlabel,
        "lines": sum(dataset.lines),
        "lines_per_slice": list(dataset.lines),
        "columns": [],
        "chain": [] if broken else [{"dataset": _full(ds), "lines": sum(ds.lines)} for ds in chain],
        "chain_broken": broken or None,
    }
    for name, column in sorted(dataset.columns.items()):
        about["columns"].append(
            {
                "name": name,
                "type": column.type,
                "none_support": column.none_support,
                "min": of_columns.min(name) if view.min_max else None,
                "max": of_columns.max(name) if view.min_max else None,
                "location": _location(dataset, name),
                "typed_from": _typed_from(dataset, name) if view.location else None,
            }
        )
    return about


@ax_command(
    "ds",
    examples=[
        ("ax ds dev-12", "the default dataset of a job"),
        ("ax ds csvimport/bad", "a dataset of the newest csvimport"),
        ("ax ds -c dev-12~2", "with its chain"),
        ("ax ds -l dev-12", "the datasets in a job"),
        ("ax ds --suggest-types csvimport", "column2type for dataset_type"),
    ],
    details=(
        "SPEC is a job as for `ax job`, then /NAME if the dataset is not called default. After the name, ~N goes N "
        "back along the chain, ^N to the parent. dev-12.source is the dataset that dev-12 was given as `source`."
    ),
)
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=dataset_names)
@click.option("-c", "--chain", is_flag=True, help="List the datasets in the chain.")
@click.option("-C", "--non-empty-chain", is_flag=True, help="List the datasets in the chain that have lines.")
@click.option("-l", "--list", "list_job", is_flag=True, help="List the datasets in the job.")
@click.option("-L", "--chained-list", is_flag=True, help="The same, with the lines of their chains.")
@click.option("-m", "--suppress-minmax", is_flag=True, help="Leave out minimum and maximum.")
@click.option("-n", "--suppress-columns", is_flag=True, help="Leave out the columns.")
@click.option("-q", "--suppress-errors", is_flag=True, help="Say nothing about what does not exist, and exit with 0.")
@click.option("-s", "--slices", is_flag=True, help="Show the lines in each slice.")
@click.option("-S", "--chain-slices", is_flag=True, help="Show the lines in each slice, of the whole chain.")
@click.option("-w", "--location", is_flag=True, help="Show where each column is stored.")
@click.option("--suggest-types", is_flag=True, help="Look at all values of text columns; print types that fit.")
@json_option
@pass_workspace
def command(
    workspace: Workspace,
    specs: Sequence[str],
    *,
    chain: bool,
    non_empty_chain: bool,
    list_job: bool,
    chained_list: bool,
    suppress_minmax: bool,
    suppress_columns: bool,
    suppress_errors: bool,
    slices: bool,
    chain_slices: bool,
    location: bool,
    suggest_types: bool,
    as_json: bool,
) -> int:
    """Show datasets."""
    view = View(chain, non_empty_chain, not suppress_minmax, not suppress_columns, slices, chain_slices, location)
    collected: list[Any] = []

    def action(spec: str) -> None:
        if suggest_types:
            _suggest(workspace.dataset(spec), chain=view.whole_chain, into=collected if as_json else None)
        elif list_job or chained_list:
            _list(workspace, spec, chained=chained_list, into=collected if as_json else None)
        elif as_json:
            collected.append(describe(workspace.dataset(spec), view))
        else:
            _show(workspace.dataset(spec), view)

    failed = for_each(specs, action, quiet=suppress_errors)
    if as_json:
        render.print_json(collected)
    return errors.ExitCode.ERROR if failed and not suppress_errors else errors.ExitCode.OK


def _suggest(dataset: Dataset, *, chain: bool, into: list[Any] | None) -> None:
    found = _lazy.suggest_types.suggest_types(dataset.chain() if chain else [dataset])
    if into is None:
        print(found.text(), end="")
    else:
        into.append({"dataset": _full(dataset), **found._asdict()})


def _list(workspace: Workspace, spec: str, *, chained: bool, into: list[Any] | None) -> None:
    job = workspace.job(spec)
    setup = Setup.load(Path(job.path))
    sizes = {ds.name: ds.chain().lines() if chained else sum(ds.lines) for ds in job.datasets}
    if into is not None:
        into.append({"job": str(job), "datasets": [{"name": name, "lines": n} for name, n in sorted(sizes.items())]})
        return
    if not sizes:
        return
    print(f"{job} ({setup.method})")
    names = {name: quoted(f"{job}/{name}") for name in sorted(sizes)}
    width = max(map(len, names.values()), default=0)
    counts = {name: render.count(size) for name, size in sizes.items()}
    number_width = max(map(len, counts.values()), default=0)
    for name, text in names.items():
        print(f"    {text:<{width}}  ({counts[name]:>{number_width}})")


def _show(dataset: Dataset, view: View) -> None:
    about = describe(dataset, view)
    print(colour(dataset.quoted, "bold"))
    parents = [f"{quoted(parent)}{_unless_there(parent)}" for parent in about["parents"]]
    if len(parents) > 1:
        print("    Parents:")
        print_in_columns(parents, indent=8)
    elif parents:
        print(f"    Parent: {parents[0]}")
    print(f"    Method: {about['method']}")
    if about["filename"]:
        print(f"    Filename: {quoted(about['filename'])}")
    if about["previous"]:
        print(f"    Previous: {quoted(about['previous'])}{_unless_there(about['previous'])}")
    if about["hashlabel"] is not None:
        print(f"    Hashlabel: {quoted(about['hashlabel'])}")
    if view.columns:
        print("    Columns:")
        lines = column_lines(about["columns"], about["hashlabel"], min_max=view.min_max, location=view.location)
        for line in lines:
            print(f"        {line}")
    print(f"    {render.count(len(about['columns']))} columns")
    print(f"    {render.count(about['lines'])} lines")
    if view.slices:
        print("    Balance, lines per slice, tip dataset:")
        print_balance(about["lines_per_slice"])
    if about["chain_broken"]:
        print(f"    Chain broken: {about['chain_broken']}")
    elif about["previous"] or view.whole_chain:
        _show_chain(dataset, about, view)


def _show_chain(dataset: Dataset, about: Mapping[str, Any], view: View) -> None:
    chain = dataset.chain()
    filtered = DatasetChain(ds for ds in chain if sum(ds.lines)) if view.non_empty_chain else chain
    within = len(dataset.chain_within_job())
    where = " (all within job)" if within == len(chain) else f" ({within} within job)" if within > 1 else ""
    ends = f", from {quoted(str(chain[0].job))} to {quoted(str(dataset.job))}" if within != len(chain) else ""
    print(f"    {'Full c' if view.non_empty_chain else 'C'}hain length {render.count(len(chain))}{where}{ends}")
    if view.non_empty_chain:
        print(f"    Filtered chain length {render.count(len(filtered))}")
    if view.chain or view.non_empty_chain:
        width = len(str(len(filtered) - 1))
        print_in_columns(
            [f"{number:>{width}}: {ds.quoted}  ({render.count(sum(ds.lines))})" for number, ds in enumerate(filtered)],
            indent=8,
        )
    if view.chain_slices:
        print("    Balance, lines per slice, full chain:")
        print_balance([chain.lines(sliceno) for sliceno in range(len(about["lines_per_slice"]))])
    print(f"    {render.count(chain.lines())} total lines in chain")


def _unless_there(name: str) -> str:
    try:
        Dataset(name)
    except NoSuchWhateverError:
        return " (gone)"
    except AcceleratorError:
        return " (damaged)"
    return ""


def _full(dataset: Dataset) -> str:
    return f"{dataset.job}/{dataset.name}"


def _typed_from(dataset: Dataset, column: str) -> str | None:
    found = typed_from(dataset, column)
    if found is None:
        return None
    source, original = found
    return str(source) if source == original else f"{source}, originally {original}"


def _location(dataset: Dataset, column: str) -> str:
    """Where a column's data is: ``local``, or the name it has in the datasets of other jobs."""
    manifest = manifests.load(dataset.job.path, dataset.name)
    assert manifest is not None, dataset
    found = manifest.column(column)
    places = []
    for index, number in enumerate(manifest.places[found.place]):
        store = manifest.stores[number]
        name = f"{store.job}/{unquote(store.directory)}"
        places.append("local" if name == _full(dataset) else f"{found.physical_in(index)} in {quoted(name)}")
    return ", ".join(dict.fromkeys(places)) or "local"
