"""Every way in which a method can fail, and what the caller gets to see (spec jobs.md §5.7)."""

import json
import os
import signal
import time

import pytest

from accelerator.error import BuildError, JobError, ServerError


def failure(project, code: str, /, **kw) -> JobError:
    project.method("m", code)
    with pytest.raises(JobError) as caught:
        project.build("m", **kw)
    error = caught.value
    directory = project.path / "dev-jobs" / error.job
    assert not (directory / "post.json").exists()
    assert json.loads((directory / "failed.json").read_text())["status"] == dict(error.status)
    assert not (project.path / "dev-jobs" / ".running" / error.job).exists()
    assert not (directory / ".status").exists()
    assert error.method == "m"
    assert error.args == (error.job, "m", error.status)
    return error


def normalised(text: str, project) -> str:
    """Without what differs between Pythons and machines."""
    lines = [line for line in text.split("\n") if set(line.strip()) - set("^~")]
    return "\n".join(lines).replace(str(project.path), "PROJECT")


def test_exception_in_synthesis(project):
    error = failure(project, "def synthesis():\n    inner()\n\ndef inner():\n    1 / 0\n")
    assert str(error) == f"Failed to build {error.job} (m)"
    assert normalised(error.format_msg(), project) == (
        f"{error.job} (m):\n"
        "  synthesis:\n"
        "    Traceback (most recent call last):\n"
        '      File "PROJECT/dev/a_m.py", line 2, in synthesis\n'
        "        inner()\n"
        '      File "PROJECT/dev/a_m.py", line 5, in inner\n'
        "        1 / 0\n"
        "    ZeroDivisionError: division by zero"
    )
    assert error.status.synthesis in error.job.output("synthesis")


def test_exception_in_prepare(project):
    error = failure(project, "def prepare(): 1 / 0\ndef synthesis(): pass")
    assert list(error.status) == ["prepare"]


@pytest.mark.parametrize("what", ["1 / 0", "sys.exit(0)", "sys.exit('words')", "raise KeyboardInterrupt"])
def test_exception_in_a_slice(project, what):
    error = failure(project, f"import sys\ndef analysis(sliceno):\n    if sliceno == 1:\n        {what}\n")
    assert list(error.status) == ["analysis(1)"]
    assert "a_m.py" in error.status["analysis(1)"]
    assert error.job.output(1).strip() == error.status["analysis(1)"]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("os._exit(7)", "analysis-1 terminated with exitcode 7"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "analysis-1 terminated with exitcode -15"),
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            "analysis-1 terminated with exitcode -9 (SIGKILL, ",
        ),
        ("os._exit(0)", "not all slices returned"),
    ],
)
def test_slice_that_dies(project, how, said):
    """It is noticed at once, though the other slices would take long and hold the pipes open."""
    source = (
        f"import os, signal, time\ndef analysis(sliceno):\n    if sliceno == 1:\n        {how}\n    time.sleep(60)\n"
    )
    start = time.monotonic()
    error = failure(project, source, concurrency=None)
    assert list(error.status) == ["analysis"]
    assert said in error.status.analysis
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("phase", ["prepare", "synthesis"])
@pytest.mark.parametrize("how", ["sys.exit(1)", "raise KeyboardInterrupt", "os._exit(0)", "os.kill(0, 9)"])
def test_job_that_is_killed(project, phase, how):
    error = failure(project, f"import os, sys\ndef {phase}(): {how}")
    assert list(error.status) == ["launcher"]
    assert "probably killed" in error.status.launcher
    if how in {"sys.exit(1)", "raise KeyboardInterrupt"}:
        assert how in error.status.launcher, "the line where it ended"
        assert how in error.job.output()


def test_result_that_cannot_be_pickled(project):
    error = failure(project, "def synthesis(): return lambda: 1")
    assert list(error.status) == ["synthesis"]
    assert "pickle" in error.status.synthesis


def test_slice_result_that_cannot_be_pickled(project):
    error = failure(project, "def analysis(sliceno): return lambda: 1\ndef synthesis(analysis_res): pass")
    assert next(iter(error.status)).startswith("analysis(")
    assert "saving the result of analysis" in error.format_msg()


def test_slice_result_that_nobody_wants_need_not_be_pickled(project):
    project.run("def analysis(sliceno): return lambda: 1\ndef synthesis(): return 1")


def test_status_when_the_exception_occurred(project):
    error = failure(
        project,
        """
from accelerator import status

def synthesis():
    with status("outer"):
        with status("finished before"):
            pass
        with status("inner"):
            raise ValueError("wrong")
""",
    )
    assert error.status.synthesis.endswith(
        "Status when the exception occurred:\n  synthesis\n    outer\n      inner\nValueError: wrong"
    )


def test_iteration_position_in_the_report(project):
    source = project.run(
        "def synthesis(job):\n"
        "    w = job.datasetwriter(columns={'a': 'int64'}).get_split_write()\n"
        "    for i in range(300): w(i)"
    )
    error = failure(
        project,
        "datasets = ('source',)\ndef analysis(sliceno, datasets):\n"
        "    for n, a in enumerate(datasets.source.iterate(sliceno, 'a'), 1):\n"
        "        if n == 84: raise ValueError\n",
        source=source,
    )
    (text,) = error.status.values()
    assert "reached line 84" in text


def test_failing_subjob(project):
    project.method("child", "def analysis(sliceno):\n    if sliceno == 2: 1 / 0\n")
    error = failure(
        project,
        "from accelerator import subjobs, status\n"
        "def synthesis():\n"
        "    with status('my status text'):\n"
        "        subjobs.build('child')\n",
    )
    child = f"dev-{error.job.number + 1}"
    assert normalised(error.format_msg(), project) == (
        f"{error.job} (m):\n"
        "  synthesis:\n"
        f"    {child} (child):\n"
        "      analysis(2):\n"
        "        Traceback (most recent call last):\n"
        '          File "PROJECT/dev/a_child.py", line 2, in analysis\n'
        "            if sliceno == 2: 1 / 0\n"
        "        ZeroDivisionError: division by zero\n"
        "    Traceback (most recent call last):\n"
        '      File "PROJECT/dev/a_m.py", line 4, in synthesis\n'
        "        subjobs.build('child')\n"
        "    Status when the exception occurred:\n"
        "      synthesis\n"
        "        my status text\n"
        f"    accelerator.error.JobError: Failed to build {child} (child)"
    )
    assert "Failed to build jobs:" in error.job.output()


def test_unknown_dataset(project):
    source = project.run("def synthesis(): return 1")
    error = failure(project, "datasets = ('source',)\ndef synthesis(): pass", source=source)
    assert list(error.status) == ["server"]
    assert source in error.status.server


def test_malformed_job_id(project):
    error = failure(project, "jobs = ('previous',)\ndef synthesis(): pass", previous="no job at all")
    assert list(error.status) == ["server"]


def test_missing_job_is_not_checked(project):
    job = project.run("jobs = ('previous',)\ndef synthesis(jobs): return str(jobs.previous)", previous="dev-1234")
    assert job.load() == "dev-1234"


def test_syntax_error_fails_only_who_asks(project):
    project.method("broken", "def synthesis(:\n")
    project.method("fine", "def synthesis(): return 1")
    with pytest.raises(ServerError) as caught:
        project.build("broken")
    assert "a_broken.py" in str(caught.value)
    assert "SyntaxError" in str(caught.value)
    assert "accelerator/engine" not in str(caught.value)
    assert project.build("fine").load() == 1


def test_import_that_exits_the_process(project):
    project.method("fatal", "import os\nos._exit(3)")
    project.method("fine", "def synthesis(): return 1")
    with pytest.raises(ServerError, match="Submit failed"):
        project.build("fatal")
    assert project.build("fine").load() == 1


def test_wrong_option(project):
    with pytest.raises(ServerError, match=r"^Submit failed"):
        project.run("options = {'x': 1}\ndef synthesis(): pass", x="text")
    assert not list((project.path / "dev-jobs").glob("dev-*"))


def test_unknown_method(project):
    project.method("hello", "")
    with pytest.raises(BuildError, match="did you mean 'hello'"):
        project.build("helo")


def test_unknown_workdir(project):
    with pytest.raises(ServerError, match="known: dev, other"):
        project.run("", workdir="nowhere")


def test_input_file_that_changes_while_the_job_runs(project):
    project.file("data.txt", "before")
    error = failure(
        project,
        "from accelerator import OptionFile\noptions = {'file': OptionFile()}\n"
        f"def synthesis(): open({str(project.path / 'data.txt')!r}, 'w').write('after')\n",
        file="data.txt",
    )
    assert "data.txt changed" in error.status.server


def test_timeout_and_retries(project):
    source = """
import os, time
def synthesis(job):
    if job.number < 2:
        time.sleep(60)
    return job.number
"""
    job = project.run(source, execution={"timeout": 0.3, "retries": 3})
    assert job.load() == 2
    assert [kind for kind, _ in project.kinds()] == ["started", "failed", "started", "failed", "started", "done"]
    with pytest.raises(JobError) as caught:
        project.run(source.replace("< 2", "< 99"), execution={"timeout": 0.3})
    assert "timeout of 0.3 seconds" in caught.value.status.launcher


def test_runner_that_is_killed(project):
    project.method(
        "killer", "import os, signal\ndef synthesis():\n    os.kill(os.getppid(), signal.SIGKILL)\n    signal.pause()"
    )
    project.method("fine", "import os\ndef synthesis(): return os.getpid()")
    with pytest.raises(JobError) as caught:
        project.build("killer")
    assert "runner" in caught.value.status.launcher
    assert project.build("fine").load()
    assert not list((project.path / "dev-jobs" / ".running").iterdir())


def test_caught_failure_of_a_subjob(project):
    project.method("child", "def synthesis(): 1 / 0")
    job = project.run(
        """
        from accelerator import JobError, subjobs

        def synthesis():
            try:
                subjobs.build("child")
            except JobError as error:
                return error.method, list(error.status)
        """
    )
    assert job.load() == ("child", ["synthesis"])
    assert job.post.subjobs == {}


def test_user_process_that_ignores_signals_goes_with_its_job(project):
    error = failure(
        project,
        """
import os, signal, subprocess

def synthesis(job):
    child = subprocess.Popen(["sh", "-c", "trap '' TERM INT HUP; sleep 1000"])
    with job.open("pid", "wt") as file:
        file.write(str(child.pid))
    os._exit(1)
""",
    )
    pid = int((project.path / "dev-jobs" / error.job / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_process_in_a_session_of_its_own_goes_with_its_job_while_others_run(project):
    """A slice leaves one, and synthesis another; the next job looks for them while it runs in the same runner."""
    daemon = project.file(
        "daemon.py",
        """
        import os, time
        if os.fork():
            os._exit(0)
        os.setsid()
        print(os.getpid(), flush=True)
        time.sleep(999)
        """,
    )
    project.method(
        "leaves",
        """
        import subprocess, sys
        options = {"daemon": ""}

        def leave(options):
            with subprocess.Popen([sys.executable, options.daemon], stdout=subprocess.PIPE, text=True) as first:
                return int(first.stdout.readline())

        def analysis(sliceno, options):
            return leave(options) if sliceno == 0 else None

        def synthesis(analysis_res, options):
            return [next(analysis_res), leave(options)]
        """,
    )
    job = project.run(
        """
        import os
        from accelerator import subjobs
        options = {"daemon": ""}

        def lives(pid):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return False
            return True

        def synthesis():
            pids = subjobs.build("leaves", daemon=options.daemon).load()
            return pids, [pid for pid in pids if lives(pid)]
        """,
        daemon=str(daemon),
    )
    pids, alive = job.load()
    assert len(set(pids)) == 2
    assert alive == []


def test_of_two_slices_that_fail_only_the_one_that_is_told_about_reports(project, capfd):
    error = failure(
        project,
        """
        import os, time

        def analysis(sliceno):
            print("slice", sliceno)
            raise ValueError(f"from {sliceno}")
        """,
    )
    (component,) = error.status
    told = int(component.removeprefix("analysis(").removesuffix(")"))
    reports = {part: text for part, text in error.job.output("parts").items() if "ValueError" in text}
    assert reports == {told: f"slice {told}\n{error.status[component]}\n"}
