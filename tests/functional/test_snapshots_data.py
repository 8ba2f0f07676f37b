"""What the commands about datasets, files and disk print at 80 columns and as JSON, compared with ``snapshots``."""

import json
import re
import shutil

import fifty as fifty_jobs
import pytest

# Each test starts processes.
pytestmark = pytest.mark.slow

ODD = "kinds/odd name/with å"
TEXTS = {
    "alias": ("alias",),
    "alias-cat": ("alias", "cat", "nosuch"),
    "cat-kinds": ("cat", "-H", "-D", "-S", "-L", "-O", "--exclude", "bytes", "kinds"),
    "cat-chain": ("cat", "-H", "-c", "-r", "-s", "0", "-m", "5", "dataset_type"),
    "ds-type": ("ds", "dataset_type"),
    "ds-chain": ("ds", "-c", "-S", "dataset_type"),
    "ds-location": ("ds", "-w", "dataset_type~11"),
    "ds-kinds": ("ds", "kinds"),
    "ds-odd": ("ds", ODD),
    "ds-list": ("ds", "-l", "kinds"),
    "ds-hashlabel": ("ds", "-s", "dataset_hashpart"),
    "ds-suggest": ("ds", "--suggest-types", "csvimport"),
    "ds-missing": ("ds", "kinds/odd", "totals", "dev-99"),
    "gc": ("gc", "-n"),
    "grep": ("grep", "-O", "-H", "Ada", "dataset_type"),
    "grep-list": ("grep", "-l", "-S", "-c", "-O", "2013-1[12]-28", "dataset_type"),
    "grep-numeric": ("grep", "-N", "-O", "-g", "amount", ">=330", "dataset_type"),
    "grep-context": ("grep", "-O", "-L", "-C", "1", "-s", "0", "2013-12-15|2013-12-16", "dataset_type"),
    "grep-missing-column": ("grep", "x", "dataset_type", "amont"),
    "grep-bad-pattern": ("grep", "(", "dataset_type"),
    "hist-numbers": ("hist", "-c", "dataset_type", "amount"),
    "hist-days": ("hist", "-f", "aligned", "dataset_type", "day"),
    "hist-list": ("hist", "-f", "csv", "-t", "dataset_type", "who"),
    "hist-two": ("hist", "-m", "3", "-c", "dataset_type", "who", "day"),
    "hist-choice": ("hist", "dataset_type"),
    "rm": ("rm", "dev-36"),
    "sherlock": ("sherlock", "results/report.txt", "results/charts/bars.svg", "accelerator.toml"),
    "sherlock-verbose": ("sherlock", "-v", "results/report.txt"),
    "sql": ("sql", 'select who, sum(amount) as total from "dataset_type" group by all order by all'),
    "sql-csv": ("sql", "-f", "csv", 'select * from "kinds" order by int32'),
    "sql-missing": ("sql", 'from "dev-99"'),
}
JSON = {
    "alias": ("alias",),
    "ds-location": ("ds", "-w", "dataset_type~11"),
    "ds-kinds": ("ds", "kinds"),
    "ds-list": ("ds", "-l", "kinds"),
    "ds-suggest": ("ds", "--suggest-types", "csvimport"),
    "gc": ("gc", "-n"),
    "hist-numbers": ("hist", "-c", "dataset_type", "amount"),
    "sherlock": ("sherlock", "results/report.txt", "accelerator.toml"),
}
JSON_LINES = {
    "cat-kinds": ("cat", "-O", "--exclude", "bytes", "kinds"),
    "grep": ("grep", "-O", "-D", "-L", "Ada", "dataset_type"),
    "sql": ("sql", 'select * from "kinds" order by int32'),
}
TERMINAL = {
    "ds-chain": ("ds", "-c", "dataset_type"),
    "grep": ("grep", "-O", "-H", "Ada|Bo", "dataset_type"),
    "hist-days": ("hist", "dataset_type", "day"),
    "sql": ("sql", 'select who, count(*) as lines from "dataset_type" group by all order by all'),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(snapshot, name):
    snapshot(f"{name}.txt", *TEXTS[name])


@pytest.mark.parametrize("name", JSON)
def test_json(snapshot, name):
    printed = snapshot(f"{name}.json", JSON[name][0], "--json", *JSON[name][1:])

    json.loads(printed)


@pytest.mark.parametrize("name", JSON_LINES)
def test_json_lines(snapshot, name):
    printed = snapshot(f"{name}.jsonl", JSON_LINES[name][0], "--json", *JSON_LINES[name][1:])

    for line in printed.splitlines():
        assert isinstance(json.loads(line), dict)


@pytest.mark.parametrize("name", TERMINAL)
def test_terminal(snapshot, name):
    snapshot(f"{name}.terminal", *TERMINAL[name], terminal=True)


def machine_masked(text):
    """Mask what differs between machines and file systems."""
    text = re.sub(r"\d+(\.\d+)? ([KMGT]i)?B\b", "SIZE", text)
    text = re.sub(r"(\"bytes\": )\d+", r"\1SIZE", text)
    text = re.sub(r"SIZE free at [^\s\"]+", "SIZE free at PLACE", text)
    text = re.sub(r"\[[^]\n]*\] +SIZE", "[…] SIZE", text)
    text = re.sub(r"\d+ methods", "NUMBER methods", text)
    return re.sub(r"accelerator \S+, Python [\d.]+\w*", "accelerator VERSION, Python VERSION", text)


@pytest.mark.parametrize("arguments", [("doctor",), ("doctor", "--verify"), ("doctor", "--json")], ids=" ".join)
def test_doctor(fifty, arguments):
    printed = fifty.ax(*arguments, code=None).stdout
    # A disk that is nearly full is a warning.
    printed = re.sub(r"(ok|warning)( +)disk: .*\n(\s+mend: .*\n)?", "ok       disk: …\n", printed)
    if "--json" in arguments:
        printed = json.dumps(
            [each for each in json.loads(printed) if each["topic"] != "disk"], indent=2, ensure_ascii=False
        )
    printed = printed.replace("\n0 errors, 2 warnings.", "\n0 errors, 1 warning.")

    fifty_jobs.compare(f"{'-'.join(arguments)}.txt", machine_masked(fifty_jobs.masked(printed, fifty)))


def test_du(fifty):
    """Sizes, and with them the order, depend on the file system."""
    rows = {row.pop("method"): row for row in json.loads(fifty.ax("du", "--json").stdout)}
    lines = fifty.ax("du").stdout.splitlines()

    assert rows["csvimport"]["jobs"] == 12
    assert all(row["bytes"] > 0 for row in rows.values())
    assert {line.split("\t")[1] for line in lines[:-1]} == set(rows)
    assert re.fullmatch(r"[\d.]+ [KM]iB in all", lines[-1])


def test_sherlock_of_copies(fifty, tmp_path):
    shutil.copy(fifty.path / "results" / "report.txt", tmp_path / "renamed")

    assert fifty.ax("sherlock", str(tmp_path / "renamed")).stdout == "dev-47\n"


def test_rm_and_accept(fifty_copy):
    refused = fifty_copy.ax("rm", "--yes", "dev-36", code=1)
    fifty_copy.ax("rm", "--yes", "dev-49")
    accepted = fifty_copy.ax("accept", "report", "-m", "only words")

    assert refused.stderr.endswith("--force deletes all the same\n")
    assert "dev-49" not in fifty_copy.jobs()
    fifty_jobs.compare("accept.txt", fifty_jobs.masked(accepted.stdout, fifty_copy))
