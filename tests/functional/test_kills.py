"""SIGKILL at random moments, to every kind of process.

Nobody is left, nothing half done counts, and the next run mends it.
"""

import contextlib
import json
import os
import pickle
import random
import signal
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc"),
]

METHODS = {
    "rows": """
        import time
        options = {"n": 0}

        def prepare(job, options):
            return job.datasetwriter(columns={"value": "int64"})

        def analysis(sliceno, prepare_res, options):
            for i in range(50):
                prepare_res.write(options.n * 1000 + sliceno * 100 + i)
            time.sleep(0.03)
    """,
    "square": """
        import subprocess
        options = {"n": 0}

        def synthesis(options):
            subprocess.run(["sleep", "0.03"], check=True)
            return options.n ** 2
    """,
    "total": """
        import time
        from accelerator import subjobs
        options = {"n": 0}
        datasets = ("source",)

        def prepare(job, options):
            time.sleep(0.01)
            return job.json_save([options.n], "numbers.json")

        def analysis(sliceno, datasets):
            time.sleep(0.02)
            return sum(datasets.source.iterate(sliceno, "value"))

        def synthesis(options, analysis_res, prepare_res):
            square = subjobs.build("square", n=options.n)
            return [analysis_res.merge_auto(), prepare_res.load(), square.load()]
    """,
}

SCRIPT = """
    import json

    def main(urd):
        n, = (int(flag[1:]) for flag in urd.flags if flag.startswith("n"))
        rows = urd.build("rows", n=n)
        total = urd.build("total", source=rows, n=n)
        print("RESULT", json.dumps([rows.dataset().lines, total.load()]))
"""


def expected(n: int) -> list:
    total = sum(n * 1000 + sliceno * 100 + i for sliceno in range(3) for i in range(50))
    return [[50, 50, 50], [total, [n], n * n]]


def processes_in(directory: Path) -> list[int]:
    """Every process that works somewhere below a directory; zombies, which work nowhere, are left out.

    Not by a variable that they inherited: a process that has set its title does not show its environment any more.
    """
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError):
                if (process / "cwd").readlink().is_relative_to(directory):
                    found.append(int(process.name))
    return found


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_runner(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"accelerator.engine.runner" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def is_standby(pid: int) -> bool:
    """Whether it is a process that has been forked ahead of the order that makes it a job."""
    with contextlib.suppress(OSError):
        return b"accelerator: next job" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def find_target(kind: str, session: int) -> int | None:
    """The pid of a process of this kind below the session, if there is one now."""
    if kind == "session":
        return session
    generation = [child for child in children(session) if is_runner(child)]
    if kind == "runner":
        return next(iter(generation), None)
    below = [child for runner in generation for child in children(runner)]
    if kind == "standby":
        return next(filter(is_standby, below), None)
    jobs = [child for child in below if not is_standby(child)]
    if kind == "slice":
        jobs = [child for job in jobs for child in children(job)]
    return next(iter(jobs), None)


def wait_until(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


@pytest.mark.parametrize("kind", ["session", "runner", "job", "slice", "standby"])
def test_killed_at_random_moments(ax_project, kind):
    ax_project = ax_project()
    for name, source in METHODS.items():
        ax_project.write(f"dev/a_{name}.py", source)
    ax_project.write("dev/build.py", SCRIPT)
    chance = random.Random(f"kill {kind}")
    kills = 0
    for n in range(1, 40):
        process = ax_project.start("run", "-f", f"n{n}")
        seen: list[int] = []

        def appeared(process=process, seen=seen) -> bool:
            target = find_target(kind, process.pid)
            seen[:] = [] if target is None else [target]
            return bool(seen) or process.poll() is not None

        assert wait_until(appeared, 60)
        # Not to wait for anything: to come at any moment of its life.
        time.sleep(chance.uniform(0, 0.9 if kind == "session" else 0.25 if kind == "runner" else 0.04))
        if seen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(seen[0], signal.SIGKILL)
                kills += 1
        out, err = process.communicate(timeout=60)
        assert wait_until(lambda: not processes_in(ax_project.path), 5), (
            f"{kind} killed, left behind: {processes_in(ax_project.path)}\n{out}\n{err}"
        )
        finished_jobs_are_whole(ax_project.workdir)

        mended = ax_project.ax("run", "-f", f"n{n}")
        line = next(line for line in mended.stdout.splitlines() if line.startswith("RESULT"))
        assert json.loads(line.removeprefix("RESULT")) == expected(n)
        assert not list((ax_project.workdir / ".running").iterdir())
        if kills >= 13:
            return
    pytest.fail(f"only {kills} processes were met alive")


def finished_jobs_are_whole(workdir: Path) -> None:
    """Whatever says that it is finished has the result that it must have."""
    for post in workdir.glob("dev-*/post.json"):
        job = post.parent
        setup, record = json.loads((job / "setup.json").read_text()), json.loads(post.read_text())
        assert all((job / name).is_file() for name in record["files"])
        if setup["is_build"]:
            continue
        n = setup["options"]["n"]
        if setup["method"] == "rows":
            manifest = json.loads((job / "DS" / "default" / "dataset.json").read_text())
            assert record["datasets"] == ["default"]
            assert manifest["lines"] == expected(n)[0]
        else:
            result = pickle.loads((job / "result.pickle").read_bytes())
            assert result == (n * n if setup["method"] == "square" else expected(n)[1])
