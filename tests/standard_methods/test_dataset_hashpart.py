"""dataset_hashpart: rows go where their hash says, in the order of the source's slices."""

import pytest

from accelerator.column import hash_value

COLUMNS = {"k": ("unicode", True), "n": ("number", True), "j": "json"}


def rows(dataset, sliceno=None):
    return list(dataset.iterate(sliceno, ["k", "n", "j"]))


def make_rows(start, count):
    values = [None, "", "a", "b", "ö", "long text"]
    return [(values[i * 5 % 6], [i, i / 2, None, 2**70][i % 4], {"i": i}) for i in range(start, start + count)]


@pytest.fixture(scope="module")
def chain(write):
    first = write(COLUMNS, [make_rows(0, 7), [], make_rows(7, 4)], filename="one", caption="One")
    columns = {"k": "ascii", "extra": "int32"}
    second = write(columns, [[("a", 1)], [("b", 2), ("c", 3)], []], filename="two", previous=first)
    return [first, second]


def expected(source, hashlabel, sliceno, slices=3):
    coltype = source.columns[hashlabel].type
    index = sorted(source.columns).index(hashlabel)
    return [row for row in source.iterate(None) if hash_value(coltype, row[index]) % slices == sliceno]


def test_each_dataset_of_a_chain_is_partitioned(project, chain):
    job = project.build("dataset_hashpart", source=chain[1], hashlabel="k")

    old, new = job.dataset("0"), job.dataset()
    for made, source in [(old, chain[0]), (new, chain[1])]:
        for sliceno in range(3):
            assert list(made.iterate(sliceno)) == expected(source, "k", sliceno)
        assert (made.hashlabel, made.filename) == ("k", source.filename)
        assert {name: column.type for name, column in made.columns.items()} == {
            name: column.type for name, column in source.columns.items()
        }
        for name, column in made.columns.items():
            assert (column.min, column.max) == (source.min(name), source.max(name))
    assert (new.previous, old.previous) == (old, None)
    assert old.caption == '"One" hashed on k'
    assert new.columns["k"].none_support, "another dataset of the chain has None"
    assert not new.columns["extra"].none_support


def test_hashed_by_number(project, chain):
    options = {"hashlabel": "n", "caption": "%(hashlabel)s of %(caption)s"}
    made = project.build("dataset_hashpart", options, source=chain[0])
    for sliceno in range(3):
        assert list(made.dataset().iterate(sliceno)) == expected(chain[0], "n", sliceno)
    assert made.dataset().caption == "n of One"


def test_chain_slices_makes_a_dataset_for_each_slice(project, chain):
    job = project.build("dataset_hashpart", source=chain[1], hashlabel="k", chain_slices=True)
    made = job.dataset().chain()

    assert [dataset.name for dataset in made] == ["0.0", "0.1", "0.2", "1.0", "1.1", "default"]
    for dataset, (source, sliceno) in zip(made, [(s, n) for s in chain for n in range(3)], strict=True):
        own = list(source.iterate(sliceno))
        assert sorted(map(repr, dataset.iterate(None))) == sorted(map(repr, own))
        assert dataset.caption.endswith(f" (slice {sliceno})")
        for to in range(3):
            assert [row for row in expected(source, "k", to) if row in own] == list(dataset.iterate(to))


def test_previous_ends_the_chain(project, chain, fails):
    first = project.build("dataset_hashpart", source=chain[0], hashlabel="k")
    second = project.build("dataset_hashpart", source=chain[1], hashlabel="k", previous=first)
    assert [dataset.name for dataset in second.datasets] == ["default"]
    assert second.dataset().previous == first.dataset()
    with fails("previous had the same source - this job makes no sense"):
        project.build("dataset_hashpart", source=chain[1], hashlabel="k", previous=second)


def test_length_limits_the_chain(project, chain):
    job = project.build("dataset_hashpart", source=chain[1], hashlabel="k", length=1)
    assert [dataset.name for dataset in job.datasets] == ["default"]
    assert job.dataset().previous is None


def test_refusals(project, chain, fails):
    with fails("Hashed column ('extra') missing"):
        project.build("dataset_hashpart", source=chain[1], hashlabel="extra")
    with fails("cannot be hashed"):
        project.build("dataset_hashpart", source=chain[0], hashlabel="j")


def test_an_empty_dataset(project, write):
    source = write({"k": "int64"}, [[], [], []])
    made = project.build("dataset_hashpart", source=source, hashlabel="k").dataset()
    assert (made.lines, made.hashlabel) == ([0, 0, 0], "k")
