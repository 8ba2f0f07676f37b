"""The mini-language for jobs and datasets, without a project."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelerator.cli.spec import (
    DatasetSpec,
    JobBase,
    JobSpec,
    LatestBase,
    MethodBase,
    Motion,
    Parameter,
    PathBase,
    SpecError,
    UrdBase,
    parse_dataset,
    parse_job,
)

WORKDIRS = ("dev", "my.work", "my.work-2", "test")


def job(text, *directories):
    return parse_job(text, WORKDIRS, directories.__contains__)


def dataset(text, *directories):
    return parse_dataset(text, WORKDIRS, directories.__contains__)


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("dev-12", JobBase("dev-12")),
        ("unknown-12", JobBase("unknown-12")),
        ("dev-LATEST", LatestBase("dev")),
        ("my.work-3", JobBase("my.work-3")),
        ("my.work-2-7", JobBase("my.work-2-7")),
        ("my.work-LATEST", LatestBase("my.work")),
        ("csvimport", MethodBase("csvimport")),
        ("dev-x", MethodBase("dev-x")),
        (":flights:", UrdBase("flights")),
        (":flights:0", UrdBase("flights", (), "0")),
        (":flights:-2", UrdBase("flights", (), "-2")),
        (":me/flights/2013:import", UrdBase("me/flights/2013", (), "import")),
        (":flights/2021-09-27T03:14:15:", UrdBase("flights/2021-09-27T03:14:15")),
        (
            ":me/__auto__/2026-11-22T13:34:05.123456:1",
            UrdBase("me/__auto__/2026-11-22T13:34:05.123456", (), "1"),
        ),
        (":l/ts+1^^:0", UrdBase("l/ts+1", (Motion("^", 2),), "0")),
        (":l/1~:", UrdBase("l/1", (Motion("~", 1),))),
    ],
)
def test_base(text, base):
    assert job(text) == JobSpec(text, base)


@pytest.mark.parametrize(
    ("text", "motions"),
    [
        ("dev-1~", [Motion("~", 1)]),
        ("dev-1~~", [Motion("~", 2)]),
        ("dev-1~2~3", [Motion("~", 5)]),
        ("dev-1~2^", [Motion("~", 2), Motion("^", 1)]),
        ("dev-1<2>+^10", [Motion("<", 2), Motion(">", 1), Motion("+", 1), Motion("^", 10)]),
    ],
)
def test_motions(text, motions):
    assert job(text) == JobSpec(text, JobBase("dev-1"), motions=tuple(motions))


def test_current_stands_directly_behind_the_base():
    assert job("csvimport!~").current
    with pytest.raises(SpecError, match="not understood"):
        job("csvimport~!")


def test_parameters():
    text = ":l/ts:.jobs.previous.jobs.extra~.datasets.previous"

    assert job(text) == JobSpec(
        text,
        UrdBase("l/ts"),
        parameters=(
            Parameter("previous", "jobs"),
            Parameter("extra", "jobs", (Motion("~", 1),)),
            Parameter("previous", "datasets"),
        ),
    )
    assert job("dev-5.source").parameters == (Parameter("source"),)
    assert job("dev-5.jobs").parameters == (Parameter("jobs"),)
    assert job("dev-5.jobs~").parameters == (Parameter("jobs", "", (Motion("~", 1),)),)


@pytest.mark.parametrize(
    ("text", "directory", "rest"),
    [
        (".", ".", JobSpec(".", PathBase("."))),
        ("..", "..", JobSpec("..", PathBase(".."))),
        ("./wd/dev-1", "./wd/dev-1", JobSpec("./wd/dev-1", PathBase("./wd/dev-1"))),
        ("wd.d/dev-1~", "wd.d/dev-1", JobSpec("wd.d/dev-1~", PathBase("wd.d/dev-1"), motions=(Motion("~", 1),))),
        (
            "/a.b~1/dev-1.source",
            "/a.b~1/dev-1",
            JobSpec("/a.b~1/dev-1.source", PathBase("/a.b~1/dev-1"), parameters=(Parameter("source"),)),
        ),
    ],
)
def test_paths(text, directory, rest):
    assert job(text, directory) == rest


@pytest.mark.parametrize(
    ("text", "name", "motions"),
    [
        ("dev-5", None, ()),
        ("dev-5/bad", "bad", ()),
        ("dev-5/name/with/slash", "name/with/slash", ()),
        ("dev-5/0.5", "0.5", ()),
        ("dev-5/j~^", "j", (Motion("~", 1), Motion("^", 1))),
        ("csvimport~/j~3", "j", (Motion("~", 3),)),
        (":l:^/j", "j", ()),
        (":l/ts+1:0/name/with/slash", "name/with/slash", ()),
        (":l:x/ds~", "ds", (Motion("~", 1),)),
        ("dev-5.source/j", "j", ()),
        ("my.work-3/d^", "d", (Motion("^", 1),)),
    ],
)
def test_dataset_names(text, name, motions):
    spec = dataset(text)

    assert (spec.name, spec.motions) == (name, motions)


def test_motions_before_the_slash_move_jobs():
    assert dataset("dev-1~").job.motions == (Motion("~", 1),)
    assert dataset("dev-1~/default").job.motions == (Motion("~", 1),)
    assert dataset("dev-1~/default").motions == ()


def test_dataset_by_path():
    spec = dataset("/abs/wd/dev-14/default~", "/abs/wd/dev-14")

    assert spec == DatasetSpec(
        "/abs/wd/dev-14/default~",
        JobSpec("/abs/wd/dev-14", PathBase("/abs/wd/dev-14")),
        "default",
        (Motion("~", 1),),
    )
    assert dataset("wd/dev-5", "wd/dev-5").name is None


def test_two_dots_are_no_operator():
    """Standing in a job, `..` must not be taken for that job and a dot."""
    for text in ("..", "../dev-2", "../../dev-2"):
        with pytest.raises(SpecError, match="not a job directory"):
            parse_job(text, WORKDIRS, lambda path: path in {".", ""})


def test_a_job_id_wins_over_a_directory():
    assert dataset("dev-5/x", "dev-5/x").job.base == JobBase("dev-5")
    assert dataset("other-5/x", "other-5/x").job.base == JobBase("other-5")
    assert dataset("./dev-5/x", "./dev-5/x").job.base == PathBase("./dev-5/x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("~1", "does not start with"),
        (":flights", "partial :urdlist"),
        ("::0", "partial :urdlist"),
        (":~:", "names no urd list"),
        (":a/b/c/d:", "user/list/timestamp"),
        ("./dev-1", "not a job directory"),
        ("/nowhere/dev-1", "not a job directory"),
        ("dev-1.", "parameter name is missing"),
        ("dev-1.jobs.", "parameter name is missing"),
        ("dev-1/name", "is a dataset"),
        ("dev-1!!", "not understood"),
        ("wd/dev-1", "'wd/dev-1' is no job directory, and behind a slash comes the name of a dataset"),
    ],
)
def test_mistakes(text, message):
    with pytest.raises(SpecError, match=message):
        job(text)


def test_dataset_mistakes():
    with pytest.raises(SpecError, match="write 'dev-1' for the default"):
        dataset("dev-1/")
    with pytest.raises(SpecError, match="no dataset name"):
        dataset("dev-1/~")


@given(st.text(max_size=20) | st.text("dev-1.!~+^<>/:2", max_size=15))
def test_any_text_is_parsed_or_refused(text):
    for parse in (parse_job, parse_dataset):
        with suppress(SpecError):
            assert parse(text, WORKDIRS, lambda path: path.endswith("1")).text == text
