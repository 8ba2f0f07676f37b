"""dataset_sort as a method: slices, chains, layouts. The order of values is tested in test_sort_keys."""

import random

import pytest

from accelerator.standard_methods.sorting import moved_to_changes, slice_edges

COLUMNS = {"i": "int32", "t": ("unicode", True)}


def rows(dataset, sliceno=None):
    return list(dataset.iterate(sliceno, ["i", "t"]))


def per_slice(dataset):
    return [rows(dataset, sliceno) for sliceno in range(len(dataset.lines))]


def text(row):
    return row[1] or ""


@pytest.fixture(scope="module")
def chain(write):
    shuffle = random.Random(1)
    first = [[(i, shuffle.choice(["a", "b", "", None])) for i in range(n)] for n in (7, 0, 5)]
    second = [[(i + 100, shuffle.choice(["a", "b", "", None])) for i in range(n)] for n in (2, 9, 1)]
    old = write(COLUMNS, first, filename="first")
    return [old, write(COLUMNS, second, filename="second", previous=old)]


@pytest.mark.parametrize("descending", [False, True])
def test_each_slice_of_a_chain_is_sorted_stably(project, chain, descending):
    order = "descending" if descending else "ascending"
    job = project.build("dataset_sort", source=chain[-1], sort_columns="t", sort_order=order, caption="sorted")
    dataset = job.dataset()

    for sliceno in range(3):
        given = rows(chain[0], sliceno) + rows(chain[1], sliceno)
        assert rows(dataset, sliceno) == sorted(given, key=text, reverse=descending)
    assert (dataset.caption, dataset.filename, dataset.previous, dataset.hashlabel) == ("sorted", None, None, None)
    assert dataset.columns["t"].none_support


def test_previous_ends_the_chain(project, chain):
    first = project.build("dataset_sort", source=chain[0], sort_columns="i")
    second = project.build("dataset_sort", source=chain[1], previous=first, sort_columns="i")
    third = project.build("dataset_sort", source=chain[1], previous=second, sort_columns="i")

    assert first.dataset().filename == "first"
    assert per_slice(second.dataset()) == per_slice(chain[1])
    assert second.dataset().previous == first.dataset()
    assert third.dataset().shape == (2, 0)


@pytest.mark.parametrize("descending", [False, True])
def test_across_slices(project, chain, descending):
    given = [row for dataset in chain for row in rows(dataset)]
    options = {"sort_columns": ["t"], "sort_across_slices": True}
    options["sort_order"] = "descending" if descending else "ascending"
    dataset = project.build("dataset_sort", options, source=chain[-1]).dataset()

    assert rows(dataset) == sorted(given, key=text, reverse=descending)
    assert dataset.lines == [8, 8, 8]


def test_a_trigger_keeps_values_together(project, chain):
    options = {"sort_columns": ["t", "i"], "sort_across_slices": True, "trigger_column": "t"}
    dataset = project.build("dataset_sort", options, source=chain[-1]).dataset()

    slices = per_slice(dataset)
    assert [row for part in slices for row in part] == sorted(rows(dataset), key=lambda row: (text(row), row[0]))
    assert sum(len({text(row) for row in part}) for part in slices) == 3
    assert dataset.lines == [len(part) for part in slices]


def test_surplus_rows_go_where_the_first_sorted_rows_were():
    # Of the first three sorted rows the earliest is the second, then the third.
    assert slice_edges([9, 2, 5, 0, 1], 3) == [0, 1, 3, 5]
    assert slice_edges([9, 2, 5, 0], 3) == [0, 1, 3, 4]
    assert slice_edges([1, 0], 3) == [0, 1, 2, 2]
    assert slice_edges([], 3) == [0, 0, 0, 0]


def test_edges_move_to_the_next_change():
    changed = [True, False, False, True, False, True]
    assert moved_to_changes([0, 2, 4, 6], changed) == [0, 3, 5, 6]
    assert moved_to_changes([0, 0, 3, 6], changed) == [0, 0, 3, 6]
    assert moved_to_changes([0, 1, 2, 3], [True, False, False]) == [0, 3, 3, 3]


@pytest.mark.parametrize("coltype", ["json", "pickle"])
def test_values_that_only_python_compares(project, write, coltype):
    values = [[3], None, [1, 2], [], [1], None, [3]]
    source = write({"i": "int32", "t": coltype}, [list(enumerate(values)), [], []])
    dataset = project.build("dataset_sort", source=source, sort_columns="t,i", sort_order="descending").dataset()
    assert [row[0] for row in rows(dataset)] == [6, 0, 2, 4, 3, 5, 1]


@pytest.mark.parametrize("across", [False, True])
def test_values_that_cannot_be_compared(project, write, fails, across):
    source = write({"i": "int32", "t": "json"}, [[(1, "x"), (2, 3)], [], []])
    with fails("There are values to sort by that cannot be compared: '<' not supported between instances of"):
        project.build("dataset_sort", source=source, sort_columns="t", sort_across_slices=across)


def test_every_type_is_carried_along(project, write):
    columns = {
        "a": "int32",
        "b": ("number", True),
        "c": "complex32",
        "d": ("json", True),
        "e": "pickle",
        "f": ("datetime", True),
    }
    values = [(3, 2**80, 1j, {"x": [1]}, {1}, None), (1, None, 0j, None, None, None), (2, 0.5, 1 + 0j, 1, b"", None)]
    source = write(columns, [values, [], []])
    dataset = project.build("dataset_sort", source=source, sort_columns="a").dataset()
    assert list(dataset.iterate(None)) == sorted(values, key=lambda row: row[0])
    assert dataset.columns == source.columns


def test_hashlabel_is_kept_within_slices_only(project):
    source = project.dataset(COLUMNS, [(i, "x") for i in range(10)], hashlabel="i")
    within = project.build("dataset_sort", source=source, sort_columns="t").dataset()
    across = project.build("dataset_sort", source=source, sort_columns="t", sort_across_slices=True).dataset()
    assert (within.hashlabel, across.hashlabel) == ("i", None)


def test_errors_come_before_the_work(project, write, chain, fails):
    with fails("has no column 'q' (has {'i', 't'})"):
        project.build("dataset_sort", source=chain[0], sort_columns="q")
    with fails("trigger_column only makes sense with sort_across_slices"):
        project.build("dataset_sort", source=chain[0], sort_columns="t", trigger_column="t")
    with fails("must be one of sort_columns"):
        options = {"sort_columns": "i", "sort_across_slices": True, "trigger_column": "t"}
        project.build("dataset_sort", options, source=chain[0])
    with fails("cannot be sorted by, it has type complex64"):
        project.build("dataset_sort", source=write({"c": "complex64"}, [[], [], []]), sort_columns="c")
    with fails("does not have the same columns as"):
        other = write({"i": "int64", "t": "unicode"}, [[], [], []], previous=chain[1])
        project.build("dataset_sort", source=other, sort_columns="i")
    with fails("No source specified"):
        project.build("dataset_sort", sort_columns="i")


def test_earlier_datasets_may_have_more_columns_and_a_column_may_be_named_twice(project, write):
    first = write({"a": "int32", **COLUMNS}, [[(1, 5, "x")], [], [(2, 3, None)]])
    source = write(COLUMNS, [[(4, "y")], [], []], previous=first)
    options = {"sort_columns": ["i", "i"], "sort_across_slices": True, "trigger_column": "i"}
    dataset = project.build("dataset_sort", options, source=source).dataset()
    assert rows(dataset) == [(3, None), (4, "y"), (5, "x")]
    assert set(dataset.columns) == {"i", "t"}
    assert per_slice(project.build("dataset_sort", source=source, sort_columns="i").dataset())[0] == [
        (4, "y"),
        (5, "x"),
    ]


@pytest.mark.parametrize("across", [False, True])
def test_text_that_is_stored_with_a_dictionary(project, write, across):
    given = [(i * 7919 % 1000, ["one", "two", "å", ""][i % 4], f"text {i}") for i in range(3000)]
    columns = {"i": "int32", "t": "unicode", "u": "ascii"}
    old = write(columns, [given[:1000], given[1000:1500], []])
    source = write({**columns, "u": ("ascii", True)}, [given[1500:2000], [], [(0, "two", None)] * 9], previous=old)
    for by, key in ((["t", "i"], lambda row: (row[1], row[0])), (["i"], lambda row: row[0])):
        job = project.build("dataset_sort", source=source, sort_columns=by, sort_across_slices=across)
        for sliceno in [None] if across else range(3):
            rows = list(source.iterate_chain(sliceno, ["i", "t", "u"]))
            if across:
                rows = [row for dataset in source.chain() for row in dataset.iterate(None, ["i", "t", "u"])]
            assert list(job.dataset().iterate(sliceno, ["i", "t", "u"])) == sorted(rows, key=key)
