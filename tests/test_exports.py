import importlib
import subprocess
import sys
import tomllib
from inspect import getdoc, ismemberdescriptor
from pathlib import Path

import pytest

import accelerator
from accelerator import error

SPECIFIED = {
    "Job", "JobWithFile", "Dataset", "DatasetWriter", "DatasetList", "SkipDataset", "SkipSlice", "DotDict", "Project",
    "OptionDefault", "OptionEnum", "OptionString", "OptionFile", "RequiredOption", "build", "status", "dummy_status",
    "__version__",
}  # fmt: skip

HEAVY = ("pyarrow", "numpy", "duckdb", "sqlalchemy", "pandas", "polars", "click", "rich")


def test_the_list_is_sorted_and_complete():
    assert accelerator.__all__ == sorted(set(accelerator.__all__))
    assert set(accelerator.__all__) >= SPECIFIED
    assert set(error.__all__) <= set(accelerator.__all__)


@pytest.mark.parametrize("name", accelerator.__all__)
def test_every_name_exists(name):
    value = getattr(accelerator, name)

    assert name in dir(accelerator)
    assert getattr(accelerator, name) is value
    if name != "__version__":
        assert value.__doc__, "and says what it is"


def test_unknown_names():
    with pytest.raises(AttributeError, match="nosuch"):
        accelerator.nosuch  # noqa: B018
    with pytest.raises(ImportError):
        from accelerator import nosuch  # noqa: F401


@pytest.mark.parametrize(
    "name", ["blob", "colour", "column", "dataset", "error", "extras", "job", "subjobs", "testing"]
)
def test_modules(name):
    module = importlib.import_module(f"accelerator.{name}")

    assert getattr(accelerator, name) is module
    assert module.__all__ == sorted(module.__all__)
    for exported in module.__all__:
        assert getattr(module, exported) is not None


def test_build_is_that_of_subjobs():
    from accelerator import subjobs

    assert accelerator.build is subjobs.build


def test_version_agrees_with_the_project_file():
    pyproject = Path(__file__).parent.parent / "pyproject.toml"
    assert tomllib.loads(pyproject.read_text())["project"]["version"] == accelerator.__version__


@pytest.mark.parametrize(
    "code",
    [
        "import accelerator",
        "from accelerator import Job, JobWithFile, DotDict, status, JobError, OptionFile",
        "import accelerator.job, accelerator.job.workdir, accelerator.job.record, accelerator.config",
        "import accelerator.dataset",
        "import accelerator.blob, accelerator.extras, accelerator.colour",
    ],
)
def test_nothing_heavy_is_imported(code):
    code += f"; import sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_importing_the_package_imports_nothing_of_it():
    code = "import accelerator, sys; print([m for m in sys.modules if m.startswith('accelerator.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def documented_members():
    for name in ("", *(f".{name}" for name in accelerator._MODULES)):
        module = importlib.import_module(f"accelerator{name}")
        for public in module.__all__:
            value = getattr(module, public)
            if isinstance(value, type):
                yield from ((f"{public}.{member}", found) for member, found in vars(value).items() if member[0] != "_")
            elif callable(value):
                yield public, value


def test_every_public_member_says_what_it_is():
    silent = [name for name, member in documented_members() if not ismemberdescriptor(member) and not getdoc(member)]

    assert silent == []


def test_the_reference_can_be_written(tmp_path):
    script = Path(__file__).parents[1] / "docs" / "write_reference.py"
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    written = {path.stem for path in (tmp_path / "accelerator").glob("*.html")}
    assert written == accelerator._MODULES
    assert "DatasetWriter.get_split_write" in (tmp_path / "accelerator" / "dataset.html").read_text()
