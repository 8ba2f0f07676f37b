"""The pages say what commands and configuration say, and lead to one another."""

import dataclasses
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from accelerator.cli.commands import COMMANDS
from accelerator.config import Config, Execution

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def update_commands():
    spec = spec_from_file_location("update_commands", DOCS / "update_commands.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_has_its_section_in_order():
    page = (DOCS / "commands.md").read_text("utf-8")

    assert re.findall(r"^## ax (\S+)$", page, re.MULTILINE) == sorted(COMMANDS)


def test_the_help_in_the_page_is_the_present_one(update_commands):
    page = (DOCS / "commands.md").read_text("utf-8")

    assert update_commands.updated(page) == page, "run: python docs/update_commands.py"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_fits_the_page(update_commands, name):
    assert max(map(len, update_commands.help_text(name).split("\n"))) <= update_commands.WIDTH


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_readme_shows_the_example_as_it_is():
    shown = re.search(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    example = ROOT / "src" / "accelerator" / "examples" / "flights" / "dev"

    assert shown[1] == (example / "a_delays.py").read_text("utf-8")
    assert 'urd.build("delays", flights=flights, airlines=airlines)' in (example / "build.py").read_text("utf-8")


def test_every_key_of_the_configuration_is_explained():
    page = (DOCS / "configuration.md").read_text("utf-8")
    keys = {field.name for kind in (Config, Execution) for field in dataclasses.fields(kind)}
    keys -= {"path", "project_directory", "extra"}  # not in the file
    tables = {"workdirs", "interpreters", "execution"}
    assert [key for key in sorted(keys - tables) if f"| `{key}` |" not in page] == []
    assert [name for name in sorted(tables) if f"## `[{name}]`" not in page] == []
