"""The standard methods use public names only, so each is an example of a method that users could write."""

import ast
import importlib
from pathlib import Path

import pytest

import accelerator
from accelerator import standard_methods
from accelerator.method.comments import comments
from accelerator.standard_methods import a_csvimport

MODULES = sorted(Path(standard_methods.__file__).parent.glob("*.py"))


def imported(tree):
    """Yield module and name of everything that is imported from the Accelerator."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports say less"
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports(path):
    for module, name in imported(ast.parse(path.read_text())):
        if module == "accelerator":
            assert name in accelerator.__all__
        elif module.startswith("accelerator.standard_methods"):
            assert not name.startswith("_")
        elif module.startswith("accelerator"):
            assert module.split(".")[:2] == ["accelerator", "column"], module
            assert name in importlib.import_module(module).__all__


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_attributes(path):
    own = {"self", "cls"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            # `other._columns` is of the very class that defines it.
            owner = node.value.id if isinstance(node.value, ast.Name) else ast.unparse(node.value)
            assert owner in own | {"other"}, f"{owner}.{node.attr} in line {node.lineno}"


@pytest.mark.parametrize("path", [path for path in MODULES if path.stem.startswith("a_")], ids=lambda path: path.stem)
def test_every_method_says_what_it_is_and_what_its_options_are(path):
    module = importlib.import_module(f"accelerator.standard_methods.{path.stem}")
    remarks = comments(path.read_bytes())

    assert module.description.strip()
    assert module.__doc__
    # Those that are taken over from csvimport have their comments there.
    assert [name for name in module.options if name not in {*remarks["options"], *a_csvimport.options}] == []
    described = {*remarks["datasets"], *remarks["jobs"], "source", "previous"}
    inputs = [*getattr(module, "datasets", ()), *getattr(module, "jobs", ())]
    assert [
        name for entry in inputs for name in (entry if isinstance(entry, list) else [entry]) if name not in described
    ] == []
