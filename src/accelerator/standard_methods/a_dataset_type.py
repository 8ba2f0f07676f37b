"""Converts columns of text to numbers, dates, booleans and other types."""

# mypy: allow-untyped-defs, no-check-untyped-defs
from collections import Counter

from accelerator import NoSuchDatasetError, OptionEnum, UserError
from accelerator.column.parse import TYPE_NAMES
from accelerator.standard_methods.chains import check_compression
from accelerator.standard_methods.type_plan import plan_dataset
from accelerator.standard_methods.type_slice import SliceTyping
from accelerator.standard_methods.typing_options import check_none_values, make_parsers

version = 1

description = """Convert columns of text (bytes, ascii, unicode) to other types.

One dataset from each in the chain of source, back to where previous ended; the newest is the default dataset.
Columns that are not typed are inherited. The data are rehashed if the column they are hashed on is typed.

int32_10 int64_10            integers; _16: hexadecimal, _8: octal, _0: as they say by 0x or 0
float32 float64              1.5, 1e-3, inf, nan
number                       integers of any size, and floats; number:int: only integers
complex32 complex64          (1+2j)
strbool                      false are "", 0, f, no, off, false, nil, null; all else is true
floatbool                    whether a float is not 0
date:F datetime:F time:F     by a format such as %Y-%m-%d %H:%M:%S
unicode:CODEC                such as unicode:utf-8; unicode:utf-8/replace or /ignore for what is none
ascii                        other bytes as \\ooo; ascii:encode: \\ too; ascii:strict: they are bad
bytes                        as they are
json                         any JSON

+None after the name (date+None:%Y) makes empty values None. i at its end (int64_10i, datei:%Y), where the type is one
of numbers or moments, ignores what follows the value. strip (asciistrip, bytesstrip, unicodestrip:utf-8) takes spaces
off both ends.

Formats: %Y %y %C year; %m %b month; %d day; %H %I %p hour; %M %S; %f %3f fraction; %s %J seconds, milliseconds
since 1970; %e day in Excel. A space stands for any number of spaces, %. for a non-space, %* for any character, %# for
a digit that is not used. %? makes the next item optional, %3? the next three as one; %: is what else must be there,
and behind %/ everything is optional.
"""

options = {
    # New column name -> type. X+None (before any colon) makes empty values None.
    "column2type": {"COLNAME": OptionEnum(TYPE_NAMES)},
    # Texts that become None: a list, or {column: list}.
    "none_values": None,
    # Column -> text or None: for values that cannot be converted.
    "defaults": {},
    # Old name -> new name, or None to leave the column out; before typing.
    "rename": {},
    # Datetimes are local times of this zone ($TZ); they become UTC.
    "timezone": str,
    # Column to hash the result on. None: as source. "": not hashed.
    "hashlabel": str,
    # Of the result; " (from SOURCE)" is added.
    "caption": "typed dataset",
    # Leave out columns that are not in column2type.
    "discard_untyped": bool,
    # Leave out lines that cannot be converted, and put them in the dataset "bad".
    "filter_bad": False,
    # The decimal point is a comma.
    "numeric_comma": False,
    # How many datasets of the chain at most; -1: all.
    "length": -1,
    # When rehashing: make a dataset of each slice of the source, chained.
    "chain_slices": False,
    # Accepted for old scripts, changes nothing.
    "compression": 6,
}

datasets = (
    "source",  # the newest of the datasets to type
    "previous",  # what an earlier dataset_type job made: go on from there
)


def prepare(job, slices, options, datasets):
    if not datasets.source:
        raise UserError("No source specified")
    if not options.column2type:
        raise UserError("column2type names no columns")
    check_compression(options)
    check_none_values(options, options.column2type)
    parsers = make_parsers(options.column2type, options)
    chain = datasets.source.chain(stop_ds={datasets.previous.job: "source"}, length=options.length)
    last = len(chain) - 1
    plans = [
        plan_dataset(source, "default" if index == last else str(index), parsers, options)
        for index, source in enumerate(chain)
    ]
    previous = datasets.previous or None
    previous_bad = bad_lines_of(datasets.previous)
    for plan in plans:
        for fields in result_datasets(plan, slices, options):
            previous = job.datasetwriter(
                filename=plan.source.filename, previous=previous, **fields, **layout(plan, parsers)
            )
        if options.filter_bad:
            previous_bad = job.datasetwriter(name=plan.bad_name, columns=plan.bad_columns(), previous=previous_bad)
    return plans, parsers


def bad_lines_of(previous):
    try:
        return previous.job.dataset("bad") if previous else None
    except NoSuchDatasetError:
        return None


def result_datasets(plan, slices, options):
    """Yield the arguments of the writer of each dataset that is made from one source."""
    caption = f"{options.caption} (from {plan.source.quoted}"
    if not (plan.rehash and options.chain_slices):
        yield {"name": plan.name, "caption": f"{caption})", "all_slices": plan.rehash}
        return
    for sliceno in range(slices):
        name = plan.slice_name(sliceno, slices, chain_slices=True)
        yield {"name": name, "caption": f"{caption} slice {sliceno})", "for_single_slice": sliceno}


def layout(plan, parsers):
    """Return the arguments of a writer about columns, hashing and parent."""
    typed = plan.typed_columns(parsers)
    if plan.independent:
        return {"columns": {**plan.copied_columns(), **typed}, "hashlabel": plan.hashlabel}
    parent = plan.source
    dropped = set(parent.columns) - set(plan.untyped) - set(typed)
    renamed = {old: new for new, old in plan.untyped.items() if old != new}
    if renamed:
        # The data stay where they are: this dataset only gives the columns their new names.
        parent = parent.link_to_here(f"renamed.{plan.name}", rename=renamed, column_filter=list(plan.untyped))
        dropped = set()
    return {
        "columns": {**typed, **dict.fromkeys(dropped)},
        "parent": parent,
        "hashlabel_override": plan.hashlabel != parent.hashlabel,
    }


def analysis(sliceno, slices, job, options, prepare_res):
    plans, parsers = prepare_res
    return [SliceTyping(job, plan, parsers, options, sliceno, slices).run() for plan in plans]


def synthesis(job, analysis_res, prepare_res):
    plans, _ = prepare_res
    per_slice = list(analysis_res)
    for index, plan in enumerate(plans):
        report(plan, f"{job}/{plan.name}", [found[index] for found in per_slice])


def report(plan, result, per_slice):
    """Print how many values were bad or got a default, if any."""
    bad = sum((bad for bad, _ in per_slice), Counter())
    defaulted = [counts for _, counts in per_slice]
    columns = sorted(set().union(*defaulted))
    if not bad and not columns:
        return
    header = f"{plan.source.quoted} -> {result}"
    print(f"{header}\n{'=' * len(header)}")
    if bad:
        print("Bad line count   Column")
        for name in sorted(bad):
            print(f"{bad[name]:>14}   {name}")
    if columns:
        print("Defaulted values")
        for name in columns:
            print(f"  {name}:")
            counts = [(sliceno, each[name]) for sliceno, each in enumerate(defaulted) if each[name]]
            print("    Slice   Defaulted line count")
            for sliceno, count in counts:
                print(f"    {sliceno:>5}   {count}")
            if len(counts) > 1:
                print(f"    total   {sum(count for _, count in counts)}")
    print()
