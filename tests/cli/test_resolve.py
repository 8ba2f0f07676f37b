"""What specifications mean, on job directories made by hand."""

from pathlib import Path

import pytest

from accelerator.cli.resolve import resolve_dataset, resolve_job
from accelerator.cli.spec import SpecError
from accelerator.dataset import manifest as manifests
from accelerator.dataset.manifest import Manifest, Reference
from accelerator.dataset.names import directory_name
from accelerator.error import NoSuchDatasetError
from accelerator.job.context import context
from accelerator.job.record import Setup
from accelerator.urd.entry import Entry
from accelerator.urd.timestamp import normalise


class World:
    """A project of hand-made jobs; answers what the resolver asks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started: dict[str, list[tuple[float, str]]] = {}
        self.old: set[str] = set()
        self.entries: list[Entry] = []
        self.overridden: list[tuple[str, Path]] = []

    @property
    def workdirs(self):
        return context.workdirs

    def use_workdir(self, name, directory):
        self.overridden.append((name, directory))
        context.register_workdirs({name: directory})

    def methods(self):
        return {"importer", "typer", "unused"}

    def jobs_of(self, method, *, current):
        jobs = sorted(self.started.get(method, []))
        return [job for job in jobs if not (current and job[1] in self.old)]

    def urd_lists(self):
        return sorted({entry.path for entry in self.entries})

    def urd_timestamps(self, path):
        return [entry.timestamp for entry in self.entries if entry.path == path]

    def urd_entry(self, path, timestamp):
        if timestamp not in {"latest", "first"}:
            normalise(timestamp)
        found = {entry.timestamp: entry for entry in self.entries if entry.path == path}
        if timestamp == "latest":
            return found[max(found)] if found else None
        return found.get(timestamp)

    def user(self):
        return "me"

    def job(self, jobid, method="importer", *, finished=True, datasets=None, jobs=None, uid=None):
        directory = self.workdirs[jobid.rpartition("-")[0]] / jobid
        directory.mkdir()
        when = float(sum(map(len, self.started.values())) + 1)
        Setup(
            uid=uid or f"uid of {jobid}",
            jobid=jobid,
            method=method,
            slices=1,
            starttime=when,
            datasets=datasets or {},
            jobs=jobs or {},
        ).save(directory)
        if finished:
            self.started.setdefault(method, []).append((when, jobid))

    def dataset(self, jobid, name="default", *, previous=None, parents=()):
        directory = self.workdirs[jobid.rpartition("-")[0]] / jobid / "DS" / directory_name(name)
        directory.mkdir(parents=True)

        def reference(spec):
            job, _, dataset = spec.partition("/")
            return Reference(job, dataset or "default", f"uid of {job}")

        manifest = Manifest(
            name=name,
            uid=f"uid of {jobid}",
            lines=(0,),
            columns=(),
            previous=reference(previous) if previous else None,
            parents=tuple(map(reference, parents)),
        )
        manifests.save(manifest, directory)

    def entry(self, timestamp, *jobs, build="flights"):
        self.entries.append(Entry("me", build, timestamp, joblist=jobs))


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(context, "workdirs", {})
    context.register_workdirs({"dev": tmp_path / "dev", "my.work": tmp_path / "my.work"})
    for path in context.workdirs.values():
        path.mkdir()
    made = World(tmp_path)
    made.job("dev-0")
    made.dataset("dev-0")
    made.job("dev-1", datasets={"previous": "dev-0"})
    made.dataset("dev-1", previous="dev-0")
    made.dataset("dev-1", "name/with/slash")
    made.job("dev-2", jobs={"previous": "dev-0"}, datasets={"previous": "dev-1"})
    made.dataset("dev-2", previous="dev-1")
    made.job("dev-3", "typer", datasets={"source": "dev-1/name/with/slash", "many": ["dev-0", "dev-1"]})
    made.dataset("dev-3", parents=["dev-2"])
    made.dataset("dev-3", "merged", parents=["dev-2", "dev-1"])
    made.dataset("dev-3", "odd~2")
    made.job("dev-4", "typer", jobs={"both": "dev-0", "none": None}, datasets={"both": "dev-1", "one": ["dev-2"]})
    made.job("dev-5", finished=False)
    made.job("dev-6", "typer", datasets={"source": "dev-77", "previous": "dev-77"})
    made.dataset("dev-6", previous="dev-77", parents=["dev-77"])
    made.job("my.work-7", "typer", datasets={"source": "dev-2"})
    return made


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("dev-3", "dev-3"),
        ("my.work-7", "my.work-7"),
        ("importer", "dev-2"),
        ("importer~", "dev-1"),
        ("importer~2", "dev-0"),
        ("dev-0+2", "dev-2"),
        ("dev-0+~", "dev-0"),
        ("dev-5~", "dev-2"),
        ("typer", "my.work-7"),
        ("dev-2^", "dev-0"),
        ("dev-1^", "dev-0"),
        ("dev-2<", "dev-1"),
        ("dev-1>2", "dev-3"),
        ("my.work-7.source", "dev-2"),
        ("my.work-7.source~.previous", "dev-0"),
        ("dev-3.source", "dev-1"),
        ("dev-4.jobs.both", "dev-0"),
        ("dev-4.datasets.both", "dev-1"),
        ("dev-4.one", "dev-2"),
    ],
)
def test_jobs(world, spec, expected):
    assert resolve_job(spec, world) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("dev-1", "dev-1/default"),
        ("dev-1/name/with/slash", "dev-1/name/with/slash"),
        ("dev-2/default~", "dev-1/default"),
        ("dev-2/default~~", "dev-0/default"),
        ("dev-2~", "dev-1/default"),
        ("dev-3/default^", "dev-2/default"),
        ("dev-3/default^~2", "dev-0/default"),
        ("dev-3/odd~2", "dev-3/odd~2"),
        ("dev-3.source", "dev-1/name/with/slash"),
        ("dev-3.source/default", "dev-1/default"),
        ("dev-4.jobs.both", "dev-0/default"),
        ("dev-2^", "dev-0/default"),
    ],
)
def test_datasets(world, spec, expected):
    found = resolve_dataset(spec, world)

    assert f"{found.job}/{found.name}" == expected


def test_current_leaves_out_old_jobs(world):
    world.old = {"dev-2", "dev-0"}

    assert resolve_job("importer!", world) == "dev-1"
    with pytest.raises(SpecError, match="only 0 earlier current importer jobs available"):
        resolve_job("importer!~", world)


def test_paths(world, monkeypatch):
    path = world.root / "dev" / "dev-1"

    assert resolve_job(str(path), world) == "dev-1"
    assert resolve_job(f"{path}~", world) == "dev-0"
    assert resolve_dataset(f"{path}/name/with/slash", world) == "dev-1/name/with/slash"
    monkeypatch.chdir(path)
    assert resolve_job(".", world) == "dev-1"
    assert resolve_job("./../dev-2", world) == "dev-2"
    assert not world.overridden


def test_a_path_elsewhere_points_the_workdir_there(world):
    other = world.root / "other.place"
    (other / "dev-9").mkdir(parents=True)
    Setup(uid="other", jobid="dev-9", method="x", slices=1).save(other / "dev-9")

    job = resolve_job(str(other / "dev-9"), world)

    assert (job, job.path) == ("dev-9", str(other / "dev-9"))
    assert world.overridden == [("dev", other)]


def test_latest_follows_the_link(world):
    with pytest.raises(SpecError, match="no job has been built in workdir 'dev' yet"):
        resolve_job("dev-LATEST", world)
    (world.root / "dev" / "dev-LATEST").symlink_to("dev-3")

    assert resolve_job("dev-LATEST", world) == "dev-3"
    assert resolve_job("dev-LATEST~0", world) == "dev-3"
    assert resolve_job(str(world.root / "dev" / "dev-LATEST"), world) == "dev-3"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (":flights:", "dev-3"),
        (":flights:0", "dev-1"),
        (":flights:-2", "dev-1"),
        (":flights:import", "dev-1"),
        (":flights/latest~0:import", "dev-1"),
        (":flights/latest^:", "dev-0"),
        (":flights/2013-01-01T03:14~:import", "dev-1"),
        (":me/flights/2013-01-01T03:14:", "dev-0"),
        (":flights:type.source", "dev-1"),
        (":__auto__/2013-01-01T00:00:00.123456:", "dev-2"),
    ],
)
def test_urd(world, spec, expected):
    world.entry("2013-01-01T03:14", ("import", "dev-0", ""))
    world.entry("2014", ("import", "dev-1", ""), ("type", "dev-3", "uid of dev-3"))
    world.entry("2013-01-01T00:00:00.123456", ("x", "dev-2", ""), build="__auto__")

    assert resolve_job(spec, world) == expected


def test_urd_keeps_the_name_and_checks_the_uid(world):
    world.entry("1", ("import", "dev-0", "another uid"), ("second", "dev-1", "uid of dev-1"))

    assert resolve_job(":flights:second", world).method == "second"
    with pytest.raises(SpecError, match="the job dev-0 recorded in me/flights/1 is gone"):
        resolve_job(":flights:0", world)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("dev-99", "there is no job 'dev-99'"),
        ("dev-2>5", "'dev-2>5' means 'dev-7', but that job does not exist"),
        ("dve-1", r"there is no workdir 'dve' \(did you mean 'dev'\?\)"),
        ("zzz-1", r"there is no workdir 'zzz' \(there is dev, my\.work\)"),
        ("improter", r"neither a job nor a method \(did you mean 'importer'\?\)"),
        ("unused", "no known jobs with method unused available"),
        ("dev-2~9", "Tried to go 9 jobs back from dev-2, but only 2 earlier known importer jobs available"),
        ("dev-2+", "Tried to go 1 jobs forward from dev-2, but only 0 later known importer jobs available"),
        ("dev-2<9", "Tried to go 9 job numbers down from dev-2"),
        ("dev-1^5", r"Tried to go 5 back from dev-1, but only 1 available \(stopped on dev-0\)"),
        ("dev-3.sorce", r"dev-3 \(typer\) has no jobs or datasets parameter 'sorce' \(did you mean 'source'\?\)"),
        ("dev-0.x", r"no jobs or datasets parameter 'x' \(it has none\)"),
        ("dev-3.many", "dev-3.datasets.many is a list of 2"),
        ("dev-4.both", r"write \.jobs\.both or \.datasets\.both"),
        ("dev-4.none", "dev-4.jobs.none is None"),
        (":fligths:", r"urd list 'me/fligths' not found \(did you mean 'me/flights'\?\)"),
        (":flights/2:", "has no '2'"),
        (":flights:improt", r"'improt' not found in me/flights/1 \(did you mean 'import'\?\)"),
        (":flights:5", r"'5' not found in me/flights/1 \(1 jobs: import\)"),
        (":other/flights:", r"means 'flights' in urd list 'me/other': 'flights' is not a timestamp.*user/list/latest"),
        ("dev", "'dev' is a workdir: its jobs are called dev-12, the newest dev-LATEST"),
        ("dev.build", "^'dev.build': 'dev' is a workdir"),
        ("nonsense", "^'nonsense' is neither a job nor a method$"),
        ("dev-6.source", "'dev-6.source' means 'dev-77': no such job: dev-77"),
        ("dev-6^", r"'dev-6\^' means 'dev-77': no such job: dev-77"),
        (":flights~:", "me/flights/1 has no 1 later entries"),
    ],
)
def test_mistakes_say_what_was_not_found(world, spec, message):
    world.entry("1", ("import", "dev-0", ""))

    with pytest.raises(SpecError, match=message):
        resolve_job(spec, world)


def test_dataset_mistakes(world):
    with pytest.raises(NoSuchDatasetError, match="dev-0/nope"):
        resolve_dataset("dev-0/nope", world)
    with pytest.raises(SpecError, match="Tried to go 3 back from dev-1/default, but only 1 available"):
        resolve_dataset("dev-1/default~3", world)
    with pytest.raises(SpecError, match=r"'dev-6\.source' means 'dev-77': no such job"):
        resolve_dataset("dev-6.source", world)
    with pytest.raises(SpecError, match="The dataset before dev-6/default is gone: no such job: dev-77"):
        resolve_dataset("dev-6/default~", world)
    with pytest.raises(SpecError, match="The parent of dev-6/default is gone: no such job: dev-77"):
        resolve_dataset("dev-6/default^", world)
    with pytest.raises(SpecError, match="several parents: dev-2/default, dev-1/default"):
        resolve_dataset("dev-3/merged^", world)


def test_a_name_that_urd_knows(world):
    world.entry("2024-01-01", ("typed", "dev-1", ""), build="__auto__")
    world.entry("2024-01-01", ("importer", "dev-0", ""), build="months")
    with pytest.raises(SpecError, match=r"neither a job nor a method \(the urd list is ':months:'\)$"):
        resolve_job("months", world)
    with pytest.raises(SpecError, match=r"\(what the latest run calls so is ':__auto__:typed'\)$"):
        resolve_job("typed", world)
    assert resolve_job(":__auto__:typed", world) == resolve_job(":__auto__:", world) == "dev-1"
