"""``ax debug``, with keys pressed on a terminal and without one."""

from pathlib import Path

import pytest

# Each test starts processes.
pytestmark = pytest.mark.slow

PHASES = """\
    import accelerator
    from .helper import double

    options = {"fail": "", "early": False, "subjob": 0}
    datasets = ("source",)


    def prepare(job, options):
        print("preparing")
        if options.fail == "prepare":
            raise ValueError("no good in prepare")
        if options.early:
            job.finish_early("early")
        if options.subjob:
            return accelerator.build("phases", options={"early": True}).load()
        writer = job.datasetwriter(columns={"x": "int64"})
        with job.open("kept", "w") as file:
            file.write("x")
        return writer


    def analysis(sliceno, options, prepare_res):
        number = double(sliceno)
        if options.fail == "analysis" and sliceno == 2:
            raise ValueError(f"no good in slice {sliceno}")
        if not options.subjob:
            prepare_res.write("text" if options.fail == "type" else number)
        return number


    def synthesis(job, options, analysis_res):
        total = sum(analysis_res)
        if options.fail == "synthesis":
            raise ValueError(f"no good with {total}")
        return total
"""
LINES = [line.strip() for line in PHASES.split("\n")]
BUILD = """\
    def main(urd):
        urd.build("phases", source=urd.build("phases"))
        urd.build("phases", early=True)
        urd.build("phases", subjob=1)
        for fail in ("prepare", "analysis", "type", "synthesis"):
            try:
                urd.build("phases", fail=fail)
            except Exception:
                pass
"""


def listing(project):
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in project.workdir.rglob("*")
        if path.is_file() and path.name != ".alloc"
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory, ax_project_at):
    """dev-1 and dev-2 are fine, dev-3 is early, dev-4 has a subjob, dev-5 … dev-8 failed."""
    made = ax_project_at(tmp_path_factory.mktemp("debug") / "prójekt")
    made.write("dev/a_phases.py", PHASES)
    made.write("dev/helper.py", "def double(number):\n    return 2 * number\n")
    made.write("dev/build.py", BUILD)
    made.ax("run")
    assert made.jobs() == [f"dev-{number}" for number in range(9)]
    return made


@pytest.fixture
def debug(project, tmp_path):
    """A function that starts ``ax debug``; nothing changes in the workdir, and no file is left behind."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    project.extra_environment = {"TMPDIR": str(scratch)}
    before = listing(project)
    yield lambda *arguments: project.terminal("debug", *arguments)
    project.extra_environment = {}
    assert listing(project) == before
    assert list(scratch.iterdir()) == []


class TestPostMortem:
    def test_of_the_slice_that_failed(self, debug):
        terminal = debug("dev-6")
        seen = terminal.wait_for("(Pdb) ")
        assert "analysis(2) failed:" in seen
        assert "ValueError: no good in slice 2" in seen
        assert seen.endswith('raise ValueError(f"no good in slice {sliceno}")\r\n(Pdb) ')
        terminal.send("p (sliceno, number, options.fail)\n")
        assert "(2, 4, 'analysis')" in terminal.wait_for("(Pdb) ")
        terminal.send("list\n")
        assert "number = double(sliceno)" in terminal.wait_for("(Pdb) ")
        terminal.send("q\n")
        terminal.finish(1)

    def test_stands_in_the_users_frame_when_the_library_refused(self, debug):
        terminal = debug("dev-7", "--slice", "1")
        seen = terminal.wait_for("(Pdb) ")
        # The first slice to fail is recorded, and it need not be 1: then it stops before the first line.
        if "failed:" not in seen:
            terminal.send("c\n")
            seen = terminal.wait_for("(Pdb) ")
        assert "TypeError" in seen
        terminal.send("p sliceno\n")
        assert "\r\n1\r\n" in terminal.wait_for("(Pdb) ")
        terminal.send("w\n")
        assert "accelerator" not in terminal.wait_for("(Pdb) ")
        terminal.send("\x04")
        terminal.finish(1)

    def test_of_synthesis_after_all_slices(self, debug):
        terminal = debug("dev-8")
        seen = terminal.wait_for("(Pdb) ")
        assert "preparing" in seen
        terminal.send("p total\n")
        assert "\r\n6\r\n" in terminal.wait_for("(Pdb) ")
        terminal.send("q\n")
        terminal.finish(1)

    def test_of_what_comes_before(self, debug):
        terminal = debug("dev-5", "--phase", "synthesis")
        seen = terminal.wait_for("(Pdb) ")
        assert "prepare failed:" in seen
        terminal.send("q\n")
        terminal.finish(1)


class TestStepping:
    def test_stops_before_the_first_line_of_what_has_not_failed(self, debug):
        terminal = debug("dev-2", "--slice", "1")
        assert "number = double(sliceno)" in terminal.wait_for("(Pdb) ")
        terminal.send(f"b {LINES.index('return number') + 1}\n")
        terminal.wait_for("(Pdb) ")
        terminal.send("c\n")
        assert "return number" in terminal.wait_for("(Pdb) ")
        terminal.send("p number\n")
        assert "\r\n2\r\n" in terminal.wait_for("(Pdb) ")
        terminal.send("c\n")
        assert "analysis(1) of dev-2 ended without an error and returned 2; nothing was kept." in terminal.finish(0)

    def test_leaving_is_no_failure(self, debug):
        terminal = debug("dev-2", "--phase", "prepare")
        terminal.wait_for("(Pdb) ")
        terminal.send("q\n")
        terminal.finish(0)

    def test_interrupted(self, debug):
        terminal = debug("dev-2", "--phase", "synthesis")
        terminal.wait_for("(Pdb) ")
        terminal.send("import time; print('zzz'); time.sleep(1000)\n")
        terminal.wait_for("zzz\r\n")
        terminal.send("\x03")
        terminal.wait_for("(Pdb) ")
        terminal.send("q\n")
        terminal.finish(0)


class TestSource:
    @pytest.fixture
    def changed(self, project):
        """The method, with a breakpoint in it now."""
        path = project.path / "dev" / "a_phases.py"
        before = path.read_text()
        path.write_text(before.replace("    number = double(sliceno)", "    number = 1000\n    breakpoint()"))
        yield
        path.write_text(before)

    @pytest.mark.usefixtures("changed")
    def test_recorded(self, debug):
        terminal = debug("dev-6")
        terminal.wait_for("(Pdb) ")
        terminal.send("p number\n")
        assert "\r\n4\r\n" in terminal.wait_for("(Pdb) ")
        terminal.send("list\n")
        assert "number = double(sliceno)" in terminal.wait_for("(Pdb) ")
        terminal.send("q\n")
        terminal.finish(1)

    @pytest.mark.usefixtures("changed")
    def test_current_with_a_breakpoint(self, debug):
        terminal = debug("dev-6", "--current")
        assert "failed:" not in terminal.wait_for("(Pdb) ")
        terminal.send("p number\n")
        assert "\r\n1000\r\n" in terminal.wait_for("(Pdb) ")
        terminal.send("c\n")
        assert "analysis(2) failed:" in terminal.wait_for("(Pdb) ")
        terminal.send("q\n")
        terminal.finish(1)

    @pytest.mark.usefixtures("changed")
    def test_breakpoints_of_the_other_slices_are_passed_over(self, debug):
        terminal = debug("dev-8", "--current", "--no-pdb")
        assert "no good with 3000" in terminal.finish(1)


def test_without_the_debugger(project):
    result = project.ax("debug", "--no-pdb", "dev-6", code=1)
    assert result.stderr.startswith("\nanalysis(2) failed:\nTraceback")
    assert "debug_run" not in result.stderr
    assert result.stdout == "preparing\n"

    good = project.ax("debug", "--no-pdb", "dev-2", "--phase", "synthesis")
    assert good.stderr == "synthesis of dev-2 ended without an error and returned 6; nothing was kept.\n"

    failing = project.ax("debug", "--no-pdb", "dev-6", "--phase", "synthesis", code=1)
    assert "`--slice 2` runs this slice alone" in failing.stderr


def test_subjobs_are_found(project):
    before = project.jobs()
    result = project.ax("debug", "--no-pdb", "dev-4", "--phase", "prepare")

    assert "prepare of dev-4 ended without an error and returned 'early'" in result.stderr
    assert project.jobs() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dev-0",), "dev-0 is a build script"),
        (("dev-2",), "dev-2 has not failed in any phase: say --phase prepare or --phase analysis or --phase synthesis"),
        (("dev-2", "--slice", "3"), "dev-2 has no slice 3: it has slices 0 to 2"),
        (("dev-3", "--phase", "synthesis"), "prepare finishes the job early, so there is no synthesis"),
        (("dev-99",), "dev-99"),
    ],
)
def test_mistakes(project, arguments, message):
    result = project.ax("debug", *arguments, code=1)

    (line,) = [line for line in result.stderr.splitlines() if line.startswith("ax: ")]
    assert message in line


def test_usage(project):
    assert (
        "--slice is for analysis" in project.ax("debug", "dev-2", "--slice", "1", "--phase", "prepare", code=2).stderr
    )


def test_a_standard_method(project):
    project.write("numbers.csv", "a,b\n1,2\n")
    project.write("dev/build_import.py", 'def main(urd):\n    urd.build("csvimport", filename="numbers.csv")\n')
    project.ax("run", "import")
    (job,) = project.ax("job", "-P", "csvimport").stdout.splitlines()

    result = project.ax("debug", "--no-pdb", Path(job).name, "--phase", "analysis")

    assert "analysis(0) of" in result.stderr
