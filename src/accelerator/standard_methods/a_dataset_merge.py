"""Puts the columns of several datasets side by side."""

# mypy: allow-untyped-defs, no-check-untyped-defs

from accelerator import UserError

version = 1

description = """Merge datasets column by column, without copying data.

Where several have a column of the same name, that of the last one is used. The datasets must have the same number of
lines in each slice.
"""

options = {
    # Accept datasets that do not come from a common ancestor. You must know that their rows belong together.
    "allow_unrelated": False,
}

datasets = (
    ["source"],  # the datasets to merge, at least two
    "previous",
)


def prepare(datasets):
    if len(datasets.source) < 2:
        raise UserError("Must have at least two source datasets to merge")
    for number, source in enumerate(datasets.source):
        if not source:
            raise UserError(f"source number {number} is no dataset")


def synthesis(options, datasets):
    merged, *others = datasets.source
    for number, other in enumerate(others):
        name = "default" if number == len(others) - 1 else str(number)
        merged = merged.merge(other, name, datasets.previous, options.allow_unrelated)
