"""What is written is read, value by value, type by type: by rows, by batches, and in other processes."""

import math
import struct
from datetime import UTC, date, datetime, time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelerator.column import COLUMN_TYPES
from accelerator.column.gather import Gathered
from accelerator.dataset import DatasetWriter

SLICES = 3
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["", "\0", "å\0b", "𝄞"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)


def single(value):
    """Round to 32 bit, as a float32 column does."""
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def folded(moments):
    return st.tuples(moments, st.integers(0, 1), st.sampled_from([None, UTC])).map(
        lambda parts: parts[0].replace(fold=parts[1], tzinfo=parts[2])
    )


singles = st.floats().map(single)
VALUES = {
    "ascii": st.text(st.characters(max_codepoint=127), max_size=8),
    "bool": st.booleans(),
    "bytes": st.binary(max_size=8),
    "complex32": st.builds(complex, singles, singles),
    "complex64": st.complex_numbers(),
    "date": st.dates(),
    # Layouts: all naive, all UTC, or anything.
    "datetime": st.datetimes() | st.datetimes().map(lambda value: value.replace(tzinfo=UTC)) | folded(st.datetimes()),
    "float32": singles,
    "float64": st.floats(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "json": json_values,
    "number": st.integers(-(2**63), 2**63 - 1) | st.floats() | st.integers(-(2**1007) + 1, 2**1007 - 1),
    "pickle": st.none() | st.sampled_from([{1, 2}, (1, "a"), 3 + 4j, date(2020, 1, 1)]) | text,
    "time": st.times() | folded(st.times()),
    "unicode": text,
}
assert VALUES.keys() == COLUMN_TYPES.keys()


def exact(value):
    """Return a form in which equal means the same: -0.0, nan, fold and zone included, but all nans alike."""
    if isinstance(value, float):
        return "float", value.hex()
    if isinstance(value, complex):
        return "complex", value.real.hex(), value.imag.hex()
    if isinstance(value, datetime | time):
        return type(value).__name__, repr(value.replace(tzinfo=None)), value.tzinfo is not None
    if isinstance(value, list):
        return [exact(each) for each in value]
    if isinstance(value, dict):
        return [(key, exact(each)) for key, each in value.items()]
    return type(value).__name__, value


def columns_of(coltype):
    """Strategy of rows in slices, sometimes all of one layout, with and without None."""
    values = VALUES[coltype]
    one_layout = {
        "number": [st.integers(-(2**63), 2**63 - 1), st.floats()],
        "datetime": [st.datetimes(), st.datetimes().map(lambda value: value.replace(tzinfo=UTC))],
        "time": [st.times()],
    }.get(coltype, [])
    chosen = st.sampled_from([values, *one_layout, *(st.none() | each for each in [values, *one_layout])])
    return chosen.flatmap(lambda each: st.lists(st.lists(each, max_size=5), min_size=SLICES, max_size=SLICES))


@pytest.mark.parametrize("coltype", sorted(COLUMN_TYPES))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_rows_come_back(current_job, coltype, data):
    slices = data.draw(columns_of(coltype))
    current_job()
    writer = DatasetWriter({"v": (coltype, True), "n": "int32"}, hashlabel=None)
    for sliceno, values in enumerate(slices):
        writer.set_slice(sliceno)
        for number, value in enumerate(values):
            writer.write(v=value, n=number)
    dataset = writer.finish()
    assert dataset.lines == [len(values) for values in slices]
    assert dataset.columns["v"].type == coltype
    for sliceno, values in enumerate(slices):
        want = [exact(value) for value in values]
        assert [exact(value) for value in dataset.iterate(sliceno, "v")] == want
        assert [exact(value) for value, _ in dataset.iterate(sliceno, ["v", "n"])] == want
    check_extremes(dataset, coltype, [value for values in slices for value in values if value is not None])
    check_batches(current_job, dataset, slices, coltype)


def check_extremes(dataset, coltype, values):
    low, high = dataset.min("v"), dataset.max("v")
    if not COLUMN_TYPES[coltype].has_minmax or not values:
        assert (low, high) == (None, None)
        return

    def key(value):
        return value.replace(tzinfo=None, fold=0) if isinstance(value, datetime | time) else value

    real = [key(value) for value in values if not isinstance(value, float) or not math.isnan(value)]
    if real:
        assert key(low) == min(real)
        assert key(high) == max(real)
    else:
        assert math.isnan(low)
        assert math.isnan(high)


def check_batches(current_job, dataset, slices, coltype):
    """Copying with write_batch gives the same, layouts, extremes and all."""
    stored = [list(dataset.batches(sliceno, ["n", "v"], exact=True)) for sliceno in range(SLICES)]
    for sliceno, batches in enumerate(stored):
        wide = list(dataset.batches(sliceno, ["n", "v"], exact="wide"))
        if wide:
            assert not {pa.string(), pa.binary()} & {field.type for field in wide[0].schema}
            gathered = Gathered(wide)
            found = list(gathered.batches(np.arange(gathered.rows)))
            assert found[0].schema == batches[0].schema
            # By their text, because NaN does not equal itself.
            assert repr([batch.to_pylist() for batch in found]) == repr([batch.to_pylist() for batch in batches])
    writer = DatasetWriter({"v": (coltype, True), "n": "int32"}, name="copy")
    for sliceno, batches in enumerate(stored):
        writer.set_slice(sliceno)
        for batch in batches:
            assert isinstance(batch, pa.RecordBatch)
            writer.write_batch(batch)
    copy = writer.finish()
    for sliceno, values in enumerate(slices):
        assert [exact(value) for value in copy.iterate(sliceno, "v")] == [exact(value) for value in values]
    assert exact(copy.min("v")) == exact(dataset.min("v")) or copy.min("v") == dataset.min("v")
    assert exact(copy.max("v")) == exact(dataset.max("v")) or copy.max("v") == dataset.max("v")


@pytest.mark.parametrize("coltype", sorted(COLUMN_TYPES))
def test_none_needs_none_support(job, coltype):
    writer = DatasetWriter({"v": coltype})
    writer.set_slice(0)
    if coltype in {"json", "pickle"}:
        writer.write(None)
    else:
        with pytest.raises(ValueError, match=f"'v'.*{coltype}"):
            writer.write(None)
        with pytest.raises(ValueError, match="'v'"):
            writer.write_batch(pa.table({"v": pa.nulls(2)}))
    writer.discard()


def test_nans_are_one_object(job, make):
    nan = float("nan")
    rows = [[(nan, nan, nan), (float("-nan"), nan, nan)]]
    dataset = make({"a": "float64", "b": "float32", "c": "number"}, rows)
    read = [value for row in dataset.iterate(0) for value in row]
    assert len({id(value) for value in read}) == 1
    assert read == read[::-1]


def test_a_layout_that_widens_late_is_one_layout_in_the_end(current_job):
    """The number column begins as ints, and a float comes when row groups of ints have been written."""
    current_job(slices=2)
    writer = DatasetWriter({"n": ("number", True), "i": "int32"})
    values = [[*range(140_000), 0.5, None, 2**70], [None, None]]
    for sliceno, each in enumerate(values):
        writer.set_slice(sliceno)
        for number, value in enumerate(each):
            writer.write(i=number, n=value)
    dataset = writer.finish()
    assert list(dataset.iterate(0, "n")) == values[0]
    assert list(dataset.iterate(1, "n")) == values[1]
    assert dataset.max("n") == 2**70
    from pathlib import Path

    import pyarrow.parquet as pq

    files = sorted(Path(dataset.job.path, "DS/default").glob("*.parquet"))
    assert len(files) == 3
    assert len({str(pq.read_schema(file).field("n").type) for file in files}) == 1


def test_numbers_of_all_kinds_with_and_without_big_integers(current_job):
    """Row groups long enough to be read in steps: big integers are read only where there are any."""
    current_job(slices=1)
    writer = DatasetWriter({"n": ("number", True), "n.big": "int64"})
    writer.set_slice(0)
    values = [0.5, None, *range(131_070), -(2**90), 2.5, *range(20_000), None, 1.5, *range(131_072)]
    for row in enumerate(values):
        writer.write(**dict(zip(("n_big", "n"), row, strict=True)))
    dataset = writer.finish()
    assert list(map(repr, dataset.iterate(0, "n"))) == list(map(repr, values))
    assert list(dataset.iterate(0, ["n.big", "n"])) == list(enumerate(values))
    assert list(dataset.iterate(0, "n", range={"n": (19_998, 20_001)})) == [
        value for value in values if value is not None and 19_998 <= value < 20_001
    ]


def test_a_value_of_a_hundred_megabytes(current_job):
    current_job(slices=1)
    long = "å" * 50_000_000
    writer = DatasetWriter({"t": "unicode"})
    writer.set_slice(0)
    for value in ("a", long, "b"):
        writer.write(value)
    dataset = writer.finish()
    assert list(dataset.iterate(0, "t")) == ["a", long, "b"]


def test_forked_processes_read_and_write(job, make):
    """A dataset is readable in children, prefetching or not, after this process has read it."""
    import os

    from accelerator.job.fork import fork

    dataset = make({"a": "int64"}, [[(number,) for number in range(300_000)]])
    rows = dataset.iterate(0, "a")
    assert next(rows) == 0
    pid = fork(lambda: int(sum(rows) != sum(range(300_000))))
    assert os.waitpid(pid, 0)[1] == 0
    assert sum(rows) == sum(range(300_000))
