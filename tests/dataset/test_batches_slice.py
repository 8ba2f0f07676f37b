"""Batches of some of the rows only."""

import pytest

from accelerator.dataset import DatasetList
from accelerator.error import DatasetUsageError


@pytest.fixture
def numbers(job, make):
    return make({"n": "int64"}, [[(value,) for value in range(low, low + 100)] for low in (0, 100, 200)])


def values(batches):
    return [value for batch in batches for value in batch.column(0).to_pylist()]


@pytest.mark.parametrize("cut", [slice(0, 0), slice(3, 5), slice(99, 201), slice(-20, None), slice(300, 300), 250])
def test_slice_is_as_for_iterate(numbers, cut):
    assert values(numbers.batches(slice=cut)) == list(numbers.iterate(None, "n", slice=cut))


def test_slice_counts_over_datasets(numbers):
    both = DatasetList([numbers, numbers])
    assert values(both.batches(1, slice=slice(98, 103))) == [198, 199, 100, 101, 102]


@pytest.mark.parametrize("cut", [slice(0, 301), slice(5, 3), slice(0, 10, 2)])
def test_impossible_slices_are_refused(numbers, cut):
    with pytest.raises(DatasetUsageError):
        numbers.batches(slice=cut)


def test_slice_and_range_are_refused(numbers):
    with pytest.raises(DatasetUsageError, match="range"):
        numbers.batches(slice=slice(1, 2), range={"n": (5, 7)})
