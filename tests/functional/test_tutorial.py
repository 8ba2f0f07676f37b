"""The tutorial is true: its files are written, its commands run, and they print what it says.

``UPDATE_DOCS=1 pytest tests/functional/test_tutorial.py`` writes what they print into the page.
"""

import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
# A file to be written, or commands with what they print.
BLOCK = re.compile(r"^`(dev/\w+\.py)`\n\n```python\n(.*?)^```$|(^```console\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
AX = Path(sys.executable).parent / "ax"


def masked(text: str) -> list[str]:
    """What differs from run to run: times, and whether a job took long enough to be announced."""
    text = re.sub(r" (?:MAKE|DONE)  (\S+).*?\n(?: +[\d.]+ \w+\n)?", r" DONE  \1\n", text)
    text = re.sub(r"(link  \S+) .*", r"\1", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d in [\d.]+ \w+", "TIME", text)
    text = re.sub(r" +[\d.]+ seconds +[\d.]+%|Total time .*", " TIME", text)
    # The jobs that ran are listed by how long they took.
    return sorted(text.split("\n"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tutorial") / "demo"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("URD_")},
        "USER": "anna",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "XDG_CONFIG_HOME": str(directory.parent / "config"),
    }

    def run(command, where=directory):
        words = [str(AX), *command.split()[1:]]
        done = subprocess.run(
            words, cwd=where, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        site = str(next(Path(sys.prefix).glob("lib/python3*/site-packages")))
        out = done.stdout.replace(str(directory), "/home/anna/demo").replace(site, "/…/site-packages")
        # A path with a space in it is shown quoted.
        return re.sub(r"'(/…/site-packages/[^'\s]*)'", r"\1", out)

    run("ax init --example flights --slices 2 demo", directory.parent)
    run("ax run")
    return directory, run


def test_the_tutorial_is_true(demo):
    directory, run = demo
    page = PAGE.read_text("utf-8")
    played = []

    def play(block):
        if block[1]:
            (directory / block[1]).write_text(block[2], "utf-8")
            return block[0]
        commands = [line for line in block[4].split("\n") if line.startswith("$ ")]
        printed = "".join(f"{command}\n{run(command[2:]).strip(chr(10))}\n" for command in commands)
        played.append((block[4], printed))
        return block[3] + printed + block[5]

    updated = BLOCK.sub(play, page)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(updated, "utf-8")
    for written, printed in played:
        differences = difflib.unified_diff(masked(written), masked(printed), "the page", "the commands", lineterm="")
        assert not (difference := "\n".join(differences)), difference
    assert len(played) >= 8

    (program,) = re.findall(r"^```python\n(from accelerator import Project\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], cwd=directory.parent, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
