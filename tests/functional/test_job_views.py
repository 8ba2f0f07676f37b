"""``ax job --diff`` and ``--follow`` as processes."""

import json
import time

import pytest

# Each test starts processes.
pytestmark = pytest.mark.slow

METHOD = """\
    from .helper import scale

    options = {"first": 0, "nan": float("nan")}
    jobs = ("previous",)


    def prepare(options):
        return options.first


    def synthesis(prepare_res):
        # a remark
        return scale(prepare_res)
"""
PRINTING = """\
    import pathlib
    import time

    options = {"go": "", "fail": False}


    def synthesis(options):
        print("one")
        print("two")
        while not pathlib.Path(options.go).exists():
            time.sleep(0.01)
        print("three", end="")
        assert not options.fail
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory, ax_project_at):
    made = ax_project_at(tmp_path_factory.mktemp("diff") / "project")
    made.write("dev/a_scaled.py", METHOD)
    made.write("dev/helper.py", "def scale(x):\n    return 2 * x\n\n\ndef other():\n    return 0\n")
    made.write("dev/build.py", 'def main(urd):\n    one = urd.build("scaled")\n    urd.build("scaled", previous=one)\n')
    made.ax("run")  # dev-0; dev-1, dev-2
    made.write(
        "dev/a_scaled.py", METHOD.replace("a remark", "another").replace("options.first\n", "options.first + 1\n")
    )
    made.write("dev/helper.py", "def scale(x):\n    return 3 * x\n\n\ndef other():\n    return 0\n")
    made.write("dev/build.py", 'def main(urd):\n    urd.build("scaled", first=7)\n')
    made.ax("run")  # dev-3; dev-4
    return made


class TestDiff:
    def test_parameters(self, compared):
        assert compared.ax("job", "--diff", "dev-1", "dev-2").stdout == (
            'dev-1 (scaled) -> dev-2 (scaled)\njobs:\n    previous: null -> "dev-1"\n'
        )

    def test_source_by_function(self, compared):
        assert compared.ax("job", "--diff", "dev-1", "dev-4").stdout == (
            "dev-1 (scaled) -> dev-4 (scaled)\n"
            "options:\n"
            "    first: 0 -> 7\n"
            "source:\n"
            "    function prepare in dev/a_scaled.py (changed)\n"
            "         def prepare(options):\n"
            "        -    return options.first\n"
            "        +    return options.first + 1\n"
            "    function scale in dev/helper.py (changed)\n"
            "         def scale(x):\n"
            "        -    return 2 * x\n"
            "        +    return 3 * x\n"
        )

    def test_json(self, compared):
        found = json.loads(compared.ax("job", "--diff", "--json", "dev-1", "dev-4").stdout)

        assert found["between"] == [{"job": "dev-1", "method": "scaled"}, {"job": "dev-4", "method": "scaled"}]
        assert found["options"] == {"first": {"before": 0, "after": 7}}
        assert [change["function"] for change in found["source"]] == ["prepare", "scale"]
        assert set(found) == {"between", "options", "source"}

    def test_environment(self, compared):
        path = compared.workdir / "dev-2" / "setup.json"
        setup = json.loads(path.read_text())
        setup["environment"]["packages"] = {"numpy": "1.0"}
        setup["environment"]["python"] = "3.9"
        copy = compared.workdir / "dev-77"
        copy.mkdir()
        (copy / "setup.json").write_text(json.dumps(setup))
        (copy / "method.tar.gz").write_bytes((path.parent / "method.tar.gz").read_bytes())

        found = json.loads(compared.ax("job", "--diff", "--json", "dev-2", "dev-77").stdout)

        assert found["environment"]["package numpy"]["after"] == "1.0"
        assert found["environment"]["python"]["after"] == "3.9"

    def test_same(self, compared):
        assert compared.ax("job", "--diff", "dev-1", "dev-1").stdout.endswith("\nNo difference.\n")

    def test_usage(self, compared):
        assert "exactly two jobs" in compared.ax("job", "--diff", "dev-1", code=2).stderr
        assert "give only one of" in compared.ax("job", "--diff", "-o", "dev-1", "dev-2", code=2).stderr


class TestFollow:
    def running(self, project, fail):
        """Start a job and return the process of its session and the file it waits for."""
        go = project.path / "go"
        project.write("dev/a_printing.py", PRINTING)
        project.write("dev/build.py", f'def main(urd):\n    urd.build("printing", go={str(go)!r}, fail={fail})\n')
        process = project.start("run")
        output = project.workdir / "dev-1" / "OUTPUT" / "synthesis"
        deadline = time.monotonic() + 60
        while not output.exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        assert output.exists(), process.communicate()
        return process, go

    @pytest.mark.parametrize("fail", [False, True])
    def test_until_the_end(self, ax_project, fail):
        project = ax_project()
        session, go = self.running(project, fail)
        following = project.start("job", "-O", "--follow", "dev-1")
        first = [following.stdout.readline(), following.stdout.readline()]
        go.touch()
        rest, err = following.communicate(timeout=60)
        session.communicate(timeout=60)

        assert first == ["one\n", "two\n"]
        assert rest.startswith("three")
        assert (following.returncode, "dev-1 did not finish" in err) == (int(fail), fail)

    def test_of_a_job_that_is_over(self, ax_project):
        project = ax_project()
        session, go = self.running(project, fail=False)
        go.touch()
        session.communicate(timeout=60)

        out = project.ax("job", "-o", "--follow", "dev-1").stdout

        assert out.startswith("dev-1 (printing)")
        assert out.endswith("output:\none\ntwo\nthree\n")

    def test_usage(self, ax_project):
        project = ax_project()
        assert "--follow needs -o or -O" in project.ax("job", "--follow", "dev-1", code=2).stderr
        assert "exactly one job" in project.ax("job", "-O", "--follow", "dev-1", "dev-2", code=2).stderr
