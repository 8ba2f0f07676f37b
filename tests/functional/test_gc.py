"""``ax gc --unreferenced`` as a process: what goes, what stays, and why."""

import json
import os

import pytest

# Each test starts processes.
pytestmark = pytest.mark.slow

METHOD = """\
    options = {"n": 0}
    datasets = ("source",)
    jobs = ("other",)


    def synthesis(job, options, datasets, jobs):
        if jobs.other:
            jobs.other.link_to_here("note.txt")
        with job.open("own.txt" if jobs.other else "note.txt", "w") as file:
            file.write("a note")
        if not datasets.source:
            writer = job.datasetwriter(columns={"x": "int64"})
        else:
            writer = job.datasetwriter(columns={"y": "int64"}, parent=datasets.source)
        writer.get_split_write()(options.n)
"""


@pytest.fixture
def project(ax_project):
    made = ax_project()
    made.write("dev/a_noted.py", METHOD)
    return made


def run(project, body):
    project.write("dev/build.py", "def main(urd):\n    " + body.replace("\n", "\n    ") + "\n")
    project.ax("run")


def doomed(project, *arguments):
    return json.loads(project.ax("gc", "-n", "--json", "--unreferenced", *arguments).stdout)


def test_what_stays(project):
    # dev-1 is needed as parent and dev-2 through a link, by dev-3, which is in a list.
    run(
        project,
        'one = urd.build("noted", n=1)\ntwo = urd.build("noted", n=2)\nurd.begin("list", 1)\n'
        'urd.build("noted", source=one, other=two, n=3)\nurd.finish("list")',
    )
    run(project, 'urd.build("noted", n=5).link_result("note.txt")')  # dev-4, dev-5: there is a link to dev-5
    run(project, 'urd.build("noted", n=7)')  # dev-6, dev-7

    assert doomed(project) == []
    assert doomed(project, "--keep-auto", "1") == ["dev-4"]
    assert doomed(project, "--keep-auto", "0") == ["dev-4", "dev-6", "dev-7"]
    assert doomed(project, "--keep-auto", "0", "--older-than", "1h") == []
    assert doomed(project, "--keep-auto", "0", "--keep-size", "1G") == []
    assert project.ax("gc", "--unreferenced", "--keep-auto", "0", "--yes").stdout.endswith("Deleted 3 jobs.\n")
    assert project.jobs() == ["dev-0", "dev-1", "dev-2", "dev-3", "dev-5"]
    # What is left is complete.
    assert project.ax("cat", "dev-3").returncode == 0


def test_size_and_age_keep_what_the_kept_ones_need(project):
    run(project, 'urd.begin("list", 1)\nurd.build("noted")\nurd.finish("list")')  # dev-0, dev-1
    run(project, 'one = urd.build("noted", n=1)\nurd.build("noted", source=one, n=3)')  # dev-2: dev-3, dev-4
    for jobid, age in (("dev-2", 9), ("dev-3", 9), ("dev-4", 1)):
        path = project.workdir / jobid / "post.json"
        post = json.loads(path.read_text())
        path.write_text(json.dumps({**post, "endtime": post["endtime"] - age * 86_400}))

    assert doomed(project, "--keep-auto", "0") == ["dev-2", "dev-3", "dev-4"]
    assert doomed(project, "--keep-auto", "0", "--older-than", "8d") == ["dev-2"]
    two = sum(size(project.workdir / jobid) for jobid in ("dev-3", "dev-4"))
    assert doomed(project, "--keep-auto", "0", "--keep-size", str(two)) == ["dev-2"]
    assert doomed(project, "--keep-auto", "0", "--keep-size", str(two - 1)) == ["dev-2", "dev-3", "dev-4"]


def size(directory):
    return sum(os.lstat(path).st_blocks * 512 for path in directory.rglob("*"))


def test_damage_stops_it(project):
    run(project, 'urd.begin("list", 1)\nurd.build("noted")\nurd.finish("list")')
    next((project.workdir / "dev-1" / "DS").glob("*/dataset.json")).write_text("{")

    assert "dev-1 is damaged, so it is not known what it needs" in project.ax("gc", "--unreferenced", code=1).stderr


def test_without_an_urd_nothing_is_known(project):
    assert "urd has no entry" in project.ax("gc", "--unreferenced", code=1).stderr


def test_usage(project):
    assert "need --unreferenced" in project.ax("gc", "--keep-size", "1G", code=2).stderr
    assert "is not a time" in project.ax("gc", "--unreferenced", "--older-than", "1y", code=2).stderr
    assert "is not a size" in project.ax("gc", "--unreferenced", "--keep-size", "big", code=2).stderr


def test_an_entry_stays_when_its_script_fails_later(ax_project):
    """What a session has finished counts; the entry says that its script has not come to a good end, or is gone."""
    project = ax_project()
    config = (project.path / "accelerator.toml").read_text()
    project.write("accelerator.toml", f'urd = "sqlite:///urd.db"\n{config}')
    project.write("dev/a_one.py", "def synthesis():\n    return 1\n")
    project.write(
        "dev/build.py",
        """
        def main(urd):
            urd.begin("list", "2020-01-01")
            urd.build("one")
            urd.finish("list")
            raise ValueError("too late")
        """,
    )
    project.ax("run", code=1)

    assert "build job: dev-0 (did not finish)\n" in project.ax("urd", "list").stdout
    assert project.ax("job", ":list:").stdout.startswith("dev-1 ")

    project.ax("gc", "--yes")

    assert "build job: dev-0 (deleted)\n" in project.ax("urd", "list").stdout
    assert project.finished() == ["dev-1"]
