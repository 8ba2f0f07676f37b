"""``ax grep`` and ``ax hist`` of objects whose classes are the user's."""

import json

import pytest

CLASSES = """\
    class Point:
        def __init__(self, x):
            self.x = x

        def __str__(self):
            return f"at {12 // self.x}"

        def __repr__(self):
            return str(self)
"""
METHOD = """\
    from .classes import Point

    def prepare(job):
        return job.datasetwriter(columns={"place": "pickle", "x": "int64"})

    def analysis(sliceno, prepare_res):
        for x in (3, 4, 4):
            prepare_res.write(Point(x), x)
"""


@pytest.fixture
def points(ax_project):
    project = ax_project(slices=1)
    project.write("dev/classes.py", CLASSES)
    project.write("dev/a_points.py", METHOD)
    project.write("dev/build.py", "def main(urd):\n    urd.build('points')\n")
    project.ax("run")
    return project


def test_classes_of_the_project_are_found(points):
    assert points.ax("grep", "at 3", "points").stdout == "at 3\t4\n" * 2
    lines = points.ax("cat", "--json", "points").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [{"place": f"at {12 // x}", "x": x} for x in (3, 4, 4)]
    assert sorted(points.ax("hist", "points", "place", "x").stdout.splitlines()) == ["(at 3, 4)\t2", "(at 4, 3)\t1"]
    assert points.ax("hist", "points", "place").returncode == 0


@pytest.mark.parametrize("command", [("cat",), ("cat", "--json"), ("hist",), ("hist", "-t")])
def test_classes_that_are_gone_are_one_line(points, command):
    (points.path / "dev" / "classes.py").unlink()
    columns = ["place", "x"] if "hist" in command else []

    error = points.ax(*command, "points", *columns, code=1).stderr
    assert error == (
        "ax: a value of type pickle cannot be loaded: ModuleNotFoundError: No module named 'dev.classes'; "
        "its class must be found in the project that ax runs in, or be installed\n"
    )


@pytest.mark.parametrize("command", [("cat",), ("cat", "--json"), ("hist", "-t")])
def test_mistakes_of_such_a_class_are_one_line(points, command):
    points.write("dev/classes.py", CLASSES.replace("12 //", "self //"))
    columns = ["place", "x"] if "hist" in command else []

    error = points.ax(*command, "points", *columns, code=1).stderr
    assert error.startswith("ax: a value of type pickle cannot be loaded: TypeError: unsupported operand")
    assert error.count("\n") == 1
