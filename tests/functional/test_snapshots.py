"""What commands print at 80 columns and as JSON, compared with files in ``snapshots``."""

import json

import pytest

# Each test starts processes.
pytestmark = pytest.mark.slow


def test_there_are_about_fifty_jobs(fifty):
    assert len(fifty.jobs()) == 50
    assert len(fifty.finished()) == 48


TEXTS = {
    "job-totals": ("job", "totals"),
    "job-parent": ("job", "parent"),
    "job-report": ("job", "report"),
    "job-failed": ("job", "dev-49"),
    "job-script": ("job", "dev-0"),
    "job-output": ("job", "-o", "report"),
    "job-files": ("job", "report", "-f"),
    "job-missing": ("job", "dev-999"),
    "method-totals": ("method", "totals"),
    "method-missing": ("method", "total"),
    "run-dry-run": ("run", "--dry-run"),
    "run-missing": ("run", "biuld"),
    "script-list": ("script",),
    "script-match": ("script", "dev.build"),
    "status": ("status",),
    "status-short": ("status", "-s"),
    "urd-lists": ("urd",),
    "urd-entry": ("urd", "sales"),
    "urd-derived": ("urd", "derived"),
    "urd-timestamps": ("urd", "sales/"),
    "urd-job": ("urd", ":sales:totals"),
    "urd-missing": ("urd", "sale"),
    "workdir-list": ("workdir",),
    "workdir-all": ("workdir", "-a"),
    "workdir-missing": ("workdir", "odl"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(snapshot, name):
    snapshot(f"{name}.txt", *TEXTS[name])


JSON = {
    "job-totals": ("job", "totals"),
    "job-failed": ("job", "dev-49"),
    "method-totals": ("method", "totals"),
    "run-dry-run": ("run", "elsewhere", "--dry-run"),
    "script-list": ("script",),
    "urd-lists": ("urd",),
    "urd-entry": ("urd", "sales"),
    "urd-timestamps": ("urd", "sales/"),
    "status": ("status",),
    "workdir-list": ("workdir",),
    "workdir-old": ("workdir", "old"),
}


@pytest.mark.parametrize("name", JSON)
def test_json(snapshot, name):
    printed = snapshot(f"{name}.json", JSON[name][0], "--json", *JSON[name][1:])

    json.loads(printed)


TERMINAL = {
    "job-totals": ("job", "totals"),
    "method-list": ("method",),
    "run-dry-run": ("run", "--dry-run"),
    "script-list": ("script",),
    "urd-entry": ("urd", "sales"),
    "workdir-old": ("workdir", "old"),
}


@pytest.mark.parametrize("name", TERMINAL)
def test_terminal(snapshot, name):
    snapshot(f"{name}.terminal", *TERMINAL[name], terminal=True)
