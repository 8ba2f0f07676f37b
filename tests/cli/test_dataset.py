"""``ax ds``: what columns were typed from, and what they could be typed to."""

import json
import shutil
from datetime import date

import pytest

from accelerator.cli.main import main
from accelerator.job import Job
from accelerator.testing import TemporaryProject


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with TemporaryProject(directory=tmp_path / "project") as made:
        monkeypatch.chdir(made.directory)
        yield made


@pytest.fixture
def ds(project, capsys):
    def run(*arguments, code=0):
        assert main(["ds", *map(str, arguments)]) == code
        out, err = capsys.readouterr()
        return err if code else out

    return run


def typed(ds, dataset):
    (about,) = json.loads(ds("-w", "--json", dataset))
    return {column["name"]: column["typed_from"] for column in about["columns"]}


class TestTypedFrom:
    def test_in_a_chain(self, project, ds):
        older = project.dataset({"a": "bytes", "b": "bytes"}, [(b"1", b"x")])
        newer = project.dataset({"a": "bytes", "b": "bytes"}, [(b"2", b"y")], previous=older)
        columns = {"n": "int64_10", "b": "ascii"}
        job = project.build("dataset_type", source=newer, column2type=columns, rename={"a": "n"}, hashlabel="n")

        for name, source in ((f"{job}", newer), (f"{job}/default~", older)):
            found = typed(ds, name)
            assert (found["n"], found["b"]) == (f"a in {source.job}/default", f"b in {source.job}/default")

    def test_where_its_data_was(self, project, ds):
        source = project.dataset({"a": "bytes"}, [(b"1",)])
        renamed = project.build("dataset_rename_columns", source=source, rename={"a": "x y"})
        job = project.build("dataset_type", source=renamed, column2type={"x y": "int64_10"})
        out = ds("-w", job).splitlines()

        assert out[out.index("    Columns:") + 2] == (
            f"                 typed from 'x y' in {renamed}/default, originally a in {source.job}/default"
        )

    def test_columns_inherited_from_a_typed_dataset(self, project, ds):
        source = project.dataset({"a": "bytes", "b": "bytes"}, [(b"1", b"x")])
        job = project.build("dataset_type", source=source, column2type={"a": "int64_10"})
        filtered = project.build("dataset_filter_columns", source=job, keep_columns=["a", "b"])

        assert typed(ds, filtered) == {"a": f"a in {source.job}/default", "b": None}

    def test_source_is_gone(self, project, ds):
        source = project.dataset({"a": "bytes"}, [(b"1",)])
        job = project.build(
            "dataset_type", source=source, column2type={"a": "int64_10"}, options={"discard_untyped": True}
        )
        shutil.rmtree(Job(str(source.job)).path)

        assert typed(ds, job) == {"a": None}


class TestSuggestTypes:
    def test_as_an_option_for_dataset_type(self, project, ds):
        columns = {"day": "bytes", 'na"me': "unicode", "raw": "bytes", "size": "ascii", "text": "bytes", "n": "int64"}
        rows = [(b"2013-12-31", "x", b"\xff", "17", "å".encode(), 1), (b"2014-01-01", "y", b"", "", b"007", 2)]
        source = project.dataset(columns, rows)
        out = ds("--suggest-types", source)

        assert out == (
            'column2type={\n    "day": "date:%Y-%m-%d",\n    "size": "int64_10+None",\n'
            '    "text": "unicode:utf-8",\n},\n'
        )
        types = eval(f"dict({out})")["column2type"]
        assert sorted(project.build("dataset_type", source=source, column2type=types).dataset().iterate(None, "size"),
                      key=str) == [17, None]  # fmt: skip

    def test_of_a_chain(self, project, ds):
        older = project.dataset({"a": "bytes", "b": "int64"}, [(b"x", 1)])
        newer = project.dataset({"a": "bytes", "b": "ascii"}, [(b"1", "1")], previous=older)

        assert json.loads(ds("--suggest-types", "--json", newer)) == [
            {"dataset": f"{newer.job}/default", "column2type": {"a": "int64_10", "b": "int64_10"}, "none_values": {}}
        ]
        assert ds("-c", "--suggest-types", newer) == 'column2type={\n    "a": "unicode:utf-8",\n},\n'

    def test_words_for_nothing(self, project, ds):
        """Columns that are text for nothing but words such as NA get the type of what else there is."""
        rows = [
            (b"1", b"2013-12-31", b"NA", b"NA", b"-"),
            (b"NA", b"\\N", b"NA", b"x", b""),
            (b"-2", b"2014-01-01", b"NA", b"1", b"7"),
            (b"-", b"", b"NA", b"NA", b"n/a "),
        ]
        source = project.dataset(dict.fromkeys(("amount", "day", "nothing", "state", "with space"), "bytes"), rows)
        out = ds("--suggest-types", source)

        options = eval(f"dict({out})")
        assert options["column2type"] == {
            "amount": "int64_10",
            "day": "date+None:%Y-%m-%d",
            "nothing": "unicode:utf-8",
            "state": "unicode:utf-8",
            "with space": "unicode:utf-8",
        }
        assert options["none_values"] == {"amount": ["-", "NA"], "day": ["\\N"]}
        typed = project.build("dataset_type", source=source, **options).dataset()
        assert sorted(typed.iterate(None, "amount"), key=str) == [-2, 1, None, None]
        assert sorted(typed.iterate(None, "day"), key=str) == [date(2013, 12, 31), date(2014, 1, 1), None, None]

    def test_words_for_nothing_in_one_slice_of_a_chain(self, project, ds):
        older = project.dataset({"a": "ascii"}, [("1.5",), ("2.5",)])
        newer = project.dataset({"a": "unicode"}, [("NULL",)], previous=older)
        options = eval(f"dict({ds('-c', '--suggest-types', newer)})")
        assert options == {"column2type": {"a": "float64"}, "none_values": {"a": ["NULL"]}}

    def test_no_text(self, project, ds):
        source = project.dataset({"n": "int64"}, [(1,)])

        assert "has no column of type bytes, ascii or unicode" in ds("--suggest-types", source, code=1)
