import sys

import pytest

from accelerator.error import ConfigError
from accelerator.method.discover import find_methods, find_scripts, package_directory


def test_methods_and_scripts_are_found_by_file_name_without_import(project):
    project.methods = ("dev", "lib.more")
    project.package("lib", "lib/more")
    project.write(
        dev__a_one="raise SystemExit('must not be imported')",
        dev__a_two="",
        dev__helper="",
        dev__build="",
        dev__build_two="",
        dev__rebuild="",
        lib__more__a_three="",
        lib__more__build_x="",
        lib__INIT="raise SystemExit('must not be imported')",
    )
    (project.directory / "dev" / "a_.py").touch()
    (project.directory / "dev" / "a_copy.of.one.py").touch()
    (project.directory / "dev" / "a_directory.py").mkdir()

    methods = find_methods(project.config)

    assert list(methods) == ["one", "three", "two"]
    assert methods["three"].package == "lib.more"
    assert methods["three"].module == "lib.more.a_three"
    assert methods["three"].path == project.directory / "lib" / "more" / "a_three.py"
    scripts = find_scripts(project.config)
    assert list(scripts) == ["dev.build", "dev.build_two", "lib.more.build_x"]
    assert scripts["dev.build_two"].name == "build_two"
    assert "dev" not in sys.modules


def test_standard_methods_are_found(project):
    project.methods = ("accelerator.standard_methods",)
    found = find_methods(project.config)
    assert all(method.module.startswith("accelerator.standard_methods.a_") for method in found.values())
    directory = package_directory("accelerator.standard_methods", project.config)
    assert (directory / "__init__.py").is_file()


def test_two_methods_of_one_name_are_refused(project):
    project.methods = ("dev", "more")
    project.package("more")
    project.write(dev__a_x="", more__a_x="")
    with pytest.raises(ConfigError, match=r"'x' exists twice.*dev/a_x.py.*more/a_x.py"):
        find_methods(project.config)


@pytest.mark.parametrize("name", ["nosuch", "dev.nosuch", "nosuch.dev", "accelerator.nosuch"])
def test_a_missing_package_is_named_with_the_mend(project, name):
    project.methods = ("dev", name)
    with pytest.raises(ConfigError, match=rf"accelerator.toml: methods: there is no package '{name}'.*create it"):
        find_methods(project.config)


def test_a_package_without_init_is_named_with_the_mend(project):
    (project.directory / "plain").mkdir()
    project.methods = ("plain",)
    with pytest.raises(ConfigError, match=r"without __init__.py; create an empty file .*plain/__init__.py"):
        find_methods(project.config)


def test_packages_elsewhere_on_the_path_count(project, tmp_path, monkeypatch):
    (tmp_path / "shared" / "company_methods").mkdir(parents=True)
    (tmp_path / "shared" / "company_methods" / "__init__.py").touch()
    (tmp_path / "shared" / "company_methods" / "a_y.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "shared"))
    project.methods = ("company_methods",)
    assert list(find_methods(project.config)) == ["y"]


def test_the_project_wins_over_the_path(project, tmp_path, monkeypatch):
    (tmp_path / "shared" / "dev").mkdir(parents=True)
    (tmp_path / "shared" / "dev" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "shared"))
    assert package_directory("dev", project.config) == project.directory / "dev"
