"""The index: what it says, and that it can be lost."""

import json
import os
import shutil
import sqlite3

import pytest

from accelerator.engine import index_file
from accelerator.engine.index import Index, Row
from accelerator.error import StorageError


def read(directory):
    """Rows as the test writes them: post.json holds the fields."""
    try:
        fields = json.loads((directory / "post.json").read_text())
    except FileNotFoundError:
        return None
    workdir, _, number = directory.name.rpartition("-")
    return Row(workdir, int(number), **fields)


def make(workdir, number, *, finished=True, **fields):
    directory = workdir / f"dev-{number}"
    directory.mkdir(parents=True)
    if finished:
        finish(directory, **fields)
    return directory


def finish(directory, **fields):
    start = float(directory.name.rpartition("-")[2])
    record = {"uid": f"u{start}", "key": "k", "method": "m", "source_digest": "s", "starttime": start, "endtime": start}
    (directory / "post.json").write_text(json.dumps({**record, **fields}))


@pytest.fixture
def workdir(tmp_path):
    (tmp_path / "wd").mkdir()
    return tmp_path / "wd"


@pytest.fixture
def open_index(tmp_path, workdir):
    made = []

    def make_index(**workdirs):
        index = Index(tmp_path / "cache", workdirs or {"dev": workdir}, read)
        made.append(index)
        index.scan()
        return index

    yield make_index
    for index in made:
        index.close()


def numbers(index, key="k"):
    return [row.number for row in index.with_key(key)]


def test_finished_jobs_are_found_newest_first(workdir, open_index):
    for number in (0, 2, 10):
        make(workdir, number)
    make(workdir, 5, key="other")
    make(workdir, 6, finished=False)
    for name in ("dev-x", "dev-007", "elsewhere-3", ".new-abc"):
        (workdir / name).mkdir()
    index = open_index()
    assert numbers(index) == [10, 2, 0]
    assert numbers(index, "other") == [5]
    assert [row.number for row in index.of_method("m")] == [10, 5, 2, 0]


def test_a_second_look_sees_what_came_and_went(workdir, open_index):
    directory = make(workdir, 0)
    late = make(workdir, 1, finished=False)
    index = open_index()
    assert numbers(index) == [0]
    shutil.rmtree(directory)
    make(workdir, 2)
    # A job that finishes changes its own directory, not the workdir.
    finish(late)
    assert numbers(open_index()) == [2, 1]


def test_a_job_that_is_gone_is_forgotten_when_it_is_met(workdir, open_index):
    directory = make(workdir, 0)
    index = open_index()
    (row,) = index.with_key("k")
    assert index.exists(row)
    shutil.rmtree(directory)
    assert not index.exists(row)
    assert numbers(index) == []


def test_a_job_finished_elsewhere_is_discovered_by_its_id(workdir, open_index):
    index = open_index()
    make(workdir, 3)
    assert index.uid("dev-3") == "u3.0"
    assert index.uid("dev-4") == ""
    assert index.uid("nonsense") == ""
    assert index.uid("elsewhere-1") == ""


def test_everything_of_a_row_is_kept(workdir, open_index):
    fields = {"subjobs": {"dev-0": "u0"}, "input_files": {"f": [{"path": "x"}]}, "is_build": True}
    make(workdir, 1, **fields)
    index = open_index()
    assert index.get("dev-1") == read(workdir / "dev-1")


def test_a_name_that_means_another_directory_now(workdir, tmp_path, open_index):
    make(workdir, 0)
    assert numbers(open_index()) == [0]
    (tmp_path / "new").mkdir()
    assert numbers(open_index(dev=tmp_path / "new")) == []
    assert numbers(open_index()) == [0]


@pytest.mark.parametrize("damage", [b"", b"SQLite format 3\0 but not really", b"x" * 100000])
def test_damaged_files_are_made_anew(workdir, tmp_path, open_index, damage):
    make(workdir, 0)
    open_index().close()
    (tmp_path / "cache" / "index.sqlite").write_bytes(damage)
    assert numbers(open_index()) == [0]


def test_another_version_is_made_anew(workdir, tmp_path, open_index):
    make(workdir, 0)
    open_index().close()
    with sqlite3.connect(tmp_path / "cache" / "index.sqlite") as db:
        db.execute("UPDATE meta SET value = 99 WHERE name = 'version'")
    db.close()
    assert numbers(open_index()) == [0]


def test_after_a_restart_of_the_machine_the_file_is_checked(workdir, tmp_path, open_index):
    make(workdir, 0)
    open_index().close()
    path = tmp_path / "cache" / "index.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = 'another boot' WHERE name = 'boot'")
    db.close()
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(4096)
    path.write_bytes(data)
    assert numbers(open_index()) == [0]


def test_values_are_kept_under_a_stamp(open_index):
    index = open_index()
    index.keep("kind", "name", "1", b"value")
    assert index.cached("kind", "name", "1") == b"value"
    assert index.cached("kind", "name", "2") is None
    assert index.cached("other", "name", "1") is None


def test_times_of_a_method_come_in_their_order_and_by_source(workdir, open_index):
    for number, source in ((3, "old"), (1, "new"), (2, "new")):
        make(workdir, number, source_digest=source)
    index = open_index()
    assert index.times_of("m") == [(1.0, "dev-1"), (2.0, "dev-2"), (3.0, "dev-3")]
    assert index.times_of("m", {"new"}) == [(1.0, "dev-1"), (2.0, "dev-2")]


def test_rows_can_be_removed_while_they_are_handed_out(workdir, open_index):
    for number in range(5):
        make(workdir, number)
    index = open_index()
    seen = []
    for row in index.of_workdir("dev"):
        seen.append(row.number)
        index.remove(f"dev-{row.number}")
        if row.number == 1:
            index.remove("dev-2")
    assert seen == [0, 1, 3, 4]
    assert not list(index.of_workdir("dev"))


def test_a_lock_that_another_process_keeps(workdir, tmp_path, open_index, monkeypatch):
    """Who has nothing to write does not wait for it; the others say so, and lose nothing."""
    monkeypatch.setattr(index_file, "_PATIENCE", 0.1)
    os.utime(workdir, (0, 0))  # one that has just changed is looked at again
    first = open_index()
    file = next(tmp_path.rglob("index.sqlite"))
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    second = open_index()
    assert list(second.of_method("nosuch")) == []
    with pytest.raises(StorageError, match=r"index\.sqlite is only a cache, but another process"):
        second.remove("dev-1")
    holder.execute("ROLLBACK")
    holder.close()
    first.remove("dev-1")
