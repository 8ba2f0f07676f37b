import pytest

from accelerator.script.follow import Follower


@pytest.fixture
def job(tmp_path):
    (tmp_path / "OUTPUT").mkdir()
    return tmp_path


def printed(job, part, text):
    with (job / "OUTPUT" / part).open("a", encoding="utf-8") as file:
        file.write(text)


REPORT = """Traceback (most recent call last):
  File "a_x.py", line 3, in synthesis
    1/0
ZeroDivisionError: division by zero
"""


def test_a_job_that_has_not_printed(tmp_path):
    assert list(Follower(tmp_path / "dev-1").poll()) == []


def test_lines_come_once_and_whole(job):
    follower = Follower(job)
    printed(job, "prepare", "one\ntw")
    assert list(follower.poll()) == ["one"]
    assert list(follower.poll()) == []
    printed(job, "prepare", "o\nthree\n")
    printed(job, "1", "slice\r\n")
    printed(job, "0", "å\n")
    assert list(follower.poll()) == ["two", "three", "å", "slice"]


def test_the_rest_comes_at_the_end(job):
    follower = Follower(job)
    printed(job, "synthesis", "no end")

    assert list(follower.finish()) == ["no end"]
    assert list(follower.finish()) == []


def test_a_progress_bar_is_shown_as_it_ends(job):
    follower = Follower(job)
    printed(job, "synthesis", "10%\r50%\r100%\n")

    assert list(follower.poll()) == ["100%"]


def test_more_than_a_block_at_once_comes_at_the_end(job):
    follower = Follower(job)
    printed(job, "0", "x" * 99 + "\n")
    printed(job, "0", ("y" * 999 + "\n") * 5000)

    lines = list(follower.finish())
    assert (len(lines), {len(line) for line in lines}) == (5001, {99, 999})


def test_a_failure_report_that_is_told_elsewhere_is_left_out(job):
    follower = Follower(job)
    printed(job, "synthesis", "before\n" + REPORT)
    told = "dev-1 (x):\n  synthesis:\n" + "".join(f"    {line}\n" for line in REPORT.splitlines())

    assert list(follower.poll()) == ["before"]
    assert list(follower.finish(told)) == []


def test_the_heading_above_the_report_of_a_failed_subjob_is_left_out_too(job):
    follower = Follower(job)
    printed(job, "synthesis", "before\nFailed to build jobs:\ndev-2 (y):\n  synthesis:\n" + REPORT + REPORT)

    assert list(follower.poll()) == ["before"]
    assert list(follower.finish("dev-1 (x):\n  synthesis:\n    dev-2 (y):\n      synthesis:\n" + REPORT)) == []


def test_a_traceback_of_a_job_that_did_not_fail_is_shown(job):
    follower = Follower(job)
    printed(job, "synthesis", REPORT + "after\n")

    assert list(follower.poll()) == []
    assert list(follower.finish()) == [*REPORT.splitlines(), "after"]


def test_a_traceback_is_not_held_back_for_long(job):
    follower = Follower(job)
    printed(job, "synthesis", REPORT)

    shown = [line for _ in range(20) for line in follower.poll()]
    assert shown == REPORT.splitlines()
    printed(job, "synthesis", "on it goes\n")
    assert list(follower.poll()) == ["on it goes"]


def test_a_job_that_goes_on_printing_after_a_traceback_is_shown(job):
    follower = Follower(job)
    printed(job, "synthesis", REPORT)
    shown = []
    for number in range(30):
        printed(job, "synthesis", f"{number}\n")
        shown.extend(follower.poll())

    assert shown[:5] == [*REPORT.splitlines(), "0"]
    assert len(shown) > 20


def test_a_terminal_gets_the_end_of_too_much(job):
    follower = Follower(job, most=10_000)
    printed(job, "0", "first\n")
    assert list(follower.poll()) == ["first"]
    printed(job, "0", "".join(f"line {number}\n" for number in range(100_000)))
    note, *lines = follower.finish()

    assert note.startswith("… 1")
    assert note.endswith(f"bytes are not shown here; `ax job --just-output {job.name}` shows all")
    assert 300 < len(lines) < 1000
    assert lines[-1] == "line 99999"
    assert all(line.startswith("line ") for line in lines)


def test_what_else_a_failing_job_printed_is_shown(job):
    follower = Follower(job)
    printed(job, "synthesis", REPORT + "printed at exit\n")

    assert list(follower.finish("dev-1 (x):\n" + REPORT)) == ["printed at exit"]
