"""Chains of datasets, and lists of them."""

import math
import time
from collections import Counter

import pytest

from accelerator.dataset import Dataset, DatasetChain, DatasetList, NoDataset
from accelerator.error import DatasetUsageError, NoSuchDatasetError


@pytest.fixture
def five(current_job, make):
    """A chain of five datasets in two jobs."""
    current_job()
    found = []
    for number in range(5):
        if number == 3:
            current_job.new(datasets={"source": str(found[1])})
        columns = {"a": "int64" if number % 2 else "float64", **({"b": ("ascii", True)} if number > 2 else {})}
        rows = [[(number, "x")[: len(columns)]]]
        found.append(make(columns, rows, name=str(number), previous=found[-1] if found else None))
    return found


def test_chains(five):
    last = five[-1]
    assert last.chain() == five
    assert type(last.chain()) is DatasetChain
    assert last.chain(2) == five[3:]
    assert last.chain(0) == []
    assert last.chain(reverse=True) == five[::-1]
    assert last.chain(2, reverse=True) == [five[4], five[3]]
    for stop in (five[1], str(five[1]), (five[1].job, "1"), {last.job: "source"}):
        assert last.chain(stop_ds=stop) == five[2:]
    assert last.chain(stop_ds=last) == []
    assert five[1].chain(stop_ds=last) == five[:2]
    for none in (None, "", NoDataset, {last.job: "other"}):
        assert last.chain(stop_ds=none) == five
    with pytest.raises(NoSuchDatasetError):
        last.chain(stop_ds=(last.job, "nope"))
    assert last.chain_within_job() == five[3:]
    assert last.chain_within_job(1) == five[4:]
    assert last.chain_within_job(reverse=True) == [five[4], five[3]]
    assert five[2].chain_within_job() == five[:3]


def test_lists_stay_lists_of_their_class(five):
    chain = five[-1].chain()
    assert type(chain[1:]) is DatasetChain
    assert chain[1] == five[1]
    one = [1]
    assert type(chain + one) is type(one + chain) is DatasetChain
    assert one + chain == [1, *five]
    assert repr(DatasetList(five[:1])) == f"DatasetList([{str(five[0])!r}])"
    assert type(DatasetList(five).filter(lambda ds: ds.name > "2")) is DatasetList
    assert type(chain.copy()) is DatasetChain
    with pytest.raises(TypeError):
        _ = chain + tuple(one)


def test_what_lists_know(five):
    found = DatasetList(five)
    assert (found.min("a"), found.max("a"), found.min("nope")) == (0, 4, None)
    assert found.lines() == found.lines(0) == 5
    assert found.lines(1) == 0
    assert found.column_counts() == Counter(a=5, b=2)
    assert (found.column_count("b"), found.column_count("a", "int64"), found.column_count("a", {"int64", "x"})) == (
        2,
        2,
        2,
    )
    assert found.with_column("b", none_support=True) == five[3:]
    assert found.with_column("b", none_support=False) == []
    assert found.with_column("a", ["float64"]) == five[::2]
    assert found.none_support("b")
    assert not found.none_support("a")
    assert found.range("a", 1, 3) == five[1:3]
    assert found.range("a", stop=1) == five[:1]
    assert found.range("a", 4) == five[4:]
    with pytest.raises(DatasetUsageError, match="'b'"):
        found.range("b", "x")
    assert list(found.iterate(0, "a")) == [0, 1, 2, 3, 4]


def test_extremes_without_company(job, make):
    nan = math.nan
    nans, none, some = (make({"a": ("float64", True)}, [[(value,)]], name=str(value)) for value in (nan, None, 1.5))
    assert math.isnan(DatasetList([none, nans]).min("a"))
    assert DatasetList([nans, some, none]).min("a") == DatasetList([some, nans]).max("a") == 1.5
    assert DatasetList([none]).max("a") is None
    assert DatasetList([nans, none, some]).range("a") == [nans, some]
    assert DatasetList([nans, none, some]).range("a", 1) == [some]
    assert DatasetList().range("a") == []


@pytest.mark.slow
def test_long_chains_are_cheap(job, make):
    previous = None
    for number in range(1000):
        previous = make({"a": "int32"}, [[(number,)]], name=str(number), previous=previous)
    assert len(previous.chain()) == 1000
    began = time.process_time()
    assert len(Dataset(previous).chain()) == 1000
    assert time.process_time() - began < 1  # generous: the bound of a benchmark is elsewhere
    assert list(previous.iterate_chain(0, "a")) == list(range(1000))
