"""``ax accept`` as a process: jobs made before a harmless change are found, others are not."""

import json
import tomllib

import pytest

# Each test starts processes.
pytestmark = pytest.mark.slow

METHOD = """\
    options = {"first": 1}


    def synthesis(options):
        return options.first + %s
"""
CHANGED = """\
    options = {"first": 1, "last": 9}


    def synthesis(options):
        return %s + options.first
"""


@pytest.fixture
def project(ax_project):
    made = ax_project()
    made.write("dev/a_adding.py", METHOD % 1)
    made.write("dev/build.py", 'def main(urd):\n    urd.build("adding")\n')
    made.ax("run")  # dev-0, dev-1
    return made


def test_the_jobs_of_the_newest_source_stay_valid(project):
    project.write("dev/a_adding.py", CHANGED % 1)
    assert "Job is not current" in project.ax("job", "dev-1").stdout

    out = project.ax("accept", "adding", "-m", "the order\nof a sum").stdout

    assert out == "1 job of adding stays valid, as stated in accelerator.accepted.toml.\n"
    (entry,) = tomllib.loads((project.path / "accelerator.accepted.toml").read_text())["accepted"]
    assert (entry["method"], entry["why"], entry["user"]) == ("adding", "the order\nof a sum", "tester")
    assert "Job is not current" not in project.ax("job", "dev-1").stdout
    project.ax("run")
    assert project.jobs() == ["dev-0", "dev-1", "dev-2"]  # the script only


def test_an_older_source_can_be_named(project):
    project.write("dev/a_adding.py", METHOD % 2)
    project.ax("run")  # dev-2, dev-3
    project.write("dev/a_adding.py", CHANGED % 1)
    project.ax("accept", "adding", "--job", "dev-1", "-m", "as in the beginning")

    project.ax("run")

    assert project.jobs()[-1] == "dev-4"  # the script only
    assert project.ax("job", "-P", "adding!").stdout == f"{project.workdir / 'dev-1'}\n"


def test_all_sources(project):
    project.write("dev/a_adding.py", METHOD % 2)
    project.ax("run")
    project.write("dev/a_adding.py", CHANGED % 2)

    assert project.ax("accept", "adding", "--all", "-m", "why not").stdout.startswith("2 jobs of adding stay valid")
    assert project.ax("accept", "adding", "--all", "-m", "again").stdout.startswith("Nothing to accept: dev-3 is valid")
    assert json.loads(project.ax("accept", "adding", "--all", "-m", "again", "--json").stdout) == {
        "method": "adding",
        "jobs": [],
        "file": None,
    }


def test_for_programs(project):
    project.write("dev/a_adding.py", CHANGED % 2)

    assert json.loads(project.ax("accept", "adding", "-m", "the order", "--json").stdout) == {
        "method": "adding",
        "jobs": ["dev-1"],
        "file": "accelerator.accepted.toml",
    }


def test_mistakes(project):
    assert "(did you mean 'adding'?)" in project.ax("accept", "ading", "-m", "x", code=1).stderr
    assert "Missing option '-m'" in project.ax("accept", "adding", code=2).stderr
    assert "say why" in project.ax("accept", "adding", "-m", " ", code=2).stderr
    assert "dev-0 is a job of dev.build, not of adding" in (
        project.ax("accept", "adding", "--job", "dev-0", "-m", "x", code=1).stderr
    )
    assert "no finished job of csvimport" in project.ax("accept", "csvimport", "-m", "x", code=1).stderr
    nothing = project.ax("accept", "adding", "-m", "x").stdout
    assert nothing == "Nothing to accept: dev-1 is valid with the present source (--job and --all accept older ones).\n"
    assert not (project.path / "accelerator.accepted.toml").exists()
