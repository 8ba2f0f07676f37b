"""dataset_fanout: a dataset for each value."""

import datetime

import pytest

COLUMNS = {"k": ("unicode", True), "v": "int32", "x": "float32"}


@pytest.fixture(scope="module")
def source(write):
    keys = ["a", "", None, "default", "/x", "ö\0", "a", "None"]
    return write(COLUMNS, [[(keys[(n + s) % 8], n, n / 2) for n in range(9)] for s in range(3)])


def check(job, source, column="k"):
    """Each dataset has the rows of its value, in their slices and order."""
    expected = {}
    for sliceno in range(3):
        for row in source.iterate(sliceno, [column, "v"]):
            expected.setdefault(str(row[0]), [[], [], []])[sliceno].append(row[1])
    assert {dataset.name for dataset in job.datasets} == set(expected)
    for dataset in job.datasets:
        assert [list(dataset.iterate(sliceno, "v")) for sliceno in range(3)] == expected[dataset.name]
        assert column not in dataset.columns


def test_a_dataset_for_each_value(project, source):
    job = project.build("dataset_fanout", source=source, column="k")
    check(job, source)
    assert job.dataset("a").previous is None


@pytest.mark.parametrize(
    ("coltype", "values"),
    [
        ("bool", [True, False]),
        ("bytes", [b"a", b"\xff"]),
        ("date", [datetime.date(1, 2, 3)]),
        ("datetime", [datetime.datetime(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5, 6)]),
        ("float64", [1.0, 0.1, 1e20, float("nan"), -0.0]),
        ("json", [{"b": 1, "a": [None]}, "x", None]),
        ("number", [1, 1.0, 2**80]),
        ("complex64", [1j, 1 + 0j]),
        ("pickle", [{1}, (2,)]),
    ],
)
def test_names_are_what_str_gives(project, write, coltype, values):
    source = write({"k": coltype, "v": "int32"}, [[(value, n) for n, value in enumerate(values)], [(values[0], 9)], []])
    check(project.build("dataset_fanout", source=source, column="k"), source)


def test_previous_datasets_are_continued(project, source, write):
    first = project.build("dataset_fanout", source=source, column="k")
    more = write(COLUMNS, [[("a", 1, 1.0)], [("new", 2, 2.0)], []], previous=source)
    second = project.build("dataset_fanout", source=more, column="k", previous=first)

    assert {ds.name for ds in second.datasets} == {ds.name for ds in first.datasets} | {"new"}
    assert list(second.dataset("a").iterate(None, "v")) == [1]
    for dataset in second.datasets:
        assert dataset.previous == (first.dataset(dataset.name) if dataset.name != "new" else None)
    assert second.dataset("").lines == [0, 0, 0]


def test_types_are_united_over_the_chain(project, write):
    columns = {"k": "ascii", "t": "ascii", "i": "int32", "f": "float32", "m": "int64", "c": "complex32", "only": "json"}
    one = write(columns, [[("a", "x", 1, 0.5, 2**60, 1j, None)], [], []])
    columns = {"k": "bytes", "t": ("unicode", True), "i": "int64", "f": "float64", "m": "float64", "c": "complex64"}
    two = write(columns, [[(b"a", "å", 2**40, 0.1, 0.5, 2j)], [(b"a", None, 1, 1.0, 1.0, 1j)], []], previous=one)
    job = project.build("dataset_fanout", source=two, column="k")

    first = job.dataset("a")
    assert {name: column.type for name, column in first.columns.items()} == {
        "t": "unicode",
        "i": "int64",
        "f": "float64",
        "m": "number",
        "c": "complex64",
    }
    assert list(first.iterate(None, ["t", "i", "f", "m", "c"])) == [("x", 1, 0.5, 2**60, 1j)]
    assert type(next(first.iterate(None, "m"))) is int
    second = job.dataset("b'a'")
    assert list(second.iterate(0, ["t", "i", "f", "m", "c"])) == [("å", 2**40, 0.1, 0.5, 2j)]


def test_hashlabel_is_kept_if_all_have_it(project):
    source = project.dataset({"a": "int32", "k": "ascii"}, [(n, "xy"[n % 2]) for n in range(9)], hashlabel="a")
    assert project.build("dataset_fanout", source=source, column="k").dataset("x").hashlabel == "a"
    assert project.build("dataset_fanout", source=source, column="a").dataset("1").hashlabel is None


def test_no_rows_no_datasets(project, write):
    job = project.build("dataset_fanout", source=write(COLUMNS, [[], [], []]), column="k")
    assert job.datasets == []


def test_refusals(project, source, write, fails):
    with fails("has no column 'q'"):
        project.build("dataset_fanout", source=source, column="q")
    with fails("Column 'v' has incompatible types: int32, unicode"):
        other = write({"k": "ascii", "v": "unicode"}, [[], [], []], previous=source)
        project.build("dataset_fanout", source=other, column="k")
    with fails("no column besides 'k'"):
        project.build("dataset_fanout", source=write({"k": "ascii"}, [[], [], []]), column="k")
    with fails("previous had the same source"):
        first = project.build("dataset_fanout", source=source, column="k")
        project.build("dataset_fanout", source=source, column="k", previous=first)
