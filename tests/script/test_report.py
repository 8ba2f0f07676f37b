import pytest

from accelerator.script.report import WIDTH, build_line, fmttime, time_line, warning_box


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (0, "0.0 seconds", "0s"),
        (0.04, "0.0 seconds", "0s"),
        (1.0, "1 second", "1s"),
        (0.96, "1 second", "1s"),
        (1.1, "1.1 seconds", "1s"),
        (5, "5.0 seconds", "5s"),
        (119.9, "119.9 seconds", "2.0m"),
        (119.96, "2.0 minutes", "2.0m"),
        (120, "2.0 minutes", "2.0m"),
        (7199, "2.00 hours", "2.00h"),
        (7000, "116.7 minutes", "116.7m"),
        (7200, "2.00 hours", "2.00h"),
        (2 * 24 * 3600 - 100, "47.97 hours", "47.97h"),
        (2 * 24 * 3600, "2.00 days", "2.00d"),
        (1e7, "115.74 days", "115.74d"),
    ],
)
def test_times(seconds, long, short):
    assert (fmttime(seconds), fmttime(seconds, short=True)) == (long, short)


def test_no_time():
    assert fmttime(None) is None


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            build_line("csvimport", "DONE", "dev-5", 0.3),
            "   - csvimport                           DONE  dev-5                0.3 seconds",
        ),
        (
            build_line("dataset_type", "link", "dev-2", 102.0),
            "   - dataset_type                        link  dev-2              102.0 seconds",
        ),
        (build_line("my_slow_method", "MAKE", "dev-6"), "   - my_slow_method                      MAKE  dev-6"),
        (time_line(12.4), " " * 67 + "12.4 seconds"),
    ],
)
def test_lines_are_79_wide(line, wanted):
    assert line == wanted
    assert len(line) == WIDTH or line.endswith("dev-6")


def test_a_long_line_keeps_all_of_it():
    line = build_line("m" * 60, "DONE", "/some/long/path/of/a/workdir/dev-5", 0.3)

    assert line == f"   - {'m' * 60} DONE  /some/long/path/of/a/workdir/dev-5 0.3 seconds"


def test_warnings_are_boxed_wrapped_and_keep_their_indent():
    box = warning_box(["a short one", "  indented " + "word " * 20, "", "\x1b[1mbold\x1b[m"])
    lines = box.split("\n")

    assert lines[0] == lines[-1] == "#" * len(lines[0])
    assert lines[1].startswith("## a short one ")
    assert lines[2].startswith("##   indented word")
    assert lines[3].startswith("##   word")
    assert lines[-2].startswith("## \x1b[1mbold\x1b[m ")
    assert {len(line.replace("\x1b[1m", "").replace("\x1b[m", "")) for line in lines} == {len(lines[0])}
    assert len(lines[0]) <= WIDTH


def test_a_word_that_is_too_long_is_broken():
    lines = warning_box(["x" * 200]).split("\n")

    assert all(len(line) <= WIDTH for line in lines)
    assert sum(line.count("x") for line in lines) == 200
