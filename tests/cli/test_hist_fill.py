"""Bins of numbers as they are read hold what bins of all values that have been counted hold."""

import math
import random
from datetime import UTC, date, datetime, time

import pytest

from accelerator.cli.hist_counts import in_bins, plan_bins, tallies_of
from accelerator.cli.hist_fill import KEPT, Numbers
from accelerator.cli.hist_order import ordered_arrays
from accelerator.dataset import DatasetWriter

SLICES = 3
CHANCE = random.Random(7)
INTS = [CHANCE.randrange(-1000, 1000) for _ in range(50)]
FLOATS = [CHANCE.gauss(0, 9) for _ in range(50)]


def dataset_of(coltype, values, previous=None):
    writer = DatasetWriter({"v": (coltype, True)}, name=f"{coltype}{len(values)}", previous=previous)
    for sliceno in range(SLICES):
        writer.set_slice(sliceno)
        if sliceno != 1:  # which stays empty
            for value in values[sliceno::SLICES]:
                writer.write(value)
    return writer.finish()


def check(datasets, slices=range(SLICES)):
    whole = ordered_arrays(tallies_of(datasets, "v", slices))
    for kept in (KEPT, 8):
        numbers = Numbers(datasets, "v", slices, kept=kept)
        outline = numbers.outline
        assert outline is not None
        assert (outline.low, outline.high, outline.nones, outline.nans) == whole[2:]
        if whole.low is not None:
            for wanted in (None, 7, 1000):
                bins = plan_bins(outline.low, outline.high, wanted)
                assert numbers.in_bins(bins) == in_bins(bins, whole)


@pytest.mark.parametrize(
    ("coltype", "values"),
    [
        ("int32", INTS),
        ("int64", [*INTS, None, 2**63 - 1, -(2**63)]),
        ("float32", [0.1, 0.2, None, math.nan, 7.5, 1e30]),
        ("float64", [*FLOATS, None, math.nan]),
        ("number", INTS),
        ("date", [date(1, 1, 1), None, date(9999, 12, 31), date(2020, 2, 29)]),
        ("datetime", [datetime(1, 1, 1), None, datetime(2020, 1, 1, 1, 2, 3, 4), datetime.max]),
        ("time", [time.min, time.max, None, time(12)]),
        ("float64", [None, math.nan, None]),
    ],
)
def test_every_type(current_job, coltype, values):
    current_job(SLICES)
    dataset = dataset_of(coltype, values)

    check([dataset])
    check([dataset], [0])
    check([dataset], [1])


def test_a_chain_of_ints_and_floats(current_job):
    current_job(SLICES)
    older = dataset_of("int64", INTS)

    check([older, dataset_of("float64", FLOATS, older)])
    wide = dataset_of("int64", [2**50, -(2**50)], older)
    check([dataset_of("int32", INTS, wide), wide])


def test_what_must_be_looked_at_one_by_one(current_job):
    current_job(SLICES)
    mixed = dataset_of("number", [1, 0.5, 10**30])
    zones = dataset_of("datetime", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1)] * 3)
    # As floats they would not be what they are.
    exact = [dataset_of("int64", [2**60, 1, 1]), dataset_of("float64", [0.5])]

    for datasets in ([mixed], [zones], [dataset_of("bool", [True])], exact):
        assert Numbers(datasets, "v", range(SLICES)).outline is None
