"""``ax grep``: its options."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from accelerator import _lazy, colour
from accelerator.cli.command import Command
from accelerator.cli.commands import COMMANDS
from accelerator.cli.complete import column_names, dataset_names, grep_words
from accelerator.cli.grep import spacing
from accelerator.cli.grep.patterns import Patterns
from accelerator.cli.grep.plan import ColumnChoice, DatasetPlan, make_plans
from accelerator.cli.grep.query import Format, Query
from accelerator.cli.grep.words import Words, chains, sort_words
from accelerator.cli.numpy_later import postpone_numpy
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import AcceleratorError, UserError

__all__ = ["command"]

_ORDER = "accelerator.cli.grep.order"


class _GrepCommand(Command):
    """A command that remembers in which order its options were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Without a value it means always; click would take the next word for its value.
        args = [f"{arg}=always" if arg in {"--colour", "--color"} else arg for arg in args]
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(list(args))
            ctx.meta[_ORDER] = {parameter.name: number for number, parameter in enumerate(order)}
        return super().parse_args(ctx, args)


_DETAILS = """
PATTERN is a Python regular expression, found anywhere in the text of a value; a line is shown if a value in it matches.
DATASET is as for `ax ds`, COLUMN what to show and search instead of all columns. `ax cat` shows everything.

Without -O, lines of different slices come as they are found.

-N takes 12, <12, <=12, >12, >=12, a:b (without b), a<:b (without a and b) and a:=b (with both), with any kind of
number, or nothing for all numbers.
"""


@click.command(
    "grep",
    cls=_GrepCommand,
    help=f"{COMMANDS['grep'].summary}\n\n{_DETAILS}",
    examples=[
        ("ax grep Smith dev-12", "lines with Smith in any column"),
        ("ax grep -i ^smith csvimport name age", "search and show two columns of the newest csvimport"),
        ("ax grep -g age -N '>=65' dev-12", "search one column for numbers, show all"),
        ("ax grep -c -O -D -L Smith dev-12~2", "the whole chain in order, with dataset and line"),
        ("ax cat -H -m 10 -O dev-12", "the first ten lines"),
    ],
)
@click.argument("words", metavar="[PATTERN] DATASET... [COLUMN]...", nargs=-1, shell_complete=grep_words)
@click.option("-e", "--regexp", "patterns", metavar="PATTERN", multiple=True, help="Look for this; may be repeated.")
@click.option(
    "-d",
    "--dataset",
    "datasets",
    metavar="DATASET",
    multiple=True,
    shell_complete=dataset_names,
    help="Look in this dataset.",
)
@click.option(
    "-n", "--column", "columns", metavar="COLUMN", multiple=True, shell_complete=column_names, help="Show this column."
)
@click.option(
    "--exclude", metavar="COLUMN", multiple=True, shell_complete=column_names, help="Show all columns but this one."
)
@click.option(
    "-g", "--grep", metavar="COLUMN", multiple=True, shell_complete=column_names, help="Search this column only."
)
@click.option(
    "--dont-grep", metavar="COLUMN", multiple=True, shell_complete=column_names, help="Search all columns but this one."
)
@click.option("-c", "--chain/--no-chain", help="Follow the chains of the datasets, oldest first.")
@click.option(
    "--chain-length", "--cl", "lengths", metavar="N", type=int, multiple=True, help="At most N datasets of a chain."
)
@click.option(
    "--stop-ds",
    "stops",
    metavar="DATASET",
    multiple=True,
    shell_complete=dataset_names,
    help="The chain only back to this, excluded.",
)
@click.option("-F", "--fixed-strings/--no-fixed-strings", "fixed", help="Patterns are plain text.")
@click.option("-N", "--numeric/--no-numeric", "numeric", help="Patterns are numbers, see above.")
@click.option("-i", "--ignore-case/--no-ignore-case", help="Capitals do not matter.")
@click.option("-v", "--invert-match/--no-invert-match", "invert", help="Show the lines that do not match.")
@click.option("-o", "--only-matching/--no-only-matching", help="Show what matches; with -l the values that match.")
@click.option("-l", "--list-matching/--no-list-matching", help="Show only which datasets match (with -S: slices).")
@click.option("-m", "--max-count", metavar="N", type=int, help="Stop after N matching lines.")
@click.option("-A", "--after-context", "after", metavar="N", type=click.IntRange(0), help="Show N lines after each.")
@click.option("-B", "--before-context", "before", metavar="N", type=click.IntRange(0), help="Show N lines before each.")
@click.option("-C", "--context", metavar="N", type=click.IntRange(0), help="Both.")
@click.option("-H", "--headers/--no-headers", help="Show column names, and again when they change.")
@click.option("-O", "--ordered/--no-ordered", help="Dataset by dataset, slice by slice.")
@click.option("-r", "--roundrobin/--no-roundrobin", help="Dataset by dataset, a line of each slice in turn.")
@click.option("-s", "--slice", "slices", metavar="N", type=int, multiple=True, help="Only this slice.")
@click.option("-u", "--unique/--no-unique", help="Show only the first of lines with the same values; ordered.")
@click.option(
    "--unique-by",
    metavar="COLUMN",
    multiple=True,
    shell_complete=column_names,
    help="The same, with the same values here.",
)
@click.option("-M", "--allow-missing-columns/--no-allow-missing-columns", help="Datasets may lack columns.")
@click.option("-D", "--show-dataset/--no-show-dataset", help="Show the dataset of each line.")
@click.option("-S", "--show-sliceno/--no-show-sliceno", "show_slice", help="Show the slice of each line.")
@click.option("-L", "--show-lineno/--no-show-lineno", "show_line", help="Show its number in the slice, from 0.")
@click.option("-f", "--format", "form", type=click.Choice(["csv", "raw", "json"]), default="csv", help="How to write.")
@click.option("--json", "as_json", is_flag=True, help="The same as -f json.")
@click.option("-t", "--separator", metavar="TEXT", help="What is between fields; a TAB, or spaces on a terminal.")
@click.option(
    "-T", "--tab-length", "lengths_of_tabs", metavar="TAB/FIELD/MIN", multiple=True, help="Spaces; -T/ is -T 8/16/2."
)
@click.option(
    "--colour",
    "--color",
    "when",
    type=click.Choice(["auto", "never", "always"], case_sensitive=False),
    default="auto",
    metavar="[WHEN]",
    help="auto, never or always (if left out).",
)
@click.option("--no-colour", "--no-color", "no_colour", is_flag=True, help="The same as --colour=never.")
@pass_workspace
def command(workspace: Workspace, words: Sequence[str], **given: Any) -> None:
    """Show lines that match."""
    order: dict[str, int] = click.get_current_context().meta[_ORDER]
    _check(given)
    query_patterns, plans, query = _understand(workspace, words, given, order)
    if not workspace.finds_classes_of(plan.dataset for plan in plans):
        postpone_numpy()
    _lazy.grep_search.search(plans, query_patterns, query, sys.stdout.buffer)


def _check(given: dict[str, Any]) -> None:
    for one, other, text in (
        ("fixed", "numeric", "-F and -N"),
        ("columns", "exclude", "-n and --exclude"),
        ("grep", "dont_grep", "-g and --dont-grep"),
    ):
        if given[one] and given[other]:
            raise click.UsageError(f"{text} exclude each other")


def _understand(
    workspace: Workspace, words: Sequence[str], given: dict[str, Any], order: dict[str, int]
) -> tuple[Patterns, list[DatasetPlan], Query]:
    named = Words(list(given["patterns"]), [workspace.dataset(word) for word in given["datasets"]], [*given["columns"]])
    find, look = workspace.dataset, workspace.dataset_if_any
    found = sort_words(words, named, find, look, only_datasets=bool(given["exclude"]))
    query = _query(tuple(found.patterns), given, order)
    patterns = Patterns(query.patterns, query.mode, ignore_case=query.ignore_case)
    datasets = found.datasets
    if given["chain"]:
        datasets = chains(datasets, given["lengths"], given["stops"], workspace.dataset)
    choice = ColumnChoice(
        shown=tuple(found.columns),
        excluded=given["exclude"],
        searched=given["grep"],
        not_searched=given["dont_grep"],
        allow_missing=given["allow_missing_columns"],
    )
    try:
        return patterns, make_plans(datasets, choice, query), query
    except UserError as error:
        raise UserError(f"{error}{_why_no_dataset(workspace, found.doubtful)}") from None


def _why_no_dataset(workspace: Workspace, word: str) -> str:
    """Return a line that says why a word was taken for a column."""
    try:
        if word:
            workspace.dataset(word)
    except AcceleratorError as error:
        return f"\n{word!r} is not a dataset either: {error}"
    return ""


def _query(patterns: tuple[str, ...], given: dict[str, Any], order: dict[str, int]) -> Query:
    names_only = given["list_matching"] and not given["only_matching"]
    form: Format = "json" if given["as_json"] else given["form"]
    return Query(
        patterns=patterns,
        mode="fixed" if given["fixed"] else "numeric" if given["numeric"] else "regexp",
        ignore_case=given["ignore_case"],
        invert=given["invert"],
        only_matching=given["only_matching"],
        list_matching=given["list_matching"],
        max_count=given["max_count"],
        before=_lines_of_context("before", given, order),
        after=_lines_of_context("after", given, order),
        headers=given["headers"],
        ordered=given["ordered"],
        roundrobin=given["roundrobin"],
        slices=given["slices"] or None,
        unique=_unique(given, order),
        show_dataset=given["show_dataset"] or names_only,
        show_slice=given["show_slice"],
        show_line=given["show_line"] and not names_only,
        format=form,
        separator="\t" if given["separator"] is None else given["separator"],
        spacing=_spacing(given, order),
        colour=form != "json" and _colour(given, order),
    )


def _last(order: dict[str, int], one: str, other: str) -> bool:
    """Return whether an option stands behind another one, or alone."""
    return order.get(one, -1) > order.get(other, -1)


def _lines_of_context(side: str, given: dict[str, Any], order: dict[str, int]) -> int:
    name = "context" if _last(order, "context", side) else side
    return given[name] or 0


def _unique(given: dict[str, Any], order: dict[str, int]) -> tuple[str, ...] | None:
    if given["unique_by"] and not (given["unique"] and _last(order, "unique", "unique_by")):
        by: tuple[str, ...] = given["unique_by"]
        return by
    return () if given["unique"] else None


def _spacing(given: dict[str, Any], order: dict[str, int]) -> spacing.Spacing | None:
    if given["lengths_of_tabs"] and _last(order, "lengths_of_tabs", "separator"):
        try:
            return spacing.parse(given["lengths_of_tabs"])
        except ValueError as error:
            raise click.UsageError(f"-T: {error}") from None
    if given["separator"] is None and sys.stdout is not None and sys.stdout.isatty():
        return spacing.DEFAULT
    return None


def _colour(given: dict[str, Any], order: dict[str, int]) -> bool:
    when = given["when"].lower()
    if given["no_colour"] and _last(order, "no_colour", "when"):
        when = "never"
    if when == "always":
        colour.enable()
    return bool(when != "never" and colour.pre_post("red")[0])
