"""parquet_import and parquet_export."""

import decimal
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def importer(project, tmp_path):
    """Write tables to Parquet files and import them."""

    def run(tables, rows_of_group=3, **options):
        for name, table in tables.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table(table), path, row_group_size=rows_of_group)
        given = options or {"filename": str(tmp_path / "in" / "*.parquet")}
        if "directory" in given:
            given["directory"] = str(tmp_path / "in")
        return project.build("parquet_import", given)

    return run


def test_files_one_after_the_other_in_equal_slices(importer):
    job = importer({"a.parquet": {"n": range(10)}, "b.parquet": {"n": range(10, 13)}, "c.parquet": {"n": range(0)}})
    assert [list(job.dataset().iterate(sliceno, "n")) for sliceno in range(3)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11, 12],
    ]
    assert job.load() == {"num_lines": 13}
    assert job.dataset().filename.endswith("a.parquet")


def test_types(importer):
    moment = datetime(2020, 1, 2, tzinfo=UTC)
    arrays = {
        "bool": pa.array([True, None]),
        "int32": pa.array([1, None], pa.uint16()),
        "int64": pa.array([2**32 - 1, None], pa.uint32()),
        "number": pa.array([2**64 - 1, None], pa.uint64()),
        "number2": pa.array([decimal.Decimal(10**30), None]),
        "float32": pa.array([0.5, None], pa.float16()),
        "float64": pa.array([decimal.Decimal("1.25"), None]),
        "unicode": pa.array(["å", None], pa.large_string()).dictionary_encode(),
        "bytes": pa.array([b"xy", None], pa.binary(2)),
        "date": pa.array([date(2020, 1, 2), None], pa.date32()),
        "datetime": pa.array([moment, None], pa.timestamp("ns", tz="Europe/Stockholm")),
        "datetime2": pa.array([datetime(2020, 1, 2), None], pa.timestamp("ms")),
        "time": pa.array([1, None], pa.time32("s")),
    }
    dataset = importer({"x.parquet": arrays}).dataset()
    assert {name: column.type for name, column in dataset.columns.items()} == {
        name: {"number2": "number", "datetime2": "datetime"}.get(name, name) for name in arrays
    }
    values = dict(zip(sorted(arrays), next(dataset.iterate(None)), strict=True))
    assert values["number2"] == 10**30
    assert values["number"] == 2**64 - 1
    assert (values["datetime"], values["float64"], values["unicode"]) == (moment, 1.25, "å")
    assert list(dataset.iterate(None))[1] == (None,) * len(arrays)


def test_hive_partitions(importer):
    job = importer(
        {
            "year=2024/name=a%20b/1.parquet": {"n": [1]},
            "year=2023/name=__HIVE_DEFAULT_PARTITION__/2.parquet": {"n": [2]},
            "year=2023/_temporary/3.parquet": {"n": [3]},
            ".old/year=2023/_name=x/3.parquet": {"n": [3]},
            "year=2023/_part.parquet": {"n": [3]},
        },
        directory=True,
    )
    assert list(job.dataset().iterate(None, ["n", "name", "year"])) == [(2, None, 2023), (1, "a b", 2024)]
    assert job.dataset().columns["year"].type == "int64"


def test_partitions_with_leading_zeros_stay_text(importer):
    job = importer({"code=01/1.parquet": {"n": [1]}, "code=2/1.parquet": {"n": [2]}}, directory=True)
    assert list(job.dataset().iterate(None, "code")) == ["01", "2"]


def test_files_that_differ(importer, fails):
    one = {"a": pa.array([1], pa.int32()), "b": ["x"]}
    dataset = importer({"1.parquet": one, "2.parquet": {"a": [2**40], "c": [True]}}).dataset()
    assert list(dataset.iterate(None, ["a", "b", "c"])) == [(1, "x", None), (2**40, None, True)]
    with fails("2.parquet does not fit the files before it"):
        importer({"1.parquet": one, "2.parquet": {"a": ["text"]}})


def test_directories_that_say_nothing_clear(importer, project, tmp_path, fails):
    with fails("two directories of"):
        importer({"a=1/a=2/x.parquet": {"n": [1]}}, directory=True)
    (tmp_path / "in/a=1/a=2/x.parquet").unlink()
    with fails("directory b=%FF of"):
        importer({"b=%FF/x.parquet": {"n": [1]}}, directory=True)
    (tmp_path / "in/b=%FF/x.parquet").unlink()
    with fails("there are no Parquet files in"):
        importer({}, directory=True)


def test_a_directory_counts_more_than_a_column_of_its_name(importer):
    dataset = importer({"n=7/x.parquet": {"n": [1, 2], "m": [3, 4]}}, directory=True).dataset()
    assert list(dataset.iterate(None, ["m", "n"])) == [(3, 7), (4, 7)]


def test_names_that_differ_only_in_case_or_are_empty(importer, fails, tmp_path):
    dataset = importer({"x.parquet": {"n": [1], "N": [2], "": [3]}}).dataset()
    assert list(dataset.iterate(None, ["", "N", "n"])) == [(3, 2, 1)]
    table = pa.table([[1], [2]], names=["n", "n"])
    pq.write_table(table, tmp_path / "in/x.parquet")
    with fails("x.parquet has several columns named 'n'"):
        importer({})


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (pa.array([1], pa.timestamp("ns")), "x.parquet: datetime is not a whole number of microseconds"),
        (pa.array([10**13], pa.timestamp("s")), "out of range"),
        (pa.array([1], pa.time64("ns")), "x.parquet: time is not a whole number of microseconds"),
        (pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{"])), "x.parquet: Expecting property name"),
    ],
)
def test_values_that_do_not_fit(importer, fails, array, message):
    with fails(message):
        importer({"x.parquet": {"o": [1, 2], "a": pa.concat_arrays([array, pa.nulls(1, array.type)])}})


@pytest.mark.parametrize(
    ("kind", "mend"),
    [
        (pa.duration("s"), "; leave it out with columns"),
        (pa.list_(pa.int32()), "or import it as json with nested_as_json=True"),
        (pa.map_(pa.string(), pa.int32()), "or import it as json with nested_as_json=True"),
    ],
)
def test_types_without_a_column_are_refused_with_the_mend(importer, fails, kind, mend):
    with fails(mend):
        importer({"x.parquet": {"a": pa.nulls(3, kind)}})


def test_what_json_can_hold(importer, fails, tmp_path):
    inner = {"d": date(2020, 1, 2), "t": [datetime(2020, 1, 2, 3)], "f": float("inf"), "u": "\u2603"}
    filename = str(tmp_path / "in/x.parquet")
    options = {"filename": filename, "nested_as_json": True}
    dataset = importer({"x.parquet": {"s": [inner, None]}}, **options).dataset()
    assert list(dataset.iterate(None, "s")) == [{**inner, "d": "2020-01-02", "t": ["2020-01-02T03:00:00"]}, None]
    with fails(
        "column 'b' has values of type list<element: binary>, which json cannot hold; leave it out with columns"
    ):
        importer({"x.parquet": {"b": [[b"x"]]}}, **options)


def test_damaged_data_are_named(importer, fails, tmp_path):
    importer({"x.parquet": {"n": range(1000)}}, filename=str(tmp_path / "in/x.parquet"))
    file = tmp_path / "in/x.parquet"
    data = bytearray(file.read_bytes())
    data[10:40] = bytes(30)
    file.write_bytes(data)
    with fails("x.parquet cannot be read as Parquet"):
        importer({}, filename=str(file))


@pytest.mark.parametrize("numbers", [[1, 2], [1, 2.5], [1.5, 2.5], [2**62 + 1, 0.5], [2**80, None], [None, 1]])
def test_the_files_of_datasets_themselves(project, write, numbers):
    columns = {"n": ("number", True), "t": ("time", True), "m": ("datetime", True), "c": "complex64", "j": "json"}
    moments = [datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 2, fold=1)]
    rows = [(number, moment.time(), moment, 1j, {"a": [1]}) for number, moment in zip(numbers, moments, strict=True)]
    source = write(columns, [rows, [], []])
    again = project.build("parquet_import", filename=f"{source.job.path}/DS/default/0.parquet").dataset()
    assert list(map(repr, again.iterate(None))) == list(map(repr, source.iterate(None)))
    assert (again.columns["c"].type, again.columns["j"].type) == ("complex64", "json")


def test_nested(importer, fails, tmp_path):
    table = {"l": [[1], None], "s": [{"a": 1}, {"a": None}], "n": [1, 2]}
    with fails("column 'l' has values of type list<"):
        importer({"x.parquet": table})
    filename = str(tmp_path / "in/x.parquet")
    dataset = importer({}, filename=filename, nested_as_json=True).dataset()
    assert list(dataset.iterate(None, ["l", "s", "n"])) == [([1], {"a": 1}, 1), (None, {"a": None}, 2)]
    assert list(importer({}, filename=filename, columns=["n"]).dataset().columns) == ["n"]


def test_import_refusals(project, importer, tmp_path, fails):
    (tmp_path / "text").write_text("no Parquet")
    with fails("cannot be read as Parquet"):
        project.build("parquet_import", filename=str(tmp_path / "text"))
    with fails("either filename or directory"):
        project.build("parquet_import")
    with fails("there is no column 'q', only 'n'"):
        importer({"x.parquet": {"n": [1]}}, filename=str(tmp_path / "in/x.parquet"), columns=["q"])


COLUMNS = {"d": ("date", True), "j": "json", "n": "number", "t": ("unicode", True)}
ROWS = [(date(2020, 1, 2), {"a": [1]}, 1, "x"), (None, None, 2.5, None), (date(1, 1, 1), "s", 3, "y")]


def test_export_one_file(project, write):
    source = write(COLUMNS, [ROWS[:1], [], ROWS[1:]])
    job = project.build("parquet_export", source=source)
    table = pq.read_table(job.filename("result.parquet"))
    assert table.column_names == ["d", "j", "n", "t"]
    assert table.column("n").to_pylist() == [1.0, 2.5, 3.0]
    assert table.column("j").to_pylist() == ['{"a":[1]}', None, '"s"'] or table.column("j").to_pylist()[1] == "null"
    again = project.build("parquet_import", filename=job.filename("result.parquet")).dataset()
    assert list(again.iterate(None, ["d", "n", "t"])) == list(source.iterate(None, ["d", "n", "t"]))


def test_export_slices_and_labels(project, write):
    source = write(COLUMNS, [ROWS[:1], [], ROWS[1:]])
    job = project.build("parquet_export", source=source, sliced=True, labels="t,d")
    assert job.files() == {"result.0.parquet", "result.1.parquet", "result.2.parquet"}
    assert pq.read_table(job.filename("result.2.parquet")).to_pydict() == {"t": [None, "y"], "d": [None, date(1, 1, 1)]}
    assert pq.read_table(job.filename("result.1.parquet")).num_rows == 0


def test_export_partitions(project, write):
    source = write(COLUMNS, [ROWS[:1], [], ROWS[1:]])
    job = project.build("parquet_export", source=source, partition_by="t", labels="t,n", filename="out")
    assert "out/t=x/0.0.parquet" in job.files()
    table = pads.dataset(job.filename("out"), partitioning="hive").to_table()
    assert sorted(table.to_pydict()["n"]) == [1.0, 2.5, 3.0]
    again = project.build("parquet_import", directory=job.filename("out")).dataset()
    assert sorted(again.iterate(None, ["n", "t"]), key=repr) == [(1.0, "x"), (2.5, None), (3.0, "y")]


def test_text_with_dictionaries_beside_text_without(project, write):
    """What is stored with dictionaries, which differ from part to part, is exported with them."""
    count = 66_000
    often = [(number % 7, f"word {number % 100}") for number in range(count)]
    once = [(number, f"text {number}") for number in range(count)]
    none = [(number, None if number % 5 else "x") for number in range(count)]
    columns = {"n": "int32", "t": ("unicode", True)}
    first = write(columns, [often, once, []])
    second = write(columns, [once, none, often[::-1]], previous=first)
    rows = [*often, *once, *once, *none, *often[::-1]]
    job = project.build("parquet_export", source=second, chain_source=True)
    path = job.filename("result.parquet")
    assert duckdb.read_parquet(path).fetchall() == rows
    table = pq.read_table(path)
    assert table.schema.equals(pa.schema({"n": pa.int32(), "t": pa.string()}))
    assert list(zip(*table.to_pydict().values(), strict=True)) == rows
    groups = [pq.read_metadata(path).row_group(number) for number in range(5)]
    assert [group.num_rows for group in groups] == [count] * 5
    assert "RLE_DICTIONARY" in groups[0].column(1).encodings
    again = project.build("parquet_import", filename=path).dataset()
    assert list(again.iterate(None, ["n", "t"])) == rows


def test_partitions_come_back_as_they_were(project, write):
    texts = ["", None, "a/b", "%41", "a=b", ".", "..", " x ", "å", "\n", "a\\b", "01", "null", "_"]
    source = write({"_t": ("unicode", True), "n": "int64"}, [list(zip(texts, range(99), strict=False)), [], []])
    job = project.build("parquet_export", source=source, partition_by="_t")
    again = project.build("parquet_import", directory=job.filename("result.parquet")).dataset()
    assert [text for _, text in sorted(again.iterate(None, ["n", "_t"]))] == texts


@pytest.mark.parametrize(
    ("coltype", "value", "message"),
    [
        ("ascii", "__HIVE_DEFAULT_PARTITION__", "'__HIVE_DEFAULT_PARTITION__', which as the name of a directory means"),
        ("unicode", "x\0y", r"column 'k' has the value 'x\x00y', and no name of a directory has a NUL; replace it"),
        ("unicode", "x" * 300, "column 'k' has a value that is too long for the name of a directory"),
    ],
)
def test_values_that_would_not_come_back_are_refused(project, write, fails, coltype, value, message):
    source = write({"k": (coltype, True), "n": "int64"}, [[(None, 1), ("a", 2), (value, 3)], [], []])
    with fails(message):
        project.build("parquet_export", source=source, partition_by="k")


@pytest.mark.parametrize("name", ["a=b", "a/b", "", ".x", "%41", "a\0b"])
def test_columns_whose_names_would_not_come_back_are_refused(project, write, fails, name):
    with fails(f"the name of column {name!r} cannot begin the name of a directory"):
        project.build("parquet_export", source=write({name: "int64", "n": "int64"}, [[], [], []]), partition_by=[name])


def test_export_chain_and_refusals(project, write, fails):
    first = write({"a": "int32"}, [[(1,)], [], []])
    second = write({"a": "int64"}, [[(2,)], [], []], previous=first)
    job = project.build("parquet_export", source=second, chain_source=True)
    assert pq.read_table(job.filename("result.parquet")).column("a").to_pylist() == [1, 2]
    since = {"source": [second], "chain_source": True}
    news = project.build("parquet_export", **since, previous=project.build("parquet_export", source=first))
    assert pq.read_table(news.filename("result.parquet")).column("a").to_pylist() == [2]
    nothing = project.build("parquet_export", **since, previous=news, labels="a")
    assert pq.read_table(nothing.filename("result.parquet")).schema.names == ["a"]
    with fails("as many sources"):
        project.build("parquet_export", source=[first, second], chain_source=True, previous=news)
    with fails("has no column 'q'"):
        project.build("parquet_export", source=first, labels="q")
    with fails("holds pickles"):
        project.build("parquet_export", source=write({"p": "pickle"}, [[], [], []]))
    with fails("compression must be one of zstd, snappy, gzip, lz4, brotli, none, not 'x'"):
        project.build("parquet_export", source=first, compression="x")
    for coltype in ("bytes", "complex64"):
        source = write({"a": "int32", "k": coltype}, [[], [], []])
        with fails(f"values of type {coltype}, as in column 'k', cannot name directories"):
            project.build("parquet_export", source=source, partition_by="k", filename="x")
    with fails("leaves no column"):
        project.build("parquet_export", source=first, partition_by="a")
