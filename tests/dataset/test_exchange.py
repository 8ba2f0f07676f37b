"""Datasets that each slice of analysis writes to all slices of."""

import random
from pathlib import Path

import pytest

from accelerator.column import hash_value
from accelerator.dataset import DatasetWriter, exchange
from accelerator.dataset.lifecycle import close_slice, enter_slice, finish_started_in_prepare, live_writers
from accelerator.error import DatasetUsageError
from accelerator.job.context import context

COLUMNS = {"k": ("ascii", True), "n": ("number", True)}


@pytest.fixture
def run(current_job):
    """Run a job whose slices of analysis write their rows, and return the dataset."""

    def run(rows_of, write, **arguments):
        job = current_job(phase="prepare")
        DatasetWriter(COLUMNS, all_slices=True, **arguments)
        finish_started_in_prepare()
        for sliceno, rows in enumerate(rows_of):
            context.enter_job(job, "analysis", sliceno)
            enter_slice(sliceno)
            write(DatasetWriter(name="default"), rows)
            close_slice(sliceno)
        context.enter_job(job, "synthesis")
        return live_writers()["default"].finish()

    return run


def one_by_one(writer, rows):
    write = writer.get_split_write_list()
    for row in rows:
        write(row)


def in_batches(writer, rows):
    write = writer.get_split_write_batch()
    for start in range(0, len(rows), 50):
        part = rows[start : start + 50]
        # Either only integers or only floats, so that layouts differ from batch to batch.
        write({"k": [row[0] for row in part], "n": [row[1] for row in part]})


def make_rows(seed, count=170):
    draw = random.Random(seed)
    return [(draw.choice(["a", "b", "c", None]), index if index // 50 % 2 else index + 0.5) for index in range(count)]


@pytest.mark.parametrize("least_file", [0, 1500, 1 << 22], ids=["files", "some files", "no files"])
@pytest.mark.parametrize("write", [one_by_one, in_batches])
def test_a_slice_has_the_rows_of_slice_0_first(run, monkeypatch, least_file, write):
    monkeypatch.setattr(exchange, "_LEAST_FILE", least_file)
    rows_of = [make_rows(1), make_rows(2, 20), make_rows(3)]
    dataset = run(rows_of, write, hashlabel="k")

    for sliceno in range(3):
        expected = [row for rows in rows_of for row in rows if hash_value("ascii", row[0]) % 3 == sliceno]
        assert list(dataset.iterate(sliceno)) == expected
        assert dataset.lines[sliceno] == len(expected)
    assert (dataset.min("n"), dataset.max("n")) == (0.5, max(row[1] for rows in rows_of for row in rows))
    assert dataset.hashlabel == "k"
    names = {path.name for path in Path(dataset.job.path, dataset.fs_name).iterdir()}
    assert all(name.endswith(".parquet") or name == "dataset.json" for name in names)


def test_without_hashlabel_each_slice_deals_from_slice_0(run):
    dataset = run([[("a", 1), ("b", 2)], [], [("c", 3)]], one_by_one)
    assert [list(dataset.iterate(sliceno, "n")) for sliceno in range(3)] == [[1, 3], [2], []]


def test_no_rows(run):
    dataset = run([[], [], []], one_by_one, hashlabel="k")
    assert dataset.lines == [0, 0, 0]
    assert set(dataset.columns) == {"k", "n"}


def test_nothing_written_at_all(run):
    with pytest.raises(DatasetUsageError, match="nothing has been written"):
        run([[], [], []], lambda writer, rows: None)


def test_set_slice_is_refused(run):
    with pytest.raises(DatasetUsageError, match="for all slices"):
        run([[], [], []], lambda writer, rows: writer.set_slice(0))
