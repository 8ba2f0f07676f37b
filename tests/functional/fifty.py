"""A project of about fifty jobs, of every kind that commands show; built once in a session of tests.

===================  ==========================================================================
dev-0                script ``dev.build``, which builds what follows
dev-1 … dev-36       for each month of 2013: ``csvimport`` named ``import``, ``dataset_type`` named ``type``
                     (chained), ``totals``; urd list ``sales``
dev-37 … dev-42      ``dataset_hashpart``, ``dataset_sort``, ``dataset_filter_columns``,
                     ``dataset_concat``, ``dataset_checksum``, ``csvexport``; urd list ``derived``
dev-43               ``kinds``: every type of column with odd values, and datasets with odd names
dev-44 … dev-46      ``parent`` and its subjobs, twice ``counted``
dev-47               ``report``, linked as ``report.txt`` and ``charts/bars.svg``; its source has changed since
dev-48, dev-49       script ``dev.build_broken`` and ``failing``: both failed
old-0, old-1         script ``dev.build_elsewhere`` and ``counted``, in the other workdir
===================  ==========================================================================
"""

import fcntl
import os
import re
import shutil
from pathlib import Path
from typing import Any

import accelerator

CONFIGURATION = """\
slices = 3
methods = ["dev", "accelerator.standard_methods"]
input_directory = "input"

[workdirs]
dev = "workdirs/dev"
old = "workdirs/old"
"""
TOTALS = '''\
    """Sum up a month."""

    description = "Sum up a month.\\n\\nRows without an amount do not count."

    options = {
        "month": 1,  # 1 to 12
        "factors": {"eur": 1.0, "usd": 0.75},
    }
    datasets = ("source",)  # what csvimport and dataset_type made
    jobs = ("previous",)


    def analysis(sliceno, datasets):
        return sum(amount for amount in datasets.source.iterate(sliceno, "amount") if amount is not None)


    def synthesis(job, options, analysis_res):
        total = sum(analysis_res)
        print(f"month {options.month}: {total}")
        job.json_save({"month": options.month, "total": total}, "total.json")
        return total
'''
KINDS = '''\
    """Every type of column."""

    from datetime import date, datetime, time

    VALUES = {
        "ascii": ["a", "", None, "with\\ttab"],
        "bool": [True, False, None, True],
        "bytes": [b"\\xff", b"", None, b"x"],
        "complex64": [1 + 2j, 0j, None, -1j],
        "date": [date(2013, 1, 31), date(1, 1, 1), None, date(9999, 12, 31)],
        "datetime": [datetime(2013, 1, 31, 12), datetime(1970, 1, 1), None, datetime(2013, 1, 31, 12, 0, 0, 1)],
        "float64": [1.5, float("inf"), None, float("nan")],
        "int32": [1, -(2**31), None, 2**31 - 1],
        "int64": [1, -(2**63), None, 2**63 - 1],
        "json": [{"a": [1, None]}, [], None, "text"],
        "number": [1, 2**70, None, 0.25],
        "time": [time(12, 30), time(0), None, time(23, 59, 59, 999999)],
        "unicode": ["å", "line\\nbreak", None, "\\U0001f600"],
    }


    def synthesis(job):
        writer = job.datasetwriter(columns={name: (name, True) for name in VALUES})
        write = writer.get_split_write()
        for row in zip(*VALUES.values()):
            write(*row)
        columns = {"a column": "unicode", "42": "int64"}
        odd = job.datasetwriter(name="odd name/with \\u00e5", columns=columns, filename="in put.csv")
        odd.get_split_write()(42, "x" * 100)
        job.datasetwriter(name="empty", columns={"nothing": "int64"}).get_split_write()
'''
COUNTED = """\
    options = {"to": 3}


    def synthesis(options):
        return sum(range(options.to))
"""
PARENT = """\
    import accelerator


    def synthesis():
        jobs = [accelerator.build("counted", to=number) for number in (4, 5)]
        return sum(job.load() for job in jobs)
"""
REPORT = """\
    jobs = (["months"],)


    def prepare():
        print("drawing")


    def analysis(sliceno):
        print("slice", sliceno)


    def synthesis(job, jobs):
        print("reporting")
        with job.open("report.txt", "w") as file:
            file.write(f"{len(jobs.months)} months\\n")
        with job.open("bars.svg", "w") as file:
            file.write('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>\\n')
"""
FAILING = """\
    def analysis(sliceno):
        if sliceno == 1:
            print("about to fail")
            raise ValueError("no good")
"""
BUILD = """\
    description = "Sales of a year, and what comes of them.\\n\\nAll jobs but the broken ones."


    def main(urd):
        typed = totals = None
        months = []
        for month in range(1, 13):
            urd.begin("sales", f"2013-{month:02}", caption=f"month {month}\\nof twelve")
            imported = urd.build("csvimport", filename=f"{month:02}.csv", name="import")
            typed = urd.build(
                "dataset_type",
                source=imported,
                previous=typed,
                column2type={"day": "date:%Y-%m-%d", "amount": "int64_10+None", "who": "unicode:utf-8"},
                name="type",
            )
            totals = urd.build("totals", source=typed, previous=totals, month=month, caption=f"month {month}")
            months.append(totals)
            urd.finish("sales")
        urd.begin("derived", 2013)
        urd.latest("sales")
        urd.build("dataset_hashpart", source=typed, hashlabel="who")
        urd.build("dataset_sort", source=typed, sort_columns=["amount", "day"])
        urd.build("dataset_filter_columns", source=typed, keep_columns=["who"])
        urd.build("dataset_concat", source=typed)
        urd.build("dataset_checksum", source=typed)
        urd.build("csvexport", source=typed, filename="sales.csv")
        urd.finish("derived")
        urd.build("kinds")
        urd.build("parent")
        report = urd.build("report", months=months, caption="the whole year")
        report.link_result("report.txt")
        report.link_result("bars.svg", "charts/bars.svg")
        urd.warn("This is what a warning looks like.")
"""
BROKEN = 'description = "Fails."\n\n\ndef main(urd):\n    urd.build("failing")\n'
ELSEWHERE = 'def main(urd):\n    urd.build("counted", to=100)\n'

_NAMES = ("Ada", "Bo", "Cleo", "Dörte", "Eva-Lotta")


def build_fifty(project: Any) -> None:
    """Build the jobs in an empty project (an ``AxProject``)."""
    project.write("accelerator.toml", CONFIGURATION)
    sources = {
        "totals": TOTALS, "kinds": KINDS, "counted": COUNTED, "parent": PARENT, "report": REPORT, "failing": FAILING
    }  # fmt: skip
    for name, source in sources.items():
        project.write(f"dev/a_{name}.py", source)
    project.write("dev/build.py", BUILD)
    project.write("dev/build_broken.py", BROKEN)
    project.write("dev/build_elsewhere.py", ELSEWHERE)
    for month in range(1, 13):
        rows = [
            f"2013-{month:02}-{day:02},{'' if day == month else day * month},{_NAMES[day % 5]}" for day in range(1, 29)
        ]
        project.write(f"input/{month:02}.csv", "\n".join(["day,amount,who", *rows, ""]))
    project.ax("run")
    project.ax("run", "broken", code=1)
    project.ax("run", "-w", "old", "elsewhere")
    project.write("dev/a_report.py", REPORT.replace("reporting", "telling"))


def shared(directory: Path, make: Any) -> Any:
    """Return the project in a directory that all workers of a test run share; the first to come builds it.

    Args:
        directory: where.
        make: ``AxProject``.
    """
    with (directory / "fifty.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = directory / "fifty" / "prójekt fifty"
        done = directory / "fifty.done"
        project = make(path)
        if not done.exists():
            build_fifty(project)
            done.touch()
    return project


def copied(project: Any, directory: Path, make: Any) -> Any:
    """Return a copy of the project, for tests that change it.

    Args:
        project: the shared one.
        directory: where to put it.
        make: ``AxProject``.
    """
    path = directory / project.path.name
    shutil.copytree(project.path, path, symlinks=True, ignore=shutil.ignore_patterns(".accelerator"))
    for link in path.rglob("*"):
        target = str(link.readlink()) if link.is_symlink() else ""
        if target.startswith(str(project.path)):
            link.unlink()
            link.symlink_to(f"{path}{target.removeprefix(str(project.path))}")
    return make(path)


_PACKAGE = str(Path(accelerator.__file__).parent)
_DURATION = r" *\b(?:\d+\.\d seconds|1 second|\d+\.\d minutes)"
_MASKS = (
    (r"\b20[2-9]\d-\d\d-\d\d([ T])\d\d:\d\d:\d\d(?:\.\d{6})?", r"YYYY-MM-DD\1hh:mm:ss"),
    (_DURATION, " DURATION"),
    (r'("\w*(?:time|seconds|total|prepare|analysis|synthesis|pid)": )\d+(?:\.\d+)?(?:e-\d+)?', r"\1NUMBER"),
    (r'("output_bytes": |produced )\d+', r"\1NUMBER"),
    (r"\b\d+\.\d{6,}(?:e-\d+)?", "NUMBER"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"\b[0-9a-f]{32}\b", "UID"),
)


def masked(text: str, project: Any) -> str:
    """Return the output of a command without what is different each time: paths, times, durations, digests."""
    text = text.replace(str(project.path), "PROJECT").replace(_PACKAGE, "PACKAGE")
    for pattern, replacement in _MASKS:
        text = re.sub(pattern, replacement, text)
    return text


def compare(name: str, text: str) -> None:
    """Check a text against the file of this name in ``snapshots``; ``UPDATE_SNAPSHOTS=1`` writes the file instead.

    Args:
        name: of the file.
        text: from :func:`masked`.
    """
    path = Path(__file__).parent / "snapshots" / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    expected = path.read_text(encoding="utf-8") if path.exists() else ""

    assert text == expected, f"{path.name}: UPDATE_SNAPSHOTS=1 pytest {Path(__file__).parent.name} accepts what is new"
