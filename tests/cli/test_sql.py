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
    ],
)
def test_mistakes(sql, arguments, code, message):
    assert message in sql(*arguments, code=code)
