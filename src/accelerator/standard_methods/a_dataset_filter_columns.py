"""Leaves out columns of a dataset."""

# mypy: allow-untyped-defs, no-check-untyped-defs

from accelerator import OptionDefault, UserError
from accelerator.standard_methods.chains import check_columns

version = 1

description = """Make a dataset with some of the columns of another, without copying data."""

options = {
    # The columns to keep. Give either this or discard_columns.
    "keep_columns": OptionDefault([str], default=None),
    # The columns to leave out. Those that do not exist are ignored.
    "discard_columns": OptionDefault([str], default=None),
}

datasets = ("source", "previous")


def synthesis(options, datasets):
    if not datasets.source:
        raise UserError("No source specified")
    keep, discard = options.keep_columns, options.discard_columns
    if not (keep or discard):
        raise UserError("Specify either keep_columns or discard_columns")
    if keep and discard:
        raise UserError("Only specify one of keep_columns and discard_columns")
    check_columns(datasets.source, keep or ())
    if discard:
        keep = set(datasets.source.columns).difference(discard)
        if not keep:
            raise UserError(f"All columns discarded of {datasets.source.quoted}")
    datasets.source.link_to_here(column_filter=keep, override_previous=datasets.previous)
