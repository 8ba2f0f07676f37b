"""The shape of reports."""

from contextlib import contextmanager
from types import FunctionType

import pytest

from accelerator.engine import failure
from accelerator.engine.memory import Evidence
from accelerator.error import BuildError, JobError
from accelerator.standard_methods import chains
from accelerator.standard_methods.chains import sliced_names
from accelerator.storage.serial import json_decode
from accelerator.urd.database import Database


def caught(function) -> Exception:
    try:
        function()
    except Exception as error:  # noqa: BLE001 - whatever it raises
        return error
    raise AssertionError


def test_our_frames_are_left_out():
    text = failure.report(caught(lambda: json_decode("{")))
    assert "storage/serial.py" not in text
    assert "test_failure.py" in text
    assert text.startswith("Traceback (most recent call last):\n")
    assert "JSONDecodeError" in text.splitlines()[-1]


def in_standard_method(function) -> Exception:
    """What a job of a standard method would be left with by an exception in that function of it."""
    error = caught(function)
    return error.with_traceback(error.__traceback__.tb_next.tb_next)


def test_what_a_standard_method_says_is_all():
    error = in_standard_method(lambda: sliced_names("%q", 2, ""))
    assert failure.report(error, ["prepare", "inner"]).startswith("filename '%q' cannot take the slice number")
    assert len(failure.report(error, ["prepare", "inner"]).splitlines()) == 1


def test_a_failed_subjob_of_a_standard_method():
    def build():
        raise JobError("dev-1", "child", {"prepare": "words"})

    code = build.__code__.replace(co_filename=chains.__file__)
    error = caught(FunctionType(code, globals()))
    error = error.with_traceback(error.__traceback__.tb_next)
    assert failure.report(error) == "dev-1 (child):\n  prepare:\n    words\nFailed to build dev-1 (child)"


def test_a_mistake_in_a_standard_method_is_shown_with_all_frames():
    text = failure.report(in_standard_method(lambda: sliced_names(1, 2, "")))
    assert text.startswith("Traceback")
    assert "standard_methods/chains.py" in text


def test_only_our_frames_means_none():
    assert failure.report(BuildError("words")) == "accelerator.error.BuildError: words"


def test_our_own_mistakes_keep_their_frames():
    assert "storage/serial.py" in failure.report(caught(lambda: json_decode("{")), ours=True)


def test_causes_are_shown_stripped_too():
    def chain():
        try:
            json_decode("{")
        except ValueError as error:
            raise KeyError("x") from error

    text = failure.report(caught(chain))
    assert "direct cause" in text
    assert "storage/serial.py" not in text


def test_pythons_frames_between_ours_are_left_out(tmp_path):
    """Our context managers are called through them; those of the user's own are the user's."""
    (tmp_path / "urd.db").write_bytes(b"this is not a database" * 100)
    text = failure.report(caught(lambda: Database(f"sqlite:///{tmp_path}/urd.db").truncate("u/a", 0)))
    assert "test_failure.py" in text
    assert "contextlib.py" not in text

    @contextmanager
    def users():
        yield
        json_decode("{")

    def use():
        with users():
            pass

    assert "contextlib.py" in failure.report(caught(use))


def test_pythons_frames_below_ours_are_left_out_too(tmp_path):
    text = failure.report(caught(lambda: json_decode("{")))
    assert "test_failure.py" in text
    assert "decoder.py" not in text

    def use():
        (tmp_path / "missing").read_bytes()

    assert "pathlib" in failure.report(caught(use))


def test_status_lines_come_before_the_exception():
    text = failure.report(ValueError("wrong"), ["prepare", "one", "two"])
    assert text == "Status when the exception occurred:\n  prepare\n    one\n      two\nValueError: wrong"


def test_the_phase_alone_is_not_shown():
    assert failure.report(ValueError("wrong"), ["prepare"]) == "ValueError: wrong"


def test_exception_groups_with_a_status():
    group = ExceptionGroup("several", [ValueError("one"), KeyError("two")])
    text = failure.report(caught(lambda: (_ for _ in ()).throw(group)), ["prepare", "inner"])
    assert "ValueError: one" in text
    assert "Status when the exception occurred:" in text


def test_a_failed_subjob_reports_first():
    error = JobError("dev-1", "child", {"synthesis": "words\nmore"})
    assert failure.report(error).startswith("dev-1 (child):\n  synthesis:\n    words\n    more\n")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (3, "terminated with exitcode 3"),
        (-15, "terminated with exitcode -15 (SIGTERM)"),
        (-9, "terminated with exitcode -9 (SIGKILL, probably out of memory: it used 3.5 GiB)"),
        (-63, "terminated with exitcode -63"),
    ],
)
def test_deaths(code, said):
    assert failure.death(code, 7 << 29) == said


@pytest.mark.parametrize(
    ("peak", "killed", "said"),
    [
        (7 << 29, True, "out of memory, as the kernel says: it used 3.5 GiB of 4.0 GiB"),
        (50 << 20, True, "out of memory, as the kernel says: it used 50.0 MiB of 4.0 GiB"),
        (7 << 29, False, "probably out of memory: it used 3.5 GiB of 4.0 GiB"),
        (
            50 << 20,
            False,
            (
                "killed by somebody, probably not out of memory: it used 50.0 MiB of 4.0 GiB, and the kernel has ended "
                "nothing for lack of it"
            ),
        ),
        (50 << 20, None, "probably out of memory: it used 50.0 MiB of 4.0 GiB"),
        (0, False, "probably out of memory"),
    ],
)
def test_who_killed_it(peak, killed, said):
    assert failure.death(-9, peak, memory=Evidence(4 << 30, killed)) == f"terminated with exitcode -9 (SIGKILL, {said})"


def test_an_abort_is_no_lack_of_memory():
    assert failure.death(-9, 1, aborted=True) == "terminated with exitcode -9 (aborted)"


@pytest.mark.parametrize(
    ("count", "said"), [(5, "5 bytes"), (2048, "2.0 KiB"), (5 << 20, "5.0 MiB"), (1 << 40, "1024.0 GiB")]
)
def test_sizes(count, said):
    assert failure.size(count) == said
