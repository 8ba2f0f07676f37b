from pathlib import Path

import pytest

from accelerator.error import BuildError, UserError
from accelerator.method.discover import MethodFile
from accelerator.script.find import find_script


def scripts(*modules):
    found = {}
    for module in modules:
        package, _, name = module.rpartition(".")
        found[module] = MethodFile(name, package, module, Path("/p") / f"{name}.py")
    return found


SCRIPTS = scripts(
    "dev.build",
    "dev.build_import",
    "dev.buildings",
    "alpha.build_import",
    "acc.test_methods.build_tests",
    "acc.dev.build_x",
)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("build", "dev.build"),
        ("import", "alpha.build_import"),
        ("build_import", "alpha.build_import"),
        ("dev.import", "dev.build_import"),
        ("dev.build_import", "dev.build_import"),
        ("buildings", "dev.buildings"),
        ("tests", "acc.test_methods.build_tests"),
        ("test_methods.tests", "acc.test_methods.build_tests"),
        ("acc.test_methods.build_tests", "acc.test_methods.build_tests"),
        ("dev.x", "acc.dev.build_x"),
        ("dev.build", "dev.build"),
    ],
)
def test_what_a_name_means(name, module):
    assert find_script(name, SCRIPTS).module == module


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("improt", "did you mean import"),
        ("methods.tests", "no build script 'methods.tests'"),
        ("nothing_like_it", "`ax script` lists those in acc.dev, acc.test_methods, alpha, dev"),
        ("", "no build script ''"),
    ],
)
def test_a_script_that_is_not_there(name, hint):
    with pytest.raises(BuildError, match=hint) as caught:
        find_script(name, SCRIPTS)

    assert isinstance(caught.value, UserError)


def test_a_project_without_scripts():
    with pytest.raises(BuildError, match=r"no build\*\.py at all"):
        find_script("build", {})
