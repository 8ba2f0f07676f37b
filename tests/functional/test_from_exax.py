"""The page for those who come from the reference is true: its scripts carry data over.

The exporting script is run by our own program, which runs scripts made for the other one unchanged.
"""

import re
import subprocess
import sys
from pathlib import Path

from accelerator import Project

PAGE = Path(__file__).parents[2] / "docs" / "from_exax.md"
AX = Path(sys.executable).parent / "ax"

MAKE = """
from datetime import date, datetime, time

COLUMNS = {
    "ascii": ("ascii", True), "bool": ("bool", True), "bytes": ("bytes", True), "complex64": ("complex64", True),
    "date": ("date", True), "datetime": ("datetime", True), "float64": ("float64", True), "int32": ("int32", True),
    "int64": ("int64", True), "json": ("json", True), "number": ("number", True), "time": ("time", True),
    "unicode": ("unicode", True), "float32": ("float32", True), "complex32": ("complex32", True),
}
ROWS = [
    ("a,\\"b", True, b"\\xc3\\xa5\\r\\n", 1 - 2j, date(1, 1, 1), datetime(2020, 1, 2, 3, 4, 5, 6), float("inf"), -7,
     -(2**62), {"x": [1, None]}, 2**80, time(1, 2, 3, 4), '" \\u2603\\n,"', 0.1, 1j),
    ("", False, b"", 0j, date(9999, 12, 31), datetime(2020, 1, 2), -0.0, 0, 0, [], 0.5, time(0, 0), "", 1.5, 0j),
    (None,) * 15,
    ("None", True, b"None", 1j, date(2020, 1, 1), datetime(1, 1, 1), 1e300, 1, 1, "None", 1, time(2), "None", 2.0, 2j),
]
options = {"hashlabel": str, "start": 0}
datasets = ("previous",)

def synthesis(options, datasets, job):
    dw = job.datasetwriter(columns=COLUMNS, hashlabel=options.hashlabel, previous=datasets.previous)
    write = dw.get_split_write()
    for row in ROWS[options.start:] * 2:
        write(*(row[list(COLUMNS).index(name)] for name in sorted(COLUMNS)))
"""

BUILD = """
def main(urd):
    first = urd.build("make")
    urd.build("make", start=1, previous=first)
    urd.build("make", hashlabel="unicode")
"""


def blocks():
    """The scripts on the page, by path."""
    found = re.findall(r"^`(dev/\w+\.py)`\n\n```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert [name for name, _ in found] == ["dev/build_export.py", "dev/build_import.py"]
    return dict(found)


def run(project, script):
    answer = subprocess.run([AX, "run", script], cwd=project, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def comparable(rows):
    """What must be equal. Whole floats of numbers come back as integers; repr tells -0.0 from 0.0."""
    return [tuple(1 if value == 1 else repr(value) for value in row) for row in rows]


def contents(directory, *chains):
    """Of each dataset in chains: types, rows, and how partitioned data lie in slices."""
    with Project.open(directory) as project:
        return [
            [
                (
                    {name: column.type for name, column in dataset.columns.items()},
                    comparable(dataset.iterate(None)),
                    dataset.hashlabel and (dataset.hashlabel, dataset.lines),
                )
                for dataset in project.dataset(name).chain()
            ]
            for name in chains
        ]


def test_data_are_carried_over(tmp_path):
    carried, there, here = (tmp_path / name for name in ("carried", "there", "here"))
    carried.mkdir()
    scripts = blocks()
    for project, script in ((there, "dev/build_export.py"), (here, "dev/build_import.py")):
        subprocess.run([AX, "init", "--slices", "3", "--no-git", project], check=True, capture_output=True)
        text = scripts[script].replace("/data/carry", str(carried))
        (project / script).write_text(text.replace('{"flights": "dev-2"}', '{"chain": "dev-2", "hashed": "dev-3"}'))
    (there / "dev/a_make.py").write_text(MAKE)
    (there / "dev/build_make.py").write_text(BUILD)
    run(there, "make")
    run(there, "export")
    run(here, "import")

    exported = contents(there, "dev-2", "dev-3")
    assert [len(chain) for chain in exported] == [2, 1]
    assert contents(here, "dev-4", "dev-7") == exported
