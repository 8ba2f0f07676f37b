"""``ax hist``: bins, lists, and the values that once made it crash."""

import datetime
import json
import sys
from xml.etree import ElementTree as ET

import pytest

from accelerator.cli.main import main
from accelerator.dataset import DatasetWriter

DAY = datetime.date(2020, 1, 1)
COLUMNS = {
    "text": ("unicode", True),
    "int": ("int64", True),
    "float": "float64",
    "nan": "float64",
    "inf": "float64",
    "flag": ("bool", True),
    "day": ("date", True),
    "moment": "datetime",
    "clock": "time",
    "json": "json",
    "number": "number",
    "complex": "complex64",
}


def row(line):
    return {
        "text": [None, "a\nb", '"q', "a,b"][line % 4],
        "int": line if line < 40 else None,
        "float": line / 4,
        "nan": float("nan") if line % 2 else float(line),
        "inf": float("inf") if line == 7 else 1.0,
        "flag": [True, False, None][line % 3],
        "day": DAY + datetime.timedelta(line) if line < 40 else None,
        "moment": datetime.datetime(2020, 1, 1) + datetime.timedelta(hours=line),
        "clock": datetime.time(line % 24),
        "json": {"a": line % 2},
        "number": [1, 2.5][line % 2],
        "complex": complex(0, line % 2),
    }


@pytest.fixture
def hist(current_job, tmp_path, monkeypatch, capsys):
    current_job()
    writer = DatasetWriter(COLUMNS)
    for sliceno in range(3):
        writer.set_slice(sliceno)
        for line in range(sliceno, 42, 3):
            writer.write_dict(row(line))
    first = writer.finish()
    current_job.new()
    writer = DatasetWriter({"int": "unicode"}, previous=first)
    for sliceno in range(3):
        writer.set_slice(sliceno)
        writer.write("x")
    writer.finish()
    current_job.finish()
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "__init__.py").touch()
    (tmp_path / "accelerator.toml").write_text(
        f'slices = 3\nmethods = ["dev"]\n[workdirs]\ntest = "{tmp_path}/workdirs/test"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments, code=0):
        assert main(["hist", *arguments]) == code
        out, err = capsys.readouterr()
        return (out.splitlines(), err) if not code else err

    return run


def counts(lines):
    return dict(line.rsplit("\t", 1) for line in lines)


def test_integers_are_divided_evenly_and_none_stands_alone(hist):
    lines, err = hist("test-0", "int")

    assert lines == [*(f"{2 * place} - {2 * place + 1}\t2" for place in range(20)), "None\t2"]
    assert not err


def test_uneven_bins_are_told(hist):
    lines, err = hist("-m", "3", "test-0", "int")

    assert counts(lines) == {"0 - 12": "13", "13 - 25": "13", "26 - 39": "14", "None": "2"}
    assert "varying bucket size" in err


def test_floats(hist):
    lines, _ = hist("-m", "4", "test-0", "float")

    assert counts(lines) == {"0 - 2.5625": "11", "2.5625 - 5.125": "10", "5.125 - 7.6875": "10", "7.6875 - 10.25": "11"}


def test_days_and_times_have_bins(hist):
    assert counts(hist("-m", "2", "test-0", "day")[0]) == {
        "2020-01-01 - 2020-01-20": "20",
        "2020-01-21 - 2020-02-09": "20",
        "None": "2",
    }
    assert list(counts(hist("-m", "2", "test-0", "moment")[0]).values()) == ["21", "21"]
    assert list(counts(hist("-m", "2", "test-0", "clock")[0])) == ["00:00:00 - 11:30:00", "11:30:00 - 23:00:00"]


def test_booleans_are_two_values(hist):
    assert hist("test-0", "flag")[0] == ["False\t14", "True\t14", "None\t14"]


def test_json_and_complex_are_listed(hist):
    assert hist("test-0", "json")[0] == ["{'a': 0}\t21", "{'a': 1}\t21"]
    assert hist("test-0", "complex")[0] == ["0j\t21", "1j\t21"]


def test_types_that_differ_in_a_chain_are_listed(hist):
    lines, err = hist("-c", "test-1", "int")

    assert lines[:2] == ["x\t3", "None\t2"]
    assert "42 total found" in err


def test_nan_is_left_out_and_infinity_refused(hist):
    lines, err = hist("-m", "2", "test-0", "nan")

    assert list(counts(lines).values()) == ["10", "11"]
    assert "21 NaN ignored" in err
    assert "Can't bin to infinity" in hist("test-0", "inf", code=1)


def test_every_value(hist):
    assert len(hist("-m", "0", "test-0", "float")[0]) == 42


def test_text_is_quoted_where_it_must_be(hist):
    assert set(hist("-f", "csv", "test-0", "text")[0]) == {"None,11", "a\\nb,11", '"""q",10', '"a,b",10'}


def test_several_columns_are_counted_together(hist):
    assert hist("-f", "ssv", "test-0", "flag", "number")[0][0] == "(True, 1);7"


def test_bars_are_as_long_as_there_is_room(hist, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")

    lines, _ = hist("-f", "bars", "test-0", "flag")

    assert lines == ["False  14  █████████", "True   14  █████████", "None   14  █████████"]


def test_json_output(hist):
    assert json.loads("\n".join(hist("--json", "test-0", "flag")[0]))[0] == {"value": "False", "count": 14}


def test_one_slice(hist):
    assert sum(map(int, counts(hist("-s", "1", "test-0", "flag")[0]).values())) == 14


def test_mistakes(hist):
    assert "choose from:\n    clock\n" in hist("test-0", code=1)
    assert "does not have column 'flga' (did you mean 'flag'" in hist("test-0", "flga", code=1)
    assert "There is no slice 3" in hist("-s", "3", "test-0", "flag", code=1)
    assert len(hist("test-1")[0]) == 1


class TestPlot:
    def texts(self, path):
        return [each.text for each in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]

    def test_svg(self, hist, tmp_path):
        assert hist("--plot", "out.svg", "test-0", "flag") == ([], "")

        assert self.texts(tmp_path / "out.svg") == [
            "flag in test-0/default", "False", "14", "True", "14", "None", "14",
        ]  # fmt: skip

    def test_labels_that_xml_or_a_line_cannot_hold(self, hist, tmp_path, current_job):
        current_job()
        writer = DatasetWriter({"<&>": "unicode"})
        for sliceno, value in enumerate(("\x00\uffff<&>", "x" * 100, "a\nb")):
            writer.set_slice(sliceno)
            writer.write(value)
        dataset = writer.finish()
        current_job.finish()
        hist("--plot", str(tmp_path / "out.svg"), str(dataset))

        assert sorted(self.texts(tmp_path / "out.svg")) == sorted(
            ["<&> in test-2/default", "\ufffd\ufffd<&>", "x" * 39 + "…", "a\\nb", "1", "1", "1"]
        )

    def test_png(self, hist, tmp_path):
        pytest.importorskip("matplotlib")
        hist("--plot", "out.PNG", "-t", "test-0", "text")

        assert (tmp_path / "out.PNG").read_bytes().startswith(b"\x89PNG")

    def test_mistakes_are_told_before_counting(self, hist, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)  # as where it is not installed

        assert hist("--plot", "x.gif", "test-9", code=1) == "ax: --plot x.gif: the name must end in .svg or .png\n"
        assert hist("--plot", "no/x.svg", "test-9", code=1) == "ax: --plot no/x.svg: there is no directory no\n"
        assert hist("--plot", "x.png", "test-9", code=1) == (
            "ax: PNG needs matplotlib: pip install matplotlib, or write .svg\n"
        )
        assert not list(tmp_path.glob("x.*"))
