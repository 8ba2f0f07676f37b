"""``ax hist``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from accelerator import _lazy
from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import column_names, dataset_names
from accelerator.cli.grep.words import chains
from accelerator.cli.hist_counts import (
    Counts,
    Tallies,
    count_rows,
    in_bins,
    plan_bins,
    tallies_of,
    value_counts,
)
from accelerator.cli.hist_fill import Numbers
from accelerator.cli.hist_order import as_number, ordered_arrays, ordered_values
from accelerator.cli.nearest import did_you_mean
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.colour import colour
from accelerator.dataset import Dataset
from accelerator.error import UserError

__all__ = ["command"]

_SEPARATORS = {"csv": ",", "ssv": ";", "tsv": "\t"}
_BLOCKS = " ▏▎▍▌▋▊▉█"
_SHOWN = 30  # most common values, if nothing else is asked for


class Histogram(NamedTuple):
    """What is shown.

    Attributes:
        rows: names of values or bins, and how many there are.
        total: distinct values there are, if not all are shown.
        warnings: what should be known about it.
    """

    rows: list[tuple[str, int]]
    total: int | None
    warnings: list[str]


@ax_command(
    "hist",
    examples=[
        ("ax hist dev-12 age", "bins from the least to the greatest value"),
        ("ax hist -t dev-12 age", "the most common values"),
        ("ax hist -c csvimport~2 city street", "the most common pairs in a chain"),
        ("ax hist -f csv -m 0 dev-12 day", "each day, as CSV"),
        ("ax hist --plot age.svg dev-12 age", "as a picture"),
    ],
    details=(
        "Numbers, dates and times of one column are put into bins, everything else is listed by how often it occurs. "
        "The column may be left out if there is only one."
    ),
)
@click.argument("dataset", metavar="DATASET", shell_complete=dataset_names)
@click.argument("columns", metavar="[COLUMN]...", nargs=-1, shell_complete=column_names)
@click.option("-c", "--chain/--no-chain", help="Follow the chain of the dataset.")
@click.option("--chain-length", "--cl", "length", metavar="N", type=int, help="At most N datasets of it.")
@click.option(
    "--stop-ds",
    "stop",
    metavar="DATASET",
    shell_complete=dataset_names,
    help="The chain only back to this, excluded.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["aligned", "bars", *_SEPARATORS]),
    help="Default: bars, or tsv in a pipe.",
)
@click.option("-t", "--toplist/--no-toplist", help="The most common values, no bins.")
@click.option(
    "-m", "--max-count", "wanted", metavar="N", type=click.IntRange(0), help="So many bins or values; 0: all."
)
@click.option("-s", "--slice", "slices", metavar="N", type=int, multiple=True, help="Only this slice.")
@click.option(
    "--plot",
    "picture",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw it: FILE.svg, or FILE.png if matplotlib is installed. Nothing is printed then.",
)
@json_option
@pass_workspace
def command(workspace: Workspace, dataset: str, columns: Sequence[str], **given: Any) -> None:
    """Show a histogram."""
    if given["picture"] is not None:
        _lazy.hist_plot.check_plot_file(given["picture"])
    datasets = [workspace.dataset(dataset)]
    if given["chain"]:
        lengths = [] if given["length"] is None else [given["length"]]
        datasets = chains(datasets, lengths, [given["stop"] or ""], workspace.dataset)
    workspace.finds_classes_of(datasets)
    columns = _columns(datasets, columns)
    slices = _slices(datasets, given["slices"])
    if len(columns) == 1:
        if not given["toplist"] and _has_order(datasets, columns[0]):
            shown = _binned(datasets, columns[0], slices, given["wanted"])
        else:
            shown = _most_common(value_counts(tallies_of(datasets, columns[0], slices)), given["wanted"])
    else:
        shown = _most_common(count_rows(datasets, columns, slices), given["wanted"])
    if given["picture"] is not None:
        _lazy.hist_plot.save_plot(given["picture"], shown.rows, f"{', '.join(columns)} in {datasets[-1].quoted}")
    elif given["as_json"]:
        render.print_json([{"value": label, "count": count} for label, count in shown.rows])
    else:
        terminal = sys.stdout is not None and sys.stdout.isatty()
        _print(shown.rows, given["form"] or ("bars" if terminal else "tsv"))
    for text in shown.warnings:
        errors.warn(text)
    if shown.total is not None:
        click.echo(f"{render.count(shown.total)} total found", err=True)


def _columns(datasets: Sequence[Dataset], columns: Sequence[str]) -> Sequence[str]:
    common = sorted(set.intersection(*(set(dataset.columns) for dataset in datasets)))
    if not columns:
        if len(common) == 1:
            return common
        raise UserError("\n    ".join(["Specify at least one column, choose from:", *common]))
    for dataset in datasets:
        for name in columns:
            if name not in dataset.columns:
                hint = did_you_mean(name, dataset.columns)
                raise UserError(f"Dataset {dataset.quoted} does not have column {name!r}{hint}")
    return columns


def _slices(datasets: Sequence[Dataset], slices: Sequence[int]) -> Sequence[int]:
    available = len(datasets[0].lines)
    for sliceno in slices:
        if not 0 <= sliceno < available:
            raise UserError(f"There is no slice {sliceno}, only 0 to {available - 1}")
    return list(dict.fromkeys(slices)) or range(available)


def _has_order(datasets: Sequence[Dataset], column: str) -> bool:
    """Return whether the values of a column can be compared with each other, and lie somewhere between others."""
    numbers = {"float32", "float64", "int32", "int64", "number"}
    types = {dataset.columns[column].type for dataset in datasets}
    return types <= numbers or types in ({"bool"}, {"date"}, {"datetime"}, {"time"})


def _binned(datasets: Sequence[Dataset], column: str, slices: Sequence[int], wanted: int | None) -> Histogram:
    tallies: Tallies | None = None
    values = Numbers(datasets, column, slices)
    ordered = values.outline
    if ordered is None:
        tallies = tallies_of(datasets, column, slices)
        ordered = ordered_arrays(tallies) or ordered_values(value_counts(tallies))
    warnings = [f"WARNING: {render.count(ordered.nans)} NaN ignored."] if ordered.nans else []
    if ordered.low is None:
        rows = []
    elif wanted == 0 or isinstance(ordered.low, bool) or as_number(ordered.low) == as_number(ordered.high):
        rows = _all_values(value_counts(tallies or tallies_of(datasets, column, slices)))
    else:
        try:
            bins = plan_bins(ordered.low, ordered.high, wanted)
        except OverflowError:
            raise UserError("Can't bin to infinity.") from None
        counts = in_bins(bins, ordered) if tallies else values.in_bins(bins)
        rows = list(zip(bins.labels, counts, strict=True))
        if bins.uneven:
            warnings.append("WARNING: varying bucket size.")
    if ordered.nones:
        rows.append(("None", ordered.nones))
    return Histogram(rows, None, warnings)


def _all_values(counts: Counts) -> list[tuple[str, int]]:
    kept = [value for value in counts if value is not None and value == value]  # noqa: PLR0124 - NaN
    # Datetimes and times with and without UTC may stand in one column.
    return [(_value_label(value), counts[value]) for value in sorted(kept, key=as_number)]


def _most_common(counts: Counts, wanted: int | None) -> Histogram:
    number = len(counts) if wanted == 0 else wanted or _SHOWN
    rows = [(_value_label(value), count) for value, count in counts.most_common(number)]
    return Histogram(rows, len(counts) if len(counts) > number else None, [])


def _value_label(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:_}"
    return str(value)


def _print(rows: Sequence[tuple[str, int]], form: str) -> None:
    if form in _SEPARATORS:
        separator = _SEPARATORS[form]
        render.print_lines(f"{_field(label, separator)}{separator}{count}" for label, count in rows)
        return
    labels = [_one_line(label) for label, _ in rows]
    counts = [render.count(count) for _, count in rows]
    width = max(map(len, labels), default=0)
    count_width = max(map(len, counts), default=0)
    lines = [f"{label:<{width}}  {count:>{count_width}}" for label, count in zip(labels, counts, strict=True)]
    if form == "bars":
        bars = _bars([count for _, count in rows], _lazy.shutil.get_terminal_size().columns - width - count_width - 4)
        lines = [f"{line}  {bar}".rstrip() for line, bar in zip(lines, bars, strict=True)]
    render.print_lines(line if count else colour(line, "faint") for line, (_, count) in zip(lines, rows, strict=True))


def _bars(counts: Sequence[int], room: int) -> list[str]:
    """Return a bar for each count: a block each if there is room, else the longest as long as there is."""
    most = max(counts, default=0)
    room = max(min(room, most), 1)
    if (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") != "utf8":
        return ["#" * round(count * room / (most or 1)) for count in counts]
    bars = []
    for count in counts:
        whole, eighths = divmod(count * room * 8 // (most or 1), 8)
        bars.append(_BLOCKS[-1] * whole + (_BLOCKS[eighths] if eighths else ""))
    return bars


def _field(label: str, separator: str) -> str:
    if separator in label or label.startswith('"'):
        label = '"' + label.replace('"', '""') + '"'
    return _one_line(label)


def _one_line(label: str) -> str:
    return label.replace("\n", "\\n").replace("\r", "\\r")
