"""What the page about standard methods says is true: its tables of values, its scripts."""

import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from accelerator import standard_methods
from accelerator.column import strptime
from accelerator.column.parse import Parser

PAGE = (Path(__file__).parents[2] / "docs" / "standard_methods.md").read_text("utf-8")
AX = Path(sys.executable).parent / "ax"


def examples(header):
    """The rows of a table of values: what is between back-quotes, None for what is bad."""
    table = PAGE.partition(f"| {header} | text | value |\n|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [re.fullmatch(r"\| `(.*?)` \| `(.*?)` \| (?:`(.*?)`|bad) \|", line).groups() for line in table.splitlines()]
    assert len(rows) > 15
    return rows


@pytest.mark.parametrize(("name", "text", "value"), examples("type"))
def test_types(name, text, value):
    parsed = Parser(name)(pa.array([text]))

    if value is None:
        assert parsed.bad
    else:
        assert not parsed.bad
        (found,) = parsed.array.to_pylist()
        # Numbers of several kinds and complex ones are structs in Arrow.
        if name.startswith("complex"):
            found = complex(*found.values())
        assert str(found) == value


@pytest.mark.parametrize(("form", "text", "value"), examples("format"))
def test_formats(form, text, value):
    assert str(strptime(text, form, None)) == str(value)


def test_every_method_is_there():
    names = {path.stem[2:] for path in Path(standard_methods.__path__[0]).glob("a_*.py")}

    assert names <= set(re.findall(r"`(\w+)`", PAGE))


def test_the_scripts_run(tmp_path):
    project = tmp_path / "project"
    subprocess.run([AX, "init", "--slices", "2", "--no-git", project], check=True, capture_output=True)
    (project / "sales.csv").write_text(
        'id,day,price,note\n7,2024-05-17,1.50,"a ""b"""\n8,2024-05-16,2,\nx,2024-05-18,3,\n'
    )
    scripts = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for number, script in enumerate(scripts):
        (project / "dev" / f"build_page{number}.py").write_text(script)
        answer = subprocess.run([AX, "run", f"page{number}"], cwd=project, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr

    assert len(scripts) == 2
    result = (project / "results" / "by_day.csv").read_text()
    assert result.splitlines() == ["day,id,note,price", "2024-05-16,8,,2", '2024-05-17,7,"a ""b""",1.5']
