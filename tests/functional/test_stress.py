"""Many sessions build overlapping sets of jobs in one workdir while processes die at random: each job is built once."""

import json
import random
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from faults import NIGHTLY, Faults, build_library
from invariants import check_jobs, nothing_is_left_over

from accelerator.urd.database import Database

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="preloads a library, and finds processes through /proc"),
    pytest.mark.timeout(3600 if NIGHTLY else 300),
]

SESSIONS = 8
# Each number has a leaf and a pair, every second one a twig.
NUMBERS = 80 if NIGHTLY else 16
JOBS = NUMBERS * 5 // 2
DEATHS = 150 if NIGHTLY else 20
# Calls for each death, about: so that all come before the last job is built.
CALLS = 200

METHODS = {
    "leaf": """
        options = {"n": 0}

        def prepare(job):
            return job.datasetwriter(columns={"value": "int64"})

        def analysis(sliceno, prepare_res, options):
            for i in range(5):
                prepare_res.write(options.n * 100 + sliceno * 10 + i)

        def synthesis(options):
            print("leaf", options.n)
            return options.n
    """,
    "twig": """
        options = {"n": 0}

        def synthesis(options):
            return options.n ** 2
    """,
    "pair": """
        from accelerator import subjobs
        options = {"n": 0}
        datasets = ("left", "right")

        def analysis(sliceno, datasets):
            return sum(datasets.left.iterate(sliceno, "value")) + sum(datasets.right.iterate(sliceno, "value"))

        def synthesis(options, analysis_res):
            return [analysis_res.merge_auto(), subjobs.build("twig", n=options.n // 2).load()]
    """,
}

SCRIPT = """
    import json

    def main(urd):
        urd.begin("own{session}", "2020-01-01")
        results = {{}}
        for n in {numbers}:
            left = urd.build("leaf", n=n)
            right = urd.build("leaf", n=(n + 1) % {all})
            results[n] = urd.build("pair", n=n, left=left, right=right).load()
        urd.finish("own{session}")
        urd.begin("shared", "2020-01-{session:02d}")
        urd.build("leaf", n=0)
        urd.finish("shared")
        print("RESULT", json.dumps(results))
"""


def values(n: int) -> list[int]:
    return [n * 100 + sliceno * 10 + i for sliceno in range(2) for i in range(5)]


def pair(n: int) -> list[int]:
    return [sum(values(n)) + sum(values((n + 1) % NUMBERS)), (n // 2) ** 2]


def expected() -> Iterator[tuple[str, dict]]:
    """What each job holds when it is finished."""

    def job(result, **datasets) -> dict:
        return {"files": {"result.pickle": result}, "datasets": datasets}

    for n in range(NUMBERS):
        options = json.dumps({"n": n})
        yield f"leaf {options}", job(n, default=([5, 5], [(value,) for value in values(n)]))
        yield f"pair {options}", job(pair(n))
        yield f"twig {options}", job(n**2)


def test_sessions_side_by_side_with_deaths(ax_project, tmp_path):
    project = ax_project(2)
    for name, source in METHODS.items():
        project.write(f"dev/a_{name}.py", source)
    chance = random.Random(8)
    numbers = {}
    for session in range(1, SESSIONS + 1):
        first = session * NUMBERS // SESSIONS
        # Half of all, in an order of its own: each job is wanted by several.
        numbers[session] = [(first + i) % NUMBERS for i in range(NUMBERS // 2)]
        chance.shuffle(numbers[session])
        text = SCRIPT.format(session=session, numbers=numbers[session], all=NUMBERS)
        project.write(f"dev/build_number{session}.py", text)
    faults = Faults(build_library(tmp_path), project)
    faults.arm(chance=CALLS, deaths=DEATHS, seed=chance.randrange(1 << 30))

    def until_it_completes(session: int) -> list[tuple[int, str]]:
        """Run the script of a session again and again; returns how each run ended."""
        ends = []
        while not ends or ends[-1][0] != 0:
            process = project.start("run", f"number{session}")
            out, err = process.communicate()
            ends.append((process.returncode, out + err))
            if len(ends) > DEATHS:
                pytest.fail(f"more runs failed than processes died\n{err}")
        return ends

    with ThreadPoolExecutor(SESSIONS) as pool:
        ends = dict(zip(numbers, pool.map(until_it_completes, numbers), strict=True))

    faults.nobody_is_left()
    assert len(faults.deaths()) == DEATHS
    # A death fails the session that it belongs to, and no other.
    failures = [end for runs in ends.values() for end in runs[:-1]]
    odd = [(code, text) for code, text in failures if code != -9 and not is_death(code, text)]
    assert not odd, "\n".join(text for _, text in odd)
    assert len(failures) <= DEATHS, "\n".join(text[-500:] for _, text in failures)
    for session, runs in ends.items():
        assert result(runs[-1][1]) == {str(n): pair(n) for n in numbers[session]}

    everything_is_right(project, faults)


def is_death(code: int, text: str) -> bool:
    """Tell whether a session that failed said that a process of its own was killed."""
    return code == 1 and ("killed" in text or "SIGKILL" in text)


def result(text: str) -> dict:
    line = next(line for line in text.splitlines() if line.startswith("RESULT"))
    return json.loads(line.removeprefix("RESULT"))


def everything_is_right(project, faults: Faults) -> None:
    """Every job is there once and right, the lists name them, and a run finds them all and has nothing to do."""
    before = check_jobs(project.workdir, dict(expected()))
    faults.arm()
    again = project.ax("run", *(f"number{session}" for session in range(1, SESSIONS + 1))).stdout
    faults.nobody_is_left()
    assert " DONE " not in again
    after = check_jobs(project.workdir, dict(expected()))
    assert before.items() <= after.items()
    assert len(after) == len(before) + SESSIONS
    builds = [jobid for jobid in project.finished() if json.loads(post(project, jobid))["is_build"]]
    assert len(project.finished()) - len(builds) == JOBS
    nothing_is_left_over(project.workdir)
    lists_are_right(project)
    for name in (".accelerator/index.sqlite", "urd.db"):
        database = sqlite3.connect(project.path / name)
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()


def post(project, jobid: str) -> str:
    return (project.workdir / jobid / "post.json").read_text()


def lists_are_right(project) -> None:
    """Each session has added its entries once, and all that they name exists."""
    urd = Database(f"sqlite:///{project.path / 'urd.db'}")
    assert urd.since("tester/shared", 0) == [f"2020-01-{session:02d}" for session in range(1, SESSIONS + 1)]
    added = [json.loads(line)["build"] for line in urd.export_lines()]
    assert len([name for name in added if name != "__auto__"]) == 2 * SESSIONS
    for session in range(1, SESSIONS + 1):
        assert urd.since(f"tester/own{session}", 0) == ["2020-01-01"]
        joblist = urd.get(f"tester/own{session}", "2020-01-01").joblist
        assert [item[0] for item in joblist] == ["leaf", "leaf", "pair"] * (NUMBERS // 2)
        assert all(json.loads(post(project, item[1]))["method"] == item[0] for item in joblist)
