import pickle
from pathlib import PurePath

import pytest

from accelerator.error import ServerError
from accelerator.method.options import OptionEnumValue

HEAD = """
from accelerator import JobWithFile, OptionDefault, OptionEnum, OptionFile, OptionString, RequiredOption
from collections import OrderedDict
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from pathlib import Path, PurePath
"""


def test_an_empty_method_declares_nothing(declared):
    found = declared("")
    assert (found.method, found.package, found.module) == ("x", "dev", "dev.a_x")
    assert found.path.endswith("/dev/a_x.py")
    assert (found.description, found.options, found.datasets, found.jobs) == ("", {}, (), ())
    assert (found.depend_extra, found.interpreter, found.execution) == ((), None, {})
    assert (found.fork_safe, found.phases, found.warnings) == (None, (), ())


def test_everything_that_a_method_may_declare(declared, project):
    (project.directory / "dev" / "data.txt").touch()
    project.write(helper="")
    found = declared("""
        import json
        import helper
        description = '''
            Summary.
            Details.
        '''
        options = dict(a=1, b=[str])
        datasets = ("one", ["many"])
        jobs = ["previous"]
        depend_extra = (helper, "data.txt", json)
        interpreter = "other"
        execution = {"retries": 2, "timeout": 1.5, "queue": "big"}
        fork_safe = False
        def prepare(): pass
        def synthesis(): pass
        """)
    assert found.description.splitlines()[0] == "Summary."
    assert found.options == {"a": 1, "b": [str]}
    assert (found.datasets, found.jobs) == (("one", ["many"]), ("previous",))
    assert found.depend_extra[:2] == (str(project.directory / "helper.py"), str(project.directory / "dev" / "data.txt"))
    assert found.depend_extra[2].endswith("/json/__init__.py")
    assert (found.interpreter, found.fork_safe, found.phases) == ("other", False, ("prepare", "synthesis"))
    assert found.execution == {"retries": 2, "timeout": 1.5, "queue": "big"}
    assert pickle.loads(pickle.dumps(found)) == found


TEMPLATES = [
    "1", "1.5", "''", "True", "None", "int", "float", "str", "bool", "list", "dict", "set", "tuple",
    "date", "datetime", "time", "timedelta", "date(2020, 1, 2)", "timedelta(5)", "Path", "PurePath", "Path('/a')",
    "JobWithFile", "[JobWithFile]", "[]", "[int]", "(int,)", "{int}", "set()", "{}", "{'a': [int]}", "frozenset([1])",
    "OptionString", "[OptionString('x')]", "RequiredOption(int)", "{'a': RequiredOption(int)}", "OptionDefault(int, 3)",
    "OptionDefault([date], [date(2020, 1, 2)])", "OptionEnum('a b')", "OptionEnum('a b').a", "OptionFile()",
    "OrderedDict([('b', int), ('a', str)])",
]  # fmt: skip


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_of_every_kind_are_accepted_and_picklable(declared, template):
    found = declared(f"{HEAD}\noptions = {{'o': {template}}}")
    restored = pickle.loads(pickle.dumps(found))
    assert repr(restored.options) == repr(found.options)


def test_classes_of_the_method_do_not_travel_in_its_declaration(declared):
    found = declared(
        f"{HEAD}\nclass Text(str): pass\nclass N(IntEnum):\n    A = 1\n"
        "options = {'t': Text('x'), 'n': N.A, 'e': OptionEnum('a b').a, 's': [Text('y')]}"
    )
    assert found.options == {"t": "x", "n": 1, "e": "a", "s": ["y"]}
    assert [type(found.options[name]) for name in "tne"] == [str, int, OptionEnumValue]
    assert type(found.options["s"][0]) is str


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("options = ['a']", "options must be a dict, not list"),
        ("options = {1: 2}", "options: a name must be a str, not 1"),
        ("options = {'o': object()}", "option 'o': <object object at"),
        ("options = {'o': b'x'}", "option 'o': b'x' is neither a type nor an example"),
        ("options = {'o': complex}", "option 'o': <class 'complex'> is neither"),
        ("options = {'o': [bytes]}", "option 'o': <class 'bytes'> is neither"),
        ("options = {'o': lambda: 1}", "option 'o': <function"),
        ("options = {'o': JobWithFile('test-1', 'x')}", "a JobWithFile cannot be an example; write JobWithFile"),
        ("options = {'o': OptionDefault(int, lambda: 1)}", "its options cannot be pickled"),
        ("datasets = 'source'", "write ('source',) with a comma"),
        ("datasets = {'source': 1}", "datasets must be a tuple of names, not dict"),
        ("jobs = (1,)", "jobs: an entry must be 'name' or ['name'], not 1"),
        ("jobs = (['a', 'b'],)", "not ['a', 'b']"),
        ("jobs = ('',)", "not ''"),
        ("datasets = ('a', ['a'])", "datasets: 'a' is there twice"),
        ("description = 5", "description must be str, not 5"),
        ("interpreter = 3", "interpreter must be str, not 3"),
        ("fork_safe = 1", "fork_safe must be bool, not 1"),
        ("depend_extra = 'data.txt'", "depend_extra must be a tuple"),
        ("import json\ndepend_extra = json", "depend_extra must be a tuple"),
        ("depend_extra = 5", "depend_extra must be a tuple"),
        ("depend_extra = (5,)", "depend_extra: 5 is neither a module nor a file name"),
        ("depend_extra = ('nosuch.txt',)", "depend_extra: there is no file "),
        ("import sys\ndepend_extra = (sys,)", "depend_extra: module 'sys' has no file"),
        ("execution = [1]", "execution must be a dict"),
        ("execution = {1: 2}", "execution must be a dict with names as keys"),
        ("execution = {'retries': -1}", "retries must be a number of times, 0 or more, not -1"),
        ("execution = {'retries': True}", "not True"),
        ("execution = {'timeout': 0}", "timeout must be a number of seconds above 0, not 0"),
        ("execution = {'timeout': '5'}", "not '5'"),
    ],
)
def test_mistakes_are_named_with_method_and_file(declared, source, text):
    with pytest.raises(ServerError) as caught:
        declared(f"{HEAD}\n{source}")
    assert str(caught.value).startswith("Submit failed: method 'x' (")
    assert "dev/a_x.py): " in str(caught.value)
    assert text in str(caught.value)


def test_equivalent_hashes_get_a_warning(declared):
    [warning] = declared("equivalent_hashes = {'0' * 40: ('1' * 40,)}").warnings
    assert warning.endswith("a_x.py: equivalent_hashes does nothing any more; `ax accept x -m WHY` does its work")


def test_depend_extra_takes_path_objects(declared, project):
    (project.directory / "dev" / "data.txt").touch()
    found = declared("from pathlib import PurePath\ndepend_extra = [PurePath('data.txt')]")
    assert PurePath(found.depend_extra[0]) == project.directory / "dev" / "data.txt"
