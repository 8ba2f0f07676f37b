"""Methods under other interpreters, also when jobs build them."""

import os
import signal
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

import pytest

from accelerator.engine.interpreters import Python, wanted_interpreter
from accelerator.error import BuildError, JobError
from accelerator.job.running import RunningMarker

WHERE = """
    {line}
    import sys
    options = {{"n": 0}}
    def synthesis():
        return sys.prefix
"""
UNDER = """
    from accelerator import subjobs
    def synthesis():
        return [subjobs.build(name, n=1).load() for name in ("here", "there")]
"""


@pytest.fixture
def other_python(project, tmp_path):
    """The directory of another Python that finds the same packages, known as "other" to the project."""
    directory = tmp_path / "other-python"
    venv.create(directory, symlinks=True)
    command = [directory / "bin" / "python", "-c", "import site; print(site.getsitepackages()[0])"]
    packages = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    # Packages that are installed for work on them are found by code in .pth files.
    lines = [f"import site; site.addsitedir({path!r})" for path in sys.path if path.endswith("-packages")]
    lines += [path for path in sys.path if Path(path).is_dir()]
    (Path(packages) / "same.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (project.path / "accelerator.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[interpreters]\nother = "{directory}/bin/python"\n')
    return str(directory)


def test_jobs_and_subjobs_run_under_the_interpreter_that_they_ask_for(project, other_python):
    project.method("here", WHERE.format(line=""))
    project.method("there", WHERE.format(line='interpreter = "other"'))
    project.method("under", UNDER)
    project.method("there_under", 'interpreter = "other"\n' + UNDER.replace("\n    ", "\n"))

    assert project.build("under").load() == [sys.prefix, other_python]
    assert project.build("there_under", force_build=True).load() == [sys.prefix, other_python]
    assert project.build("there", n=2).load() == other_python
    assert project.build("here", n=2).load() == sys.prefix


def test_a_job_that_comes_from_another_interpreter_builds_under_the_sessions(project, other_python):
    """It is not its own Python that runs methods which ask for none."""
    project.method("here", WHERE.format(line=""))
    project.method("there", WHERE.format(line='interpreter = "other"'))
    project.method("there_under", 'interpreter = "other"\n' + UNDER.replace("\n    ", "\n"))

    assert project.build("there_under").load() == [sys.prefix, other_python]


RUNNER = """
    {line}
    import os
    from accelerator import subjobs
    options = {{"deeper": [str]}}
    def synthesis(options):
        runners = [os.getppid()]
        if options.deeper:
            runners += subjobs.build(options.deeper[0], deeper=options.deeper[1:]).load()
        return runners
"""


@pytest.fixture
def one_core(project):
    """The project has one core only."""
    path = project.path / "accelerator.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("cores = 2", "cores = 1"), encoding="utf-8")


@pytest.mark.usefixtures("other_python", "one_core")
def test_there_is_one_runner_of_each_interpreter(project):
    """Each job leaves its core to the one that it waits for."""
    project.method("here", RUNNER.format(line=""))
    project.method("there", RUNNER.format(line='interpreter = "other"'))

    here, there, *again = project.build("here", deeper=["there", "here", "there"]).load()
    assert again == [here, there]
    assert here != there
    assert project.build("there", deeper=["here"], force_build=True).load() == [there, here]
    assert [event.parent for event in project.events if event.kind == "started" and event.jobid == "dev-3"] == ["dev-2"]


ALONE = """
    {line}
    import fcntl
    options = {{"n": 0}}
    def alone(path):
        with open(path, "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return sum(range(300_000))
    def analysis(sliceno, job):
        alone(job.input_filename("lock"))
    def synthesis(job):
        alone(job.input_filename("lock"))
"""


@pytest.mark.usefixtures("other_python", "one_core")
def test_runners_share_the_cores(project):
    """With one core no two processes compute at once, whoever forked them."""
    assert project.project.config.execution.cores == 1
    project.method("here", ALONE.format(line=""))
    project.method("there", ALONE.format(line='interpreter = "other"'))
    pending = [project.project.build_async(name, n=n) for n in range(4) for name in ("here", "there")]
    assert len({str(job.job) for job in pending}) == 8


SLEEPER = """
    interpreter = "other"
    import time
    def synthesis():
        time.sleep(600)
"""
WAITS = """
    from accelerator import subjobs, JobError
    options = {"tries": False}
    def synthesis(options):
        try:
            subjobs.build("sleeper")
        except JobError as error:
            if not options.tries:
                raise
            return error.status.launcher
"""


def when_it_runs(project, method: str, act) -> threading.Thread:
    """Act, in a thread, on the marker of a method's job, as soon as it has one."""

    def look() -> None:
        while True:
            for path in (project.path / "dev-jobs" / ".running").glob("*"):
                try:
                    marker = RunningMarker.load(path)
                except FileNotFoundError:
                    continue
                if marker.method == method and marker.job is not None:
                    act(marker)
                    return
            time.sleep(0.01)

    thread = threading.Thread(target=look)
    thread.start()
    return thread


@pytest.mark.usefixtures("other_python")
def test_a_subjob_under_another_interpreter_ends_with_its_parent(project):
    project.method("sleeper", SLEEPER)
    project.method("waits", WAITS)
    seen = []

    def kill_parent(sleeper: RunningMarker) -> None:
        seen.append(sleeper)
        marker = RunningMarker.load(project.path / "dev-jobs" / ".running" / "dev-0")
        os.kill(marker.job.pid, signal.SIGKILL)

    thread = when_it_runs(project, "sleeper", kill_parent)
    with pytest.raises(JobError) as caught:
        project.build("waits")
    thread.join()
    assert "SIGKILL" in caught.value.status.launcher
    while seen[0].job.alive():
        time.sleep(0.01)


def test_the_runner_of_another_interpreter_dies(project, other_python):
    """Its subjob fails, and the next one gets a new runner."""
    project.method("sleeper", SLEEPER)
    project.method("waits", WAITS)
    project.method("there", WHERE.format(line='interpreter = "other"'))
    thread = when_it_runs(project, "sleeper", lambda sleeper: os.kill(sleeper.runner.pid, signal.SIGKILL))
    assert "runner process ended unexpectedly" in project.build("waits", tries=True).load()
    thread.join()
    assert project.build("there").load() == other_python


def test_an_interpreter_that_does_not_start_is_told_to_the_job(project, tmp_path):
    program = tmp_path / "no-program"
    program.write_bytes(b"ELF")
    program.chmod(0o755)
    with (project.path / "accelerator.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[interpreters]\nother = "{program}"\n')
    project.method("sleeper", SLEEPER)
    project.method("waits", WAITS)
    with pytest.raises(JobError, match="waits") as caught:
        project.build("waits")
    assert f"cannot start the interpreter {program}" in caught.value.status.synthesis


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (b"import os\n", None),
        (b'interpreter = "other"\n', "other"),
        (b"options = {}\ninterpreter: str = 'x y'\n", "x y"),
        (b' interpreter = "indented"\n', None),
    ],
)
def test_what_a_method_asks_for(source, name):
    assert wanted_interpreter(source) == name


def test_names_of_the_sessions_own(project):
    config = project.project.config
    python = Python("/p/python", "3.12.1")
    for name in (None, "DEFAULT", "3", "3.12", "3.12.1"):
        assert python.path_for(config, name) == "/p/python"
    with pytest.raises(BuildError, match=r"no interpreter '3\.13'.*known: none"):
        python.path_for(config, "3.13")
