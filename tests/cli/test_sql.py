"""``ax sql``: queries on datasets, in every form of output."""

import json

import pyarrow.parquet as pq
import pytest

from accelerator.cli.main import main
from accelerator.dataset import DatasetWriter


@pytest.fixture
def sql(current_job, tmp_path, monkeypatch, capsys):
    previous = None
    for part in range(2):
        current_job() if previous is None else current_job.new()
        writer = DatasetWriter({"n": "int64", "t": ("unicode", True), "f": "float64"}, previous=previous, name="data")
        for sliceno in range(3):
            writer.set_slice(sliceno)
            writer.write_dict({"n": 10 * part + sliceno, "t": [None, "a\tb", 'q"'][sliceno], "f": float("nan")})
        previous = writer.finish()
    current_job.finish()
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "__init__.py").touch()
    (tmp_path / "accelerator.toml").write_text(
        f'slices = 3\nmethods = ["dev"]\n[workdirs]\ntest = "{tmp_path}/workdirs/test"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*arguments, code=0):
        assert main(["sql", *arguments]) == code
        out, err = capsys.readouterr()
        return err if code else out

    return run


def test_a_dataset_is_a_table(sql):
    assert sql('select sum(n) as s, count(*) as c from "test-0/data"') == "s\tc\n3\t3\n"


def test_several_datasets_and_names_of_the_query_itself(sql):
    query = (
        'with a as (select n from "test-0/data") select a.n from a join "test-1/data" b on b.n = a.n + 10 order by 1'
    )

    assert sql(query) == "n\n0\n1\n2\n"


def test_chains(sql):
    assert sql("-c", 'select count(*) as c from "test-1/data"') == "c\n6\n"


def test_csv_and_json(sql):
    query = 'select n, t, f from "test-0/data" order by n'

    assert sql("-f", "csv", query) == 'n,t,f\n0,,nan\n1,a\tb,nan\n2,"q""",nan\n'
    assert [json.loads(line) for line in sql("--json", query).splitlines()] == [
        {"n": 0, "t": None, "f": None},
        {"n": 1, "t": "a\tb", "f": None},
        {"n": 2, "t": 'q"', "f": None},
    ]


VALUES = {
    "1::utinyint": 1,
    "-170141183460469231731687303715884105727::hugeint": -(2**127) + 1,
    "1.50::decimal(9, 2)": "1.50",
    "'-inf'::double": None,
    "true": True,
    "null": None,
    "date '0001-02-03'": "0001-02-03",
    "time '01:02:03.5'": "01:02:03.500000",
    "timestamp '2013-12-31 12:30:00'": "2013-12-31T12:30:00",
    "timestamptz '2013-12-31 12:30:00+02'": "2013-12-31T10:30:00+00:00",
    "timestamp_ns '2013-12-31 12:30:00.123456789'": "2013-12-31T12:30:00.123456789",
    "interval '3 days 1 second'": {"months": 0, "days": 3, "nanoseconds": 10**9},
    "[1, null, 3]": [1, None, 3],
    "{a: {b: [date '2013-12-31']}}": {"a": {"b": ["2013-12-31"]}},
    "map {1: 'x'}": {"1": "x"},
    """'{"a": [1, null]}'::json""": {"a": [1, None]},
    """'{"a": 1}'""": '{"a": 1}',
    "'a\\xff'::blob": "a\\xff",
    "'7f6518e3-abcd-476f-a270-b62d3bd5d9c5'::uuid": "7f6518e3-abcd-476f-a270-b62d3bd5d9c5",
}


@pytest.mark.parametrize("expression", VALUES)
def test_values_in_json(sql, expression):
    assert json.loads(sql("--json", f"select {expression} as x")) == {"x": VALUES[expression]}


def test_lists_and_structs_are_json_in_other_forms_too(sql):
    assert sql("-f", "csv", "select [{a: 1.5::double}, null] as x") == 'x\n"[{""a"": 1.5}, null]"\n'


def test_columns_of_the_same_name_are_all_there(sql, tmp_path):
    query = "select 1 as q, 2 as q, 3 as q_1, 4 as q"
    sql("-o", "out.parquet", query)

    assert json.loads(sql("--json", query)) == {"q": 1, "q_2": 2, "q_1": 3, "q_3": 4}
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [{"q": 1, "q_2": 2, "q_1": 3, "q_3": 4}]
    assert sql("-f", "csv", query) == "q,q,q_1,q\n1,2,3,4\n"


def test_numbers_of_mixed_kinds(sql, current_job):
    current_job()
    writer = DatasetWriter({"n": ("number", True)})
    writer.set_slice(0)
    for value in (1, 1.5, 10**30, None):
        writer.write_dict({"n": value})
    for sliceno in (1, 2):
        writer.set_slice(sliceno)
    dataset = writer.finish()
    current_job.finish()

    out = sql("--json", f'select n from "{dataset.job}"')

    assert [json.loads(line)["n"] for line in out.splitlines()] == [1, 1.5, 10**30, None]


def test_tables_for_people(sql):
    assert sql("-f", "table", 'select n, t from "test-0/data" order by n') == 'n  t\n0\n1  a\tb\n2  q"\n'


def test_files_appear_when_they_are_whole(sql, tmp_path):
    sql("-o", "out.parquet", 'select n from "test-0/data" order by n')
    sql("-o", "out.csv", 'select n from "test-0/data" order by n')
    sql("-o", "bad.csv", "select error('half-way')", code=1)

    assert pq.read_table(tmp_path / "out.parquet").to_pydict() == {"n": [0, 1, 2]}
    assert (tmp_path / "out.csv").read_text("utf-8") == "n\n0\n1\n2\n"
    assert not list(tmp_path.glob("*bad*"))


def test_queries_without_datasets(sql):
    assert sql("select 1 as x") == "x\n1\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["selec"], 1, "syntax error"),
        (['from "test-9"'], 1, "there is no job 'test-9'"),
        (['select nope from "test-0/data"'], 1, "nope"),
        (["-f", "parquet", "select 1"], 2, "add -o FILE"),
        (["-o", "missing/x.csv", "select 1"], 1, "missing/x.csv: No such file or directory\n"),
        (["-o", "missing/x.parquet", "select 1"], 1, "missing/x.parquet: No such file or directory\n"),
    ],
)
def test_mistakes(sql, arguments, code, message):
    assert message in sql(*arguments, code=code)
