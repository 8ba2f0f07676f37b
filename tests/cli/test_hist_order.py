"""What ``ax hist`` counts in whole arrays is what counting values one by one finds."""

import datetime
from collections import Counter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder
from accelerator.cli.hist_counts import in_bins, plan_bins, value_counts
from accelerator.cli.hist_order import as_number, ordered_arrays, ordered_values
from accelerator.cli.hist_tally import Tally

VALUES = {
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float32": st.floats(width=32),
    "float64": st.floats(),
    "number": st.integers() | st.floats(),
    "date": st.dates(),
    "datetime": st.datetimes() | st.datetimes(timezones=st.just(datetime.UTC)),
    "time": st.times(),
    "bool": st.booleans(),
    "unicode": st.text(max_size=3),
    "bytes": st.binary(max_size=3),
}


@st.composite
def columns(draw):
    """Return a column type, and blocks of values of it, in which many come again."""
    coltype = draw(st.sampled_from(sorted(VALUES)))
    known = draw(st.lists(VALUES[coltype] | st.none(), min_size=1, max_size=8))
    return coltype, draw(st.lists(st.lists(st.sampled_from(known), max_size=10), max_size=4))


def tally_of(coltype, blocks):
    builder = ColumnBuilder(coltype, none_support=True)
    tally = Tally()
    for number, block in enumerate(blocks):
        for value in block:
            builder.write(value)
        array = pa.array(builder.take())
        # Text is read so where it comes again and again.
        repetitive = coltype in {"unicode", "bytes"} and number % 2
        tally.add(array.dictionary_encode() if repetitive else array)
    return tally


def comparable(counts):
    return {("nan" if value != value else value): count for value, count in counts.items()}  # noqa: PLR0124 - NaN


@given(columns())
def test_each_value_is_counted(column):
    coltype, blocks = column
    tally = tally_of(coltype, blocks)
    tally.condense()
    whole = Tally()
    whole.merge(tally)
    whole.merge(tally)
    whole.condense()
    builder = ColumnBuilder("float32")  # as float32 keeps them
    written = [value for block in blocks for value in block]
    if coltype == "float32":
        for value in written:
            builder.write(0.0 if value is None else value)
        kept = pa.array(builder.take()).to_pylist()
        written = [None if value is None else new for value, new in zip(written, kept, strict=True)]
    expected = Counter("nan" if value != value else value for value in written)  # noqa: PLR0124 - NaN

    assert comparable(value_counts({coltype: tally})) == expected
    assert comparable(value_counts({coltype: whole})) == {value: 2 * count for value, count in expected.items()}


@given(columns().filter(lambda column: column[0] not in {"bool", "unicode", "bytes"}))
def test_bins_of_whole_arrays_are_those_of_values(column):
    coltype, blocks = column
    tallies = {coltype: tally_of(coltype, blocks)}
    one_by_one = ordered_values(value_counts(tallies))
    whole = ordered_arrays(tallies)
    if whole is None:  # mixed layouts
        return

    assert (whole.nones, whole.nans) == (one_by_one.nones, one_by_one.nans)
    assert (whole.low is None) == (one_by_one.low is None)
    if whole.low is None:
        return
    ends = as_number(whole.low), as_number(whole.high)

    assert ends == (as_number(one_by_one.low), as_number(one_by_one.high))
    try:
        bins = plan_bins(whole.low, whole.high, 7)
    except OverflowError:  # infinities
        return
    if ends[0] < ends[1]:
        assert in_bins(bins, whole) == in_bins(bins, one_by_one)
        assert sum(in_bins(bins, whole)) == sum(whole.counts)
