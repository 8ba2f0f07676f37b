import json
import os
from pathlib import Path

import pytest

from accelerator.error import AcceleratorError
from accelerator.job import Job
from accelerator.job.context import context
from accelerator.job.links import tag_link_results


@pytest.fixture
def source(current_job, tmp_path):
    """A finished job with files, while a build job runs."""
    job = current_job()
    Path("sub").mkdir()
    Path("sub/f").write_text("data")
    job.save(1)
    source = Job(current_job.finish())
    context.result_directory = tmp_path / "results"
    current_job(phase="build", is_build=True)
    return source


@pytest.mark.parametrize(
    ("filename", "linkname", "link"),
    [
        ("result.pickle", None, "result.pickle"),
        ("sub/f", None, "f"),
        ("sub/f", "x", "x"),
        ("sub/f", "a/b/x", "a/b/x"),
        ("sub/f", "a/", "a/f"),
        ("sub", "a", "a"),
        ("sub/", "a/", "a"),
        ("sub/", None, "sub"),
        (Path("sub/f"), Path("x"), "x"),
    ],
)
def test_links(source, filename, linkname, link):
    source.link_result(filename, linkname)

    target = (context.result_directory / link).readlink()
    assert target == Path(source.path, filename)
    assert target.exists()


def test_a_link_is_replaced_and_all_are_recorded(source):
    source.link_result("result.pickle", "x", header="head", description="text")
    source.link_result("sub/f", "x")
    tag_link_results(1, "user/list/2024")
    source.link_result("sub")
    version, records = context.job.load("link_result.pickle")

    assert Path(context.result_directory, "x").read_text() == "data"
    assert version == 0
    assert [tag for tag, _ in records] == [None, "user/list/2024", None]
    first, second, third = (json.loads(text) for _, text in records)
    assert first == {
        "is_build": False, "jobid": source, "name": "result.pickle", "linkname": "x", "header": "head",
        "description": "text", "method": "test_method", "size": Path(source.filename("result.pickle")).stat().st_size,
        "isdir": False, "ts": Path(source.filename("result.pickle")).stat().st_mtime,
    }  # fmt: skip
    assert (second["size"], second["header"], third["isdir"]) == (4, None, True)
    assert context.job.kept_files() == []


@pytest.mark.parametrize("name", ["/abs", "../x", "a/../../x", "", "./x", "a//b", "..", ".", "/", "a/."])
def test_names_that_are_refused(source, name):
    with pytest.raises(AcceleratorError):
        source.link_result(name)
    with pytest.raises(AcceleratorError):
        source.link_result("sub/f", name)
    assert context.link_results == []


def test_what_else_is_refused(source, tmp_path):
    context.result_directory.mkdir()
    (context.result_directory / "link").symlink_to(tmp_path)
    (context.result_directory / "dir").mkdir()

    with pytest.raises(AcceleratorError, match="link itself"):
        source.link_result("sub/f", "link/x")
    with pytest.raises(AcceleratorError, match="is a directory"):
        source.link_result("sub/f", "dir")
    with pytest.raises(AssertionError, match="no file"):
        source.link_result("missing")
    context.phase = "synthesis"
    with pytest.raises(AcceleratorError, match="build scripts"):
        source.link_result()


def test_links_in_the_running_job(source):
    source.link_to_here()
    source.link_to_here("sub/f")
    source.link_to_here("sub/f")

    assert Path("sub/f").read_text() == "data"
    assert context.job.kept_files() == ["result.pickle", "sub/f"]
    with pytest.raises(AssertionError):
        source.link_to_here("missing")
    with pytest.raises(AssertionError):
        source.link_to_here(source.filename("sub/f"))


def test_no_links_without_a_job(current_job):
    current_job().save(1)
    job = Job(current_job.finish())

    with pytest.raises(AssertionError, match="running job"):
        job.link_to_here()


def test_what_a_killed_process_left_is_removed_and_what_is_being_made_is_not(source):
    source.link_result()
    results = context.result_directory
    old, young, file = (results / f".123-{digit * 12}.tmp" for digit in "abc")
    for link in (old, young):
        link.symlink_to("nowhere")
    file.write_text("a user's")
    for path in (old, file):
        os.utime(path, (1, 1), follow_symlinks=False)
    source.link_result()
    assert sorted(path.name for path in results.iterdir()) == sorted([young.name, file.name, "result.pickle"])
