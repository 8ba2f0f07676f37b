import importlib
import linecache
import sys
import traceback
from pathlib import Path

import pytest

from accelerator.error import ServerError
from accelerator.method.importer import ProjectFinder, install, load_declaration, load_module
from accelerator.method.source import method_source


def test_what_was_digested_is_what_runs(project, imported):
    project.write(dev__a_x="import helper\nvalue = helper.value", helper="value = 1")
    snapshot = imported()
    method_source(snapshot, project.method())
    project.write(helper="value = 2", dev__a_x="raise SystemExit")
    assert load_module(project.method()).value == 1


def test_modules_look_like_imported_from_their_files(project, imported):
    project.write(dev__a_x="from . import near\nfrom inner import leaf", dev__near="", inner__leaf="")
    imported()
    module = load_module(project.method())
    assert module.__file__ == str(project.directory / "dev" / "a_x.py")
    assert module.__package__ == "dev"
    assert sys.modules["dev"].__path__ == [str(project.directory / "dev")]
    assert module.near.__spec__.name == "dev.near"
    assert module.leaf.__file__ == str(project.directory / "inner" / "leaf.py")
    assert module.__loader__.get_source("dev.a_x").startswith("from . import near")
    assert not list(project.directory.rglob("__pycache__"))


def test_tracebacks_show_the_lines_that_ran(project, imported):
    project.write(dev__a_x="def fail():\n    return 1 / 0  # the line that ran\n")
    imported()
    module = load_module(project.method())
    project.write(dev__a_x="\n\n\n")
    linecache.checkcache()
    with pytest.raises(ZeroDivisionError) as caught:
        module.fail()
    assert "# the line that ran" in "".join(traceback.format_exception(caught.value))


def test_resources_beside_a_module_are_read_from_disk(project, imported):
    project.write(dev__a_x="import importlib.resources as r\ntext = r.files('dev').joinpath('data.txt').read_text()")
    (project.directory / "dev" / "data.txt").write_text("data")
    imported()
    assert load_module(project.method()).text == "data"


def test_a_source_in_another_encoding(project, imported):
    project.write(dev__a_x="")
    project.method().path.write_bytes("# coding: latin-1\nvalue = 'ä'\n".encode("latin-1"))
    imported()
    assert load_module(project.method()).value == "ä"


def test_another_snapshot_imports_anew(project, imported):
    project.write(dev__a_x="import helper\nvalue = helper.value", helper="value = 1")
    first = imported()
    assert load_module(project.method()).value == 1
    assert install(first) is install(first)

    project.write(helper="value = 2")
    imported()

    assert load_module(project.method()).value == 2
    assert sum(isinstance(finder, ProjectFinder) for finder in sys.meta_path) == 1
    assert sys.path[0] == str(project.directory)
    assert sys.path.count(str(project.directory)) == 1


def test_everything_else_is_left_to_python(project, imported):
    finder = ProjectFinder(imported())
    assert finder.find_spec("json", None) is None
    assert finder.find_spec("accelerator.error", None) is None
    assert finder.find_spec("nosuch", None) is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("nosuch_module")


def failure(project) -> str:
    with pytest.raises(ServerError) as caught:
        load_declaration(project.method())
    text = str(caught.value)
    assert text.startswith("Submit failed: method 'x' cannot be imported:\n")
    assert "importlib" not in text
    assert str(Path(traceback.__file__).parent) not in text
    return text


def test_an_import_that_raises_shows_the_users_frames_only(project, imported):
    project.write(dev__a_x="import helper", helper="def f():\n    1 / 0\nf()\n")
    imported()
    text = failure(project)
    assert text.splitlines()[1] == "Traceback (most recent call last):"
    assert "accelerator/" not in text
    assert text.count("  File ") == 3
    assert text.endswith("ZeroDivisionError: division by zero")


def test_a_cause_is_shown_with_the_users_frames_only(project, imported):
    project.write(dev__a_x="try:\n    import nosuch\nexcept ImportError as e:\n    raise ValueError('why') from e\n")
    imported()
    text = failure(project)
    assert "No module named 'nosuch'" in text
    assert text.endswith("ValueError: why")


def test_a_syntax_error_shows_file_and_line(project, imported):
    project.write(dev__a_x="x = 1\ndef f(:\n    pass\n")
    imported()
    text = failure(project)
    assert f'File "{project.method().path}", line 2' in text
    assert "def f(:" in text
    assert text.splitlines()[-1].startswith("SyntaxError: ")


def test_sys_exit_at_import_is_a_failed_import(project, imported):
    project.write(dev__a_x="import sys\nsys.exit(3)")
    imported()
    assert failure(project).endswith("SystemExit: 3")


def test_an_interrupt_stays_an_interrupt(project, imported):
    project.write(dev__a_x="raise KeyboardInterrupt")
    imported()
    with pytest.raises(KeyboardInterrupt):
        load_module(project.method())
