"""Leaves out columns of a dataset."""

# mypy: allow-untyped-defs, no-check-untyped-defs

version = 1

description = """Make a dataset with some of the columns of another, without copying data."""

options = {
    # The columns to keep. Give either this or discard_columns.
    "keep_columns": None,
    # The columns to leave out. Those that do not exist are ignored.
    "discard_columns": None,
}

datasets = ("source", "previous")


def _names(given):
    return {name.strip() for name in given.split(",")} if isinstance(given, str) else set(given or ())


def synthesis(options, datasets):
    keep, discard = _names(options.keep_columns), _names(options.discard_columns)
    assert keep or discard, "Specify either keep_columns or discard_columns"
    assert not (keep and discard), "Only specify one of keep_columns and discard_columns"
    if discard:
        keep = set(datasets.source.columns) - discard
        assert keep, "All columns discarded"
    datasets.source.link_to_here(column_filter=keep, override_previous=datasets.previous)
