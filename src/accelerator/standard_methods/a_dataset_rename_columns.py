"""Renames columns of a dataset."""

# mypy: allow-untyped-defs, no-check-untyped-defs, disable-error-code="var-annotated"

from accelerator import UserError

version = 1

description = """Make a dataset with other names for the columns of another, without copying data."""

options = {
    # {old name: new name}; {old name: None} leaves a column out. All at once, so that names can be swapped.
    "rename": {},
}

datasets = ("source",)


def synthesis(options, datasets):
    if not datasets.source:
        raise UserError("No source specified")
    datasets.source.link_to_here(rename=options.rename)
