"""The methods that only rewrite what is known of a dataset: merge, filter_columns, rename_columns, concat."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def source(write):
    rows = [[(1, "x", 1.5)], [], [(2, "y", 2.5), (3, "z", float("nan"))]]
    return write({"a": "int32", "b": "unicode", "c": "float64"}, rows, filename="file", caption="Caption")


def stored_files(job):
    return list(Path(job.path).rglob("*.parquet"))


def test_filter_keeps_columns(project, source):
    job = project.build("dataset_filter_columns", source=source, keep_columns=["a", "c"], previous=source)
    made = job.dataset()
    assert list(made.iterate(None, ["a"])) == [(1,), (2,), (3,)]
    assert sorted(made.columns) == ["a", "c"]
    assert (made.filename, made.caption, made.previous, made.parent) == ("file", "Caption", source, source)
    assert (made.min("a"), made.max("a")) == (1, 3)
    assert not stored_files(job)


def test_filter_discards_columns(project, source):
    made = project.build("dataset_filter_columns", source=source, discard_columns="a,nix").dataset()
    assert sorted(made.columns) == ["b", "c"]
    assert made.previous is None


def test_filter_refusals(project, source, fails):
    with fails("Specify either keep_columns or discard_columns"):
        project.build("dataset_filter_columns", source=source)
    with fails("Only specify one of"):
        project.build("dataset_filter_columns", source=source, keep_columns=["a"], discard_columns=["b"])
    with fails("'nix'"):
        project.build("dataset_filter_columns", source=source, keep_columns=["nix"])
    with fails("All columns discarded"):
        project.build("dataset_filter_columns", source=source, discard_columns=["a", "b", "c"])


def test_rename_swaps_and_discards(project, source):
    job = project.build("dataset_rename_columns", source=source, rename={"a": "b", "b": "a", "c": None})
    assert list(job.dataset().iterate(None)) == [("x", 1), ("y", 2), ("z", 3)]
    assert job.dataset().parent == source
    assert not stored_files(job)


def test_rename_refusals(project, source, fails):
    with fails("'nix'"):
        project.build("dataset_rename_columns", source=source, rename={"nix": "x"})
    with fails("become 'x'"):
        project.build("dataset_rename_columns", source=source, rename={"a": "x", "b": "x"})


@pytest.mark.parametrize(
    ("rename", "hashlabel"),
    [({}, "a"), ({"a": "x"}, "x"), ({"a": None}, None), ({"b": "a"}, None), ({"a": None, "b": "a"}, None)],
)
def test_the_hashlabel_follows_its_column(project, rename, hashlabel):
    source = project.dataset({"a": "int32", "b": "int32"}, [(1, 2), (3, 4)], hashlabel="a")
    assert project.build("dataset_rename_columns", source=source, rename=rename).dataset().hashlabel == hashlabel


def test_merge_later_wins(project, source):
    left = project.build("dataset_rename_columns", source=source, rename={"a": "n", "c": None}).dataset()
    right = project.build("dataset_rename_columns", source=source, rename={"a": "m", "c": "b", "b": None}).dataset()
    job = project.build("dataset_merge", source=[left, right, source], previous=source)
    made = job.dataset()
    assert next(iter(made.iterate(None, ["a", "b", "m", "n"]))) == (1, "x", 1, 1)
    assert sorted(made.columns) == ["a", "b", "c", "m", "n"]
    assert made.parent == (job.dataset("0"), source)
    assert (made.previous, made.filename, made.caption) == (source, None, None)
    assert not stored_files(job)


def test_merge_refusals(project, source, write, fails):
    stranger = write({"q": "int32"}, [[(1,)], [], [(2,), (3,)]])
    with fails("at least two source datasets"):
        project.build("dataset_merge", source=[source])
    with fails("no common ancestor"):
        project.build("dataset_merge", source=[source, stranger])
    with fails("not equal"):
        project.build("dataset_merge", source=[source, write({"q": "int32"}, [[], [], []])], allow_unrelated=True)
    merged = project.build("dataset_merge", source=[source, stranger], allow_unrelated=True).dataset()
    assert list(merged.iterate(None, ["a", "q"])) == [(1, 1), (2, 2), (3, 3)]


@pytest.fixture(scope="module")
def chain(write):
    columns = {"j": "json", "n": "number", "p": "pickle"}
    one = write(columns, [[(1, 2**70, {1})], [], [([2], 1, None)]])
    two = write({**columns, "n": ("number", True)}, [[(3, None, "x")], [(4, 0.5, b"y")], []], previous=one)
    return [one, two]


@pytest.mark.parametrize("compact", [False, True])
def test_concat(project, chain, compact):
    job = project.build("dataset_concat", source=chain[1], compact=compact)
    made = job.dataset()
    for sliceno in range(3):
        assert list(made.iterate(sliceno)) == list(chain[0].iterate(sliceno)) + list(chain[1].iterate(sliceno))
    assert made.columns["n"].none_support
    assert (made.min("n"), made.max("n")) == (0.5, 2**70)
    assert (made.caption, made.filename, made.previous) == (job, None, None)
    assert bool(stored_files(job)) == compact


def test_concat_goes_on_from_previous(project, chain):
    first = project.build("dataset_concat", source=chain[0])
    second = project.build("dataset_concat", source=chain[1], previous=first)
    third = project.build("dataset_concat", source=chain[1], previous=second)
    assert list(second.dataset().iterate(None)) == list(chain[1].iterate(None))
    assert second.dataset().previous == first.dataset()
    assert third.dataset().shape == (3, 0)
    assert {name: column.type for name, column in third.dataset().columns.items()} == {
        "j": "json",
        "n": "number",
        "p": "pickle",
    }


def test_concat_refusals(project, chain, write, fails):
    with fails("does not have the same columns as"):
        project.build("dataset_concat", source=write({"j": "json"}, [[], [], []], previous=chain[0]))
    hashed = project.dataset({"a": "int32"}, [(1,)], hashlabel="a")
    with fails("has hashlabel 'a', expected None"):
        project.build("dataset_concat", source=write({"a": "int32"}, [[], [], []], previous=hashed))


def test_many_small_datasets_are_worth_compacting(project, write):
    dataset = None
    for number in range(16):
        dataset = write({"a": "int32"}, [[(number,)], [], []], previous=dataset)
    job = project.build("dataset_concat", source=dataset)
    assert "compact=True" in job.output()
    assert list(job.dataset().iterate(None, "a")) == list(range(16))
