"""Every command as a process, on a project that is built once."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

# Each test starts processes.
pytestmark = pytest.mark.slow

AX = Path(sys.executable).parent / "ax"

NUMBERS = '''\
    """Numbers from `first` on."""

    description = """Write numbers.

    They count from `first`."""

    options = {
        "first": 0,  # where to begin
        "rows": 10,
    }
    datasets = ("previous",)
    jobs = ("previous",)


    def prepare(job, datasets):
        print("preparing")
        return job.datasetwriter(columns={"number": "int64", "text": ("unicode", True)}, previous=datasets.previous)


    def analysis(sliceno, slices, options, prepare_res):
        print(f"slice {sliceno}")
        for number in range(options.first + sliceno, options.first + options.rows, slices):
            prepare_res.write(number, str(number) if number % 2 else None)


    def synthesis(job):
        with job.open("note.txt", "w") as file:
            file.write("a note\\n")
        job.json_save({"nan": float("nan")}, "numbers.json")
        return 42
'''
OBJECTS = """\
    def synthesis(job):
        writer = job.datasetwriter(columns={"object": "pickle"}, allow_missing_slices=True)
        writer.set_slice(0)
        writer.write({1, 2})
        writer.finish()
"""
DOUBLED = '''\
    """Twice the numbers."""

    from .helper import twice

    datasets = ("source", ["others"])


    def prepare(job, datasets):
        bad = job.datasetwriter(columns={"x": "int64"}, name="bad/one")
        bad.get_split_write()(1)
        return job.datasetwriter(columns={"twice": "float64"}, parent=datasets.source)


    def analysis(sliceno, datasets, prepare_res):
        for number in datasets.source.iterate(sliceno, "number"):
            prepare_res.write(twice(number))
'''
FAILING = """\
    def analysis(sliceno):
        print("about to fail")
        return 1 // sliceno
"""
SLEEPING = """\
    import pathlib
    import time
    from accelerator import status

    options = {"ready": ""}

    def synthesis(options):
        with status("sleeping long"):
            print("good night")
            pathlib.Path(options.ready).touch()
            time.sleep(600)
"""
BUILD = """\
    description = "Build numbers."

    def main(urd):
        previous = None
        for part in range(3):
            urd.begin("numbers", f"2013-0{part + 1}", caption=f"part {part}\\nmore of it")
            numbers = urd.build("numbers", first=10 * part, datasets={"previous": previous}, name="import")
            previous = numbers
            urd.finish("numbers")
        urd.begin("doubled", (2013, "2014-01-01T03:14:15.5"))
        urd.latest("numbers")
        urd.build("doubled", source=numbers, others=[numbers], caption="all of it")
        urd.finish("doubled")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory, ax_project_at):
    made = ax_project_at(tmp_path_factory.mktemp("commands") / "prójekt one")
    made.write("dev/a_numbers.py", NUMBERS)
    made.write("dev/a_doubled.py", DOUBLED)
    made.write("dev/a_failing.py", FAILING)
    made.write("dev/a_sleeping.py", SLEEPING)
    made.write("dev/helper.py", "def twice(number):\n    return 2 * number\n")
    made.write("dev/build.py", BUILD)
    made.write("dev/build_failing.py", 'def main(urd):\n    urd.build("failing")\n')
    made.write("dev/build_broken.py", "def main(urd:\n")
    made.ax("run")  # dev-0; dev-1 to dev-3 are numbers, dev-4 is doubled
    made.ax("run", "failing", code=1)  # dev-5, dev-6
    return made


def lines(result):
    return result.stdout.splitlines()


def error(result):
    """The one line on stderr of a command that found nothing."""
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("ax")
    return line


class TestJob:
    def test_text(self, project):
        out = re.sub(r"at \S+ \S+ in \S+ \S+", "at TIME in DURATION", project.ax("job", "doubled").stdout)

        assert out == (
            "dev-4 (doubled) at TIME in DURATION\n"
            "  built from dev-0 (dev.build)\n"
            '    caption: "all of it"\n'
            '    datasets: {\n        "others": [\n            "dev-3"\n        ],\n        "source": "dev-3"\n    }\n'
            "datasets:\n"
            "    dev-4/bad/one\n"
            "    dev-4/default\n"
        )

    def test_output(self, project):
        assert project.ax("job", "-O", "dev-1").stdout == "preparing\nslice 0\nslice 1\nslice 2\n"
        assert "analysis(1)\n===========\nslice 1\n" in project.ax("job", "-Ov", "dev-1").stdout
        assert lines(project.ax("job", "-o", "dev-4"))[-1] == "dev-4 produced no output"
        assert lines(project.ax("job", "dev-1"))[-1] == ("dev-1 produced 34 bytes of output, use --output/-o to see it")

    def test_files(self, project):
        listed = ["Available files:", "    note.txt", "    numbers.json", "    result.pickle"]
        assert lines(project.ax("job", "dev-1", "-f")) == listed
        assert project.ax("job", "dev-1", "-f", "*.txt").stdout == "a note\n"
        assert project.ax("job", "dev-1", "-f", "post.json").stdout.startswith("{")
        assert "dev-1 has no file that matches 'x'; it has" in project.ax("job", "dev-1", "-f", "x", code=1).stderr

    def test_source(self, project):
        listed = lines(project.ax("job", "doubled", "-S"))
        assert {"    dev/a_doubled.py", "    dev/helper.py"} <= set(listed)
        source = (project.path / "dev" / "helper.py").read_text()
        assert project.ax("job", "doubled", "-S", "helper.py").stdout == source
        assert f"dev/helper.py\n=============\n{source}" in project.ax("job", "doubled", "-s").stdout

    def test_path(self, project):
        assert project.ax("job", "-P", "dev-1", "dev-4").stdout == (
            f"{project.workdir / 'dev-1'}\n{project.workdir / 'dev-4'}\n"
        )

    def test_verbose_shows_setup(self, project):
        head, rule, *rest = lines(project.ax("job", "-v", "dev-1"))

        assert head == str(project.workdir / "dev-1")
        assert rule == "=" * len(head)
        assert '    "method": "numbers",' in rest
        assert f"    {project.workdir / 'dev-1' / 'note.txt'}" in rest

    def test_json(self, project):
        one, two = json.loads(project.ax("job", "--json", "dev-1", "dev-4").stdout)

        assert (one["job"], one["options"], one["current"]) == ("dev-1", {"first": 0, "rows": 10}, True)
        assert two["finished_datasets"] == ["bad/one", "default"]

    def test_json_has_what_else_was_asked_for(self, project):
        (about,) = json.loads(project.ax("job", "--json", "-o", "dev-1").stdout)
        assert about["output"]["analysis(1)"] == "slice 1\n"
        (about,) = json.loads(project.ax("job", "--json", "-S", "helper.py", "doubled").stdout)
        assert about["sources"] == {"dev/helper.py": (project.path / "dev" / "helper.py").read_text()}

    def test_files_of_others_are_not_those_of_the_job(self, project):
        for name in ("../dev-1/post.json", "/etc/passwd", "../.slices"):
            assert f"no file that matches '{name}'" in project.ax("job", "dev-2", "-f", name, code=1).stderr

    def test_failed_job(self, project):
        result = project.ax("job", "dev-6")

        assert "WARNING: Job did not finish" in lines(result)
        assert "    analysis(0): ZeroDivisionError: integer division or modulo by zero" in lines(result)
        assert json.loads(project.ax("job", "--json", "dev-6").stdout)[0]["state"] == "failed"

    def test_others_are_shown_though_one_is_wrong(self, project):
        result = project.ax("job", "-P", "dev-99", "dev-1", code=1)

        assert result.stderr == "ax: there is no job 'dev-99'\n"
        assert lines(result) == [str(project.workdir / "dev-1")]

    def test_by_path_without_a_project(self, project, tmp_path):
        result = subprocess.run(
            [AX, "job", str(project.workdir / "dev-1")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )

        assert result.stdout.startswith("dev-1 (numbers)")

    def test_that_a_workdir_means_another_directory_is_told_on_stderr(self, project, tmp_path):
        elsewhere = tmp_path / "dev"
        shutil.copytree(project.workdir / "dev-1", elsewhere / "dev-1")
        result = project.ax("job", str(elsewhere / "dev-1"))

        assert result.stderr == f"### Overriding workdir dev to {elsewhere}\n"
        assert result.stdout.startswith("dev-1 (numbers)")

    def test_paths_that_begin_with_a_dot(self, project):
        assert project.ax("job", "-P", "./workdirs/dev/dev-1").stdout == f"{project.workdir / 'dev-1'}\n"
        assert project.ax("job", "-P", "workdirs/../workdirs/dev/dev-2~").stdout == f"{project.workdir / 'dev-1'}\n"

    def test_an_option_that_swallows_the_job(self, project):
        for option in ("-f", "-S"):
            said = error(project.ax("job", option, "dev-1", code=2))
            assert f"{option} has taken 'dev-1' for its PATTERN; write: ax job dev-1 {option}" in said
        assert "which job?" in error(project.ax("job", code=2))

    def test_only_one_kind_of_view(self, project):
        assert "give only one of" in error(project.ax("job", "-O", "-P", "dev-1", code=2))

    def test_output_closed_early(self, project):
        process = project.start("job", "-v", *["dev-1"] * 200)
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()

        assert (process.wait(), err) == (0, "")


class TestDataset:
    def test_text(self, project):
        assert project.ax("ds", "numbers").stdout == (
            "dev-3/default\n"
            "    Method: numbers\n"
            "    Previous: dev-2/default\n"
            "    Columns:\n"
            "          number  int64         [20, 29]\n"
            "          text    unicode+None\n"
            "    2 columns\n"
            "    10 lines\n"
            "    Chain length 3, from dev-1 to dev-3\n"
            "    30 total lines in chain\n"
        )

    def test_chain(self, project):
        out = lines(project.ax("ds", "-c", "-s", "-S", "numbers"))

        assert "          number  int64         [0, 29]" in out
        assert out[out.index("    Balance, lines per slice, tip dataset:") + 1] == "        0:  40.00% (4)"
        at = out.index("    Chain length 3, from dev-1 to dev-3")
        assert out[at + 1 :] == [
            "        0: dev-1/default  (10)",
            "        1: dev-2/default  (10)",
            "        2: dev-3/default  (10)",
            "    Balance, lines per slice, full chain:",
            "        0:  40.00% (12)",
            "        1:  30.00% (9)",
            "        2:  30.00% (9)",
            "    Max to average ratio: 1.200",
            "    30 total lines in chain",
        ]

    def test_parent_and_places(self, project):
        out = lines(project.ax("ds", "-w", "dev-4"))

        assert "    Parent: dev-3/default" in out
        assert any(re.fullmatch(r" +number +int64 +\[.*\]  number in dev-3/default", line) for line in out)
        assert any(re.fullmatch(r" +twice +float64 +\[.*\]  local", line) for line in out)

    def test_lists(self, project):
        assert lines(project.ax("ds", "-l", "doubled")) == [
            "dev-4 (doubled)",
            "    dev-4/bad/one  ( 1)",
            "    dev-4/default  (10)",
        ]
        assert lines(project.ax("ds", "-L", "dev-3")) == ["dev-3 (numbers)", "    dev-3/default  (30)"]

    def test_less(self, project):
        assert "[" not in project.ax("ds", "-m", "dev-1").stdout
        assert "Columns" not in project.ax("ds", "-n", "dev-1").stdout

    def test_json(self, project):
        (about,) = json.loads(project.ax("ds", "--json", "dev-3").stdout)

        assert about["lines"] == 10
        assert about["previous"] == "dev-2/default"
        assert about["columns"][0] == {
            "name": "number", "type": "int64", "none_support": False, "min": 20, "max": 29, "location": "local",
            "typed_from": None,
        }  # fmt: skip

    def test_specifications(self, project):
        for spec, expected in (
            ("dev-4.source", "dev-3/default"),
            ("dev-4.others", "dev-3/default"),
            ("dev-4/default^~2", "dev-1/default"),
            (":numbers/2013-03^:", "dev-2/default"),
            ("dev-1+", "dev-2/default"),
            ("numbers~2+", "dev-2/default"),
            ("dev-3~+", "dev-3/default"),
            (":doubled/2013+2014-01-01T03:14:15.5:/bad/one", "dev-4/bad/one"),
        ):
            assert lines(project.ax("ds", spec))[0] == expected

    def test_errors(self, project):
        assert "dev-4/nope does not exist" in error(project.ax("ds", "dev-4/nope", code=1))
        assert "there is no job 'dev-99'" in error(project.ax("ds", "dev-99", code=1))
        assert "write 'dev-1' for the default" in error(project.ax("ds", "dev-1/", code=1))
        quiet = project.ax("ds", "-q", "dev-99")
        assert (quiet.stdout, quiet.stderr) == ("", "")


class TestUrd:
    def test_lists_and_entries(self, project):
        assert [line for line in lines(project.ax("urd")) if "__auto__" not in line] == [
            "tester/doubled",
            "tester/numbers",
        ]
        assert lines(project.ax("urd", "numbers/")) == ["2013-01 : part 0", "2013-02 : part 1", "2013-03 : part 2"]
        assert lines(project.ax("urd", "tester/numbers/since/2013-02")) == ["2013-03 : part 2"]
        assert lines(project.ax("urd", "numbers")) == [
            "timestamp: 2013-03",
            "build job: dev-0",
            "caption  : part 2",
            "           more of it",
            "JobList(",
            "   [  0] import : dev-3",
            ")",
        ]
        assert "deps     : tester/numbers/2013-03 : part 2" in lines(project.ax("urd", "doubled/first"))

    def test_job_of_an_entry_whose_time_has_colons(self, project):
        assert lines(project.ax("urd", ":doubled/2013+2014-01-01T03:14:15.5:")) == ["dev-4"]
        assert lines(project.ax("urd", ":numbers/first:import")) == ["dev-1"]

    def test_json(self, project):
        assert json.loads(project.ax("urd", "--json", "numbers/first").stdout)["joblist"][0][:2] == ["import", "dev-1"]
        assert "tester/numbers" in json.loads(project.ax("urd", "--json").stdout)

    def test_what_is_not_there(self, project):
        assert "(did you mean 'tester/numbers'?)" in error(project.ax("urd", "numbres", code=1))
        assert "has no entry '2014'" in error(project.ax("urd", "numbers/2014", code=1))
        assert "numbres" in error(project.ax("urd", "numbres/", code=1))

    def test_export_and_import(self, project, ax_project):
        other = ax_project(name="other")
        project.ax("urd", "export", str(other.path / "urd.jsonl"))

        assert re.fullmatch(r"Imported \d+ entries\.\n", other.ax("urd", "import", "urd.jsonl").stdout)
        assert other.ax("urd").stdout == project.ax("urd").stdout
        assert project.ax("urd", "export").stdout == (other.path / "urd.jsonl").read_text()

    def test_what_cannot_be_imported(self, project):
        path = project.write("broken.jsonl", "nonsense\n")

        assert f"ax: {path}: line 1 is not a line of an exported urd" in error(
            project.ax("urd", "import", str(path), code=1)
        )
        assert (
            error(project.ax("urd", "import", "/nonexistent", code=1)) == "ax: /nonexistent: No such file or directory"
        )

    def test_no_urd(self, ax_project):
        project = ax_project()
        path = project.write("accelerator.toml", 'urd = ""\n' + (project.path / "accelerator.toml").read_text())

        assert f"No urd is configured in {path}" in error(project.ax("urd", code=1))


class TestMethodsAndScripts:
    def test_methods(self, project):
        out = lines(project.ax("method"))
        assert out[0] == "dev:"
        assert "  numbers   Write numbers." in out

        assert lines(project.ax("method", "numbers")) == [
            "dev.numbers:",
            "  Write numbers.",
            "",
            "  They count from `first`.",
            "",
            "  datasets:",
            "    previous",
            "  jobs:",
            "    previous",
            "  options:",
            "    first = 0   # where to begin",
            "    rows  = 10",
        ]
        assert "    [others]" in lines(project.ax("method", "doubled"))
        (about,) = json.loads(project.ax("method", "--json", "numbers").stdout)
        assert about["options"][0] == {"name": "first", "default": "0", "comment": ["where to begin"]}

    def test_long_options_are_wrapped(self, project):
        out = lines(project.ax("method", "dataset_type"))
        first = next(number for number, line in enumerate(out) if line.startswith("    column2type "))
        assert max(map(len, out)) <= 120
        assert out[first + 1].startswith("        ascii"), "indented more than the options are"
        assert "unicodestrip:*" in " ".join(out[first : first + 20])

    def test_unknown_method(self, project):
        assert error(project.ax("method", "nubmers", code=1)).endswith(
            "Method 'nubmers' not found (did you mean 'numbers'?)"
        )

    def test_scripts(self, project):
        result = project.ax("script")
        assert "  build          Build numbers." in lines(result)
        assert "build_broken.py:1: " in result.stderr
        assert lines(project.ax("script", "dev.build_fail")) == ["dev:", "  build_failing"]
        assert "No build script matches 'nothing'" in error(project.ax("script", "nothing", code=1))


class TestWorkdir:
    def test_workdirs(self, project):
        assert project.ax("workdir").stdout == f"dev  {project.workdir}\n"

    def test_jobs(self, project):
        rows = [line.split("\t") for line in lines(project.ax("workdir", "dev"))]

        assert [row[:3] for row in rows[:7]] == [
            ["dev-0", "old", "dev.build"],
            ["dev-1", "current", "numbers"],
            ["dev-2", "current", "numbers"],
            ["dev-3", "current", "numbers"],
            ["dev-4", "current", "doubled"],
            ["dev-5", "unfinished", "dev.build_failing"],
            ["dev-6", "unfinished", "failing"],
        ]

    def test_the_row_of_the_link_is_that_of_its_target(self, project):
        assert lines(project.ax("workdir", "dev"))[-1].split("\t")[:3] == ["dev-LATEST", "current", "doubled"]

    def test_unknown(self, project):
        assert error(project.ax("workdir", "dve", code=1)) == "ax: No such workdir: dve (did you mean 'dev'?)"


class TestDiskUse:
    def test_by_method_job_and_dataset(self, project):
        assert {row["method"] for row in json.loads(project.ax("du", "--json").stdout)} >= {"numbers", "doubled"}
        rows = json.loads(project.ax("du", "-j", "--json").stdout)
        assert rows == sorted(rows, key=lambda row: -row["bytes"])
        assert {row["dataset"] for row in json.loads(project.ax("du", "--json", "dev-4").stdout)} == {
            "default", "bad/one", "",
        }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["job", "dev-1"],
        ["ds", "-l", "dev-1"],
        ["workdir", "dev"],
        ["method"],
        ["script"],
        ["status"],
    ],
)
def test_commands_without_data_load_nothing_heavy(project, arguments):
    loaded = loaded_by(project, *arguments)

    assert not {"pyarrow", "numpy", "duckdb", "sqlalchemy", "polars", "pandas"} & loaded
    if arguments[0] in {"job", "ds"}:  # which are typed all day: what running jobs and rare options need must wait
        assert not {"logging", "tarfile", "shutil", "accelerator.urd.entry", "accelerator.cli.job_diff"} & loaded
    if arguments[0] == "ds":
        assert not {"hashlib", "sqlite3"} & loaded


def test_a_column_that_is_no_dataset_is_not_looked_for_in_urd(project):
    assert "sqlalchemy" not in loaded_by(project, "grep", "1", "dev-1", "number")


@pytest.mark.parametrize("pattern", ["1", "123[0-9]", ""])
def test_a_search_loads_neither_numpy_nor_what_computes_with_arrays(project, pattern):
    loaded = loaded_by(project, "grep", pattern, "dev-1", "number", "text")

    assert "pyarrow" in loaded
    assert not {"numpy", "pyarrow.compute", "pyarrow.fs", "duckdb", "pandas", "rich"} & loaded


def test_a_histogram_loads_neither_what_computes_with_arrays_nor_what_draws(project):
    loaded = loaded_by(project, "hist", "-f", "csv", "dev-1", "number")

    assert not {"pyarrow.compute", "pyarrow.fs", "accelerator.cli.hist_plot", "xml", "pandas", "rich"} & loaded


def test_objects_of_others_find_a_pyarrow_that_knows_numpy(ax_project):
    project = ax_project()
    project.write("dev/a_objects.py", OBJECTS)
    project.write("dev/build_objects.py", 'def main(urd):\n    urd.build("objects")\n')
    project.ax("run", "objects")

    assert {"pyarrow", "numpy"} <= loaded_by(project, "cat", "objects")


def loaded_by(project, *arguments):
    """Names of all modules that a command loads."""
    program = (
        "import sys; from accelerator.cli.main import main; code = main(sys.argv[1:]);"
        "print(*sorted(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=project.path,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


class TestRunning:
    """Status, abort and gc while a job runs."""

    @pytest.fixture
    def sleeping(self, ax_project):
        project = ax_project()
        project.write("dev/a_sleeping.py", SLEEPING)
        project.write("dev/a_failing.py", FAILING)
        ready = project.path / "ready"
        project.write("dev/build.py", f'def main(urd):\n    urd.build("sleeping", ready={str(ready)!r})\n')
        project.write("dev/build_failing.py", 'def main(urd):\n    urd.build("failing")\n')
        process = project.start("run")
        deadline = time.monotonic() + 30
        while not ready.exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        assert ready.exists(), process.communicate()
        yield project, process
        process.kill()
        process.communicate()

    def test_status(self, sleeping):
        project, _ = sleeping
        out = project.ax("status").stdout

        assert re.search(r"^ *\d+ STATUS: +dev-1 sleeping \(", out, re.MULTILINE)
        assert re.search(r"STATUS: +sleeping long \(", out)
        assert "good night" in out
        assert re.fullmatch(r"dev-1 sleeping synthesis \(\ds\)\n", project.ax("status", "-s").stdout)
        running = json.loads(project.ax("status", "--json").stdout)["running"]
        assert {job["job"] for job in running} == {"dev-0", "dev-1"}
        assert "Job is running" in project.ax("job", "dev-1").stdout
        assert lines(project.ax("workdir", "dev"))[1].split("\t")[1] == "running"

    def test_abort(self, sleeping):
        project, process = sleeping
        assert "dev-9 is not running" in error(project.ax("abort", "dev-9", code=1))
        assert project.ax("abort").stdout == "Killed 1 running job.\n"

        _, err = process.communicate(timeout=30)
        assert process.returncode == 1
        assert "dev-1 (sleeping)" in err
        assert project.ax("abort").stdout == "Killed 0 running jobs.\n"
        assert json.loads(project.ax("abort", "--json").stdout) == {"killed": []}
        out = project.ax("status").stdout
        assert out.startswith("Idle.\n\nLast error at ")
        assert "dev-1 (sleeping):" in out

    def test_abort_of_the_script(self, sleeping):
        project, process = sleeping
        assert project.ax("abort", "-q", "dev-0").stdout == ""

        process.communicate(timeout=30)
        assert process.returncode == 130
        assert project.ax("status", "-s").stdout == "Idle.\n"

    def test_gc_leaves_running_jobs_alone(self, sleeping):
        project, _ = sleeping
        project.ax("run", "failing", code=1)

        assert lines(project.ax("gc", "-n")) == ["dev-2", "dev-3", "Would have deleted 2 jobs."]
        assert lines(project.ax("gc")) == ["dev-2", "dev-3", "Would have deleted 2 jobs."]
        assert lines(project.ax("gc", "--yes")) == ["dev-2", "dev-3", "Deleted 2 jobs."]
        assert project.jobs() == ["dev-0", "dev-1"]
        assert project.ax("gc", "--yes").stdout == "Nothing to do.\n"
        assert "is running" in project.ax("rm", "--yes", "dev-1", code=1).stderr

    def test_what_a_running_job_needs_is_not_removed_lightly(self, ax_project):
        project = ax_project()
        ready = project.path / "ready"
        project.write("dev/a_numbers.py", NUMBERS)
        project.write("dev/a_sleeping.py", f'    jobs = ("one",)\n{SLEEPING}')
        project.write(
            "dev/build.py",
            f"""\
                def main(urd):
                    urd.build("sleeping", one=urd.build("numbers"), ready={str(ready)!r})
            """,
        )
        process = project.start("run")
        deadline = time.monotonic() + 30
        while not ready.exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)

        refused = project.ax("rm", "--yes", "dev-1", code=1)
        project.ax("abort")
        process.communicate(timeout=30)

        assert lines(refused) == ["dev-1 (numbers)", "    dev-2 (sleeping) needs dev-1"]
        assert "dev-1" in project.jobs()


class TestRemoving:
    @pytest.fixture
    def two(self, ax_project):
        project = ax_project()
        project.write("dev/a_numbers.py", NUMBERS)
        project.write(
            "dev/build.py",
            """\
                def main(urd):
                    one = urd.build("numbers")
                    urd.build("numbers", first=1, jobs={"previous": one})
            """,
        )
        project.ax("run")
        return project

    def test_what_is_needed_is_not_removed_lightly(self, two):
        listed = ["dev-1 (numbers)", "    dev-0 (dev.build) needs dev-1", "    dev-2 (numbers) needs dev-1"]

        assert lines(two.ax("rm", "dev-1")) == [*listed, "Would have deleted 1 job."]
        refused = two.ax("rm", "--yes", "dev-1", code=1)
        assert lines(refused) == listed
        assert "--force deletes all the same" in refused.stderr
        assert two.jobs() == ["dev-0", "dev-1", "dev-2"]
        assert lines(two.ax("rm", "--force", "dev-1"))[-1] == "Deleted 1 job."
        assert two.jobs() == ["dev-0", "dev-2"]
        # Numbers are never given again.
        two.ax("run")
        assert "dev-1" not in two.jobs()

    def test_json(self, two):
        needed_by = [
            {"job": "dev-0", "method": "dev.build", "needs": "dev-1"},
            {"job": "dev-2", "method": "numbers", "needs": "dev-1"},
        ]

        shown = {"jobs": ["dev-1"], "needed_by": needed_by, "deleted": []}
        assert json.loads(two.ax("rm", "--json", "dev-1").stdout) == shown
        assert json.loads(two.ax("rm", "--json", "--yes", "dev-1", code=1).stdout) == shown
        assert json.loads(two.ax("rm", "--json", "--force", "dev-1").stdout) == {**shown, "deleted": ["dev-1"]}
        assert two.jobs() == ["dev-0", "dev-2"]

    def test_the_link_to_the_newest_does_not_dangle(self, two):
        two.ax("rm", "--force", "dev-2")

        assert not (two.workdir / "dev-LATEST").is_symlink() or (two.workdir / "dev-LATEST").exists()


def test_what_is_left_of_a_dataset_whose_neighbours_were_deleted(fifty_copy):
    """It can still be shown, and what is gone is named as such."""
    fifty_copy.ax("rm", "--force", "dev-2", "dev-4", "dev-45")

    shown = lines(fifty_copy.ax("ds", "dev-5"))
    assert "    Parent: dev-4/default (gone)" in shown
    assert "    Previous: dev-2/default (gone)" in shown
    assert shown[-2:] == ["    28 lines", "    Chain broken: no such job: dev-2"]
    (about,) = json.loads(fifty_copy.ax("ds", "--json", "dev-8").stdout)
    assert (about["previous"], about["chain"], about["chain_broken"]) == ("dev-5/default", [], "no such job: dev-2")
    assert "the chain of dev-8/default is broken: no such job: dev-2" in error(
        fifty_copy.ax("ds", "-c", "dev-8", code=1)
    )
    assert {"    dev-45 (gone)", "    dev-46"} <= set(lines(fifty_copy.ax("job", "dev-44")))


class TestRun:
    def test_usage(self, project):
        for arguments in (["-c", "x"], ["-c", "a=b"], ["--verbose", "loud"]):
            assert error(project.ax("run", *arguments, code=2))
        assert "did you mean" in error(project.ax("run", "faling", code=1))
        assert "there is no workdir 'x'" in error(project.ax("run", "-w", "x", code=1))
        assert "no method 'numbesr'; did you mean numbers?" in error(project.ax("run", "-c", "numbesr=2", code=1))

    def test_just_wait_does_nothing(self, project):
        before = project.jobs()

        assert project.ax("run", "-W").stdout == ""
        assert project.jobs() == before


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_that_are_closed(project, closed):
    """Files that are opened must not get their numbers, as what is printed would go into them."""
    build = "def main(urd):\n    urd.build('numbers', first=99, force_build=True)\n"
    script = project.write("dev/build_again.py", build)
    for words in ("cat dev-1", "job dev-1", "run again"):
        done = subprocess.run(
            ["bash", "-c", f'"$0" {words} {closed}', AX],
            cwd=project.path,
            env=project.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), words
        assert (done.stdout == "") == (">&-" in closed.split()), words

    script.unlink()
    assert project.ax("job", "-O", project.jobs()[-1]).stdout == "preparing\nslice 0\nslice 1\nslice 2\n"
    assert "0 errors" in project.ax("doctor").stdout


def test_completion_of_names(project):
    def completed(line):
        done = subprocess.run(
            [AX],
            cwd=project.path,
            env={**project.environment(), "_AX_COMPLETE": "zsh", "_AX_LINE": line},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return [line.removeprefix("plain\t") for line in done.stdout.splitlines()]

    assert completed("ax run fa") == ["failing"]
    assert completed("ax run -c nu") == ["part\tnumbers="]
    assert completed("ax method nu") == ["numbers"]
    assert completed("ax job dev-4") == ["dev-4"]
    assert "numbers" in completed("ax job ")
    assert completed("ax job doubled.so") == ["doubled.source"]
    assert completed("ax ds doub") == ["doubled"]
    assert completed("ax workdir d") == ["dev"]
    assert completed("ax urd num") == ["numbers"]
    # Where no name begins so it may be the path of a job, which the shell completes.
    assert completed("ax job ./work") == ["dir\t./work"]
    assert completed("ax --config nowhere.toml ds work") == ["dir\twork"]
    assert completed("ax urd numbers/2013-0") == ["numbers/2013-01", "numbers/2013-02", "numbers/2013-03"]
    assert completed("ax job :num") == ["part\t:numbers/", "part\t:numbers:"]
    assert completed("ax job :numbers/2013-03") == ["part\t:numbers/2013-03:"]
    assert completed("ax job :nosuch") == []
