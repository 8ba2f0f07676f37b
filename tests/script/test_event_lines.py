"""``ax run --json`` as a process."""

import json
import signal
import subprocess

import pytest


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def brief(found):
    """Kind, and job or text, of all events that do not depend on time."""
    return [(event["event"], event.get("text", event.get("job"))) for event in found if event["event"] != "progress"]


def one(found, kind):
    (event,) = [event for event in found if event["event"] == kind]
    return event


def test_what_happens_in_order(project):
    project.run_script("def main(urd):\n    urd.build('number', n=1)\n")
    result = project.run_script(
        """\
        import sys

        def main(urd):
            print("hello")
            print("å", file=sys.stderr)
            urd.build("number", n=1, caption="x" * 300)
            urd.build("talk", caption="ünï\\ncode")
            urd.warn("careful")
            print("no line end", end="")
        """,
        "--json",
    )
    found = events(result.stdout)

    assert (result.returncode, result.stderr) == (0, "")
    assert {event["time"] > 0 for event in found} == {True}
    printed = [("output", "preparing"), ("output", "in slice 0"), ("output", "in slice 1")]
    printed += [("output", "line 0"), ("output", "line 1")]
    seen = brief(found)
    box = seen[-4][1]
    assert "## careful ##" in box
    assert seen[0] == ("script", "dev-2")
    # Output comes to two pipes, and jobs' output from files: only each by itself is in order.
    assert [event for event in seen if event[0] == "output" and event not in printed] == [
        ("output", "hello"), ("output", "å"), ("output", "no line end")
    ]  # fmt: skip
    assert [event for event in seen if event in printed] == printed
    assert [event for event in seen if event[0] not in {"output", "message"}] == [
        ("script", "dev-2"), ("reused", "dev-1"), ("started", "dev-3"), ("done", "dev-3"), ("finished", "dev-2"),
        ("end", None),
    ]  # fmt: skip
    started, done = one(found, "started"), one(found, "done")
    path = str(project.job("dev-3"))
    about = {"job": "dev-3", "method": "talk", "path": path, "caption": "ünï\ncode", "parent": None}
    assert about.items() <= started.items()
    assert about.items() <= done.items()
    assert set(done["phases"]) == {"prepare", "analysis", "synthesis"}
    assert len(done["slices"]) == 2
    assert done["seconds"] > 0
    assert one(found, "script")["version"] == 1
    assert one(found, "finished").items() >= {"exit_code": 0, "error": None, "script": "dev.build"}.items()
    # The script's job keeps what it keeps without --json.
    kept = (project.job("dev-2") / "OUTPUT" / "synthesis").read_text()
    assert "hello\n" in kept
    assert "   - talk                                DONE  dev-3" in kept


def test_a_failure(project):
    result = project.run_script("def main(urd):\n    urd.build('bad')\n", "--json", "--no-output")
    found = events(result.stdout)

    assert result.returncode == 1
    assert result.stderr == ""
    failed = one(found, "failed")
    assert failed["job"] == "dev-1"
    assert list(failed["errors"]) == ["synthesis"]
    assert failed["errors"]["synthesis"].endswith("ValueError: no good")
    finished = one(found, "finished")
    assert finished["exit_code"] == 1
    assert finished["error"].startswith("Failed to build job dev-1 on ")
    assert found[-1]["exit_code"] == 1
    assert not [event for event in found if event.get("text") == "about to fail"]


def test_subjobs_name_their_parent(project):
    project.method("outer", "from accelerator import build\ndef synthesis():\n    build('number')\n")
    found = events(project.run_script("def main(urd):\n    urd.build('outer')\n", "--json").stdout)

    assert [(event["job"], event["parent"]) for event in found if event["event"] == "done"] == [
        ("dev-2", "dev-1"), ("dev-1", None)
    ]  # fmt: skip


@pytest.fixture
def gated(project):
    """A run whose job waits until a file appears: the process, and that file."""
    directory = project.directory / "gate"
    directory.mkdir()
    project.script(f"def main(urd):\n    urd.build('gate', directory={str(directory)!r})\n")
    with project.start("--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process, directory / "open"
        process.kill()


def read_until(process, kind):
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == kind:
            return event
    raise AssertionError(f"no {kind}")


def test_progress(gated):
    process, gate = gated
    first = read_until(process, "progress")
    # It may be told before its process has said anything.
    while first["phase"] is None:
        first = read_until(process, "progress")

    assert first.items() >= {"job": "dev-1", "phase": "synthesis", "slices": 2, "slices_done": 0}.items()
    assert first["seconds"] >= 1
    (part,) = first["parts"]
    assert part["part"] == "synthesis"
    assert part["status"][0] == "synthesis"
    process.send_signal(signal.SIGUSR1)
    assert "dev-1 gate" in read_until(process, "status")["text"]
    gate.touch()
    assert read_until(process, "done")["job"] == "dev-1"
    assert read_until(process, "end")["exit_code"] == 0
    assert process.wait() == 0


def test_interrupted(gated):
    process, _ = gated
    read_until(process, "started")
    process.send_signal(signal.SIGINT)

    finished = read_until(process, "finished")
    assert (finished["exit_code"], finished["error"]) == (130, "The script was interrupted.")
    assert read_until(process, "end")["exit_code"] == 130
    assert process.wait() == 130


def test_nobody_reads_any_more(gated):
    process, gate = gated
    read_until(process, "started")
    process.stdout.close()
    gate.touch()

    assert process.wait() == 0
    assert process.stderr.read() == ""
