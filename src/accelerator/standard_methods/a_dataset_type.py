"""Converts columns of text to numbers, dates, booleans and other types."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from accelerator import NoSuchDatasetError, OptionEnum, UserError, status
from accelerator.column import slice_array
from accelerator.column.parse import TYPE_NAMES, Parser
from accelerator.standard_methods.type_plan import TypePlan, plan_dataset
from accelerator.standard_methods.typing_options import make_parsers

version = 1

description = """Convert columns of text (bytes, ascii, unicode) to other types.

One dataset from each in the chain of source, back to where previous ended; the newest is the default dataset.
Columns that are not typed are inherited. The data are rehashed if the column they are hashed on is typed.
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

datasets = ("source", "previous")


def prepare(job, slices, options, datasets):
    if not datasets.source:
        raise UserError("No source specified")
    if not options.column2type:
        raise UserError("column2type names no columns")
    assert 1 <= options.compression <= 9, "compression is 1 to 9"
    parsers = make_parsers(options.column2type, options)
    chain = datasets.source.chain(stop_ds={datasets.previous.job: "source"}, length=options.length)
    names = [*map(str, range(len(chain) - 1)), "default"]
    plans = [plan_dataset(source, name, parsers, options) for source, name in zip(chain, names, strict=False)]
    previous = datasets.previous or None
    previous_bad = _bad_of(datasets.previous)
    for plan in plans:
        for name, fields in _result_datasets(plan, slices, options):
            previous = job.datasetwriter(
                name=name, filename=plan.source.filename, previous=previous, **fields, **_columns(plan, parsers)
            )
        if options.filter_bad:
            previous_bad = job.datasetwriter(
                name=_bad_name(plan), columns=plan.bad_columns(), previous=previous_bad
            )
    return plans, parsers


def _bad_of(previous):
    try:
        return previous.job.dataset("bad") if previous else None
    except NoSuchDatasetError:
        return None


def _bad_name(plan: TypePlan) -> str:
    return "bad" if plan.name == "default" else f"{plan.name}.bad"


def _result_datasets(plan: TypePlan, slices: int, options) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and arguments of each dataset that is made from one source."""
    if not (plan.rehash and options.chain_slices):
        yield plan.name, {"caption": f"{options.caption} (from {plan.source.quoted})"}
        return
    for sliceno in range(slices):
        name = _slice_name(plan, sliceno, slices)
        caption = f"{options.caption} (from {plan.source.quoted} slice {sliceno})"
        yield name, {"caption": caption, "for_single_slice": sliceno}


def _slice_name(plan: TypePlan, sliceno: int, slices: int) -> str:
    return plan.name if sliceno == slices - 1 else f"{plan.name}.{sliceno}"


def _columns(plan: TypePlan, parsers: Mapping[str, Parser]) -> dict[str, Any]:
    """Return the arguments of the writer about columns, hashing and parent."""
    typed = plan.typed_columns(parsers)
    if plan.independent:
        return {"columns": {**plan.copied_columns(), **typed}, "hashlabel": plan.hashlabel}
    source = plan.source
    parent = source
    dropped = set(source.columns) - set(plan.untyped) - set(typed)
    renamed = {old: new for new, old in plan.untyped.items() if old != new}
    if renamed:
        # The data stay where they are: this dataset only gives the columns their new names.
        parent = source.link_to_here(f"renamed.{plan.name}", rename=renamed, column_filter=list(plan.untyped))
        dropped = set()
    columns = {**typed, **dict.fromkeys(dropped)}
    if plan.hashlabel == parent.hashlabel:
        return {"columns": columns, "parent": parent}
    return {"columns": columns, "parent": parent, "hashlabel_override": True}


def analysis(sliceno, slices, job, options, prepare_res):
    plans, parsers = prepare_res
    return [_SliceTyping(job, plan, parsers, options, sliceno, slices).run() for plan in plans]


class _SliceTyping:
    """The lines of one dataset that one slice reads or writes."""

    def __init__(self, job, plan: TypePlan, parsers: Mapping[str, Parser], options, sliceno: int, slices: int) -> None:
        self.plan = plan
        self.parsers = parsers
        self.filter_bad = options.filter_bad
        self.sliceno = sliceno
        self.slices = slices
        self.bad: Counter[str] = Counter()
        self.defaulted: Counter[str] = Counter()
        self.gathers = plan.rehash and not options.chain_slices
        chained = plan.rehash and options.chain_slices
        writer = job.datasetwriter(name=_slice_name(plan, sliceno, slices) if chained else plan.name)
        self.write = writer.get_split_write_batch() if chained else writer.write_batch
        self.bad_writer = job.datasetwriter(name=_bad_name(plan)) if options.filter_bad else None

    def run(self) -> tuple[Counter[str], Counter[str]]:
        """Type the lines; return how many were bad, and how many got a default, by column."""
        plan = self.plan
        copied = plan.untyped.values() if plan.independent else ()
        needed = sorted({*plan.typed.values(), *copied})
        sources = range(self.slices) if self.gathers else [self.sliceno]
        lines = max(sum(plan.source.lines[source] for source in sources), 1)
        done = 0
        with status(f"Typing {plan.source.quoted}") as update:
            for source in sources:
                line = 0
                for batch in plan.source.batches(source, needed, exact=True):
                    if source == self.sliceno:
                        self.own_batch(batch, line)
                    else:
                        self.other_batch(batch)
                    line += batch.num_rows
                    done += batch.num_rows
                    update(f"Typing {plan.source.quoted}: {done * 100 // lines} % of {lines:,} lines")
        return self.bad, self.defaulted

    def own_batch(self, batch: pa.RecordBatch, first_line: int) -> None:
        """Take lines of this slice of the source: all of them are checked and counted here."""
        arrays, wrong = self.convert(batch, first_line)
        if wrong is not None:
            lines = {name: pc.filter(batch.column(old), wrong) for name, old in self.plan.typed.items()}
            self.bad_writer.write_batch(lines)
            arrays = _filtered(arrays, pc.invert(wrong))
        if self.gathers:
            arrays = _filtered(arrays, self.belongs(arrays[self.plan.hashlabel]))
        self.write(arrays)

    def other_batch(self, batch: pa.RecordBatch) -> None:
        """Take lines of another slice of the source: those that belong here."""
        hashlabel = self.plan.hashlabel
        if hashlabel in self.plan.typed:
            parsed = self.parsers[hashlabel](batch.column(self.plan.typed[hashlabel]))
            keep = self.belongs(parsed.array)
        else:
            keep = self.belongs(batch.column(self.plan.untyped[hashlabel]))
        arrays, wrong = self.convert(batch.filter(keep), None)
        self.write(arrays if wrong is None else _filtered(arrays, pc.invert(wrong)))

    def belongs(self, array: Any) -> Any:
        coltype = self.parsers[self.plan.hashlabel].column_type if self.plan.hashlabel in self.plan.typed else None
        coltype = coltype or self.plan.source.columns[self.plan.untyped[self.plan.hashlabel]].type
        return pc.equal(pa.array(slice_array(coltype, array, self.slices)), self.sliceno)

    def convert(self, batch: pa.RecordBatch, first_line: int | None) -> tuple[dict[str, Any], Any]:
        """Return the columns of the result, and a mask of the lines that are bad (None if none is).

        Without ``first_line`` nothing is counted or complained about: the slice that the lines are from does it.
        """
        wrong = None
        arrays = {}
        for name, old in self.plan.typed.items():
            parser = self.parsers[name]
            texts = batch.column(old)
            parsed = parser(texts)
            arrays[name] = parsed.array
            if not parsed.bad:
                continue
            if parser.has_default:
                self.defaulted[name] += parsed.bad if first_line is not None else 0
                continue
            if first_line is not None:
                self.bad[name] += parsed.bad
                if not self.filter_bad:
                    self.complain(texts, parsed.mask, name, first_line)
            wrong = parsed.mask if wrong is None else pc.or_(wrong, parsed.mask)
        if self.plan.independent:
            arrays.update((name, batch.column(old)) for name, old in self.plan.untyped.items())
        return arrays, wrong

    def complain(self, texts: Any, mask: Any, name: str, first_line: int) -> None:
        row = pc.index(mask, True).as_py()
        value = texts[row].as_py()
        if isinstance(value, bytes):
            value = value.decode("utf-8", "backslashreplace")
        raise UserError(
            f'Failed to convert "{value}" from {self.plan.source.quoted} column {name} '
            f"slice {self.sliceno} line {first_line + row + 1}"
        )


def _filtered(arrays: Mapping[str, Any], keep: Any) -> dict[str, Any]:
    return {name: pc.filter(array, keep) for name, array in arrays.items()}


def synthesis(job, analysis_res, prepare_res):
    plans, _ = prepare_res
    per_slice = list(analysis_res)
    for index, plan in enumerate(plans):
        _report(plan, f"{job}/{plan.name}", [found[index] for found in per_slice])


def _report(plan: TypePlan, result: str, per_slice: list[tuple[Counter[str], Counter[str]]]) -> None:
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
