"""A process dies at any of the file operations of a run: what is on disk stays right, and the next run completes.

The operations are found by looking at an undisturbed run. Of each kind (process, call, sort of path) at least one is
tried, but for the session's fsyncs: a process killed there leaves what one leaves that is killed at the call after it.
With ACCELERATOR_NIGHTLY=1 in the environment every single operation is tried.
"""

import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from faults import NIGHTLY, Call, Faults, build_library
from invariants import check_jobs, contents, identity, nothing_is_left_over
from powercut import Disk

from accelerator.job.context import context
from accelerator.job.record import Setup
from accelerator.urd.database import Database

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="preloads a library, and finds processes through /proc"),
    pytest.mark.timeout(7200 if NIGHTLY else 300),
]

METHODS = {
    "rows": """
        def prepare(job):
            print("prepared")
            return job.datasetwriter(columns={"value": "int64", "text": "unicode"})

        def analysis(sliceno, prepare_res, job):
            for number in range(50):
                prepare_res.write(str(number), sliceno * 100 + number)
            job.save(sliceno, "number", sliceno=sliceno)
            print("slice", sliceno)
            return sliceno

        def synthesis(analysis_res, job):
            job.json_save([1, 2], "numbers.json")
            job.save("nothing", "scratch.pickle", temp=True)
            return sum(analysis_res)
    """,
    "square": """
        import os
        options = {"n": 0}

        def synthesis(options, job):
            os.makedirs("deep/er")
            with job.open("deep/er/setup.json", "w") as file:
                file.write("mine")
            return options.n ** 2
    """,
    "total": """
        from accelerator import subjobs
        datasets = ("source",)

        def analysis(sliceno, datasets):
            return sum(datasets.source.iterate(sliceno, "value"))

        def synthesis(analysis_res):
            return [analysis_res.merge_auto(), subjobs.build("square", n=7).load()]
    """,
}

SCRIPT = """
    import json
    from accelerator.error import JobError

    def main(urd):
        while True:
            urd.begin("list", "2020-01-01")
            try:
                rows = urd.build("rows")
                total = urd.build("total", source=rows)
                break
            except JobError:
                if "patient" not in urd.flags:
                    raise
                urd.abort()
        urd.finish("list")
        total.link_result("result.pickle", "total.pickle")
        print("RESULT", json.dumps(total.load()))
"""

RESULT = [sum(range(50)) + sum(range(100, 150)), 49]
METHODS_BUILT = ["rows", "total"]


@pytest.fixture(scope="session")
def faults_library(tmp_path_factory):
    return build_library(tmp_path_factory.mktemp("faults"))


@dataclass
class Lab:
    """Makes projects that are all alike, each in a directory of its own."""

    directory: Path
    library: Path
    make_project: type
    expected: dict[str, dict] = field(default_factory=dict)
    made: int = 0

    def faults(self) -> Faults:
        self.made += 1
        project = self.make_project(self.directory / f"prójekt {self.made}", 2)
        for name, source in METHODS.items():
            project.write(f"dev/a_{name}.py", source)
        project.write("dev/build.py", SCRIPT)
        return Faults(self.library, project)

    def is_right(self, faults: Faults) -> dict[str, str]:
        """Look at what there is after a death; returns the uid of each job."""
        workdir = faults.project.workdir
        return check_jobs(workdir, self.expected) if workdir.exists() else {}

    def completes(self, faults: Faults) -> None:
        """Run once more, undisturbed, and look at everything."""
        before = self.is_right(faults)
        highest = max((int(jobid.removeprefix("dev-")) for jobid in before), default=-1)
        faults.arm()
        self.has_result(faults.project.ax("run").stdout)
        faults.nobody_is_left()
        after = self.is_right(faults)
        # No number twice: what was there is what it was, and what is new is newer.
        assert before.items() <= after.items()
        assert all(int(jobid.removeprefix("dev-")) > highest for jobid in after.keys() - before.keys())
        nothing_is_left_over(faults.project.workdir)
        self.urd_is_right(faults.project)
        assert [path.name for path in (faults.project.path / "results").iterdir()] == ["total.pickle"]

    def has_result(self, out: str) -> None:
        line = next(line for line in out.splitlines() if line.startswith("RESULT"))
        assert json.loads(line.removeprefix("RESULT")) == RESULT

    def urd_is_right(self, project) -> None:
        database = Database(f"sqlite:///{project.path / 'urd.db'}")
        assert database.since("tester/list", 0) == ["2020-01-01"]
        entry = database.get("tester/list", "2020-01-01")
        assert [job[0] for job in entry.joblist] == METHODS_BUILT
        assert all((project.workdir / job[1] / "post.json").exists() for job in entry.joblist)
        linked = project.path / "results" / "total.pickle"
        assert linked.resolve() == project.workdir / entry.joblist[-1][1] / "result.pickle"


@pytest.fixture
def lab(tmp_path, faults_library, ax_project_at, undisturbed):
    return Lab(tmp_path, faults_library, ax_project_at, undisturbed.expected)


@dataclass
class Undisturbed:
    """A run in which nobody dies."""

    calls: list[Call]
    expected: dict[str, dict]
    workdir: Path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, faults_library, ax_project_at):
    lab = Lab(tmp_path_factory.mktemp("undisturbed"), faults_library, ax_project_at)
    faults = lab.faults()
    project = faults.project
    faults.arm(trace=True)
    lab.has_result(project.ax("run").stdout)
    context.register_workdirs({"dev": project.workdir})
    directories = [project.workdir / jobid for jobid in project.finished()]
    expected = {identity(Setup.load(d)): contents(d) for d in directories if not Setup.load(d).is_build}
    assert len(expected) == len(directories) - 1 == 3
    return Undisturbed(faults.calls(), expected, project.workdir)


@dataclass(frozen=True)
class Death:
    """The ``count``-th call of a kind, which is call number ``position`` of a run."""

    kind: tuple[str, str, str]
    count: int
    position: int

    @property
    def rule(self) -> str:
        role, name, pattern = self.kind
        return f"{role} {name} {self.count} {pattern}"


def deaths(calls: list[Call], roles: set[str]) -> tuple[list[Death], list[Death]]:
    """Return the calls to die at, in the order of the run: the first of each kind, and the others."""
    seen: Counter[tuple[str, str, str]] = Counter()
    first, later = [], []
    for position, call in enumerate(calls):
        if call.role in roles:
            seen[call.kind] += 1
            (first if seen[call.kind] == 1 else later).append(Death(call.kind, seen[call.kind], position))
    return first, later


def sample(later: list[Death], size: int) -> list[Death]:
    return later if NIGHTLY else random.Random(4).sample([death for death in later if is_steady(death)], size)


def is_steady(death: Death) -> bool:
    """Tell whether each run makes this call as often: not if it depends on the time that things take.

    That is the case for the status, for the pieces in which the session gets what its script prints, and for signals
    that wake a process, which may come as one.
    """
    pieces = death.kind[:2] == ("session", "write") and "OUTPUT" in death.rule
    return not (pieces or any(path in death.rule for path in (".status", "pipe:", "socket:")))


def test_sees_every_operation(undisturbed):
    """What the others rely on: all four processes, all sorts of calls, and all bytes of all files of jobs."""
    by_role = {role: {call.name for call in undisturbed.calls if call.role == role} for role in ROLES}
    assert by_role["session"] >= {"create", "write", "fsync", "mkdir", "rename", "symlink", "unlink"}
    assert by_role["job"] >= {"create", "write", "fsync", "mkdir", "rename", "symlink", "unlink", "rmdir", "fork"}
    assert by_role["slice"] >= {"create", "write", "mkdir", "rename", "unlink"}
    assert by_role["runner"] >= {"fork", "reap"}


ROLES = ("session", "runner", "job", "slice")
PARTS = 4
SUCCESSIVE = 6


@pytest.mark.parametrize("part", range(PARTS))
def test_session_dies(lab, undisturbed, part):
    """The session dies at an operation, then the one that follows it at a later one, …, the last is left alone."""
    todo = [death for death in deaths(undisturbed.calls, {"session"})[0] if NIGHTLY or death.kind[1] != "fsync"]
    projects = -(-len(todo) // SUCCESSIVE)
    for start in range(part, projects, PARTS):
        faults = lab.faults()
        for death in todo[start::projects]:
            if dies(faults, death):
                lab.is_right(faults)
            else:
                # The session before had done this work already. Then alone:
                one_dies(lab, death)
        lab.completes(faults)


@pytest.mark.parametrize("part", range(PARTS))
def test_runner_job_and_slice_die(lab, undisturbed, part):
    """One process after the other dies in one session, which tries again each time."""
    todo = deaths(undisturbed.calls, {"runner", "job", "slice"})[0][part::PARTS]
    faults = lab.faults()
    faults.arm([death.rule for death in todo])
    run = faults.project.ax("run", "--flags", "patient")
    lab.has_result(run.stdout)
    faults.nobody_is_left()
    assert sorted(call.kind for call in faults.deaths()) == sorted(death.kind for death in todo)
    lab.completes(faults)


@pytest.mark.parametrize("part", range(PARTS))
def test_any_dies(lab, undisturbed, part):
    """A process of any role dies in the midst of calls of one kind."""
    for death in sample(deaths(undisturbed.calls, set(ROLES))[1], PARTS)[part::PARTS]:
        one_dies(lab, death)


def one_dies(lab: Lab, death: Death) -> None:
    """Let one process die, in a project of its own."""
    faults = lab.faults()
    assert dies(faults, death) or not is_steady(death), death
    lab.completes(faults)


def dies(faults: Faults, death: Death) -> bool:
    """Run, and tell whether the death came."""
    faults.arm([death.rule])
    run = faults.project.ax("run", code=None)
    faults.nobody_is_left()
    died = bool(faults.deaths())
    if died and death.kind[0] == "session":
        assert run.returncode == -9, (death, run)
    elif not died:
        assert run.returncode == 0, (death, run)
    return died


def test_order_of_fsyncs(undisturbed):
    """A power cut at any moment: a job is born whole, and it is finished with all it has."""
    disk = Disk()
    born = 0

    def what_is_finished_stays() -> bool:
        return not [path for job in disk.finished for path in disk.may_lose(job)]

    for call in undisturbed.calls:
        if call.name == "rename" and call.kind[2] == "workdirs/dev/dev-*":
            born += 1
            assert disk.may_lose(call.path) == [call.path]
        elif call.name == "rename" and call.kind[2] == "workdirs/dev/dev-*/post.json":
            directory, name = call.path.rsplit("/", 1)
            # The name of the record that is about to get its final name may be lost: then the job is unfinished.
            assert disk.may_lose(directory) == [f"{directory}/{name}"]
            assert disk.is_safe("workdirs/dev/.slices")
            assert what_is_finished_stays()
        elif call.path == "urd.db":
            assert what_is_finished_stays()
        disk.apply(call)
    assert born == len(disk.finished) == 4
    assert what_is_finished_stays()


def test_number_of_a_deleted_job_stays_given(lab):
    """What tells that a number was given is either the job's directory or ``.last``, whenever the power is cut."""
    faults = lab.faults()
    faults.arm(trace=True)
    faults.project.ax("run")
    calls = faults.calls()
    faults.arm(trace=True)
    faults.project.ax("rm", "--force", "dev-3")
    disk = Disk()
    deleted = 0
    for call in calls + faults.calls():
        if call.path == "workdirs/dev/dev-3" and call.name == "rename":
            deleted += 1
            assert disk.is_safe("workdirs/dev/.last")
        disk.apply(call)
    assert deleted == 1


def test_every_file_of_a_job_was_seen(undisturbed):
    """The test above is about nothing that escaped our eyes."""
    made = {call.other or call.path for call in undisturbed.calls if call.name in {"create", "rename", "mkdir"}}
    workdir = undisturbed.workdir
    for directory in (workdir / jobid for jobid in ("dev-0", "dev-1", "dev-2", "dev-3")):
        born_with = {directory / name for name in ("setup.json", "method.tar.gz", ".lock")}
        for path in set(directory.rglob("*")) - born_with:
            assert str(path.relative_to(workdir.parent.parent)) in made
