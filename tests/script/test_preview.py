"""``ax run --dry-run`` as a process: what it says, and that it changes nothing."""

import json
import os

import pytest


def tree(directory):
    """Every file of a project but our caches, with its time of change and size."""
    return {
        str(path.relative_to(directory)): (path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in sorted(directory.rglob("*"))
        if path.is_file()
        and path.name not in {".slices", ".alloc"}
        and not {".accelerator", "__pycache__"} & {*path.parts}
    }


@pytest.fixture
def preview(project):
    """A function that writes the script ``build`` and returns its preview as JSON."""

    def run(source, *arguments, code=0):
        project.script(source)
        before = tree(project.directory)
        result = project.run("--dry-run", "--json", *arguments)
        assert result.returncode == code, result.stderr
        assert tree(project.directory) == before
        (found,) = json.loads(result.stdout)
        return found

    return run


def actions(found):
    return [(job["name"], job["action"], job["job"], job.get("needs")) for job in found["jobs"]]


def test_what_exists_is_reused_and_what_needs_a_new_job_runs(project, preview):
    project.run_script("def main(urd):\n    urd.build('number', n=1)\n")

    found = preview("""\
        def main(urd):
            one = urd.build("number", n=1, name="one")
            two = urd.build("number", n=2, previous=one, name="two")
            three = urd.build("number", n=1, previous=two, name="three")
            urd.build("number", n=2, previous=one, name="same")
            pending = urd.build_async("number", text=three.filename("x"), name="four")
            urd.build("number", options={"text": f"{pending.job}"}, name="five")
    """)

    assert actions(found) == [
        ("one", "reuse", "dev-1", None),
        ("two", "run", None, []),
        ("three", "run", None, ["two"]),
        ("same", "reuse", None, None),
        ("four", "run", None, ["three"]),
        ("five", "run", None, ["four"]),
    ]
    assert [job["line"] for job in found["jobs"]] == [2, 3, 4, 5, 6, 7]
    assert found["jobs"][1]["nearest"] == "dev-1"
    assert [one["name"] for one in found["jobs"][1]["differences"]] == ["n", "previous"]
    assert found["jobs"][2]["why"] == "number is built because it needs two, which would be built"
    assert found["jobs"][1]["seconds"] > 0
    assert (found["ended"], found["error"], found["exit_code"]) == (None, None, 0)


@pytest.mark.parametrize(
    "read",
    [
        "job.load()",
        "open(job.filename('x'))",
        "list(job.dataset('x').iterate(None, 'y'))",
        "__import__('accelerator').Dataset(job, 'x')",
        "__import__('accelerator').Job(str(job)).load()",
    ],
)
def test_the_first_read_of_a_result_ends_the_preview(preview, read):
    found = preview(f"""\
        def main(urd):
            job = urd.build("talk", name="chat")
            assert job and job.method == "chat" and str(job) == f"{{job}}" and job == urd.joblist["chat"]
            try:
                {read}
            except AttributeError:
                raise ValueError("caught")
            urd.build("number")
    """)

    assert found["ended"] == "line 5 reads the result of chat, which has not run"
    assert [job["name"] for job in found["jobs"]] == ["chat"]


def test_a_script_cannot_catch_the_end(preview):
    found = preview("""\
        def main(urd):
            job = urd.build("talk")
            try:
                job.load()
            except Exception:
                pass
            urd.build("number")
    """)

    assert len(found["jobs"]) == 1


def test_urd_is_read_and_written_only_in_memory(project, preview):
    project.run_script("""\
        def main(urd):
            urd.begin("list", 1, caption="first")
            urd.build("number", n=1)
            urd.finish("list")
    """)

    found = preview(
        """\
        def main(urd):
            assert urd.list() == ["kim/__auto__", "kim/list"]
            urd.begin("list", 2)
            assert urd.latest("list").caption == "first"
            new = urd.build("number", n=2)
            assert urd.finish("list").new
            assert urd.peek_latest("list").joblist == [new]
            assert urd.since("list", 0) == ["1", "2"]
            urd.begin("list", 3)
            chained = urd.first("list").joblist[0]
            assert chained.load() == 1
            assert urd.latest("other") == {} or True
            urd.abort()
            urd.truncate("list", 0)
            assert not urd.peek_latest("list")
    """.replace('            assert urd.latest("other") == {} or True\n', "")
    )

    assert (found["error"], found["ended"]) == (None, None)
    assert found["urd"] == ["kim/list/2"]


def test_the_first_run_of_a_project_makes_no_database(project, preview):
    found = preview("""\
        def main(urd):
            urd.begin("list", 1)
            urd.build("number")
            urd.finish("list")
    """)

    assert found["urd"] == ["kim/list/1"]
    assert found["jobs"][0]["seconds"] is None
    assert found["jobs"][0]["why"] == "number is built because there is no finished job of this method"
    assert not (project.directory / "urd.db").exists()


def test_what_the_script_writes_goes_nowhere(project, preview):
    project.run_script("def main(urd):\n    urd.build('talk')\n")

    found = preview("""\
        import os

        def main(urd, job):
            open("here", "w").close()
            job.save(42, "saved.pickle")
            with job.open("written", "w") as file:
                file.write("x")
            dw = job.datasetwriter(columns={"x": "int64"})
            dw.get_split_write()(1)
            urd.build("talk").link_result("OUTPUT/synthesis", "linked")
            urd.build("number", n=3).link_result()
            print(os.path.dirname(job.path))
            return {"kept": "nowhere"}
    """)

    assert [job["action"] for job in found["jobs"]] == ["reuse", "run"]
    assert not (project.directory / "results").exists()


def test_text(project):
    project.run_script("def main(urd):\n    urd.build('number', n=1)\n")
    project.script("""\
        def main(urd):
            print("hello")
            urd.build("number", n=1)
            job = urd.build("number", n=2)
            urd.warn("careful")
            job.load()
    """)
    result = project.run("--dry-run")

    assert (result.returncode, result.stderr) == (0, "")
    first, rest = result.stdout.split("line", 1)[0], result.stdout
    assert first.startswith("hello\ndev.build would ask for:\n3\tnumber\treuse\tdev-1\t")
    assert "\n4\tnumber\trun\t\tabout 0." in rest
    assert "\nnumber is built; the nearest job is dev-1, which differs in:\n   option n: 1, now 2\n" in rest
    assert "\nThe preview ends here: line 6 reads the result of number, which has not run.\n" in rest
    assert "careful" not in rest
    assert rest.split("\n")[-2].startswith("1 of 2 jobs would run, for about 0.")


def test_mistakes_end_the_preview_as_they_would_end_the_run(project, preview):
    found = preview("def main(urd):\n    urd.build('number', n=1)\n    1 / 0\n", code=1)
    assert found["error"].endswith("line 3, in main\n    1 / 0\n    ~~^~~\nZeroDivisionError: division by zero")
    assert len(found["jobs"]) == 1

    assert "nosuch" in preview("def main(urd):\n    urd.build('nosuch')\n", code=1)["error"]
    wrong = "def main(urd):\n    job = urd.build('number')\n    urd.build('number', previous=job, wrong=1)\n"
    assert "wrong" in preview(wrong, code=1)["error"]
    assert preview("def main(urd):\n    raise SystemExit('enough')\n", code=1)["error"] == "enough"
    assert preview("def main(urd):\n    return 7\n", code=7)["error"] is None
    assert "SyntaxError" in preview("def main(urd:\n", code=1)["error"]
    assert "neither" in project.run_script("def main(what):\n    pass\n", "--dry-run").stderr


def test_several_scripts(project):
    project.script("def main(urd):\n    urd.build('number').load()\n", "build_one")
    project.script("def main(urd):\n    urd.build('talk')\n", "build_two")

    both = json.loads(project.run("--dry-run", "--json", "two", "one").stdout)
    ended = json.loads(project.run("--dry-run", "--json", "one", "two").stdout)

    assert [script["script"] for script in both] == ["dev.build_two", "dev.build_one"]
    assert [script["script"] for script in ended] == ["dev.build_one"]


def test_forced_builds_run(project, preview):
    source = "def main(urd):\n    urd.build('number', force_build=True)\n    urd.build('talk')\n"
    project.run_script(source)

    found = preview(source)
    assert [job["action"] for job in found["jobs"]] == ["run", "reuse"]
    assert "asked to be built anew" in found["jobs"][0]["why"]
    assert [job["action"] for job in preview(source, "-f", "force_build")["jobs"]] == ["run", "run"]


def test_a_project_that_cannot_be_written(project, preview):
    project.run_script("def main(urd):\n    urd.build('number')\n")
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    workdir = project.directory / "workdirs" / "dev"
    workdir.chmod(0o555)
    try:
        found = preview("def main(urd):\n    urd.build('number')\n    urd.build('talk')\n")
    finally:
        workdir.chmod(0o755)

    assert [job["action"] for job in found["jobs"]] == ["reuse", "run"]
