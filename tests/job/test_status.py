import contextlib
import os
from pathlib import Path

import pytest

from accelerator import dummy_status, status
from accelerator.job import status as module
from accelerator.job.status import begin_part, end_part, iterating, lines_at_raise, publish, read_status, stack_lines


@pytest.fixture
def part(tmp_path):
    begin_part(tmp_path, "synthesis")
    yield tmp_path
    end_part()


def lines_of(function):
    """Return the status lines of the exception that a function raises, as the framework finds them afterwards."""
    with pytest.raises(ZeroDivisionError) as caught:
        function()
    return lines_at_raise(caught.value)


def test_nesting(part):
    with status("one") as update:
        with status("two"):
            assert stack_lines() == ["one", "two"]
            update("changed")
            assert stack_lines() == ["changed", "two"]
        assert stack_lines() == ["changed"]
    assert stack_lines() == []


@pytest.mark.parametrize("message", ["", "a\0b", None, 3])
def test_messages_that_are_refused(message):
    with pytest.raises(AssertionError):
        status(message)
    with status("good") as update, pytest.raises(AssertionError):
        update(message)


def test_long_messages_lose_their_middle(part):
    with status("a" * 1000 + "middle" + "z" * 1000):
        (line,) = stack_lines()
    assert len(line) < 1460
    assert line.startswith("aaa")
    assert line.endswith("zzz")
    assert "middle" not in line


def test_the_dummy_shows_nothing(part):
    with dummy_status("x") as update:
        update("anything")
        assert stack_lines() == []


def test_others_can_read_it(part):
    done = 0
    with status("outer"), iterating("rows \udcff", lambda: done, 100):
        done = 30
        publish()
        (found,) = read_status(part)
    assert (found.part, found.pid) == ("synthesis", os.getpid())
    assert [message for message, _ in found.stack] == ["outer", "rows \\udcff"]
    assert found.stack[0][1] <= found.stack[1][1] <= found.updated
    assert (found.rows, found.expected) == (30, 100)
    assert [path.name for path in (part / ".status").iterdir()] == ["synthesis"], "nothing is left beside it"
    end_part()
    assert read_status(part) == []


def test_rows_of_finished_iterations_count(part):
    for rows in (10, 20):
        with iterating("x", lambda rows=rows: rows, rows):
            pass
    with iterating("unknown", lambda: 1):
        publish()
        (found,) = read_status(part)
    assert (found.rows, found.expected) == (31, None)


def test_parts_are_in_order_and_torn_files_left_out(part):
    data = part / ".status"
    with status("x"):
        good = (data / "synthesis").read_bytes()
    for name in ("10", "2", "prepare"):
        (data / name).write_bytes(good.replace(b'"synthesis"', f'"{name}"'.encode()))
    (data / "3").write_bytes(good[:20])

    assert [found.part for found in read_status(part)] == ["prepare", "2", "10", "synthesis"]
    assert read_status(part / "nowhere") == []


def test_it_is_not_written_too_often(part):
    path = part / ".status" / "synthesis"
    seen = set()
    for i in range(2000):
        with status(f"status {i}"):
            seen.add(path.read_bytes() if path.exists() else b"")
    assert 2 <= len(seen) < 200


def test_nothing_is_written_outside_jobs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with status("x") as update:
        update("y")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_does_not_stop_the_work(part):
    (part / ".status").rename(part / "gone")
    with status("x"):
        pass
    assert stack_lines() == []


def test_the_stack_at_the_time_of_an_exception(part):
    def fail():
        with status("outer"):
            with status("finished"):
                pass
            with status("inner"):
                1 / 0  # noqa: B018

    assert lines_of(fail) == ["outer", "inner"]
    assert stack_lines() == []

    def fail_after_catching():
        with status("second"):
            with contextlib.suppress(ZeroDivisionError):
                fail()
            1 / 0  # noqa: B018

    assert lines_of(fail_after_catching) == ["second"]


def rows(n, message="Iterating x:0"):
    done = 0
    with iterating(message, lambda: done):
        for done in range(1, n + 1):
            yield done


@pytest.fixture
def user_code(monkeypatch):
    """Functions of this file count as a user's code, and `rows` as ours."""
    rows_code = rows.__code__
    monkeypatch.setattr(module, "_is_framework", lambda frame: frame.f_code is rows_code)


def test_the_line_reached_when_a_loop_is_left_by_an_exception(part, user_code):
    def fail():
        with status("outer"):
            for row in rows(100):
                if row == 84:
                    1 / 0  # noqa: B018

    assert lines_of(fail) == ["outer", "Iterating x:0 reached line 84"]

    def fail_without_outer():
        for row in rows(100):
            if row == 5:
                1 / 0  # noqa: B018

    assert lines_of(fail_without_outer) == ["Iterating x:0 reached line 5"]

    def fail_deeper():
        for _ in rows(1, "first"):
            fail_without_outer()

    assert lines_of(fail_deeper) == ["first reached line 1", "Iterating x:0 reached line 5"]


def stacked_rows(n):
    done = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(iterating("Iterating x:0", lambda: done))
        for done in range(1, n + 1):
            yield done


def test_the_line_reached_in_an_iterator_with_an_exit_stack(part, monkeypatch):
    code = stacked_rows.__code__
    monkeypatch.setattr(module, "_is_framework", lambda frame: frame.f_code is code)

    def fail():
        for row in stacked_rows(100):
            if row == 84:
                1 / 0  # noqa: B018

    assert lines_of(fail) == ["Iterating x:0 reached line 84"]


def test_a_kept_iterator_is_still_on_the_stack(part, user_code):
    def fail():
        kept = rows(10)
        for _ in kept:
            1 / 0  # noqa: B018

    assert lines_of(fail) == ["Iterating x:0 reached line 1"]


def test_loops_that_ended_are_not_reported(part, user_code):
    def fail():
        for row in rows(100):
            if row == 84:
                break
        for _ in rows(3):
            pass
        for row in rows(100, "again"):
            if row == 2:
                break
        1 / 0  # noqa: B018

    assert lines_of(fail) == []


def test_iterators_used_in_turns(part):
    first, second = rows(2, "first"), rows(2, "second")
    next(first)
    next(second)
    assert stack_lines() == ["first reached line 1", "second reached line 1"]
    list(first)
    assert stack_lines() == ["second reached line 1"]
    second.close()
    assert stack_lines() == []


def test_exceptions_without_a_dict_are_no_trouble(part):
    class BareError(Exception):
        def __setattr__(self, name, value):
            raise AttributeError(name)

    with pytest.raises(BareError), status("x"):
        raise BareError
    assert Path(part, ".status").is_dir()
