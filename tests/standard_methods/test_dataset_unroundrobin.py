"""dataset_unroundrobin: the order in turn becomes the order in slices."""

import pytest

from accelerator.testing import TemporaryProject

COLUMNS = {"i": "int32", "t": ("unicode", True)}

SLICES = [[(0, "a"), (3, "b"), (5, "b"), (6, "b"), (7, "c")], [(1, "a")], [(2, None), (4, "b")]]


def per_slice(dataset):
    return [list(dataset.iterate(sliceno, ["i", "t"])) for sliceno in range(len(dataset.lines))]


@pytest.fixture(scope="module")
def source(write):
    return write(COLUMNS, SLICES, filename="file", caption="Caption")


def test_each_slice_has_as_many_rows_as_before(project, source):
    made = project.build("dataset_unroundrobin", source=source, previous=source).dataset()
    assert [[row[0] for row in part] for part in per_slice(made)] == [[0, 1, 2, 3, 4], [5], [6, 7]]
    assert list(made.iterate(None)) == list(source.iterate("roundrobin"))
    assert (made.filename, made.caption, made.previous, made.hashlabel) == ("file", "Caption", source, None)


def test_a_trigger_keeps_equal_rows_together(project, source):
    made = project.build("dataset_unroundrobin", source=source, trigger_column="t").dataset()
    assert [[row[0] for row in part] for part in per_slice(made)] == [[0, 1, 2, 3, 4, 5, 6], [], [7]]


def model(order, lines, value):
    """The rule of the specification, slice by slice."""
    slices, start = [], 0
    for count in lines:
        end = start + count
        first = start
        while start > 0 and first < end and value(order[first]) == value(order[start - 1]):
            first += 1
        last = end
        while first < end and last < len(order) and value(order[last]) == value(order[end - 1]):
            last += 1
        slices.append(order[first:last] if first < end else [])
        start = end
    return slices


@pytest.mark.parametrize("seed", range(6))
def test_triggers_against_a_model(project, write, seed):
    lines = [(seed * 7) % 5, 4, (seed * 3) % 4]
    slices = [
        [(row, "xy"[(row * row + sliceno + seed) % 3 % 2]) for row in range(n)] for sliceno, n in enumerate(lines)
    ]
    source = write(COLUMNS, slices)
    made = project.build("dataset_unroundrobin", source=source, trigger_column="t").dataset()
    order = list(source.iterate("roundrobin", ["i", "t"]))
    assert per_slice(made) == model(order, lines, lambda row: row[1])


def test_nan_equals_nan(project, write):
    nan = float("nan")
    source = write({"x": "float64"}, [[(nan,), (nan,)], [(nan,), (1.0,)], [(nan,)]])
    made = project.build("dataset_unroundrobin", source=source, trigger_column="x").dataset()
    assert made.lines == [4, 0, 1]


def test_what_csvimport_deals_out_comes_back(project, tmp_path):
    (tmp_path / "x.csv").write_text("a\n" + "".join(f"{n}\n" for n in range(11)))
    imported = project.build("csvimport", filename=str(tmp_path / "x.csv")).dataset()
    made = project.build("dataset_unroundrobin", source=imported)
    assert [int(value) for value in made.dataset().iterate(None, "a")] == list(range(11))
    exported = project.build("csvexport", source=made.dataset())
    again = project.build("csvimport", filename=exported.filename("result.csv")).dataset()
    assert per_slice_values(again) == per_slice_values(imported)


def per_slice_values(dataset):
    return [list(dataset.iterate(sliceno, "a")) for sliceno in range(3)]


def test_empty_and_refused(project, write, source, fails):
    empty = write(COLUMNS, [[], [], []])
    assert project.build("dataset_unroundrobin", source=empty, trigger_column="t").dataset().lines == [0, 0, 0]
    with fails("Trigger column 'q' not in"):
        project.build("dataset_unroundrobin", source=source, trigger_column="q")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("slices", [1, 100])
def test_one_slice_and_many(write_to, slices):
    with TemporaryProject(slices) as project:
        source = write_to(project, COLUMNS, [[(row * slices + n, "x") for row in range(n % 4)] for n in range(slices)])
        made = project.build("dataset_unroundrobin", source=source).dataset()
        assert list(made.iterate(None)) == list(source.iterate("roundrobin"))
        assert made.lines == source.lines
