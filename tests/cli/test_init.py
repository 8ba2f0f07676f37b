"""``ax init``: what it makes, what it refuses, and that the examples are what they say."""

import ast
import os
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from accelerator import config
from accelerator.cli.init import NewProject, create, examples
from accelerator.cli.main import main
from accelerator.error import UserError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Stand in an empty directory, without a configuration of one's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    here = tmp_path / "hére now"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def test_a_new_project_can_be_loaded(home, capsys):
    assert main(["init", "--slices", "5", "demo"]) == 0

    loaded = config.load(home / "demo" / "accelerator.toml")
    assert loaded.slices == 5
    assert loaded.methods == ("dev", "accelerator.standard_methods")
    assert loaded.workdirs == {"dev": home / "demo" / "workdirs" / "dev"}
    assert loaded.input_directory == home / "demo"
    made = {str(path.relative_to(home / "demo")) for path in (home / "demo").rglob("*") if ".git/" not in str(path)}
    assert made == {
        ".git", ".gitignore", "accelerator.toml", "dev", "dev/__init__.py", "dev/a_example.py", "dev/build.py",
        "results", "workdirs", "workdirs/dev", "workdirs/dev/.slices",
    }  # fmt: skip
    assert (home / "demo" / "workdirs" / "dev" / ".slices").read_text() == "5\n"
    output = capsys.readouterr().out
    assert "cd demo\n    ax run" in output


def test_jobs_and_results_are_not_for_git(home):
    create(NewProject(home, 2))
    for name in ("results/x", "workdirs/dev/dev-0/setup.json", "urd.db", ".accelerator/index.sqlite"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    status = subprocess.run(["git", "status", "--short", "-uall"], cwd=home, capture_output=True, text=True, check=True)

    assert sorted(status.stdout.split()[1::2]) == [
        ".gitignore", "accelerator.toml", "dev/__init__.py", "dev/a_example.py", "dev/build.py",
    ]  # fmt: skip


def test_names_and_places(home):
    data = home / 'da"ta \\ å'
    data.mkdir()

    assert main(["init", "--name", "mine", "--input", str(data), "--workdir", "jobs", "--no-git", "project"]) == 0

    loaded = config.load(home / "project" / "accelerator.toml")
    assert loaded.input_directory == data
    assert loaded.workdirs == {"mine": home / "jobs"}
    assert (home / "project" / "mine" / "build.py").exists()
    assert not (home / "project" / ".git").exists()
    assert "jobs" not in (home / "project" / ".gitignore").read_text()


def test_an_existing_directory(home, capsys):
    (home / ".hidden").touch()
    (home / "venv").mkdir()
    (home / "venv" / "pyvenv.cfg").touch()
    assert main(["init"]) == 0

    assert main(["init"]) == 1
    assert "is not empty (it has accelerator.toml)" in capsys.readouterr().err


def test_an_existing_configuration_is_kept_and_followed(home, capsys):
    text = 'slices = 1\nmethods = ["mine"]\n[workdirs]\nw = "jobs"\n'
    (home / "accelerator.toml").write_text(text)
    assert main(["init", "--force"]) == 0

    assert (home / "accelerator.toml").read_text() == text
    output = capsys.readouterr()
    assert f"Kept {home / 'accelerator.toml'} as it was." in output.err
    assert "1 slices, methods in mine/, jobs in jobs/." in output.out
    assert (home / "jobs" / ".slices").read_text() == "1\n"
    assert (home / "mine" / "build.py").exists()
    assert not (home / "workdirs").exists()

    assert main(["init", "--force", "--slices", "2"]) == 1
    assert "accelerator.toml exists and stays as it is: change it there" in capsys.readouterr().err
    (home / "accelerator.toml").write_text(text.replace("slices = 1", "slices = 2"))
    assert main(["init", "--force"]) == 1
    assert "slices = 2, but the workdir" in capsys.readouterr().err
    assert (home / "jobs" / ".slices").read_text() == "1\n"


def test_a_workdir_with_other_slices_is_refused(home, capsys):
    (home / "jobs").mkdir()
    (home / "jobs" / ".slices").write_text("3\n")

    assert main(["init", "--slices", "4", "--workdir", "jobs", "project"]) == 1
    assert "has 3 slices: use --slices 3" in capsys.readouterr().err
    assert not (home / "project").exists()


def test_no_repository_inside_another(home):
    subprocess.run(["git", "init", "--quiet"], cwd=home, check=True)

    create(NewProject(home / "inner", 2))

    assert not (home / "inner" / ".git").exists()


def test_places_that_cannot_be_are_told_before_anything_is_made(home, capsys):
    (home / "file").touch()

    assert main(["init", "file/project"]) == 1
    assert "file/project" in capsys.readouterr().err
    assert main(["init", "--input", "/no/such/directory", "project"]) == 1
    assert "--input: there is no directory /no/such/directory" in capsys.readouterr().err
    assert main(["init", "--workdir", "file/jobs", "project"]) == 1
    assert "file/jobs cannot be written: Not a directory" in capsys.readouterr().err
    assert not (home / "project").exists()


def test_an_input_directory_in_the_project_is_made(home):
    assert main(["init", "--input", "project/data", "project"]) == 0

    assert config.load(home / "project" / "accelerator.toml").input_directory == home / "project" / "data"


@pytest.mark.parametrize("name", ["a b", "class", "json", "accelerator", "å-b", "å", ""])
def test_names_that_cannot_be_packages(home, name):
    with pytest.raises(UserError, match="--name"):
        create(NewProject(home, 2, name=name))


def test_defaults_come_from_the_user_configuration(tmp_path, home):
    path = tmp_path / "config" / "accelerator" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[init]\nslices = 7\nname = "own"\ngit = false\n')

    assert main(["init", "a"]) == 0
    assert main(["init", "--slices", "2", "--git", "b"]) == 0

    assert config.load(home / "a" / "accelerator.toml").slices == 7
    assert (home / "a" / "own" / "build.py").exists()
    assert not (home / "a" / ".git").exists()
    assert config.load(home / "b" / "accelerator.toml").slices == 2
    assert (home / "b" / ".git").exists()


def test_examples_are_listed_and_suggested(home, capsys):
    assert main(["init", "--example"]) == 0
    output = capsys.readouterr().out
    assert "flights" in output
    assert "starter" not in output
    assert not any(home.iterdir())

    assert main(["init", "--example", "fligths", "demo"]) == 1
    assert "(did you mean 'flights'?)" in capsys.readouterr().err


@pytest.mark.parametrize("example", ["starter", *examples()])
def test_examples_explain_themselves(home, example):
    """Every file has a docstring, every method and script a description, and nothing is left of the template."""
    create(NewProject(home, 2, example=example))

    tomllib.loads((home / "accelerator.toml").read_text())
    for path in sorted((home / "dev").glob("*.py")):
        tree = ast.parse(path.read_text())
        if path.name != "__init__.py":
            assert ast.get_docstring(tree), path
        if path.name.startswith(("a_", "build")):
            assert "\ndescription = " in path.read_text(), path
    for path in (home / "accelerator.toml", home / ".gitignore"):
        assert "{" not in path.read_text()


def test_examples_are_data_and_no_package():
    assert find_spec("accelerator") is not None
    assert not list((Path(find_spec("accelerator").origin).parent / "examples").glob("*/__init__.py"))


def test_read_only_parent_is_one_line(home, capsys):
    if os.geteuid() == 0:
        target = "/proc/project"
    else:
        home.chmod(0o500)
        target = "project"

    assert main(["init", target]) == 1
    assert capsys.readouterr().err.count("\n") == 1
