"""Imports the files in a ZIP file with csvimport, each a dataset."""

# mypy: allow-untyped-defs, no-check-untyped-defs
import re
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath

from accelerator import OptionEnum, OptionFile, UserError, build
from accelerator.standard_methods import a_csvimport
from accelerator.standard_methods.csv_plan import check_options

version = 1

description = """Import the text files in a ZIP file.

Each file becomes a dataset, by way of a csvimport job of its own. The options of csvimport apply to all of them: those
without a comment here are explained by "ax method csvimport". With chaining the datasets are a chain, and the last one
is also the default dataset of this job.
"""

_chainings = OptionEnum("on off by_filename by_dsname by_dict by_ziporder")

# The options of csvimport, which reads the files, come first.
options = {
    **{name: template for name, template in a_csvimport.options.items() if name != "member"},
    # The ZIP file, relative to the input directory.
    "filename": OptionFile(),
    # {name in the ZIP file: dataset name}; empty for all files.
    "inside_filenames": {},
    # on: in the order of inside_filenames if given, else in that of the ZIP file.
    "chaining": _chainings.on,
    # Import only files whose names match this regular expression.
    "include_re": "",
    # Do not import files whose names match this regular expression.
    "exclude_re": "",
    # Leave out directories for naming, sorting and inside_filenames.
    "strip_dirs": False,
}

datasets = (
    "previous",  # the dataset before these in a chain
)

_passed_on = set(a_csvimport.options) - {"filename", "member"}


def prepare(job, options):
    """Decide which files become which datasets, in chain order."""
    check_options(options)
    if options.inside_filenames and (options.include_re or options.exclude_re):
        raise UserError("inside_filenames cannot be combined with include_re or exclude_re")
    chaining = options.chaining
    if chaining == "on":
        chaining = "by_dict" if options.inside_filenames else "by_ziporder"
    if chaining == "by_dict" and not options.inside_filenames:
        raise UserError("chaining by_dict needs inside_filenames")

    path = Path(job.input_filename(options.filename))
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info.filename for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile as error:
        raise UserError(f"{path} is not a ZIP file, or damaged: {error}") from None
    short = {member: PurePosixPath(member).name if options.strip_dirs else member for member in members}
    if options.inside_filenames:
        chosen = by_dict(short, options.inside_filenames, path)
    else:
        chosen = by_pattern(short, options.include_re, options.exclude_re, chaining != "off")
    if not chosen:
        raise UserError(f"No files to import in {path}")
    if chaining == "by_filename":
        chosen.sort(key=lambda entry: short[entry[0]])
    elif chaining == "by_dsname":
        chosen.sort(key=lambda entry: entry[1])
    elif chaining == "by_ziporder":
        chosen.sort(key=lambda entry: members.index(entry[0]))
    if chaining != "off" and any(name == "default" for _, name in chosen[:-1]):
        raise UserError('Only the last dataset of a chain can be called "default"')
    return chosen, chaining != "off"


def by_dict(short, wanted, path):
    """Return the members that are asked for with their dataset names."""
    found = {}
    for member, name in short.items():
        found.setdefault(name, member)  # the first of several with one name
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise UserError(f"The following files were not found in {path}: {', '.join(map(repr, missing))}")
    twice = [dataset for dataset, count in Counter(wanted.values()).items() if count > 1]
    if twice:
        raise UserError(f"inside_filenames has several files for {', '.join(map(repr, twice))}")
    return [(found[name], dataset) for name, dataset in wanted.items()]


def compiled(name, pattern):
    """Return a regular expression, None for an empty one."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise UserError(f"{name} {pattern!r} is not a regular expression: {error}") from None


def by_pattern(short, include, exclude, chained):
    """Return the members that the regular expressions choose, with names made from theirs."""
    include, exclude = compiled("include_re", include), compiled("exclude_re", exclude)
    chosen = []
    taken = set()
    for member, name in short.items():
        if (include and not include.search(member)) or (exclude and exclude.search(member)):
            continue
        dataset = re.sub(r"[^0-9A-Za-z._-]", "_", name)
        if dataset == "default" and chained:
            dataset = "default_"
        while dataset in taken:
            dataset += "_"
        taken.add(dataset)
        chosen.append((member, dataset))
    return chosen


def synthesis(options, datasets, prepare_res):
    chosen, chained = prepare_res
    passed_on = {name: value for name, value in options.items() if name in _passed_on}
    previous = imported = datasets.previous or None
    for index, (member, name) in enumerate(chosen):
        imported = build(
            "csvimport",
            options={**passed_on, "filename": options.filename, "member": member},
            datasets={"previous": imported if chained else previous},
        ).dataset()
        shown = f"{options.filename}:{member}"
        here = imported.link_to_here(name, override_previous=previous, filename=shown)
        if index == len(chosen) - 1 and name != "default" and (chained or len(chosen) == 1):
            imported.link_to_here(override_previous=previous, filename=shown)
        if chained:
            previous = here
