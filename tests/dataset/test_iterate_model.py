"""Iteration gives the rows that a plain Python model of the specification gives."""

import itertools
import math
from itertools import islice

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accelerator.column import hash_value
from accelerator.dataset import Dataset, DatasetWriter
from accelerator.job.context import context

SLICES = 3
small = st.integers(-4, 9)
maybe = st.none() | small
floats = st.sampled_from([0.5, -1.0, 3.0, float("nan"), float("inf"), 7.25])
row = st.tuples(small, maybe, floats, st.sampled_from(["", "x", "yy", "åäö", "x\0"]))
slices = st.lists(st.lists(row, max_size=6), min_size=SLICES, max_size=SLICES)
COLUMNS = {"a": "int64", "b": ("number", True), "c": "float64", "d": "unicode"}
NAMES = sorted(COLUMNS)


class Model:
    """A dataset as lists."""

    def __init__(self, rows, hashlabel):
        self.slices = rows
        self.hashlabel = hashlabel

    def stored(self):
        return [row for rows in self.slices for row in rows]

    def bounds(self, column):
        values = [row[NAMES.index(column)] for row in self.stored()]
        values = [value for value in values if value is not None]
        real = [value for value in values if not math.isnan(value)]
        return (min(real), max(real)) if real else (None, None)


def same(value):
    """Return a form in which equal means the same value of the same type, nan included."""
    if isinstance(value, tuple):
        return tuple(map(same, value))
    return type(value).__name__, repr(value)


def in_range(value, start, stop):
    if value is None or math.isnan(value):
        return False
    return (start is None or value >= start) and (stop is None or value < stop)


def in_turn(slices):
    longest = max(map(len, slices))
    return [rows[k] for k in range(longest) for rows in slices if k < len(rows)]


def spread(model, label):
    kind = COLUMNS[label] if isinstance(COLUMNS[label], str) else COLUMNS[label][0]
    found = [[] for _ in range(SLICES)]
    for each in model.stored():
        found[hash_value(kind, each[NAMES.index(label)]) % SLICES].append(each)
    return found


def expected(models, sliceno, columns, options):
    names = [columns] if isinstance(columns, str) else columns
    restriction = options.get("range")
    translators = options.get("translators") or {}
    filters = options.get("filters") or {}

    def handed_out(rows, check):
        for each in rows:
            if check is not None and not in_range(each[check], start, stop):
                continue
            values = []
            for name in names:
                value = each[NAMES.index(name)]
                values.append(translators[name](value) if name in translators else value)
            result = values[0] if isinstance(columns, str) else tuple(values)
            if callable(filters):
                if not filters(result):
                    continue
            elif not all(f(values[names.index(name)]) for name, f in filters.items()):
                continue
            yield result

    for model in models:
        if not model.stored():
            continue
        check = None
        if restriction:
            ((column, (start, stop)),) = restriction.items()
            low, high = model.bounds(column)
            if (stop is not None and low >= stop) or (start is not None and high < start):
                continue
            inside = (start is None or low >= start) and (stop is None or high < stop)
            check = None if inside or options.get("sloppy_range") else NAMES.index(column)
        label = options.get("hashlabel")
        rehashed = label and sliceno is not None and model.hashlabel != label
        slices = spread(model, label) if rehashed else model.slices
        found = [list(handed_out(rows, check)) for rows in slices]
        if sliceno == "roundrobin":
            yield from in_turn(found)
        else:
            yield from itertools.chain(*found) if sliceno is None else found[sliceno]


def write(models):
    written = []
    for number, model in enumerate(models):
        writer = DatasetWriter(COLUMNS, name=str(number), hashlabel=model.hashlabel)
        if model.hashlabel is None:
            for sliceno, rows in enumerate(model.slices):
                writer.set_slice(sliceno)
                for each in rows:
                    writer.write_list(each)
        else:
            split = writer.get_split_write_list()
            for each in model.stored():
                split(each)
            model.slices = spread(model, model.hashlabel)
        written.append(writer.finish())
    return written


@st.composite
def requests(draw):
    columns = draw(st.sampled_from(NAMES) | st.lists(st.sampled_from(NAMES), min_size=1, max_size=5))
    names = [columns] if isinstance(columns, str) else columns
    sliceno = draw(st.sampled_from([None, "roundrobin", 0, 1, 2]))
    options = {}
    if draw(st.booleans()):
        bound = st.none() | small | st.sampled_from([0.5, 2.5])
        options["range"] = {draw(st.sampled_from(["a", "c"])): (draw(bound), draw(bound))}
        if options["range"] in ({"a": (None, None)}, {"c": (None, None)}):
            del options["range"]
        options["sloppy_range"] = draw(st.booleans())
    if draw(st.booleans()):
        options["translators"] = {draw(st.sampled_from(names)): repr}
    kind = draw(st.sampled_from(["none", "dict", "callable"]))
    if kind == "dict":
        options["filters"] = {draw(st.sampled_from(names)): lambda value: len(repr(value)) % 2}
    elif kind == "callable":
        options["filters"] = lambda value: len(repr(value)) % 3
    if draw(st.booleans()):
        options["hashlabel"] = draw(st.sampled_from(["a", "b", "c", "d"]))
        options["rehash"] = True
    return sliceno, columns, options


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(slices, st.sampled_from([None, None, "a", "b", "d"])), min_size=1, max_size=3), requests())
def test_rows_are_those_of_the_model(current_job, contents, request_):
    current_job()
    models = [Model(rows, hashlabel) for rows, hashlabel in contents]
    datasets = write(models)
    sliceno, columns, options = request_
    restricted = options.get("range")
    if restricted:
        (column,) = restricted
        if any(model.stored() and model.bounds(column)[0] is None for model in models):
            assume(False)  # nothing but nan: a matter of its own
    got = list(Dataset.iterate_list(sliceno, columns, datasets, **options))
    want = list(expected(models, sliceno, columns, options))
    assert [same(value) for value in got] == [same(value) for value in want]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(slices, min_size=1, max_size=3),
    sliceno=st.sampled_from([None, "roundrobin", 0, 1, 2]),
    start=st.integers(0, 12),
    length=st.none() | st.integers(0, 12),
    step=st.integers(1, 4),
    filtered=st.booleans(),
    negative=st.booleans(),
)
def test_slice_is_islice(current_job, contents, sliceno, start, length, step, filtered, negative):
    current_job()
    models = [Model(rows, None) for rows in contents]
    datasets = write(models)
    options = {"filters": {"a": lambda value: value % 2}} if filtered else {}
    lines = sum(len(model.slices[sliceno] if isinstance(sliceno, int) else model.stored()) for model in models)
    start = min(start, lines)
    stop = None if length is None else min(start + length, lines)
    want = list(islice(expected(models, sliceno, ["a", "d"], options), start, stop, step))
    asked = slice(start, stop, step)
    if negative and not filtered and lines:
        asked = slice(start - lines if start < lines else start, None if stop is None else stop, step)
    got = list(Dataset.iterate_list(sliceno, ["a", "d"], datasets, slice=asked, **options))
    assert got == want


def test_many_row_groups_are_cut_and_joined_at_any_row(current_job):
    """The same rows come whatever the layout in row groups, and whatever part of them is asked for."""
    current_job(slices=1)
    count = 300_000
    writer = DatasetWriter({"a": "int64", "b": "unicode"})
    writer.set_slice(0)
    for number in range(count):
        writer.write(number, "x" if number % 3 else "y")
    dataset = writer.finish()
    assert context.slices == 1
    for start, stop in ((0, 1), (131_071, 131_073), (262_143, 262_145), (299_999, 300_000), (5, 290_000)):
        assert list(dataset.iterate(0, "a", slice=slice(start, stop))) == list(range(start, stop))
        assert list(dataset.iterate(0, "a", range={"a": (start, stop)})) == list(range(start, stop))
    assert sum(1 for value in dataset.iterate(0, "b", filters=lambda value: value == "y")) == 100_000


@pytest.mark.parametrize("sliceno", [None, "roundrobin", 0])
def test_no_datasets_give_no_rows(current_job, sliceno):
    current_job()
    assert list(Dataset.iterate_list(sliceno, ["a"], [])) == []
