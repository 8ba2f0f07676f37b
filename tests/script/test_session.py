"""``ax run`` as users see it: what it prints, what it leaves, its exit code."""

import json
import os
import pickle
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest

from accelerator.urd.database import Database


def setup_of(path):
    return json.loads((path / "setup.json").read_text())


def test_a_script_is_a_job_and_says_what_it_does(project):
    done = project.run_script(
        """
        def main(urd, job):
            print("hello")
            first = urd.build("number", n=3)
            again = urd.build("number", n=3, name="again")
            assert first == again and again.method == "again" and again.load() == 3
            assert urd.joblist.as_tuples == [("number", first), ("again", again)]
            assert urd.joblist_all == urd.joblist
            return {"answer": 42}
        """
    )

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "dev.build running as job dev-0"
    assert lines[1] == "hello"
    assert lines[2].startswith("   - number                              DONE  dev-1 ")
    assert lines[3].startswith("   - number                              link  dev-1 ")
    assert {len(line) for line in lines[2:]} == {79}

    job = project.job("dev-0")
    post = json.loads((job / "post.json").read_text())
    assert post["subjobs"] == {"dev-1": True}
    assert post["files"] == ["result.pickle"]
    assert "total" in post["exectime"]
    assert pickle.loads((job / "result.pickle").read_bytes()) == {"answer": 42}
    assert (job / "OUTPUT" / "synthesis").read_text().splitlines() == lines[1:]
    setup = setup_of(job)
    assert (setup["is_build"], setup["method"], setup["caption"]) == (True, "dev.build", "build script")
    assert setup["options"]["script"] == ["build"]
    assert setup_of(project.job("dev-1"))["parent"] == "dev-0"
    assert (project.directory / "workdirs" / "dev" / "dev-LATEST").readlink().name == "dev-1"


def test_files_are_registered_unless_the_script_registered_some(project):
    source = """
    from pathlib import Path
    def main(urd, job):
        assert Path.cwd() == Path(job.path)
        Path("made.txt").write_text("x")
        return {}
    """
    assert project.run_script(source.format("None")).returncode == 0
    assert project.run_script(source.format("'kept'")).returncode == 0

    posts = [json.loads((project.job(f"dev-{number}") / "post.json").read_text()) for number in range(2)]
    assert [post["files"] for post in posts] == [["made.txt"], ["result.pickle"]]


def test_every_run_is_listed(project):
    source = """
    def main(urd):
        urd.build("number", n=1)
        urd.build("number", n=2, name="two")
    """
    assert project.run_script(source).returncode == 0

    urd = Database(f"sqlite:///{project.directory}/urd.db")
    assert urd.lists() == ["kim/__auto__"]
    entry = urd.latest("kim/__auto__")
    assert [job[:2] for job in entry.joblist] == [("number", "dev-1"), ("two", "dev-2")]
    assert all(len(job[2]) > 8 for job in entry.joblist)
    assert entry.build_job == "dev-0"
    assert setup_of(project.job("dev-0"))["options"]["urd-list"] == f"kim/__auto__/{entry.timestamp}"


def test_no_urd_no_list(project):
    project.configure(urd="")
    done = project.run_script("def main(urd):\n    urd.build('number')\n    assert urd.info.urd is None")

    assert (done.returncode, done.stderr) == (0, "")
    assert "urd-list" not in setup_of(project.job("dev-0"))["options"]


def test_a_list_of_runs_that_cannot_be_written_is_a_warning(project):
    project.configure(urd="sqlite:///nowhere/urd.db")
    done = project.run_script("def main(urd):\n    urd.build('number')")

    assert done.returncode == 0
    assert "Warning: the list of runs kim/__auto__/" in done.stderr
    assert "unable to open database file" in done.stderr


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        ("return 3", 3, ""),
        ("return True", 1, ""),
        ("return False", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit('the reason')", 1, "the reason\n"),
        ("job.finish_early({'a': 1})", 0, ""),
    ],
)
def test_exit_codes(project, body, code, error):
    done = project.run_script(f"def main(urd, job):\n    {body}")

    assert (done.returncode, done.stderr) == (code, error)
    assert (project.job("dev-0") / "post.json").exists() == (code == 0)
    assert (project.job("dev-0") / "result.pickle").exists() == ("finish_early" in body)


def test_an_exception_shows_the_users_frames_only(project):
    done = project.run_script(
        """
        def main(urd):
            helper()

        def helper():
            raise RuntimeError("my own fault")
        """
    )

    script = project.directory / "dev" / "build.py"
    assert done.returncode == 1
    shown = [line for line in done.stderr.splitlines() if line.strip(" ~^")]  # newer Pythons underline calls too
    assert shown[:5] == [
        "Traceback (most recent call last):",
        f'  File "{script}", line 3, in main',
        "    helper()",
        f'  File "{script}", line 6, in helper',
        '    raise RuntimeError("my own fault")',
    ]
    assert done.stderr.endswith("RuntimeError: my own fault\n")
    assert not (project.job("dev-0") / "post.json").exists()
    assert "my own fault" in (project.job("dev-0") / "OUTPUT" / "synthesis").read_text()


def test_a_job_that_fails(project):
    done = project.run_script(
        """
        def main(urd):
            urd.build("number")
            deep(urd)
            print("never")

        def deep(urd):
            urd.build("bad")
        """
    )

    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[-2:] == ["dev-2 | about to fail", "   - bad                                 FAIL  dev-2"]
    assert done.stderr == (
        "\nFailed to build jobs:\n"
        "dev-2 (bad):\n"
        "  synthesis:\n"
        "    Traceback (most recent call last):\n"
        f'      File "{project.directory}/dev/a_bad.py", line 6, in synthesis\n'
        '        raise ValueError("no good")\n'
        "    ValueError: no good\n"
        f"Failed to build job dev-2 on {project.directory}/dev/build.py line 8\n"
    )


def test_a_failure_that_the_script_catches_is_reported_all_the_same(project):
    done = project.run_script(
        """
        from accelerator import JobError
        def main(urd):
            try:
                urd.build("bad")
            except JobError as error:
                assert error.job == "dev-1" and "no good" in error.status.synthesis
            urd.build("bad", fine=True)
        """
    )

    assert done.returncode == 0
    assert done.stderr.startswith("\nFailed to build jobs:\ndev-1 (bad):\n")
    assert "Failed to build job dev-1 on" not in done.stderr
    post = json.loads((project.job("dev-0") / "post.json").read_text())
    assert post["subjobs"] == {"dev-2": True}


def test_a_request_that_is_refused(project):
    done = project.run_script("def main(urd):\n    urd.build('number', n='x')")

    assert done.returncode == 1
    first, second = done.stderr.splitlines()[:2]
    assert first == f"Refused on {project.directory}/dev/build.py line 2:"
    assert second.startswith("Submit failed")
    assert "Traceback" not in done.stderr


def test_a_method_that_is_not_there(project):
    done = project.run_script("def main(urd):\n    urd.build('numbr')")

    assert done.returncode == 1
    assert "did you mean 'number'?" in done.stderr
    assert done.stderr.count("File ") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch"], "no build script 'nosuch'"),
        (["-w", "nosuch"], "there is no workdir 'nosuch'"),
        (["--horizon", "soon"], "'soon' is not a timestamp"),
    ],
)
def test_what_is_not_there_is_told_in_a_line(project, arguments, words):
    done = project.run_script("def main(urd): print('never')", *arguments)

    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list((project.directory / "workdirs" / "dev").glob("dev-*")) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import nosuchmodule\ndef main(urd): pass", "ModuleNotFoundError: No module named 'nosuchmodule'"),
        ("def main(urd:\n    pass", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("def other(urd): pass", "has no function main"),
        ("def main(urd, what): pass", "'what' is neither"),
    ],
)
def test_a_script_that_cannot_be_imported(project, source, words):
    done = project.run_script(source)

    assert done.returncode == 1
    assert words in done.stderr
    assert "importlib" not in done.stderr
    assert list((project.directory / "workdirs" / "dev").glob("dev-*")) == []


def test_several_scripts_until_one_does_not_end_well(project):
    project.script("def main(urd):\n    urd.set_workdir('other'); urd.warn('w'); urd.build('number', n=1)", "build_one")
    project.script("def main(urd):\n    assert not urd.joblist_all; urd.build('number', n=2); return 4", "build_two")
    project.script("def main(urd): print('never')", "build_three")
    done = project.run("one", "dev.two", "build_three")

    assert done.returncode == 4
    ran = [line.split(" ")[0] for line in done.stdout.splitlines() if "running" in line]
    assert ran == ["dev.build_one", "dev.build_two"]
    assert "dev.build_one running as job dev-0" in done.stdout
    assert "DONE  other-0" in done.stdout
    assert "DONE  dev-2" in done.stdout
    assert "#### " not in done.stdout.replace("\n", " ").split("dev.build_two")[1]


def test_warnings_are_boxed_at_the_end(project):
    done = project.run_script("def main(urd):\n    urd.warn('look\\tout\\nbelow')\n    urd.warn()\n    print('last')")

    assert done.stdout.splitlines()[1:] == [
        "last",
        "",
        "####################",
        "## look    out    ##".replace("    ##", " ##"),
        "## below       ##",
        "##             ##",
        "####################",
    ] or done.stdout.splitlines()[1:3] == ["last", ""]


def test_flags_workdir_full_path_and_horizon_reach_the_script(project):
    done = project.run_script(
        """
        def main(urd):
            print(sorted(urd.flags), urd.default_workdir, urd.workdir, urd.horizon)
            urd.build("number", n=1)
            urd.build("number", n=2, workdir="dev")
        """,
        "-f", "one,two", "-w", "other", "--full-path", "--horizon", "2014-04-01 12",
    )  # fmt: skip

    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0] == f"dev.build running as job {project.job('other-0')}"
    assert lines[1] == "['one', 'two'] other None 2014-04-01T12"
    assert str(project.job("other-1")) in lines[2]
    assert str(project.job("dev-0")) in lines[3]


def test_no_flags(project):
    done = project.run_script("def main(urd): print(urd.flags, urd.horizon, urd.default_workdir, urd.info)")

    assert "{''} None None" in done.stdout
    assert f"'{project.directory}/results'" in done.stdout


def test_what_jobs_print_is_shown_with_their_name(project):
    source = "def main(urd): urd.build('talk')"
    done = project.run_script(source)

    assert done.stdout.splitlines()[1:-1] == [
        "dev-1 | preparing", "dev-1 | in slice 0", "dev-1 | in slice 1", "dev-1 | line 0", "dev-1 | line 1",
    ]  # fmt: skip
    assert "dev-1 |" not in (project.job("dev-0") / "OUTPUT" / "synthesis").read_text()
    assert "dev-1 |" not in project.run_script("def main(urd): urd.build('talk', lines=3)", "--no-output").stdout


def test_force_build(project):
    source = "def main(urd): urd.build('number')"
    assert project.run_script(source).returncode == 0
    assert "link  dev-1" in project.run_script(source).stdout
    assert "DONE  dev-4" in project.run_script(source, "--flags", "force_build").stdout
    assert "link  dev-4" in project.run_script(source).stdout
    assert "DONE  dev-7" in project.run_script("def main(urd): urd.build('number', force_build=True)").stdout


def test_link_results_are_tagged_with_the_session(project):
    done = project.run_script(
        """
        def main(urd):
            first = urd.build("number")
            first.link_result(linkname="free")
            urd.begin("list", 5)
            urd.build("number", n=2).link_result(linkname="sub/two.pickle")
            urd.finish("list")
        """
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert (project.directory / "results" / "sub" / "two.pickle").resolve() == project.job("dev-2") / "result.pickle"
    _, links = pickle.loads((project.job("dev-0") / "link_result.pickle").read_bytes())
    assert [tag for tag, _ in links] == [None, "kim/list/5"]


def test_a_session_that_is_not_finished_is_told(project):
    done = project.run_script(
        """
        def main(urd):
            urd.begin("list", 5)
            urd.build("number")
        """
    )

    assert done.returncode == 0
    text = " ".join(done.stdout.replace("##", "").split())
    assert "The session kim/list was begun but not finished, so nothing is recorded in that list." in text


def test_interrupted(project, tmp_path):
    """^C ends the session and all that it started, at once."""
    project.script(f"def main(urd): urd.build('gate', directory={str(tmp_path)!r})")
    with project.start(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0) as process:
        for line in process.stdout:
            if "waiting at the gate" in line:
                break
        pids = _descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in error
    assert len(pids) >= 2
    assert not any(_alive(pid) for pid in pids)
    assert not (project.job("dev-1") / "post.json").exists()
    assert not (project.job("dev-0") / "post.json").exists()
    (tmp_path / "open").write_text("")
    again = project.run()
    assert (again.returncode, again.stderr) == (0, "")


def _descendants(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            child = int(path.parent.name)
            found += [child, *_descendants(child)]
    return found


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def test_on_a_terminal_what_runs_is_shown_live(project, tmp_path):
    project.script(f"def main(urd):\n    urd.build('gate', directory={str(tmp_path)!r})\n    print('after')")
    master, slave = pty.openpty()
    with project.start(stdin=slave, stdout=slave, stderr=slave, close_fds=True) as process:
        os.close(slave)
        seen = b""
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:
                break
            if not data:
                break
            seen += data
            if b"dev-1  synthesis" in seen:
                (tmp_path / "open").write_text("")
        process.wait(30)
    os.close(master)

    assert process.returncode == 0, seen.decode()
    assert b"waiting at the gate" in seen
    assert seen.index(b"dev-1  synthesis") < seen.rindex(b"after")
    assert b"\x1b[?25l" in seen, "the cursor is hidden while something is live"
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l"), "and shown again"


def test_the_status_tree_on_a_signal(project, tmp_path):
    project.script(f"def main(urd): urd.build('gate', directory={str(tmp_path)!r})")
    with project.start(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if "waiting at the gate" in line:
                break
        process.send_signal(signal.SIGUSR1)
        tree = []
        for line in process.stderr:
            tree.append(line)
            if "waiting at the gate" in line:
                break
        (tmp_path / "open").write_text("")
        process.communicate(timeout=30)

    assert process.returncode == 0
    assert any("STATUS: " in line and "dev-1 gate" in line for line in tree)
    assert any("TAIL OF OUTPUT:" in line for line in tree)


def test_what_went_wrong_is_kept_in_the_job(project):
    project.run_script("def main(urd):\n    raise KeyError('lost')")
    status = json.loads((project.job("dev-0") / "failed.json").read_text())["status"]
    assert "KeyError: 'lost'" in status["synthesis"]


def test_a_result_that_cannot_be_saved(project):
    done = project.run_script("def main(urd): return lambda: 1")

    assert done.returncode == 1
    assert done.stderr.startswith("The result of the script cannot be saved: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (project.job("dev-0") / "post.json").exists()


def test_two_runs_at_once_build_each_job_once(project, tmp_path):
    project.script(f"def main(urd): urd.build('gate', directory={str(tmp_path)!r}); urd.build('number', n=1)")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with project.start(**pipes) as one, project.start(**pipes) as two:
        while not (tmp_path / "running").exists():
            assert one.poll() is None or two.poll() is None
        (tmp_path / "open").write_text("")
        answers = [process.communicate(timeout=60) for process in (one, two)]

    assert [one.returncode, two.returncode, *(error for _, error in answers)] == [0, 0, "", ""]
    jobs = [setup_of(path)["method"] for path in (project.directory / "workdirs" / "dev").glob("dev-[0-9]*")]
    assert sorted(jobs) == ["dev.build", "dev.build", "gate", "number"]
    assert len(Database(f"sqlite:///{project.directory}/urd.db").entries("kim/__auto__")) == 2


def test_subjobs_have_no_lines_but_their_output_is_shown(project):
    project.method(
        "parent",
        """
        from accelerator import build
        def synthesis():
            print("before")
            build("talk", lines=1)
            print("after")
        """,
    )
    done = project.run_script("def main(urd): urd.build('parent')")

    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in lines if line.startswith("   - ")] == [lines[-1]]
    assert {"dev-1 | before", "dev-1 | after", "dev-2 | line 0"} < set(lines)
    post = json.loads((project.job("dev-0") / "post.json").read_text())
    assert post["subjobs"] == {"dev-1": True}


def test_a_failing_subjob_is_told_once(project):
    project.method("parent", "from accelerator import build\ndef synthesis():\n    build('bad')\n")
    done = project.run_script("def main(urd): urd.build('parent')")

    assert done.returncode == 1
    assert (done.stdout + done.stderr).count("ValueError: no good") == 1
    assert done.stderr.startswith("\nFailed to build jobs:\ndev-1 (parent):\n  synthesis:\n    dev-2 (bad):\n")


def test_a_dataset_of_a_script(project):
    done = project.run_script(
        """
        def main(urd, job):
            writer = job.datasetwriter(columns={"a": "int64"})
            write = writer.get_split_write()
            for number in range(10):
                write(number)
        """
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((project.job("dev-0") / "post.json").read_text())["datasets"] == ["default"]


@pytest.mark.slow
def test_styles_of_progress(project):
    project.method("slow", "import time\noptions = {'n': 0}\ndef synthesis():\n    time.sleep(3.2)\n")
    lines = {
        style: project.run_script(
            f"def main(urd): urd.build('slow', n={number})", "--verbose", style
        ).stdout.splitlines()
        for number, style in enumerate(["no", "status", "dots", "log"])
    }

    made = {style: [line for line in shown if "MAKE" in line] for style, shown in lines.items()}
    assert [len(found) for found in made.values()] == [1, 1, 1, 1]
    assert lines["no"][-1] == made["no"][0]
    for style in ("status", "log"):
        assert re.fullmatch(r" +[0-9.]+ seconds", lines[style][-1])
        assert len(lines[style][-1]) == 79
    assert lines["dots"][-1].startswith("[.")


def test_concurrency_and_temporary_files(project):
    project.method("temporary", "def synthesis(job):\n    job.save(1, 'scratch', temp=True)\n    job.save(2, 'kept')\n")
    done = project.run_script("def main(urd): urd.build('talk'); urd.build('number')", "-c", "talk=1", "-c", "9")
    assert done.returncode == 0
    times = [json.loads((project.job(f"dev-{number}") / "post.json").read_text())["exectime"] for number in (1, 2)]
    assert [time.get("concurrency") for time in times] == [1, 9]

    source = "def main(urd): urd.build('temporary', force_build=True)"
    assert project.run_script(source).returncode == 0
    assert not (project.job("dev-4") / "scratch").exists()
    assert project.run_script(source, "--keep-temp-files").returncode == 0
    assert pickle.loads((project.job("dev-6") / "scratch").read_bytes()) == 1
    assert json.loads((project.job("dev-6") / "post.json").read_text())["files"] == ["kept", "scratch"]


def test_a_script_may_start_processes_that_print(project):
    done = project.run_script(
        """
        import subprocess
        def main(urd):
            subprocess.run(["sh", "-c", "echo from a shell; echo to the error >&2"], check=True)
            urd.build("number")
        """
    )

    assert "from a shell" in done.stdout.splitlines()
    assert done.stderr == "to the error\n"
    kept = (project.job("dev-0") / "OUTPUT" / "synthesis").read_text()
    assert "from a shell\n" in kept
    assert "to the error\n" in kept


def test_who_stops_reading_does_not_stop_the_jobs(project):
    project.script("def main(urd):\n    for n in range(30): urd.build('number', n=n)")
    with project.start(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        error = process.stderr.read()
        process.wait(60)

    assert error == ""
    assert (project.job("dev-0") / "post.json").exists()
    assert len(list((project.directory / "workdirs" / "dev").glob("dev-[0-9]*"))) == 31


def test_keywords_that_the_method_declares_are_the_methods(project):
    project.method(
        "greedy",
        """
        options = {"name": "", "caption": "", "force_build": True, "workdir": "", "why_build": True, "execution": 0}
        jobs = ("concurrency",)
        def synthesis(options, jobs):
            return dict(options), jobs.concurrency
        """,
    )
    done = project.run_script(
        """
        def main(urd):
            one = urd.build("number")
            options = dict(name="n", caption="c", force_build=False, workdir="w", why_build=False, execution=3)
            for build in (urd.build, urd.build_async):
                job = build("greedy", concurrency=one, **options)
                assert (job.method, job.load()) == ("greedy", (options, one)), job.load()
            chained = urd.build("number", name="named", caption="kept", workdir="other", force_build=True)
            assert (chained.method, chained.params.caption, chained.workdir) == ("named", "kept", "other")
        """
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_name_of_build_chained_is_its_own(project):
    project.method(
        "greedy", 'options = {"name": "x"}\njobs = ("previous",)\ndef synthesis(options): return options.name'
    )
    done = project.run_script(
        """
        def main(urd):
            for day in (1, 2):
                urd.begin("list", day)
                urd.latest("list")
                job = urd.build_chained("greedy", name="link", caption="kept")
                assert (job.method, job.load(), job.params.caption) == ("link", "x", "kept")
                assert bool(job.params.jobs.previous) == (day == 2)
                urd.finish("list")
        """
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_what_methods_declare_in_vain_is_told_once(project):
    for name in ("old", "older"):
        project.method(name, 'equivalent_hashes = {"x": "y"}\ndef synthesis(): pass')
    project.method("parent", "from accelerator import build\ndef synthesis(): build('older')")
    project.script("def main(urd):\n    urd.build('old')\n    urd.build('parent')\n    urd.build('old')", "build")
    project.script("def main(urd):\n    urd.build('old')", "build_again")
    done = project.run("build", "again")

    assert done.returncode == 0
    text = " ".join(done.stdout.replace("##", "").split())
    for name in ("old", "older"):
        assert text.count(f"`ax accept {name} -m WHY`") == 1, done.stdout
