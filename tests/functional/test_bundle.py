"""``ax bundle`` as a process: what goes into a bundle, and what another project makes of it."""

import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from accelerator.cli.bundle import with_workdirs

AX = Path(sys.executable).parent / "ax"

# Each test starts processes.
pytestmark = pytest.mark.slow

METHODS = {
    "numbers": """
        options = {"n": 0}
        datasets = ("previous",)

        def synthesis(job, options, datasets):
            with job.open("note with ü.txt", "w") as file:
                file.write("a note")
            writer = job.datasetwriter(columns={"x": "int64"}, previous=datasets.previous)
            writer.get_split_write()(options.n)
    """,
    "more": """
        from accelerator import subjobs
        datasets = ("source",)

        def synthesis(job, datasets):
            subjobs.build("numbers", n=99).link_to_here("note with ü.txt")
            writer = job.datasetwriter(columns={"y": "int64"}, parent=datasets.source)
            writer.get_split_write()(7)
            return sorted(datasets.source.iterate_chain(None, "x"))
    """,
}
BUILD = """
    def main(urd):
        urd.begin("list", 1)
        first = urd.build("numbers", n=1)
        second = urd.build("numbers", n=2, previous=first)
        job = urd.build("more", source=second)
        assert job.load() == [1, 2]
        assert sorted(job.dataset().iterate(None, ("x", "y"))) == [(2, 7)]
        assert job.open("note with ü.txt").read() == "a note"
        urd.finish("list")
"""
CONFIGURATION = """\
slices = 3
methods = ["dev"]
[workdirs]
{name} = "workdirs/{name}"  # ours

[execution]
cores = 2
"""


def make(factory, path, name):
    project = factory(path)
    project.write("accelerator.toml", CONFIGURATION.format(name=name))
    for method, source in METHODS.items():
        project.write(f"dev/a_{method}.py", source)
    project.write("dev/build.py", BUILD)
    return project


@pytest.fixture(scope="module")
def one(ax_project_at, tmp_path_factory):
    """A project that has built."""
    project = make(ax_project_at, tmp_path_factory.mktemp("bundles") / "one", "one")
    project.ax("run")
    return project


@pytest.fixture(scope="module")
def bundle(one):
    """A bundle of all its jobs, and what was said when it was made."""
    file = one.path / "bündle.tar"
    return file, json.loads(one.ax("bundle", "one-3", "-o", str(file), "--json").stdout)


@pytest.fixture
def two(ax_project_at, tmp_path):
    """Another project with the same methods."""
    return make(ax_project_at, tmp_path / "two", "two")


def test_another_project_finds_what_it_gets(bundle, two):
    file, packed = bundle
    assert packed["jobs"] == ["one-1", "one-2", "one-4", "one-3", "one-0"]
    assert packed["urd"] == 1

    taken = json.loads(two.ax("bundle", "--import", str(file), "--json").stdout)
    assert (taken["imported"], taken["present"], taken["urd"]) == (packed["jobs"], [], 1)
    assert taken["workdirs"] == {"one": "workdirs/one"}
    expected = CONFIGURATION.format(name="two").replace("# ours\n", '# ours\none = "workdirs/one"\n')
    assert (two.path / "accelerator.toml").read_text() == expected
    note = two.path / "workdirs/one/one-3/note with ü.txt"
    assert note.readlink() == two.path / "workdirs/one/one-4/note with ü.txt"
    assert note.read_text() == "a note"
    assert int((two.path / "workdirs/one/.last").read_text()) == 4
    assert "one-3" in two.ax("urd", "list").stdout

    ran = two.ax("run")
    assert [line.split()[2:4] for line in ran.stdout.splitlines() if line.startswith("   - ")] == [
        ["link", "one-1"], ["link", "one-2"], ["link", "one-3"],
    ]  # fmt: skip

    again = json.loads(two.ax("bundle", "--import", str(file), "--json").stdout)
    assert (again["imported"], sorted(again["present"]), again["urd"]) == ([], sorted(packed["jobs"]), 0)


def test_through_a_pipe(one, two):
    with one.start("bundle", ":list:", "-o", "-") as packing:
        importing = subprocess.run(
            [AX, "bundle", "--import", "-"], cwd=two.path, env=two.environment(), stdin=packing.stdout, check=False
        )
        assert "Packed 5 jobs" in packing.communicate()[1]
    assert (packing.returncode, importing.returncode) == (0, 0)
    assert two.path.joinpath("workdirs/one/one-3/post.json").exists()


def test_jobs_copied_by_hand_are_found(one, two):
    shutil.copytree(one.path / "workdirs/one", two.path / "workdirs/one", symlinks=True)
    two.write("accelerator.toml", CONFIGURATION.format(name="two").replace("# ours\n", '\none = "workdirs/one"\n'))
    assert two.ax("run").stdout.count(" link ") == 3


def changed(bundle: Path, copy: Path, change) -> Path:
    """A bundle with its members changed by a function from name and data to a list of members."""
    with tarfile.open(bundle) as source, tarfile.open(copy, "w") as out:
        for member in source:
            data = source.extractfile(member).read() if member.isreg() else b""
            for info, content in change(member, data):
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
    return copy


def one_bit(member, data):
    return [(member, data[:-1] + bytes([data[-1] ^ 1]) if member.name.endswith(".parquet") else data)]


def with_extra(name, kind=tarfile.REGTYPE, link=""):
    def change(member, data):
        extra = tarfile.TarInfo(name)
        extra.type, extra.linkname = kind, link
        return [(extra, b""), (member, data)] if member.name == "digests.json" else [(member, data)]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (one_bit, "parquet is not what was packed"),
        (lambda member, data: [] if member.name == "digests.json" else [(member, data)], "cut off"),
        (lambda member, data: [] if member.name.endswith("post.json") else [(member, data)], "is not what was packed"),
        (with_extra("jobs/one-3/../../../evil"), "cannot be in one"),
        (with_extra("/tmp/evil"), "cannot be in one"),
        (with_extra("jobs/one-3/evil", tarfile.SYMTYPE, "/etc/passwd"), "cannot be in one"),
        (with_extra("jobs/one-3/evil", tarfile.SYMTYPE, "one-3/../../x"), "cannot be in one"),
        (with_extra("jobs/one-3/evil", tarfile.CHRTYPE), "cannot be in one"),
        (with_extra("jobs/one-3/setup.json"), "cannot be in one"),
        (with_extra("jobs/one-3/setup.json/x"), "cannot be in one"),
        (with_extra("jobs/one-3/more"), "is not what was packed"),
    ],
)
def test_what_is_not_as_it_was_packed_is_not_taken(bundle, two, tmp_path, change, message):
    before = {path for path in two.path.rglob("*") if not path.is_dir()}
    done = two.ax("bundle", "--import", str(changed(bundle[0], tmp_path / "changed.tar", change)), code=1)
    assert message in done.stderr
    assert {path for path in two.path.rglob("*") if not path.is_dir()} == before


def test_other_jobs_with_the_same_numbers(bundle, ax_project_at, tmp_path):
    project = make(ax_project_at, tmp_path / "another one", "one")
    project.write("dev/build.py", "def main(urd): pass\n")
    project.ax("run")
    taken = project.ax("bundle", "--import", str(bundle[0]))
    assert "the build script one-0 was left out" in taken.stderr
    assert "Imported 4 jobs" in taken.stdout

    project = make(ax_project_at, tmp_path / "a third one", "one")
    project.write("dev/build.py", "def main(urd): urd.build('numbers', n=5)\n")
    project.ax("run")
    assert "other jobs called one-1" in project.ax("bundle", "--import", str(bundle[0]), code=1).stderr


def test_mistakes(one, two, tmp_path):
    (tmp_path / "there.tar").write_text("x")
    (tmp_path / "other.tar").write_bytes(b"\0" * 10240)
    for arguments, message in [
        (("one-1", "-o", str(tmp_path / "there.tar")), "exists"),
        (("one-77", "-o", str(tmp_path / "x.tar")), "one-77"),
        (("--import", str(tmp_path / "nothing.tar")), "No such file"),
        (("--import", str(tmp_path / "there.tar")), "not a bundle"),
        (("--import", str(tmp_path / "other.tar")), "not a bundle"),
    ]:
        assert message in one.ax("bundle", *arguments, code=1).stderr
    assert not (tmp_path / "x.tar").exists()
    for arguments in [("one-1",), (), ("one-1", "--import", "x"), ("--import", "x", "-o", "y")]:
        two.ax("bundle", *arguments, code=2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[workdirs]\na = "x"', '[workdirs]\na = "x"\n"b.c" = "y"\n'),
        ("[workdirs] # c\n\n[urd]\n", '[workdirs] # c\n"b.c" = "y"\n\n[urd]\n'),
        ('workdirs = {a = "x"}', None),
        ("", None),
        ('text = """\n[workdirs]\n"""\n', None),
    ],
)
def test_a_configuration_gets_another_workdir(text, expected):
    assert with_workdirs(text, {"b.c": "y"}) == expected
