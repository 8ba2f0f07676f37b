"""accelerator.testing: what users test their methods with."""

import pytest

from accelerator import JobError, ServerError
from accelerator.job.context import context
from accelerator.standard_methods import __name__ as standard_methods
from accelerator.testing import TemporaryProject, run_method

SUM = """
    options = {"n": 1}

    def analysis(sliceno, options):
        return options.n

    def synthesis(analysis_res):
        return analysis_res.merge_auto()
"""


def test_a_method_from_text():
    assert run_method(SUM, n=2).load() == 6
    assert run_method(SUM, {"n": 2}, slices=2).load() == 4


def test_a_method_from_a_file(tmp_path):
    path = tmp_path / "a_in_file.py"
    path.write_text("def synthesis(): return 'here'")
    for method in (path, str(path)):
        job = run_method(method)
        assert (job.method, job.load()) == ("in_file", "here")


def test_jobs_of_one_call_can_be_given_to_the_next():
    first = run_method("def synthesis(): return 1")
    assert (
        run_method("jobs = ('previous',)\ndef synthesis(jobs): return jobs.previous.load() + 1", previous=first).load()
        == 2
    )


def test_what_else_the_process_does_with_projects_does_not_matter(monkeypatch):
    assert run_method("def synthesis(): return 1").load() == 1
    with TemporaryProject(slices=7):
        pass
    monkeypatch.setattr(context, "workdirs", {})
    assert run_method("def synthesis(slices): return slices").load() == 3


def test_failures_are_those_of_a_real_run():
    with pytest.raises(JobError) as failure:
        run_method("def synthesis(): 1 / 0")
    assert "ZeroDivisionError" in failure.value.format_msg()
    with pytest.raises(ServerError):
        run_method("options = {'x': 1}", x="text")


def test_datasets_to_give_to_methods():
    with TemporaryProject(slices=2) as project:
        source = project.dataset({"a": "int64", "b": "unicode"}, [(1, "x"), (2, "y"), (3, "z")], hashlabel="b")
        project.add(
            "datasets = ('source',)\ndef synthesis(datasets): return sorted(datasets.source.iterate(None))", "sorted"
        )
        assert project.build("sorted", source=source).load() == [(1, "x"), (2, "y"), (3, "z")]
        assert source.hashlabel == "b"
        directory = project.directory
    assert not directory.exists()


def test_standard_methods_are_there_too():
    with TemporaryProject() as project:
        assert standard_methods in project.project.config.methods
