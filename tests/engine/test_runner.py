"""What a runner hands on to the processes it forks, and what it keeps from them; and its own end."""

import os
import subprocess
import sys

import pytest

from accelerator.engine.request import BuildCall
from accelerator.error import JobError
from accelerator.job.running import ProcessMark

# The inodes of all files that a process has open, but for where it prints: such a file goes when nothing was printed,
# and the lock of a later job may get its inode.
LOCKS = """
    import os

    def files():
        found = set()
        for number in map(int, os.listdir("/dev/fd")):
            try:
                status = os.fstat(number)
            except OSError:  # that of the directory
                continue
            if number > 2:
                found.add((status.st_dev, status.st_ino))
        return found
"""


def inode(path):
    status = path.stat()
    return status.st_dev, status.st_ino


def locks_of(project) -> dict:
    """The jobs and keys whose lock a file is, by inode."""
    workdir = project.path / "dev-jobs"
    return {
        **{inode(path): path.parent.name for path in workdir.glob("dev-*[0-9]/.lock")},
        **{inode(path): path.read_text().split()[-1] for path in workdir.glob(".keys/*/*")},
    }


def build_at_once(project, method, count) -> list:
    """Build jobs that are all asked for before the first one ends."""
    engine = project.project.engine
    tasks = [engine.submit(BuildCall(method, {"n": n})) for n in range(count)]
    while not all(task.done for task in tasks):
        engine.advance()
    for task in tasks:
        if task.error is not None:
            raise task.error
    return [task.result for task in tasks]


def test_a_job_holds_its_own_locks_and_no_others(project):
    """Neither those of jobs that wait, nor those of jobs that run in other processes of the runner."""
    project.method("locks", LOCKS + "    options = {'n': 0}\n\n    def synthesis():\n        return files()\n")
    jobs = build_at_once(project, "locks", 8)
    locks = locks_of(project)
    for job in jobs:
        assert [locks[file] for file in job.load() if file in locks] == [str(job), str(job)]


def test_a_job_that_starts_as_another_asks_for_a_subjob_holds_no_locks_of_that(make_project):
    """With one core it is forked at the very moment when the runner has been given them."""
    project = make_project(cores=1)
    project.method("leaf", "options = {'n': 0}\n\ndef synthesis(): pass\n")
    project.method(
        "locks",
        LOCKS
        + """
    from accelerator import subjobs
    options = {"n": 0}

    def synthesis(options):
        held = files()
        subjobs.build("leaf", n=options.n)
        return held
""",
    )
    jobs = build_at_once(project, "locks", 4)
    locks = locks_of(project)
    for job in jobs:
        assert [locks[file] for file in job.load() if file in locks] == [str(job), str(job)]


@pytest.mark.parametrize("fork_safe", [True, False])
def test_every_slice_holds_the_locks_of_its_job(project, fork_safe):
    """Wherever it is forked: free means that nothing of the job lives."""
    job = project.run(
        LOCKS
        + f"""
    fork_safe = {fork_safe}

    def prepare():
        pass

    def analysis(sliceno):
        return files()

    def synthesis(analysis_res):
        return list(analysis_res)
"""
    )
    locks = locks_of(project)
    for files in job.load():
        assert [locks[file] for file in files if file in locks] == [str(job), str(job)]


@pytest.mark.skipif(os.getuid() == 0, reason="root may have any number of processes")
def test_slices_that_cannot_be_forked(project):
    with pytest.raises(JobError) as caught:
        project.run(
            """
            import resource

            def prepare():
                resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))

            def analysis(sliceno):
                pass
            """
        )
    assert caught.value.status.analysis.startswith("The system cannot make another process: ")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such a process is not found")
def test_a_killed_runner_leaves_nothing_behind(project):
    """Not even what a job has started in a session of its own, with nobody waiting for it."""
    told = project.path / "daemon"
    project.method(
        "m",
        f"""
        import os, signal, subprocess, time
        from accelerator.job.running import mark_process

        def synthesis():
            daemon = mark_process(subprocess.Popen(["sleep", "1000"], start_new_session=True).pid)
            with open({str(told)!r}, "w") as file:
                file.write(f"{{daemon.pid}} {{daemon.started}}")
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(1000)
        """,
    )
    with pytest.raises(JobError) as caught:
        project.build("m")
    assert "runner process ended unexpectedly" in caught.value.status.launcher
    pid, started = told.read_text().split()
    daemon = ProcessMark(int(pid), started, int(pid))
    while daemon.alive():  # it has been sent the signal
        os.sched_yield()


def test_closing_harms_nobody_who_has_the_number_of_a_job_that_ended(project):
    """A session that has not listened for long knows numbers that the system has given again."""
    project.run("def synthesis():\n    pass\n")
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, process_group=0)
    (runner,) = project.project.engine._runners.clients
    runner.groups["dev-99"] = stranger.pid
    project.close()
    stranger.communicate(b"\n")
    assert stranger.returncode == 0
