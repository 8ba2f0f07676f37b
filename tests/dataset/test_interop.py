"""Other libraries read datasets, and our files: the same values everywhere."""

import io
from collections import Counter
from datetime import UTC, date, datetime, time
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest

from accelerator.dataset import DatasetList, DatasetWriter
from accelerator.error import DatasetError, DatasetUsageError
from accelerator.job.context import context

PLAIN = {
    "ascii": ["a", "b\0c", None],
    "bool": [True, False, None],
    "bytes": [b"a", b"\0\xff", None],
    "date": [date(1, 1, 1), date(9999, 12, 31), None],
    "datetime": [datetime(1999, 1, 1, 1, 2, 3, 4), datetime(2020, 1, 1), None],
    "float32": [0.5, -0.0, None],
    "float64": [0.1, float("inf"), None],
    "int32": [-(2**31), 2**31 - 1, None],
    "int64": [-(2**63), 2**63 - 1, None],
    "json": [[1, {"a": None}], "x", 5],
    "number": [1, 2, None],
    "time": [time(1, 2, 3, 4), time(0), None],
    "unicode": ["å", "", None],
}
UTC_MOMENTS = [datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC), None]
JSON_TEXTS = ['[1,{"a":null}]', '"x"', "5"]


@pytest.fixture
def plain(job):
    """A column of each type that other programs see as plain values, a row in each slice."""
    writer = DatasetWriter({f"c_{name}": (name, True) for name in PLAIN})
    writer.add("utc", "datetime", none_support=True)
    write = writer.get_split_write_dict()
    for number in range(3):
        write({**{f"c_{name}": values[number] for name, values in PLAIN.items()}, "utc": UTC_MOMENTS[number]})
    return writer.finish()


def expected(name):
    return {"utc": UTC_MOMENTS, "c_json": JSON_TEXTS}.get(name) or PLAIN[name.removeprefix("c_")]


def test_arrow_polars_pandas(plain):
    table, frame, pandas_frame = plain.to_arrow(), plain.to_polars(), plain.to_pandas()
    for name in plain.columns:
        assert table.column(name).to_pylist() == expected(name)
        assert frame[name].to_list() == expected(name)
        assert len(pandas_frame[name]) == 3
    assert table.column_names == sorted(plain.columns)
    assert pandas_frame["c_int32"].iloc[0] == -(2**31)
    assert plain.to_arrow(["utc", "c_date"], sliceno=1).to_pylist() == [
        {"utc": UTC_MOMENTS[1], "c_date": date(9999, 12, 31)}
    ]


def test_protocol(plain):
    for made in (
        pa.table(plain.arrow),
        pa.RecordBatchReader.from_stream(plain).read_all(),
        pa.table(polars.DataFrame(plain.arrow)),
    ):
        assert made.column("c_int64").to_pylist() == PLAIN["int64"]
    assert pa.schema(plain.arrow) == pa.schema(plain) == plain.to_arrow().schema
    assert (
        pandas.DataFrame.from_arrow(plain.arrow).shape == (3, 14) if hasattr(pandas.DataFrame, "from_arrow") else True
    )
    connection = duckdb.connect()
    view = plain.arrow
    connection.register("view", view)
    assert connection.sql("select c_unicode from view order by 1").fetchall() == [("",), ("å",), (None,)]
    connection.close()
    both = DatasetList([plain, plain])
    assert both.to_arrow("c_number").column("c_number").to_pylist() == [1, 2, None] * 2
    assert pa.table(both.arrow).num_rows == 6


def test_other_programs_read_the_files(plain):
    pattern = str(Path(plain.job.path, "DS/default/*.parquet"))
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    frame = polars.read_parquet(pattern)
    for name in plain.columns:
        kinds = {"c_json": "{}::varchar", "utc": "timezone('UTC', {})"}
        column = kinds.get(name, "{}").format(name)
        got = [value for (value,) in connection.sql(f"select {column} from read_parquet('{pattern}')").fetchall()]
        want = expected(name)
        if name == "utc":
            want = [value and value.replace(tzinfo=None) for value in want]
        assert got == want, name
        if name != "c_json":
            assert frame[name].to_list() == expected(name), name
    connection.close()


def test_number_columns_that_mix(job, make):
    exact = make({"n": ("number", True)}, [[(1,), (0.5,)], [(None,)], [(-(2**53),)]], name="exact")
    assert exact.to_arrow().schema.field("n").type == pa.float64()
    assert exact.to_arrow()["n"].to_pylist() == [1.0, 0.5, None, -(2.0**53)]
    for name, value in (("above", 2**53 + 1), ("big", 2**80)):
        dataset = make({"n": "number"}, [[(value,), (0.5,)]], name=name)
        assert pa.types.is_struct(dataset.to_arrow().schema.field("n").type)
    floats = make({"n": "number"}, [[(1e300,), (5,)]], name="floats")
    assert floats.to_arrow()["n"].to_pylist() == [1e300, 5.0]
    ints = make({"n": "number"}, [[(7,)]], name="ints")
    assert DatasetList([ints, exact]).to_arrow()["n"].to_pylist() == [7.0, 1.0, 0.5, None, -(2.0**53)]
    assert DatasetList([ints, exact, dataset]).to_arrow().num_rows == 7


def test_integers_that_are_doubles_are_stored_as_such(job, make):
    values = [0, 0.0, -0.0, 2**53, 2.0**53, -(2**53), 0.1, float("inf"), None]
    narrow = make({"n": ("number", True)}, [[(value,) for value in values], [(7,)], [(None,)]], name="narrow")
    wide = make({"n": ("number", True)}, [[(2**53 + 1,), (1,), (0.5,)]], name="wide")
    longs = make({"n": ("number", True)}, [[(2**53 + 1,)]], name="longs")
    stored = duckdb.sql(f"select n.value, n.is_int from '{narrow.job.path}/DS/narrow/0.parquet'").fetchall()
    assert [value for value, _ in stored] == values
    assert [is_int for _, is_int in stored[:-1]] == [type(value) is int for value in values[:-1]]
    for datasets in ([narrow], [narrow, wide], [longs, narrow], [wide, narrow, longs]):
        expected = [value for dataset in datasets for value in dataset.iterate(None, "n")]
        copy = DatasetWriter({"n": ("number", True)}, name=f"copy{len(datasets)}{datasets[0].name}")
        copy.set_slice(0)
        for batch in DatasetList(datasets).batches(None, "n", exact=True):
            copy.write_batch(batch)
        for sliceno in (1, 2):
            copy.set_slice(sliceno)
        assert list(map(repr, copy.finish().iterate(0, "n"))) == list(map(repr, expected))
    assert list(narrow.iterate(0, "n", range={"n": (1, 2**53)})) == []
    assert list(map(repr, narrow.iterate(0, "n", range={"n": (-1, 0.5)}))) == ["0", "0.0", "-0.0", "0.1"]


def test_lists_of_different_types(job, make):
    small = make({"a": "int32", "t": "ascii"}, [[(1, "x")]], name="small")
    large = make({"a": "int64", "t": "unicode"}, [[(2**40, "å")]], name="large")
    text = make({"a": "ascii", "t": "ascii"}, [[("no", "x")]], name="text")
    assert DatasetList([small, large]).to_arrow().to_pylist() == [{"a": 1, "t": "x"}, {"a": 2**40, "t": "å"}]
    with pytest.raises(DatasetUsageError, match=r"'a'.*int32, ascii"):
        DatasetList([small, text]).to_arrow()
    assert DatasetList([small, text]).to_arrow("t").num_rows == 2
    with pytest.raises(DatasetError, match="'z'"):
        small.batches(0, "z")
    with pytest.raises(IndexError):
        small.batches(3)
    with pytest.raises(TypeError):
        small.batches("roundrobin")


def test_ranges_of_batches_are_those_of_iterate(job, make):
    dataset = make({"a": ("int32", True), "b": "ascii"}, [[(n, "x") for n in range(50)], [(None, "y")], [(99, "z")]])
    for bounds in ((10, 20), (None, 5), (98, None), (0, 100), (200, None)):
        for columns in (["b", "a"], "b"):
            got = dataset.to_arrow(columns, range={"a": bounds})
            names = [columns] if isinstance(columns, str) else columns
            assert [tuple(row[name] for name in names) for row in got.to_pylist()] == list(
                dataset.iterate(None, names, range={"a": bounds})
            )


def test_empty_datasets_have_their_columns(job, make):
    dataset = make({"a": "int32", "n": "number", "t": "time"}, [])
    assert dataset.to_arrow().num_rows == 0
    assert dataset.to_polars().columns == ["a", "n", "t"]
    assert dataset.sql("select count(*) from ds").fetchall() == [(0,)]
    assert dataset.scan().collect().shape == (0, 3)
    assert polars.read_parquet(Path("DS/default/*.parquet")).columns == ["a", "n", "t"]


# ---- SQL


def test_sql(job, make):
    dataset = make({"a": "int32", "b": "ascii"}, [[(n, "xyz"[n % 3]) for n in range(100)], [(1000, "x")]])
    assert dataset.sql("select b, sum(a) s from ds where a < 50 group by b order by b").fetchall() == [
        ("x", sum(range(0, 50, 3))), ("y", sum(range(1, 50, 3))), ("z", sum(range(2, 50, 3)))
    ]  # fmt: skip
    assert dataset.sql("select count(*) from ds x join ds y using (a)").fetchall() == [(101,)]
    other = dataset.link_to_here("renamed", rename={"a": "A"})
    assert DatasetList([other]).sql("select max(A) from ds").fetchall() == [(1000,)]
    assert DatasetList([dataset, dataset]).sql("select count(*) from ds").fetchall() == [(202,)]
    odd = make({"a.b": "int32", "": "json"}, [[([1], 1)]], name="odd")
    assert odd.sql('select "a.b" from ds').fetchall() == [(1,)]


def test_sql_of_texts_that_files_have_dictionaries_for(job, make):
    """Each file has its own; what a query gives is the same as without."""
    words = [None, "a", "b", "å", "", "longer than the sixteen bytes", "z"]
    rows = [[(b"%d" % (n % 3), n, words[n * 7 // 11 % (3 + 4 * part)]) for n in range(400)] for part in range(2)]
    columns = {"t": ("unicode", True), "b": "bytes", "n": "int32"}
    first = make(columns, rows)
    second = make({**columns, "u": "int32"}, [[(b"", 7, None, 1)], [(b"x", 8, "a", 2)] * 50], name="second")
    lists = [row for part in rows for row in part]
    assert first.sql("select b, n, t from ds order by n, t").fetchall() == sorted(
        lists, key=lambda row: (row[1], row[2] is None, row[2] or "")
    )
    for condition, holds in {
        "t = 'a'": lambda t: t == "a",
        "t <> 'a'": lambda t: t is not None and t != "a",
        "t is null": lambda t: t is None,
        "t in ('b', 'å', 'q')": lambda t: t in {"b", "å"},
        "t > 'b'": lambda t: t is not None and t > "b",
        "t like 'long%'": lambda t: t is not None and t.startswith("long"),
        "t = ''": lambda t: t == "",
    }.items():
        expected = sum(n for _, n, t in lists if holds(t))
        assert first.sql(f"select sum(n)::bigint from ds where {condition}").fetchall() == [(expected,)], condition
    assert first.sql("select typeof(t), count(distinct t) from ds where t is not null group by 1").fetchall() == [
        ("VARCHAR", 6)
    ]
    assert first.sql("select t from ds").to_arrow_table().schema.field("t").type == pa.string()
    both = "select t, count(*) from (from ds select t union all from more select t) group by 1 order by 1 nulls last"
    counts = Counter(t for *_, t in lists) + Counter({None: 1, "a": 50})
    assert first.sql(both, more=second).fetchall() == sorted(
        counts.items(), key=lambda pair: (pair[0] is None, pair[0] or "")
    )
    without = second.link_to_here("without", column_filter=["n"])
    assert without.sql("select sum(n)::int from ds").fetchall() == [(407,)]
    assert DatasetList([first, make(columns, [[(b"", n, "q")] for n in range(2)], name="few")]).sql(
        "select count(distinct t) from ds"
    ).fetchall() == [(7,)]


def test_sql_of_files_without_rows(job, make):
    columns = {"a": "int32", "t": "unicode"}
    assert make(columns, []).sql("select * from ds").fetchall() == []
    some = make(columns, [[], [(n, "x") for n in range(100)]], name="some")
    assert some.sql("select t, count(*) from ds group by t").fetchall() == [("x", 100)]


def test_sql_refuses_names_that_differ_in_case(job, make):
    dataset = make({"Name": "int32", "name": "int32"}, [[(1, 2)]])
    with pytest.raises(DatasetUsageError, match=r"'Name' and 'name'"):
        dataset.sql("select * from ds")


def bytes_read():
    """Bytes that this process has asked the system for."""
    line = Path("/proc/self/io").read_text().splitlines()[0]
    return int(line.removeprefix("rchar: "))


@pytest.fixture
def wide(current_job):
    """A dataset of which one column is a hundredth, and a row group a fifth."""
    current_job(slices=1)
    count = 600_000
    writer = DatasetWriter({"a": "int64", "b": "bytes"})
    writer.set_slice(0)
    import random

    blob = random.Random(1).randbytes(count * 50)
    writer.write_batch({"a": list(range(count)), "b": [blob[n * 50 : n * 50 + 50] for n in range(count)]})
    assert context.slices == 1
    return writer.finish()


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="counts what is read as Linux does")
@pytest.mark.parametrize(
    ("query", "most"),
    [
        (lambda ds: ds.sql("select sum(a) from ds").fetchall(), 0.2),
        (lambda ds: ds.sql("select max(b) from ds where a > 590000").fetchall(), 0.5),
        (lambda ds: ds.scan().select(polars.col("a").sum()).collect(), 0.2),
        (lambda ds: ds.scan().filter(polars.col("a") > 590_000).select(polars.col("b").max()).collect(), 0.5),
        (lambda ds: ds.scan().filter(polars.col("a").is_between(5, 10)).collect(), 0.5),
        (lambda ds: ds.to_arrow("a"), 0.2),
        (lambda ds: ds.to_arrow(range={"a": (0, 10)}), 0.5),
        (lambda ds: list(ds.iterate(0, "a")), 0.2),
        (lambda ds: list(ds.iterate(0, ["a", "b"], range={"a": (0, 10)})), 0.5),
        (lambda ds: list(ds.iterate(0, ["a", "b"], slice=slice(599_990, None))), 0.5),
    ],
)
def test_only_what_a_query_needs_is_read(wide, query, most):
    query(wide)  # what is imported is read, too
    size = next(Path(wide.job.path, "DS/default").glob("*.parquet")).stat().st_size
    before = bytes_read()
    query(wide)
    assert bytes_read() - before < size * most


@pytest.mark.parametrize(
    "predicate",
    [
        polars.col("i") > 5, polars.col("i") <= 5, polars.col("i") == 5, polars.lit(5) <= polars.col("i"),
        polars.col("i").is_between(3, 6, closed="none"), (polars.col("i") > 3) & (polars.col("d") < date(2020, 1, 9)),
        polars.col("d") >= date(2020, 1, 4), polars.col("t") > datetime(2020, 1, 4), polars.col("f") > 2,
        (polars.col("i") > 7) | (polars.col("f") < 1), polars.col("i").is_null(),
        polars.col("d") == datetime(2020, 1, 4),
        (polars.col("i") > 2.5) & (polars.col("s") == "x"), ~(polars.col("i") > 5), polars.col("i") != 5,
    ],
)  # fmt: skip
def test_scans_give_what_frames_give(job, make, predicate):
    types = {"d": "date", "f": "float64", "i": ("int32", True), "s": "ascii", "t": "datetime"}
    rows = [
        (date(2020, 1, n), float("nan") if n == 3 else n / 2, None if n == 4 else n, "xy"[n % 2], datetime(2020, 1, n))
        for n in range(1, 11)
    ]
    dataset = make(types, [rows, rows[:2], [(date(2021, 1, 1), 0.0, None, "x", datetime(2021, 1, 1))]])
    whole = dataset.to_polars()
    assert dataset.scan().filter(predicate).collect().equals(whole.filter(predicate))
    assert (
        dataset.scan()
        .filter(predicate)
        .select("s")
        .head(2)
        .collect()
        .equals(whole.filter(predicate).select("s").head(2))
    )


# ---- notebooks and terminals


def test_shown_as_a_table(job, make):
    from rich.console import Console

    dataset = make({"<a>": ("int32", True), "b": "ascii"}, [[(5, "x")]], hashlabel="b", name="n")
    html = dataset._repr_html_()
    for text in ("test-0/n", "&lt;a&gt;", "int32 or None", "1 lines in 3 slices", "hashed on"):
        assert text in html
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(dataset)
    shown = console.export_text()
    assert "test-0/n" in shown
    assert "int32 or None" in shown
