"""Linking, merging and concatenating: what becomes of columns, hashlabels and relatives, and that no data is copied."""

from pathlib import Path

import pytest

from accelerator.dataset import Dataset, DatasetList, DatasetWriter
from accelerator.error import DatasetUsageError, NoSuchDatasetError

ROWS = [[(1, "x", 0.5), (2, "y", 1.5)], [], [(3, "z", 2.5)]]


@pytest.fixture
def abc(job, make):
    before = make({"a": "int32"}, [], name="before")
    return make(
        {"a": "int32", "b": "ascii", "c": "float64"}, ROWS, name="abc", filename="f", caption="c", previous=before
    )


@pytest.fixture
def hashed(job):
    writer = DatasetWriter({"a": "int32", "h": "int32"}, hashlabel="h", name="hashed")
    write = writer.get_split_write()
    for number in range(10):
        write(number, number)
    return writer.finish()


def files():
    return sorted(str(path) for path in Path("DS").glob("*/*.parquet"))


def test_links_share_everything(abc, current_job):
    current_job.new()
    link = abc.link_to_here()
    assert files() == []
    assert (link.parent, link.previous, link.lines) == (abc, abc.previous, abc.lines)
    assert (link.caption, link.filename) == ("c", "f")
    assert link.columns == abc.columns
    assert list(link.iterate(None)) == list(abc.iterate(None))
    assert abc.link_to_here("cleared", filename="").filename is None
    assert abc.link_to_here("named", filename="g").filename == "g"
    assert abc.link_to_here("alone", override_previous=None).previous is None
    assert abc.link_to_here("other", override_previous=link).previous == link
    assert abc.link_to_here("pair", override_previous=(link.job, "default")).previous == link
    with pytest.raises(NoSuchDatasetError):
        abc.link_to_here("bad", override_previous=f"{link.job}/nope")
    assert abc.link_to_here("bad", override_previous=None).name == "bad"
    second = link.link_to_here("second", rename={"a": "x"})
    assert list(second.iterate(0, ["x", "b"])) == [(1, "x"), (2, "y")]


@pytest.mark.parametrize(
    ("keywords", "want"),
    [
        ({"rename": {"a": "z"}}, {"z": "a", "b": "b", "c": "c"}),
        ({"rename": {"a": "b", "b": "a"}}, {"a": "b", "b": "a", "c": "c"}),
        ({"rename": {"a": "b", "b": "c", "c": "a"}}, {"a": "c", "b": "a", "c": "b"}),
        ({"rename": {"a": "b"}}, {"b": "a", "c": "c"}),
        ({"rename": {"a": None}}, {"b": "b", "c": "c"}),
        ({"rename": {"a": None, "b": "a"}}, {"a": "b", "c": "c"}),
        ({"column_filter": ["a"]}, {"a": "a"}),
        ({"column_filter": "ab"}, {"a": "a", "b": "b"}),
        ({"column_filter": {"z"}, "rename": {"a": "z"}}, {"z": "a"}),
        ({"column_filter": []}, {"a": "a", "b": "b", "c": "c"}),
    ],
)
def test_renaming_and_filtering(abc, keywords, want):
    link = abc.link_to_here("link", **keywords)
    assert sorted(link.columns) == sorted(want)
    for new, old in want.items():
        assert list(link.iterate(None, new)) == list(abc.iterate(None, old))
        assert link.columns[new] == abc.columns[old]


@pytest.mark.parametrize(
    "keywords",
    [
        {"name": "before"},
        {"rename": {"nope": "x"}},
        {"rename": {"nope": None}},
        {"rename": {"a": "x", "b": "x"}},
        {"column_filter": ["nope"]},
        {"column_filter": ["a"], "rename": {"a": "x"}},
        {"rename": {"a": None, "b": None, "c": None}},
    ],
)
def test_links_that_cannot_be(abc, keywords):
    with pytest.raises(DatasetUsageError):
        abc.link_to_here(**{"name": "link", **keywords})
    assert not Path("DS/link").exists()


@pytest.mark.parametrize(
    ("keywords", "want"),
    [
        ({}, "h"),
        ({"rename": {"h": "z"}}, "z"),
        ({"rename": {"h": None}}, None),
        ({"rename": {"a": "h"}}, None),
        ({"rename": {"a": "h", "h": "a"}}, "a"),
        ({"rename": {"a": "b"}}, "h"),
        ({"column_filter": ["a"]}, None),
        ({"column_filter": ["h"]}, "h"),
        ({"column_filter": ["z"], "rename": {"h": "z"}}, "z"),
    ],
)
def test_hashlabels_of_links(hashed, keywords, want):
    assert hashed.link_to_here("link", **keywords).hashlabel == want


# ---- merge


def child(parent, columns, name, **keywords):
    writer = DatasetWriter(columns, name=name, parent=parent, **keywords)
    for sliceno, lines in enumerate(parent.lines):
        writer.set_slice(sliceno)
        for number in range(lines):
            writer.write(*[number] * len(columns))
    return writer.finish()


def test_merging(abc, current_job):
    one = child(abc, {"x": "int32"}, "one")
    two = child(abc, {"c": "int64", "y": "int32"}, "two")
    current_job.new()
    merged = one.merge(two)
    assert files() == []
    assert sorted(merged.columns) == ["a", "b", "c", "x", "y"]
    assert (merged.parent, merged.previous, merged.caption, merged.filename) == ((one, two), None, None, None)
    assert merged.columns["c"].type == "int64"
    assert list(merged.iterate(0)) == [(1, "x", 0, 0, 0), (2, "y", 1, 1, 1)]
    assert two.merge(one, "other way").columns["c"].type == "float64"
    assert abc.merge(one, "with child").columns.keys() == one.columns.keys()
    assert merged.merge((one.job, "one"), "again", previous=one).previous == one
    stranger = DatasetWriter({"s": "int32"}, name="stranger")
    for sliceno, lines in enumerate(abc.lines):
        stranger.set_slice(sliceno)
        for number in range(lines):
            stranger.write(number)
    stranger = stranger.finish()
    with pytest.raises(DatasetUsageError, match="ancestor"):
        abc.merge(stranger, "no")
    assert list(abc.merge(stranger, "yes", allow_unrelated=True).iterate(0, ["a", "s"])) == [(1, 0), (2, 1)]


def test_merges_that_cannot_be(abc, make):
    other = make({"z": "int32"}, [[(1,)]], name="other")
    for partner, keywords in ((abc, {}), (other, {"allow_unrelated": True}), (other, {}), ("", {})):
        with pytest.raises(DatasetUsageError):
            abc.merge(partner, "no", **keywords)
    fits = child(abc, {"x": "int32"}, "fits")
    with pytest.raises(DatasetUsageError, match="exists"):
        abc.merge(fits, "other")
    with pytest.raises(NoSuchDatasetError):
        abc.merge(f"{abc.job}/nope", "no")


def test_hashlabels_of_merges(hashed):
    plain = child(hashed, {"x": "int32"}, "x", hashlabel_override=True)
    over = child(hashed, {"h": "int32"}, "over", hashlabel_override=True)
    assert hashed.merge(plain, "1").hashlabel is None  # it has a column "h" too, which wins
    assert plain.merge(hashed, "2").hashlabel == "h"
    only_x = plain.link_to_here("x only", column_filter=["x"])
    assert hashed.merge(only_x, "5").hashlabel == "h"
    assert hashed.merge(over, "3").hashlabel is None
    assert plain.merge(over, "4").hashlabel is None


# ---- what is built on derived datasets


def test_parents_of_many_places(abc, hashed, current_job):
    """Columns that live in three jobs are read together, whatever their row groups are."""
    one = child(abc, {"x": "int32"}, "one")
    current_job.new()
    renamed = one.link_to_here("renamed", rename={"a": "A", "x": "X"})
    two = child(renamed, {"y": "int32"}, "two")
    current_job.new()
    three = child(two, {"A": "number", "z": "bool"}, "three")
    assert list(three.iterate(0, ["A", "X", "b", "c", "y", "z"])) == [
        (0, 0, "x", 0.5, 0, False),
        (1, 1, "y", 1.5, 1, True),
    ]
    assert list(three.iterate("roundrobin", ["b", "y"])) == [("x", 0), ("z", 0), ("y", 1)]


def test_concatenation_copies_nothing(current_job, make):
    current_job()
    one = make({"n": "number", "t": ("ascii", True)}, [[(1, "a")], [(2, None)]], name="one")
    current_job.new()
    two = make({"n": "number", "t": "ascii"}, [[(0.5, "b")], [], [(2**70, "c")]], name="two")
    linked = two.link_to_here("linked", rename={"n": "t2"}).link_to_here("back", rename={"t2": "n"})
    current_job.new()
    joined = DatasetList([one, two, linked]).concat("joined")
    assert files() == []
    assert joined.lines == [3, 1, 2]
    assert list(joined.iterate(None)) == [(1, "a"), (0.5, "b"), (0.5, "b"), (2, None), (2**70, "c"), (2**70, "c")]
    assert (joined.min("n"), joined.max("n")) == (0.5, 2**70)
    assert joined.columns["t"].none_support
    assert joined.to_arrow("n").num_rows == 6
    longer = child(joined, {"x": "int32"}, "longer")
    assert list(longer.iterate(0, ["n", "x"])) == [(1, 0), (0.5, 1), (0.5, 2)]
    with pytest.raises(DatasetUsageError, match="same columns"):
        DatasetList([one, make({"n": "int32", "t": "ascii"}, [], name="other")]).concat("no")
    with pytest.raises(DatasetUsageError):
        DatasetList().concat("no")


def test_row_groups_of_different_lengths_are_read_together(current_job):
    """A child's row groups end elsewhere than those of a concatenated parent."""
    current_job(slices=1)
    parts = []
    for number, count in enumerate((100_000, 140_000, 1, 60_000)):
        writer = DatasetWriter({"a": "int32"}, name=str(number))
        writer.set_slice(0)
        writer.write_batch({"a": list(range(count))})
        parts.append(writer.finish())
    joined = DatasetList(parts).concat("joined")
    writer = DatasetWriter({"b": "int64"}, parent=joined, name="child")
    writer.set_slice(0)
    writer.write_batch({"b": list(range(300_001))})
    both = writer.finish()
    want = [number for count in (100_000, 140_000, 1, 60_000) for number in range(count)]
    assert list(both.iterate(0, ["a", "b"])) == list(zip(want, range(300_001), strict=True))
    assert list(both.iterate(0, ["a", "b"], range={"b": (239_999, 240_002)})) == [
        (139_999, 239_999),
        (0, 240_000),
        (0, 240_001),
    ]
    assert both.to_arrow(["a", "b"]).column("a").to_pylist() == want
    assert isinstance(Dataset(both).parent, Dataset)
