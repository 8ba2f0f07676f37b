"""Project: the handle for notebooks and programs."""

import os

import pytest

import accelerator
from accelerator import NoSuchDatasetError, NoSuchJobError, Project, UserError
from accelerator.job.context import context

CONFIGURATION = """\
slices = 2
methods = ["dev"]
[workdirs]
project_test = "jobs"
"""


@pytest.fixture
def directory(tmp_path):
    before = dict(context.workdirs), context.slices, context.input_directory, context.result_directory
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "__init__.py").touch()
    (tmp_path / "dev" / "a_one.py").write_text("options = {'x': 1}\ndef synthesis(options): return options.x\n")
    (tmp_path / "dev" / "a_data.py").write_text(
        "def synthesis(job): job.datasetwriter(name='named', columns={'a': 'int64'}).get_split_write()(7)\n"
    )
    (tmp_path / "accelerator.toml").write_text(CONFIGURATION)
    yield tmp_path
    context.workdirs, context.slices, context.input_directory, context.result_directory = before


def test_opened_from_below_by_directory_or_by_file(directory, monkeypatch):
    monkeypatch.chdir(directory / "dev")
    for path in (None, directory, directory / "dev", str(directory), directory / "accelerator.toml"):
        with Project.open(path) as project:
            assert project.config.project_directory == directory
    with pytest.raises(UserError):
        Project.open(directory / "nowhere")


def test_a_path_is_not_a_configuration(directory):
    with pytest.raises(TypeError, match=r"opened with Project\.open\("):
        Project(str(directory))


def test_build_and_find_again(directory):
    with Project.open(directory) as project:
        job = project.build("one", x=5, name="first")
        assert (job, job.method, job.load()) == ("project_test-0", "first", 5)
        found = [project.job(spec) for spec in (job, "one", "project_test-LATEST", job.path)]
        assert found == [job] * 4


def test_datasets(directory):
    with Project.open(directory) as project:
        job = project.build("data")
        assert list(project.dataset(f"{job}/named").iterate(None, "a")) == [7]
        with pytest.raises(NoSuchDatasetError):
            project.dataset(job)


@pytest.mark.parametrize("spec", ["project_test-7", "elsewhere-1", "nothing", "project_test-LATEST", "/tmp", "one"])
def test_what_does_not_exist(directory, spec):
    with Project.open(directory) as project, pytest.raises(NoSuchJobError):
        project.job(spec)


def test_changed_sources_are_seen_by_the_next_build(directory):
    with Project.open(directory) as project:
        first = project.build("one")
        (directory / "dev" / "a_one.py").write_text("def synthesis(): return 'changed'")
        (directory / "dev" / "a_new.py").write_text("def synthesis(): return 'new'")
        assert [project.build(method).load() for method in ("one", "new")] == ["changed", "new"]
        assert first.load() == 1


def test_urd(directory):
    with Project.open(directory) as project:
        assert project.urd.lists() == []
    (directory / "accelerator.toml").write_text('urd = ""\n' + CONFIGURATION)
    with Project.open(directory) as project:
        assert project.urd is None


def test_closing_ends_the_runner(directory):
    project = Project.open(directory)
    project.build("one")
    (runner,) = project.engine._runners.clients
    project.close()
    project.close()
    with pytest.raises(ProcessLookupError):
        os.kill(runner.process.pid, 0)


def test_it_is_exported():
    assert accelerator.Project is Project
