"""Why a job would be built: option, input, input file, function."""

from pathlib import Path

from accelerator.engine.request import BuildCall


def why(project, method="m", **kw):
    project.project.engine.refresh()
    return project.project.engine.why(BuildCall(method, keywords=kw))


def test_nothing_exists(project):
    project.method("m", "")
    explanation = why(project)
    assert explanation.exists is None
    assert explanation.as_dict() == {}
    assert "no finished job of this method" in explanation.text()


def test_a_job_that_exists(project):
    job = project.run("options = {'x': 1}\ndef synthesis(): pass")
    explanation = why(project)
    assert explanation.exists == job
    assert explanation.as_dict() == {"m": {job: {}}}


def test_options_of_the_nearest_jobs(project):
    project.method("m", "options = {'x': 1, 'y': 2, 'z': 3}\ndef synthesis(): pass")
    far = project.build("m", x=10, y=20, z=30)
    older = project.build("m", x=5, y=7)
    newer = project.build("m", x=6, y=7)
    by_y = project.build("m", x=1, y=8)
    explanation = why(project, x=1, y=7)
    assert explanation.as_dict() == {"m": {newer: {"options": {"x": 6}}, by_y: {"options": {"y": 8}}}}
    assert f"nearest job is {by_y}" in explanation.text()
    assert "option y: 8, now 7" in explanation.text()
    assert far not in explanation.as_dict()["m"]
    assert older not in explanation.as_dict()["m"]


def test_inputs(project):
    first = project.run("options = {'x': 1}\ndef synthesis(): pass", x=1)
    second = project.build("m", x=2)
    project.method("use", "jobs = ('previous',)\ndatasets = (['many'],)\ndef synthesis(): pass")
    used = project.build("use", previous=first)
    assert why(project, "use", previous=second).as_dict() == {"use": {used: {"jobs": {"previous": first}}}}
    assert f"job previous: '{first}', now '{second}'" in why(project, "use", previous=second).text()


def test_the_function_that_changed_with_its_lines(project):
    project.file("dev/helper.py", "def same():\n    return 0\n\ndef value():\n    return 1\n")
    job = project.run("from dev import helper\ndef synthesis(): return helper.value()")
    path = project.file("dev/helper.py", "def same():\n    # comment\n    return 0\n\ndef value():\n    return 2\n")
    explanation = why(project)
    assert explanation.as_dict() == {}
    text = explanation.text()
    assert str(job) in text
    assert f"function value in {path}" in text
    assert "-    return 1" in text
    assert "+    return 2" in text
    assert "same" not in text


def test_an_input_file_that_changed(project):
    path = project.file("data.txt", "before")
    project.run(
        "from accelerator import OptionFile\noptions = {'file': OptionFile()}\ndef synthesis(): pass", file="data.txt"
    )
    path.write_text("after, and longer")
    assert f"input file {path} (option file) has changed" in why(project, file="data.txt").text()


def test_a_file_of_depend_extra(project):
    path = project.file("dev/data.csv", "1")
    project.run("depend_extra = ('data.csv',)\ndef synthesis(): pass")
    path.write_text("2")
    assert "depend_extra" in why(project).text()


def test_a_subjob_that_is_gone(project):
    project.method("leaf", "def synthesis(): pass")
    job = project.run("from accelerator import subjobs\ndef synthesis(): subjobs.build('leaf')")
    (leaf,) = job.post.subjobs
    Path(project.path / "dev-jobs" / leaf / "post.json").unlink()
    assert f"subjob {leaf} does not exist" in why(project).text()


def test_asking_builds_nothing(project):
    project.method("m", "options = {'x': 1}\ndef synthesis(): pass")
    why(project)
    assert not list((project.path / "dev-jobs").glob("dev-*"))
    assert project.events == []


def test_the_function_that_changed_in_the_method_of_a_subjob(project):
    project.method("below", "def same(): pass\n\ndef value(): return 1\n\ndef synthesis(): return value()\n")
    project.method("child", "from accelerator import build\ndef synthesis(): return build('below').load()\n")
    parent = project.run("from accelerator import build\ndef synthesis(): return build('child').load()\n")
    project.method("below", "def same(): pass\n\ndef value(): return 2\n\ndef synthesis(): return value()\n")
    text = why(project).text()
    below = parent.number + 2
    assert f"nearest job is {parent}" in text
    assert f"the source of below, the method of its subjob dev-{below}, has changed" in text
    assert f"function value in {project.path / 'dev' / 'a_below.py'} (changed)" in text
    assert "-def value(): return 1" in text
    assert "same" not in text
    assert project.build("m").load() == 2

    (project.path / "dev" / "a_below.py").unlink()
    assert "the source of below, the method of its subjob" in why(project).text()
