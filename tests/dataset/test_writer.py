"""Writers: every way to write, and every way to be told that it is not one."""

import os
import pickle
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from accelerator.column import hash_value
from accelerator.dataset import Dataset, DatasetColumn, DatasetWriter, lifecycle
from accelerator.error import DatasetUsageError, NoSuchDatasetError, NoSuchJobError
from accelerator.job.context import context
from accelerator.job.fork import fork

SLICES = 3


def in_slices(writer, rows):
    for sliceno in range(SLICES):
        writer.set_slice(sliceno)
        for row in rows:
            writer.write(*row)
    return writer.finish()


# ---- columns


def test_columns_are_sorted_then_in_order_of_adding(job):
    writer = DatasetWriter({"b": "int32", "a": ("int64", True)})
    writer.add("0", DatasetColumn("number", none_support=True))
    writer.add(b"c", ("ascii", True), none_support=False)
    writer.add(7, "json")
    assert list(writer.columns) == ["a", "b", "0", "c", "7"]
    assert writer.columns["a"][0::2] == ("int64", True)
    assert writer.columns["0"][0::2] == ("number", True)
    assert writer.columns["c"][0::2] == ("ascii", False)
    dataset = in_slices(writer, [(1, 2, None, "x", {})])
    assert next(dataset.iterate(0)) == (None, {}, 1, 2, "x")
    assert dataset.columns["a"].none_support
    assert not dataset.columns["b"].none_support


@pytest.mark.parametrize(
    ("name", "coltype"), [("a", "int64"), ("b", "integer"), ("b", None), ("b", "parsed:date"), ("b", 5)]
)
def test_columns_that_cannot_be_added(job, name, coltype):
    writer = DatasetWriter({"a": "int64"})
    with pytest.raises(DatasetUsageError):
        writer.add(name, coltype)
    writer.discard()


def test_columns_cannot_be_added_late(job):
    writer = DatasetWriter({"a": "int64"})
    writer.set_slice(0)
    with pytest.raises(DatasetUsageError, match="before writing"):
        writer.add("b", "int64")
    writer.discard()
    context.enter_job(context.job, "prepare")
    writer = DatasetWriter({"a": "int64"})
    context.enter_job(context.job, "synthesis")
    with pytest.raises(DatasetUsageError, match="prepare"):
        writer.add("b", "int64")


def test_cleaned_argument_names(job):
    names = ["self", "class", "a b", "a-b", "1", "", "write", "print", "w_l", "å", "next", "writers"]
    writer = DatasetWriter()
    for name in names:
        writer.add(name, "unicode")
    writer.set_slice(0)
    writer.write(
        self="self", class_="class", a_b="a b", a_b_="a-b", _1="1", _="", write="write", print_="print", w_l="w_l",
        å="å", next="next", writers="writers",
    )  # fmt: skip
    writer.set_slice(1)
    writer.write_dict({name: name for name in [*names, "more"]})
    writer.set_slice(2)
    writer.write_list([*names, "more"])
    dataset = writer.finish()
    assert sorted(dataset.columns) == sorted(names)
    assert [list(dataset.iterate(sliceno, names)) for sliceno in range(SLICES)] == [[tuple(names)]] * 3


# ---- one slice at a time


def test_rows_are_whole_or_not_there(job):
    writer = DatasetWriter({"a": "int32", "b": "ascii"})
    writer.set_slice(0)
    writer.write(1, "x")
    with pytest.raises(TypeError, match=r"'a'.*int32.*test-0"):
        writer.write("no", "y")
    with pytest.raises(ValueError, match=r"'b'.*ascii"):
        writer.write(2, "å")
    with pytest.raises(OverflowError, match="int32"):
        writer.write(2**31, "y")
    for wrong in ((1,), (1, "x", 2)):
        with pytest.raises(TypeError):
            writer.write(*wrong)
    with pytest.raises(IndexError):
        writer.write_list([1])
    with pytest.raises(KeyError):
        writer.write_dict({"a": 1})
    writer.write(2, "z")
    for sliceno in (1, 2):
        writer.set_slice(sliceno)
    assert list(writer.finish().iterate(None)) == [(1, "x"), (2, "z")]


def test_a_slice_set_again_is_replaced(job):
    writer = DatasetWriter({"a": "int32"})
    for value, sliceno in enumerate([0, 1, 0, 2, 1]):
        writer.set_slice(sliceno)
        writer.write(value)
    assert [list(writer.finish().iterate(s, "a")) for s in range(3)] == [[2], [4], [3]]


def test_functions_of_a_slice_that_is_over_raise(job):
    writer = DatasetWriter({"a": "int32"})
    writer.set_slice(0)
    stale = writer.write
    stale(1)
    writer.set_slice(1)
    with pytest.raises(DatasetUsageError):
        stale(2)
    writer.set_slice(2)
    late = writer.write
    dataset = writer.finish()
    with pytest.raises(DatasetUsageError):
        late(3)
    assert dataset.lines == [1, 0, 0]


@pytest.mark.parametrize("sliceno", [-1, 3, "0", None, True, 1.0])
def test_slices_that_do_not_exist(job, sliceno):
    writer = DatasetWriter({"a": "int32"})
    with pytest.raises(DatasetUsageError, match="slice"):
        writer.set_slice(sliceno)
    writer.discard()


def test_writing_before_a_slice_is_set(job):
    writer = DatasetWriter({"a": "int32"})
    for call in (lambda: writer.write(1), lambda: writer.write_list([1]), lambda: writer.write_dict({"a": 1}),
                 lambda: writer.write_batch({"a": [1]})):  # fmt: skip
        with pytest.raises(DatasetUsageError, match="set_slice"):
            call()
    with pytest.raises(AttributeError):
        _ = writer.hashcheck
    writer.discard()


def test_slices_must_all_be_set(job):
    writer = DatasetWriter({"a": "int32"})
    with pytest.raises(DatasetUsageError, match="nothing has been written"):
        writer.finish()
    writer.set_slice(1)
    with pytest.raises(DatasetUsageError, match="0, 2"):
        writer.finish()
    writer.discard()
    writer = DatasetWriter({"a": "int32"}, allow_missing_slices=True)
    writer.set_slice(1)
    writer.write(5)
    assert writer.finish().lines == [0, 1, 0]


def test_columns_written_one_by_one_must_be_equally_long(job):
    writer = DatasetWriter({"a": "int32", "b": "ascii"})
    writer.set_slice(0)
    assert writer.writers["a"].write(1)
    with pytest.raises(DatasetUsageError, match="different lengths"):
        writer.set_slice(1)
    writer.discard()
    writer = DatasetWriter({"a": "int32", "b": "ascii"})
    for sliceno in range(SLICES):
        writer.set_slice(sliceno)
        for number in range(sliceno):
            writer.writers["a"].write(number)
            writer.writers["b"].write(str(number))
        assert writer.writers["a"].count == sliceno
    assert list(writer.finish().iterate(2)) == [(0, "0"), (1, "1")]


def test_no_columns_and_no_name(job):
    writer = DatasetWriter()
    for call in (lambda: writer.set_slice(0), writer.get_split_write):
        with pytest.raises(DatasetUsageError, match="no columns"):
            call()
    writer.discard()
    with pytest.raises(DatasetUsageError, match="name"):
        DatasetWriter(name=None)
    assert DatasetWriter({"a": "int32"}, name=b"bytes").name == "bytes"


def test_a_writer_needs_a_job(current_job):
    with pytest.raises(DatasetUsageError, match="running job"):
        DatasetWriter({"a": "int32"})


# ---- defaults


def test_defaults(job):
    writer = DatasetWriter()
    writer.add("a", "int32", default=7)
    writer.add("b", "ascii", default="?", none_support=True)
    writer.add("c", "parsed:number", default="42.0")
    writer.add("d", "json", default=None)
    dataset = in_slices(writer, [("x", "å", "y", {1}), (None, None, None, None), (1, "z", " 12 ", "[1]")])
    assert list(dataset.iterate(0)) == [(7, "?", 42.0, None), (7, None, 42.0, None), (1, "z", 12, "[1]")]
    assert (dataset.min("a"), dataset.max("a")) == (1, 7)


@pytest.mark.parametrize(
    ("coltype", "default", "error"),
    [
        ("int32", "x", TypeError),
        ("int32", 2**40, OverflowError),
        ("ascii", "å", ValueError),
        ("parsed:int64", "1.5", ValueError),
        ("int32", None, (TypeError, ValueError)),
        ("pickle", 1, AssertionError),
    ],
)
@pytest.mark.parametrize("start", [lambda writer: writer.set_slice(0), lambda writer: writer.get_split_write()])
def test_defaults_that_cannot_be_stored(job, coltype, default, error, start):
    writer = DatasetWriter()
    writer.add("a", coltype, default=default)
    with pytest.raises(error):
        start(writer)
    writer.discard()


# ---- hashed


@pytest.mark.parametrize("coltype", ["int64", "ascii", "float64", "number", "date", "bool"])
def test_hashed_writers_check_and_discard(job, coltype):
    values = {
        "ascii": list("abcdefgh"),
        "bool": [True, False],
        "date": [date(2020, 1, day) for day in range(1, 20)],
    }.get(coltype, list(range(20)))
    writer = DatasetWriter({"h": coltype, "x": "int32"}, hashlabel="h")
    for sliceno in range(SLICES):
        writer.set_slice(sliceno)
        for value in values:
            belongs = hash_value(coltype, value) % SLICES == sliceno
            assert writer.hashcheck(value) is belongs
            if belongs:
                writer.write(value, 1)
            else:
                with pytest.raises(DatasetUsageError):
                    writer.write(value, 1)
    strict = writer.finish()
    writer = DatasetWriter({"h": coltype, "x": "int32"}, hashlabel="h", name="discarding")
    for sliceno in range(SLICES):
        writer.set_slice(sliceno)
        writer.enable_hash_discard()
        for value in values:
            writer.write(value, 1)
    discarding = writer.finish()
    split = DatasetWriter({"h": coltype, "x": "int32"}, hashlabel="h", name="split")
    write = split.get_split_write()
    for value in values:
        write(value, 1)
    split = split.finish()
    batch = DatasetWriter({"h": coltype, "x": "int32"}, hashlabel="h", name="batch")
    batch.get_split_write_batch()(pa.table({"h": values, "x": [1] * len(values)}))
    batch = batch.finish()
    for other in (discarding, split, batch):
        assert [list(other.iterate(s)) for s in range(3)] == [list(strict.iterate(s)) for s in range(3)]
        assert other.hashlabel == "h"


def test_hash_discard_is_for_hashed_writers_and_after_set_slice(job):
    writer = DatasetWriter({"h": "int32"}, hashlabel="h")
    with pytest.raises(DatasetUsageError):
        writer.enable_hash_discard()
    writer.discard()
    writer = DatasetWriter({"h": "int32"})
    writer.set_slice(0)
    with pytest.raises(DatasetUsageError, match="hashlabel"):
        writer.enable_hash_discard()
    writer.discard()


def test_batches_of_a_hashed_writer(job):
    writer = DatasetWriter({"h": "int32"}, hashlabel="h")
    table = pa.table({"h": list(range(10))})
    writer.set_slice(0)
    with pytest.raises(DatasetUsageError, match="slice 0"):
        writer.write_batch(table)
    for sliceno in range(SLICES):
        writer.set_slice(sliceno)
        writer.enable_hash_discard()
        writer.write_batch(table)
    dataset = writer.finish()
    assert sorted(dataset.iterate(None, "h")) == list(range(10))
    assert all(hash_value("int32", v) % 3 == s for s in range(3) for v in dataset.iterate(s, "h"))


@pytest.mark.parametrize(("columns", "label"), [({"a": "json"}, "a"), ({"a": "pickle"}, "a"), ({"a": "int32"}, "b")])
def test_hashlabels_that_cannot_be(job, columns, label):
    writer = DatasetWriter(columns, hashlabel=label)
    for call in (lambda: writer.set_slice(0), writer.get_split_write):
        with pytest.raises(DatasetUsageError, match="hashlabel"):
            call()
    writer.discard()


def test_none_and_defaults_of_the_hash_column(job):
    writer = DatasetWriter(hashlabel="h")
    writer.add("h", "int32", default=4)
    write = writer.get_split_write()
    write(None)
    write("x")
    dataset = writer.finish()
    assert list(dataset.iterate(hash_value("int32", 4) % 3, "h")) == [4, 4]
    writer = DatasetWriter({"h": ("int32", True)}, hashlabel="h", name="none")
    writer.get_split_write_list()([None])
    assert writer.finish().lines == [1, 0, 0]


# ---- split


def test_split_functions_share_one_turn(job):
    writer = DatasetWriter({"a": "int32"})
    functions = [writer.get_split_write(), writer.get_split_write_list(), writer.get_split_write_dict()]
    assert functions[0] == writer.get_split_write()
    for number in range(9):
        functions[number % 3](*[number, [number], {"a": number}][number % 3 : number % 3 + 1])
    dataset = writer.finish()
    assert list(dataset.iterate("roundrobin", "a")) == list(range(9))
    for function in (*functions,):
        with pytest.raises(Exception, match=r"finished|closed|slice"):
            function(1)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 3, 0, 2, 1), (1, 3, 1)])
def test_rows_and_batches_share_one_turn(job, order):
    writer = DatasetWriter({"a": "int32"})
    row, row_list, row_dict, batch = (
        writer.get_split_write(),
        writer.get_split_write_list(),
        writer.get_split_write_dict(),
        writer.get_split_write_batch(),
    )
    calls = [
        lambda n: row(n) or 1,
        lambda n: row_list([n]) or 1,
        lambda n: row_dict({"a": n}) or 1,
        lambda n: batch({"a": pa.array(range(n, n + 5), pa.int32())}) or 5,
    ]
    done = 0
    for number in order * 3:
        done += calls[number](done)
        with pytest.raises(TypeError):  # a row that is not stored does not count
            row("bad")
    dataset = writer.finish()
    for sliceno in range(3):
        assert list(dataset.iterate(sliceno, "a")) == list(range(sliceno, done, 3))


def test_split_batches_go_on_in_turn(job):
    writer = DatasetWriter({"a": "int32", "b": "ascii"})
    write = writer.get_split_write_batch()
    done = 0
    for size in (1, 5, 0, 2, 7, 100):
        numbers = list(range(done, done + size))
        write(pa.table({"a": pa.array(numbers, pa.int64()), "b": pa.array([str(n) for n in numbers], pa.string())}))
        done += size
    assert list(writer.finish().iterate("roundrobin")) == [(n, str(n)) for n in range(done)]
    with pytest.raises(DatasetUsageError):
        write({"a": [1], "b": ["x"]})


def test_split_and_set_slice_do_not_mix(job):
    writer = DatasetWriter({"a": "int32"})
    writer.set_slice(0)
    with pytest.raises(DatasetUsageError):
        writer.get_split_write()
    writer.discard()
    writer = DatasetWriter({"a": "int32"})
    writer.get_split_write()
    for call in (lambda: writer.set_slice(0), lambda: writer.write(1)):
        with pytest.raises(DatasetUsageError):
            call()
    assert writer.finish().lines == [0, 0, 0]
    writer = DatasetWriter({"a": "int32"}, name="missing", allow_missing_slices=True)
    with pytest.raises(DatasetUsageError, match="allow_missing_slices"):
        writer.get_split_write()
    writer.discard()


# ---- batches


def test_batches_from_many_libraries(job):
    import duckdb
    import pandas
    import polars

    want = [(1, 0.5, "x"), (2, None, "å")]
    connection = duckdb.connect()
    table = pa.table({"s": ["x", "å"], "n": [1, 2], "f": [0.5, None], "more": [1, 1]})
    sources = [
        table,
        table.to_batches()[0],
        polars.DataFrame(table),
        connection.from_arrow(table),
        {"n": [1, 2], "f": [0.5, None], "s": ["x", "å"]},
        pandas.DataFrame({"n": [1, 2], "s": ["x", "å"]}).assign(f=pandas.array([0.5, None], dtype="Float64")),
    ]
    for number, each in enumerate(sources):
        writer = DatasetWriter({"n": "int32", "f": ("float64", True), "s": "unicode"}, name=str(number))
        for sliceno in range(SLICES):
            writer.set_slice(sliceno)
            writer.write_batch(each)
        assert list(writer.finish().iterate(1, ["n", "f", "s"])) == want
    connection.close()  # an open one must not be inherited by the processes that other tests fork


@pytest.mark.parametrize(
    ("coltype", "batch", "error"),
    [
        ("int32", {"a": ["x"]}, TypeError),
        ("int32", {"a": [2**40]}, OverflowError),
        ("int32", {"a": [None, 1]}, ValueError),
        ("ascii", {"a": ["å"]}, ValueError),
        ("date", {"a": [1]}, ValueError),
        ("int32", {"b": [1]}, DatasetUsageError),
        ("int32", [1, 2], TypeError),
        ("int32", 7, TypeError),
    ],
)
def test_batches_that_do_not_fit(job, coltype, batch, error):
    writer = DatasetWriter({"a": coltype})
    writer.set_slice(0)
    with pytest.raises(error):
        writer.write_batch(batch)
    writer.discard()


def test_rows_and_batches_keep_their_order(job):
    writer = DatasetWriter({"a": "number"})
    writer.set_slice(0)
    writer.write(1)
    writer.write_batch({"a": [2, 3]})
    writer.write(4.5)
    writer.write_batch({"a": [5.5]})
    writer.write(6)
    writer.set_slice(1)
    writer.set_slice(2)
    dataset = writer.finish()
    assert [repr(value) for value in dataset.iterate(0, "a")] == ["1", "2", "3", "4.5", "5.5", "6"]
    assert (dataset.min("a"), dataset.max("a")) == (1, 6)


def test_batches_with_defaults_and_parsing(job):
    writer = DatasetWriter()
    writer.add("a", "int32", default=-1)
    writer.add("b", "parsed:float64")
    writer.set_slice(0)
    writer.write_batch({"a": [1, None, 2**40], "b": ["1", "2.5", " 3 "]})
    with pytest.raises(ValueError, match="'b'"):
        writer.write_batch({"a": [1], "b": ["x"]})
    for sliceno in (1, 2):
        writer.set_slice(sliceno)
    assert list(writer.finish().iterate(0)) == [(1, 1.0), (-1, 2.5), (-1, 3.0)]


# ---- names and ends


def test_names_are_taken_once(job, make):
    writer = DatasetWriter({"a": "int32"}, name="x")
    with pytest.raises(DatasetUsageError, match="being written"):
        DatasetWriter({"a": "int32"}, name="x")
    dataset = in_slices(writer, [])
    with pytest.raises(DatasetUsageError, match="exists"):
        DatasetWriter({"a": "int32"}, name="x")
    dataset.link_to_here("y")
    for name in ("x", "y"):
        with pytest.raises(DatasetUsageError, match="exists"):
            DatasetWriter({"a": "int32"}, name=name)
        with pytest.raises(DatasetUsageError, match="exists"):
            dataset.link_to_here(name)
        with pytest.raises(DatasetUsageError, match="exists"):
            dataset.merge(dataset, name)


def test_discard_frees_name_and_disk(job):
    for _ in range(2):
        writer = DatasetWriter({"a": "int32"})
        writer.set_slice(0)
        writer.write(1)
        writer.discard()
        assert list(Path("DS").iterdir()) == []
        assert lifecycle.unfinished() == []
        for call in (writer.finish, writer.discard, writer.get_split_write):
            with pytest.raises(DatasetUsageError, match="discarded"):
                call()
    writer = DatasetWriter({"a": "int32"})
    in_slices(writer, [])
    with pytest.raises(DatasetUsageError, match="finished"):
        writer.discard()
    assert writer.finish() == job


def test_nothing_but_data_is_left(job):
    writer = DatasetWriter({"a": "int32"})
    for sliceno in range(SLICES):
        writer.set_slice(sliceno)
        if sliceno:
            writer.write(sliceno)
    dataset = writer.finish()
    assert sorted(path.name for path in Path("DS/default").iterdir()) == ["1.parquet", "2.parquet", "dataset.json"]
    assert dataset.caption == job
    assert dataset.filename is None
    empty = in_slices(DatasetWriter({"a": "int32"}, name="empty", filename="f.csv", caption="c"), [])
    assert sorted(path.name for path in Path("DS/empty").iterdir()) == ["0.parquet", "dataset.json"]
    assert (empty.filename, empty.caption, empty.shape) == ("f.csv", "c", (1, 0))
    other = in_slices(DatasetWriter({"a": "int32"}, name="other", filename=Path("g.csv"), caption=2026), [])
    assert (other.filename, other.caption) == ("g.csv", "2026")


# ---- previous


def test_previous_in_every_form(current_job, make):
    first_job = current_job()
    first = make({"a": "int32"}, [], name="one")
    make({"a": "int32"}, [])
    current_job.new()
    for number, (previous, want) in enumerate(
        [(first, first), (str(first), first), ((first_job, "one"), first), (first_job, Dataset(first_job)), ("", None)]
    ):
        dataset = make({"a": "int32"}, [], name=str(number), previous=previous)
        assert dataset.previous == want
    writer = DatasetWriter({"a": "int32"}, name="next")
    following = DatasetWriter({"a": "int32"}, name="following", previous=writer)
    assert following.previous == f"{context.job}/next"
    following.get_split_write()
    with pytest.raises(DatasetUsageError, match="not finished"):
        following.finish()
    in_slices(writer, [])
    assert following.finish().previous == f"{context.job}/next"
    for previous, error in (("test-99", NoSuchJobError), (f"{first_job}/no", NoSuchDatasetError)):
        with pytest.raises(error):
            make({"a": "int32"}, [], name=str(error), previous=previous)
        lifecycle.live_writers()[str(error)].discard()


# ---- parents


def test_parents(current_job, make):
    current_job()
    rows = [[(1, "x"), (2, "y")], [], [(3, "z")]]
    parent = make({"a": "int32", "b": "ascii"}, rows, filename="f", caption="c", name="p")
    current_job.new()
    child = make({"a": "number", "c": "int64"}, [[(0.5, 5), (1, 6)], [], [(2, 7)]], parent=parent)
    assert child.parent == parent
    assert (child.filename, child.caption, child.previous) == ("f", "c", None)
    assert list(child.iterate(None)) == [(0.5, "x", 5), (1, "y", 6), (2, "z", 7)]
    assert child.columns["a"].type == "number"
    without = make({"a": None, "d": "bool"}, [[(True,), (True,)], [], [(False,)]], parent=child, name="without")
    assert sorted(without.columns) == ["b", "c", "d"]
    with pytest.raises(DatasetUsageError, match="lines"):
        make({"d": "bool"}, [[(True,)]], parent=child, name="short")
    with pytest.raises(DatasetUsageError, match="no parent"):
        DatasetWriter({"a": None}, name="x")
    with pytest.raises(DatasetUsageError, match="does not have it"):
        DatasetWriter({"zz": None}, parent=parent, name="x")
    with pytest.raises(NoSuchDatasetError):
        DatasetWriter({"a": "int32"}, parent=f"{parent.job}/nope", name="x")
    unfinished = DatasetWriter({"a": "int32"}, name="unfinished")
    with pytest.raises(TypeError, match="finish"):
        DatasetWriter({"a": "int32"}, parent=unfinished, name="x")


def hashed(rows, columns, **keywords):
    writer = DatasetWriter(columns, **keywords)
    write = writer.get_split_write()
    for row in rows:
        write(*row)
    return writer.finish()


def test_hashlabels_of_parents(job):
    rows = [(n, n) for n in range(20)]
    parent = hashed(rows, {"a": "int32", "h": "int32"}, hashlabel="h", name="parent")
    columns = {"x": "int32"}
    with pytest.raises(DatasetUsageError, match="hashlabel_override"):
        DatasetWriter({"x": "int32"}, parent=parent, hashlabel="x", name="x")
    # Not given: the parent's is kept, but without the column rows cannot be split.
    keeps = DatasetWriter(columns, parent=parent, name="keeps")
    with pytest.raises(DatasetUsageError, match="hashed on 'h'"):
        keeps.get_split_write()
    for sliceno, lines in enumerate(parent.lines):
        keeps.set_slice(sliceno)
        for _ in range(lines):
            keeps.write(1)
    assert keeps.finish().hashlabel == "h"
    # Not given, but written: hashed.
    writes = hashed([(n,) for n in range(20)], {"h": "int64"}, parent=parent, name="writes")
    assert writes.hashlabel == "h"
    # Discarded: none.
    gone = DatasetWriter({"h": None, "x": "int32"}, parent=parent, name="gone")
    for sliceno, lines in enumerate(parent.lines):
        gone.set_slice(sliceno)
        for _ in range(lines):
            gone.write(1)
    assert gone.finish().hashlabel is None
    # Override: exactly what is given.
    other = DatasetWriter(columns, parent=parent, hashlabel_override=True, name="other")
    with pytest.raises(DatasetUsageError, match="hashed on 'h'"):
        other.get_split_write()
    for sliceno, lines in enumerate(parent.lines):
        other.set_slice(sliceno)
        for _ in range(lines):
            other.write(1)
    assert other.finish().hashlabel is None
    # Added late: not checked, and kept [a quirk of old].
    late = DatasetWriter(parent=parent, name="late")
    late.add("h", "int32")
    with pytest.raises(DatasetUsageError):
        late.get_split_write()
    for sliceno, lines in enumerate(parent.lines):
        late.set_slice(sliceno)
        for _ in range(lines):
            late.write(1)
    assert late.finish().hashlabel == "h"


# ---- the phases of a job


def in_analysis(function):
    """Run a function in a forked process for each slice, as the engine does; return their exit codes."""
    job = context.job
    pids = []
    for sliceno in range(SLICES):

        def child(sliceno=sliceno):
            context.enter_job(job, "analysis", sliceno)
            lifecycle.enter_slice(sliceno)
            function(sliceno)
            lifecycle.close_slice(sliceno)

        pids.append(fork(child))
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    context.enter_job(job, "synthesis")
    return codes


def test_a_writer_from_prepare_is_written_in_analysis(current_job):
    current_job(phase="prepare")
    writer = DatasetWriter({"a": "int32", "b": ("number", True)}, name="x")
    idle = DatasetWriter({"a": "int32"}, name="idle")
    started = DatasetWriter({"a": "int32"}, name="started")
    started.get_split_write()(1)
    lifecycle.finish_started_in_prepare()
    assert lifecycle.unfinished() == ["x", "idle"]

    def analysis(sliceno):
        same = DatasetWriter(name="x", copy_mode=True)
        assert same is writer
        assert pickle.loads(pickle.dumps(writer)) is writer
        for number in range(sliceno):
            same.write(number, [None, 0.5][number % 2])
        assert list(Dataset(context.job, "started").iterate(None, "a")) == [1]
        for wrong in ({"columns": {"a": "int32"}}, {"hashlabel": "a"}, {"name": "new"}, {"name": "started"}):
            with pytest.raises(DatasetUsageError):
                DatasetWriter(**wrong)
        for call in (lambda: same.set_slice(sliceno), same.get_split_write, same.finish):
            with pytest.raises(DatasetUsageError):
                call()

    assert in_analysis(analysis) == [0, 0, 0]
    dataset = writer.finish()
    assert dataset.lines == [0, 1, 2]
    assert list(dataset.iterate(2)) == [(0, None), (1, 0.5)]
    idle.set_slice(1)
    idle.write(5)
    lifecycle.finish_all()
    assert Dataset(context.job, "idle").lines == [0, 1, 0]
    assert context.finished_datasets == ["started", "x", "idle"]


def test_a_writer_reaches_processes_that_were_not_forked_from_prepare(current_job):
    current_job(phase="prepare")
    writer = DatasetWriter({"a": "int32"}, name="x", hashlabel="a")
    writer.add("b", "ascii", default="?")
    lifecycle.finish_started_in_prepare()
    lifecycle.live_writers().clear()  # as in a process started afresh

    def analysis(sliceno):
        found = DatasetWriter(name="x")
        found.enable_hash_discard()
        for number in range(9):
            found.write(number, None)

    assert in_analysis(analysis) == [0, 0, 0]
    lifecycle.live_writers()["x"] = writer
    lifecycle.finish_all()
    dataset = Dataset(context.job, "x")
    assert sorted(dataset.iterate(None)) == [(number, "?") for number in range(9)]
    assert dataset.hashlabel == "a"


def test_for_single_slice(current_job):
    current_job(phase="prepare")
    split = DatasetWriter({"a": "int32"}, name="split", for_single_slice=1)
    single = DatasetWriter({"a": "int32"}, name="set", for_single_slice=2, allow_missing_slices=True)
    lifecycle.finish_started_in_prepare()

    def analysis(sliceno):
        if sliceno == 1:
            write = split.get_split_write()
            for number in range(7):
                write(number)
        else:
            with pytest.raises(DatasetUsageError, match="slice 1 only"):
                split.get_split_write()
        if sliceno == 2:
            single.set_slice(0)
            single.write(5)
        else:
            for call in (lambda: single.set_slice(0), lambda: single.write(1)):
                with pytest.raises(DatasetUsageError, match="slice 2 only"):
                    call()

    assert in_analysis(analysis) == [0, 0, 0]
    lifecycle.finish_all()
    assert list(Dataset(context.job, "split").iterate("roundrobin", "a")) == list(range(7))
    assert Dataset(context.job, "set").lines == [1, 0, 0]


def test_the_end_finishes_in_order_of_previous(job):
    third = DatasetWriter({"a": "int32"}, name="3", previous=f"{job}/2")
    second = DatasetWriter({"a": "int32"}, name="2", previous=f"{job}/1")
    first = DatasetWriter({"a": "int32"}, name="1")
    other = DatasetWriter({"a": "int32"}, name="0")
    for writer in (third, second, first, other):
        writer.get_split_write()
    lifecycle.finish_all()
    assert context.finished_datasets == ["1", "0", "2", "3"]
    assert [ds.name for ds in Dataset(job, "3").chain()] == ["1", "2", "3"]


def test_the_end_fails_for_writers_never_used(job):
    DatasetWriter({"a": "int32"})
    with pytest.raises(DatasetUsageError, match="nothing has been written"):
        lifecycle.finish_all()


def test_datasets_that_are_previous_to_each_other(job):
    DatasetWriter({"a": "int32"}, name="a", previous=f"{job}/b").get_split_write()
    DatasetWriter({"a": "int32"}, name="b", previous=f"{job}/a").get_split_write()
    with pytest.raises(DatasetUsageError, match="previous to each other"):
        lifecycle.finish_all()


def test_meta_only_is_refused(job):
    for make in (DatasetWriter, job.datasetwriter):
        with pytest.raises(DatasetUsageError, match="write_batch"):
            make({"a": "int32"}, meta_only=True)
