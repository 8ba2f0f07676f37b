"""Methods under other interpreters, also when jobs build them."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from accelerator.engine.interpreters import Python, wanted_interpreter
from accelerator.error import BuildError

WHERE = """
    {line}
    import sys
    options = {{"n": 0}}
    def synthesis():
        return sys.prefix
"""
UNDER = """
    from accelerator import subjobs
    def synthesis():
        return [subjobs.build(name, n=1).load() for name in ("here", "there")]
"""


@pytest.fixture
def other_python(project, tmp_path):
    """The directory of another Python that finds the same packages, known as "other" to the project."""
    directory = tmp_path / "other-python"
    venv.create(directory, symlinks=True)
    command = [directory / "bin" / "python", "-c", "import site; print(site.getsitepackages()[0])"]
    packages = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    # Packages that are installed for work on them are found by code in .pth files.
    lines = [f"import site; site.addsitedir({path!r})" for path in sys.path if path.endswith("-packages")]
    lines += [path for path in sys.path if Path(path).is_dir()]
    (Path(packages) / "same.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (project.path / "accelerator.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[interpreters]\nother = "{directory}/bin/python"\n')
    return str(directory)


def test_jobs_and_subjobs_run_under_the_interpreter_that_they_ask_for(project, other_python):
    project.method("here", WHERE.format(line=""))
    project.method("there", WHERE.format(line='interpreter = "other"'))
    project.method("under", UNDER)
    project.method("there_under", 'interpreter = "other"\n' + UNDER.replace("\n    ", "\n"))

    assert project.build("under").load() == [sys.prefix, other_python]
    assert project.build("there_under", force_build=True).load() == [sys.prefix, other_python]
    assert project.build("there", n=2).load() == other_python
    assert project.build("here", n=2).load() == sys.prefix


def test_a_job_that_comes_from_another_interpreter_builds_under_the_sessions(project, other_python):
    """It is not its own Python that runs methods which ask for none."""
    project.method("here", WHERE.format(line=""))
    project.method("there", WHERE.format(line='interpreter = "other"'))
    project.method("there_under", 'interpreter = "other"\n' + UNDER.replace("\n    ", "\n"))

    assert project.build("there_under").load() == [sys.prefix, other_python]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (b"import os\n", None),
        (b'interpreter = "other"\n', "other"),
        (b"options = {}\ninterpreter: str = 'x y'\n", "x y"),
        (b' interpreter = "indented"\n', None),
    ],
)
def test_what_a_method_asks_for(source, name):
    assert wanted_interpreter(source) == name


def test_names_of_the_sessions_own(project):
    config = project.project.config
    python = Python("/p/python", "3.12.1")
    for name in (None, "DEFAULT", "3", "3.12", "3.12.1"):
        assert python.path_for(config, name) == "/p/python"
    with pytest.raises(BuildError, match=r"no interpreter '3\.13'.*known: none"):
        python.path_for(config, "3.13")
