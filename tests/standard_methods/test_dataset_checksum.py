"""dataset_checksum: equal for equal values only."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelerator._native import ColumnBuilder
from accelerator.column import row_digests

import pyarrow as pa  # isort: skip

COLUMNS = {"t": ("unicode", True), "n": ("number", True), "j": "json", "c": "complex32"}
ROWS = [("a", 1, {"x": 1, "y": [2]}, 1j), (None, None, None, 0j), ("a", 1, {"y": [2], "x": 1}, 1j), ("", 2**80, [], 0j)]


def stored(coltype, values):
    builder = ColumnBuilder(coltype, True)
    for value in values:
        builder.write(value)
    return pa.array(builder.take())


def digests(types, arrays):
    return list(zip(*(pa.array(half).to_pylist() for half in row_digests(types, arrays)), strict=True))


def hashes(coltype, values):
    return digests([coltype], [stored(coltype, values)])


@given(values=st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=3) | st.just("None"), min_size=1))
@settings(deadline=None)
def test_texts(values):
    assert len(set(hashes("unicode", values))) == len(set(values))


@given(
    values=st.lists(
        st.none() | st.integers(-2, 2) | st.integers(2**63, 2**63 + 2) | st.sampled_from([0.0, -0.0, 1.0]), min_size=1
    )
)
@settings(deadline=None)
def test_numbers_are_different_if_their_repr_is(values):
    found = hashes("number", values)
    assert len(set(found)) == len(set(map(repr, values)))
    # and the same whatever else is in the column
    assert found == [hashes("number", [value])[0] for value in values]


def test_columns_do_not_run_into_each_other():
    pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), (None, "abc"), ("abc", None)]
    columns = [stored("unicode", column) for column in zip(*pairs, strict=True)]
    assert len(set(digests(["unicode"] * 2, columns))) == len(pairs)


@pytest.fixture
def checksum(project):
    def run(dataset, **options):
        return project.build("dataset_checksum", options, source=dataset).load().sum

    return run


def test_order_and_slicing_do_not_matter_but_multiplicity_does(write, checksum):
    one = write(COLUMNS, [ROWS, [], []])
    other = write(COLUMNS, [ROWS[3:], ROWS[1:2], [ROWS[2], ROWS[0]]])
    fewer = write(COLUMNS, [ROWS[1:], [], []])
    assert checksum(one) == checksum(other) != checksum(fewer)
    assert checksum(one, sort=False) != checksum(other, sort=False)
    assert checksum(one, sort=False) != checksum(one)


def test_storage_does_not_matter(project, write, checksum):
    one = write(COLUMNS, [ROWS, [], []])
    parts = write(COLUMNS, [ROWS[:2], [], []])
    chain = write(COLUMNS, [ROWS[2:], [], []], previous=parts)
    joined = project.build("dataset_concat", source=chain).dataset()
    for sort in (True, False):
        assert checksum(joined, sort=sort) == checksum(one, sort=sort)


def test_names_and_types_matter(project, write, checksum):
    one = write({"a": "int32"}, [[(1,)], [], []])
    renamed = project.build("dataset_rename_columns", source=one, rename={"a": "b"}).dataset()
    wider = write({"a": "int64"}, [[(1,)], [], []])
    assert len({checksum(one), checksum(renamed), checksum(wider)}) == 3


def test_result_and_output(project, write, fails):
    source = write(COLUMNS, [ROWS, [], []])
    job = project.build("dataset_checksum", source=source, columns="t,n")
    found = job.load()
    assert (found.columns, found.sort, found.source) == (["n", "t"], True, source)
    assert job.output() == f"{source.quoted}: {found.sum:032x}\n"
    with fails("has no column 'q'"):
        project.build("dataset_checksum", source=source, columns="q")
    pickled = project.build("dataset_checksum", source=write({"p": "pickle"}, [[([1],)], [], []]))
    assert "WARNING: Column p is pickle, may not work\n" in pickled.output()


def test_chain(project, write, checksum, fails):
    one = write(COLUMNS, [ROWS, [], []])
    two = write(COLUMNS, [ROWS[:1], [], []], previous=one)
    three = write(COLUMNS, [ROWS, [], []], previous=two)
    job = project.build("dataset_checksum_chain", source=three)
    assert job.load().sum == checksum(two), "equal ones cancel out"
    assert job.load().sources == [one, two, three]
    assert job.output().endswith(f"Total: {job.load().sum:032x}\n")
    assert project.build("dataset_checksum_chain", source=three, chain_length=1).load().sum == checksum(three)
    assert project.build("dataset_checksum_chain", source=three, stop=two).load().sum == checksum(three)
    with fails("the chain is empty"):
        project.build("dataset_checksum_chain", source=three, stop=three)


def test_a_pickle_that_json_cannot_hold_is_named(write, project, fails):
    source = write({"p": "pickle"}, [[({1},)], [], []])
    with fails(f"{source.quoted}: a pickle holds what has no checksum (Object of type set is not JSON serializable)"):
        project.build("dataset_checksum", source=source)
