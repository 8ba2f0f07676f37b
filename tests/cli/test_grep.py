"""``ax grep`` as a command: words, options, mistakes, and output that nobody reads."""

import datetime
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from accelerator import colour
from accelerator.cli.grep import numeric, spacing
from accelerator.cli.grep.plan import DatasetPlan
from accelerator.cli.grep.progress import Progress
from accelerator.cli.main import main
from accelerator.dataset import Dataset, DatasetWriter

AX = Path(sys.executable).parent / "ax"
COLUMNS = {"name": ("unicode", True), "number": ("number", True), "day": "date", "data": "json"}


@pytest.fixture
def project(current_job, tmp_path, monkeypatch):
    """A project with a chain of two datasets: test-0 and test-1, with 3 slices and 2 lines in each."""
    previous = None
    for part in range(2):
        current_job() if previous is None else current_job.new()
        columns = COLUMNS if part else {**COLUMNS, "old": "int32"}
        writer = DatasetWriter(columns, previous=previous)
        for sliceno in range(3):
            writer.set_slice(sliceno)
            for line in range(2):
                row = {
                    "name": f"n{part}{sliceno}{line}",
                    "number": [None, float("nan")][line] if part else sliceno,
                    "day": datetime.date(2020, 1, 1 + sliceno),
                    "data": {"line": line},
                }
                writer.write_dict(row if part else {**row, "old": line})
        previous = writer.finish()
    current_job.finish()
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "__init__.py").touch()
    workdirs = tmp_path / "workdirs"
    (tmp_path / "accelerator.toml").write_text(
        f'slices = 3\nmethods = ["dev"]\n[workdirs]\ntest = "{workdirs}/test"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(colour, "_forced", None)  # and put back what --colour changes
    return tmp_path


@pytest.fixture
def grep(project, capfdbinary):
    def run(*arguments, code=0, command="grep"):
        assert main([command, *arguments]) == code, capfdbinary.readouterr()
        out, err = capfdbinary.readouterr()
        return err.decode() if code else out.decode("utf-8", "surrogatepass").splitlines()

    return run


def test_pattern_datasets_columns(grep):
    assert grep("-O", "n0.1", "test-0", "name", "old") == ["n001\t1", "n011\t1", "n021\t1"]


def test_options_may_say_it_all(grep):
    assert grep("-O", "-e", "000", "-e", "n121", "-d", "test-0", "-d", "test-1", "-n", "name") == ["n000", "n121"]


def test_cat_shows_everything(grep):
    assert grep("-O", "test-1", "name", command="cat") == ["n100", "n101", "n110", "n111", "n120", "n121"]


def test_chains(grep):
    assert grep("-c", "-O", "-D", "00$", "test-1", "name") == ["test-0\tn000", "test-1\tn100"]
    assert grep("-c", "--cl", "1", "-O", "-D", "00$", "test-1", "name") == ["test-1\tn100"]
    assert grep("-c", "--stop-ds", "test-0", "-O", "00$", "test-1", "name") == ["n100"]
    assert grep("-c", "--stop-ds=", "-O", "00$", "test-1", "name") == ["n000", "n100"]


def test_excluded_columns_are_not_searched(grep):
    assert grep("-O", "2020-01-01", "--exclude", "day", "test-1") == []
    assert len(grep("-O", "2020-01-01", "--exclude", "day", "-g", "day", "test-1")) == 2


def test_the_last_context_option_wins(grep):
    assert grep("-A1", "-C0", "000", "test-0", "name") == ["n000"]
    assert grep("-C0", "-A1", "000", "test-0", "name") == ["n000", "n001"]


def test_unique_by_and_bare_unique(grep):
    assert grep("-u", "", "test-0", "old") == ["0", "1"]
    assert len(grep("--unique-by", "old", "", "test-0", "name")) == 2
    assert len(grep("--unique-by", "old", "-u", "", "test-0", "name")) == 6


def test_numeric_search_of_everything(grep):
    """It once crashed on None, dates and json."""
    assert grep("-N", "-O", "1", "test-0", "test-1", "-M", "-n", "name", "-n", "number") == ["n010\t1", "n011\t1"]
    assert grep("-N", "-O", "", "test-1", "day", "data") == []


def test_json_has_no_nan(grep):
    lines = [json.loads(line, parse_constant=pytest.fail) for line in grep("-O", "-f", "json", "", "test-1")]

    assert [line["number"] for line in lines] == [None] * 6


def test_max_count_ends_well(grep):
    """It sometimes exited with 1."""
    assert len(grep("-m", "2", "", "test-0", "test-1", "name")) == 2
    assert grep("-m", "0", "-H", "", "test-0") == []


def test_headers_come_again_when_columns_change(grep):
    assert grep("-c", "-H", "nothing", "test-1") == ["data\tday\tname\tnumber\told", "data\tday\tname\tnumber"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["(", "test-0"], 1, "Bad pattern '('"),
        (["-N", "x", "test-0"], 1, "'x' is not a number"),
        (["x", "test-0", "nmae"], 1, "test-0 does not have columns 'nmae' (did you mean 'name'?)"),
        (["x", "test-0", "test-9"], 1, "'test-9' is not a dataset either"),
        (["x", "test-9"], 1, "there is no job 'test-9'"),
        (["x"], 2, "Give a dataset"),
        ([], 2, "Give a pattern"),
        (["-F", "-N", "1", "test-0"], 2, "-F and -N exclude each other"),
        (["-s", "3", "1", "test-0"], 1, "There is no slice 3, only 0 to 2"),
        (["-T", "0", "1", "test-0"], 2, "tab must be from 1 to 9999"),
        (["-C", "-1", "1", "test-0"], 2, "-1 is not in the range"),
        (
            ["-u", "--unique-by", "old", "1", "test-1"],
            1,
            "does not have columns 'old' (it has 'data', 'day', 'name', 'number')",
        ),
    ],
)
def test_mistakes_are_one_message(grep, arguments, code, message):
    assert message in grep(*arguments, code=code)


def test_missing_columns_may_be_allowed(grep):
    assert grep("-M", "-O", "-D", "1", "test-0", "test-1", "old") == ["test-0\t1"] * 3
    assert grep("-M", "1", "test-1", "old") == []


def test_colours_mark_matches(grep):
    assert grep("--colour", "-O", "-m1", "00", "test-0", "name") == ["n\33[31m00\33[39m0"]


@pytest.mark.slow
def test_nobody_reads_the_output(project):
    process = subprocess.Popen(
        [AX, "grep", "-e", "", *["test-0"] * 2000], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=project
    )
    with process:
        process.stdout.readline()
        process.stdout.close()

        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_signals_show_progress(project, current_job):
    """Nobody reads the output, so the search stands still, and can be asked."""
    current_job()
    writer = DatasetWriter({"long": "ascii"}, name="long")
    for sliceno in range(3):
        writer.set_slice(sliceno)
        writer.write("x" * 200_000)
    dataset = writer.finish()
    current_job.finish()
    process = subprocess.Popen(
        [AX, "grep", "x", dataset],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        process.stdout.read(1)  # from here on it answers
        process.send_signal(signal.SIGUSR1)
        line = process.stderr.readline().decode()
        rest = len(process.stdout.read())

    assert re.fullmatch(r"\d+% of 3 lines, [\d_]+ a second, slowest slice \d+% \(.*\)\n", line)
    assert (rest, process.returncode) == (600_002, 0)


@pytest.mark.parametrize(
    "arguments",
    [["cat"], ["cat", "-DSL"], ["cat", "--colour"], ["grep", "-iuo", "N|1"], ["grep", "-N", "1"], ["cat", "--json"]],
    ids=" ".join,
)
def test_no_process_imports_pandas(project, current_job, arguments):
    """That would take each of them half a second."""
    current_job()
    writer = DatasetWriter({"f": "float64", "t": "time", "u": "unicode", "b": ("bool", True)}, name="values")
    for sliceno in range(3):
        writer.set_slice(sliceno)
        for number in (1.0, 0.5, 1e300):
            writer.write_dict({"f": number, "t": datetime.time(1, 2, 3, 4), "u": f"å\n{number}", "b": None})
    dataset = writer.finish()
    current_job.finish()
    marker = project / "imported"
    (project / "pandas").mkdir()
    (project / "pandas" / "__init__.py").write_text(f"import pathlib\npathlib.Path({str(marker)!r}).touch()\n", "utf-8")

    subprocess.run(
        [AX, arguments[0], *arguments[1:], dataset],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        stdout=subprocess.DEVNULL,
        check=True,
    )

    assert not marker.exists()


def test_progress_of_each_slice(project):
    plans = [DatasetPlan(Dataset(name), ("name",), ("name",)) for name in ("test-0", "test-1")]
    now = iter([0.0, 2.0, 3.0, 6.0])
    progress = Progress(plans, [2, 0], lambda: next(now))
    progress.reporter(0)(1, 1)
    progress.reporter(1)(2, 0)

    first = "88% of 8 lines, 4 a second, slowest slice 75% (in test-1, dataset 2 of 2)\n"
    assert progress.text() == first
    assert progress.text() == (
        first.replace("4 a", "2 a")
        + "    slice 2: 75% of 4 lines (in test-1, dataset 2 of 2)\n    slice 0: 100% of 4 lines (done)\n"
    )
    assert progress.text().count("\n") == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["/"], (8, 16, 2)),
        (["4"], (4, 0, 1)),
        (["4/8/1"], (4, 8, 1)),
        (["min=3/field_len=24"], (8, 24, 3)),
        (["4/", "tab=5"], (5, 16, 2)),
    ],
)
def test_spacing_options(values, expected):
    assert spacing.parse(values) == expected


def test_gaps_between_fields():
    assert spacing.DEFAULT.gaps([5, 2, 30, 1]) == [11, 14, 2, 7]
    assert spacing.Spacing(4, 0, 1).gaps([5, 4, 1]) == [3, 4, 3]


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("", [0, -1.5, float("nan")], []),
        ("=12", [12, 12.0], [11, 13]),
        ("<=2.5", [2, 2.5], [2.6]),
        (">0x10", [17], [16]),
        ("1:3", [1, 2.9], [3, 0.9]),
        ("1<:=3", [3, 1.1], [1]),
        (":-1", [-2], [-1]),
        (str(10**30), [10**30], [10**30 + 1]),
    ],
)
def test_numeric_patterns(pattern, inside, outside):
    interval = numeric.parse(pattern)

    assert all(value in interval for value in inside)
    assert not any(value in interval for value in outside)


@pytest.mark.parametrize("pattern", ["x", "<", "=<1", "1:x", "1::2", "12a"])
def test_bad_numeric_patterns(pattern):
    with pytest.raises(ValueError, match="is not a number"):
        numeric.parse(pattern)
