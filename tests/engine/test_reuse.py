"""Which requests are answered by an existing job, and which are not."""

import os
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from accelerator.engine.index import Index
from accelerator.error import BuildError, JobError, ServerError
from accelerator.method import accepted
from accelerator.project import Project

READER = """
from accelerator import OptionFile
options = {"file": OptionFile()}
def synthesis(options, job):
    return job.open_input(options.file).read()
"""
COUNTED = "options = {'x': 1}\ndef synthesis(options): return options.x\n"


def test_the_same_request_is_answered_by_the_same_job(project):
    job = project.run(COUNTED, x=2)
    assert project.build("m", x=2) == job
    assert project.build("m", {"x": 2}) == job
    assert project.build("m", x="2", caption="another", name="called so") == job
    assert project.build("m", x=2, name="called so").method == "called so"
    assert project.build("m") != job
    assert project.kinds() == [
        ("started", "dev-0"), ("done", "dev-0"), *[("linked", "dev-0")] * 4, ("started", "dev-1"), ("done", "dev-1"),
    ]  # fmt: skip


def test_found_again_without_starting_a_runner(project):
    job = project.run(COUNTED)
    engine = project.reopen().engine
    assert project.build("m") == job
    assert not engine._runners.clients


@pytest.mark.parametrize("what", [".accelerator", "dev-jobs/.keys", "dev-jobs/.running"])
def test_found_again_after_a_cache_was_deleted(project, what):
    job = project.run(COUNTED)
    project.close()
    shutil.rmtree(project.path / what)
    assert project.build("m") == job


@pytest.mark.parametrize("damage", [b"", b"nonsense" * 1000])
def test_found_again_after_the_index_was_damaged(project, damage):
    job = project.run(COUNTED)
    project.close()
    (project.path / ".accelerator" / "index.sqlite").write_bytes(damage)
    assert project.build("m") == job


def test_comments_do_not_count_and_code_does(project):
    job = project.run(COUNTED)
    assert project.run("# comment\n" + COUNTED.replace("return", "\n    '''words'''\n    return  ")) == job
    assert project.run(COUNTED.replace("options.x", "options.x + 1")) != job
    assert project.run(COUNTED) == job


def test_a_helper_module_counts(project):
    project.file("dev/helper.py", "def value(): return 1\ndef unused(): return 2\n")
    job = project.run("from dev.helper import value\ndef synthesis(): return value()")
    project.file("dev/helper.py", "def value(): return 5\ndef unused(): return 2\n")
    changed = project.build("m")
    assert (job.load(), changed.load()) == (1, 5)


def test_force_build(project):
    first = project.run(COUNTED)
    second = project.build("m", force_build=True)
    assert second != first
    assert project.build("m") == second


def test_a_job_deleted_by_hand_is_built_again_under_a_new_number(project):
    job = project.run(COUNTED)
    shutil.rmtree(project.path / "dev-jobs" / job)
    again = project.build("m")
    assert (job, again) == ("dev-0", "dev-1")
    project.close()
    shutil.rmtree(project.path / "dev-jobs" / again)
    assert project.build("m") == "dev-2"


def test_an_input_is_known_by_its_uid_and_not_by_its_number(project):
    project.method("use", "jobs = ('previous',)\ndef synthesis(jobs): return jobs.previous.load()")
    first = project.run(COUNTED, x=1)
    used = project.build("use", previous=first)
    project.close()
    # What happens when somebody restores a workdir from a backup, or copies jobs by hand.
    shutil.rmtree(project.path / "dev-jobs" / first)
    other = project.run(COUNTED, x=2)
    project.close()
    (project.path / "dev-jobs" / other).rename(project.path / "dev-jobs" / first)
    assert project.build("use", previous=str(first)) != used


def test_failed_jobs_are_not_reused(project):
    with pytest.raises(JobError):
        project.run("def synthesis(): 1 / 0")
    with pytest.raises(JobError):
        project.build("m")
    assert [jobid for kind, jobid in project.kinds() if kind == "failed"] == ["dev-0", "dev-1"]


def test_several_workdirs(project):
    job = project.run(COUNTED, workdir="other")
    assert job == "other-0"
    assert project.build("m") == job
    assert project.build("m", x=5) == "dev-0"
    assert project.build("m", x=6, workdir="other") == "other-1"


def test_subjobs_are_part_of_what_makes_a_job_current(project):
    project.method("leaf", "options = {'n': 0}\ndef synthesis(options): return options.n")
    project.method(
        "middle", "from accelerator import subjobs\ndef synthesis(): return subjobs.build('leaf', n=1).load()"
    )
    source = "from accelerator import subjobs\ndef synthesis(): return subjobs.build('middle').load()"
    top = project.run(source)
    assert [job.method for job in map(project.project.job, top.post.subjobs)] == ["middle"]
    assert project.build("m") == top

    project.method("leaf", "options = {'n': 0}\ndef synthesis(options): return options.n * 10")
    changed = project.build("m")
    assert (top.load(), changed.load()) == (1, 10)

    leaf = project.project.job("leaf")
    shutil.rmtree(leaf.path)
    assert project.build("m") != changed


def test_input_files_by_their_contents(project):
    file = project.file("data.txt", "before")
    job = project.run(READER, file="data.txt")
    os.utime(file, (1, 1))
    assert project.build("m", file="data.txt") == job
    file.write_text("after!")
    os.utime(file, (2, 2))
    changed = project.build("m", file=Path("data.txt"))
    assert (job.load(), changed.load()) == ("before", "after!")
    file.unlink()
    with pytest.raises(ServerError, match=r"Submit failed: .*data\.txt"):
        project.build("m", file="data.txt")


def test_input_file_of_a_subjob(project):
    file = project.file("data.txt", "before")
    project.method("reader", READER)
    job = project.run(
        "from accelerator import subjobs\ndef synthesis(): return subjobs.build('reader', file='data.txt').load()"
    )
    os.utime(file, (1, 1))
    assert project.build("m") == job
    file.write_text("after")
    assert project.build("m").load() == "after"


def test_accepted_sources(project):
    job = project.run("options = {'x': 1}\ndef synthesis(): return 1", x=1)
    old = project.project.engine.catalogue.source_digest("m")
    project.method("m", "options = {'x': 1, 'added': 5}\ndef synthesis(): return 2 - 1")
    project.project.engine.refresh()
    new = project.project.engine.catalogue.source_digest("m")
    path = project.path / accepted.FILENAME
    accepted.accept(path, accepted.Acceptance("m", new, (old,), "the same", "me", datetime.now(UTC)))
    assert project.build("m", x=1) == job
    assert project.build("m", x=1, added=6) != job
    path.unlink()
    assert project.build("m", x=1) != job


def test_a_job_finished_by_another_process_is_found(make_project):
    """Also when this process has looked at the workdir before."""
    project = make_project()
    project.method("m", COUNTED)
    engine = project.project.engine
    with Project.open(project.path) as other:
        job = other.build("m", x=9)
    engine._index.close()
    engine._index.__init__(None, project.project.config.workdirs, engine._index._read)
    from accelerator.engine.request import BuildCall

    assert engine.build(BuildCall("m", keywords={"x": 9})) == job
    assert project.kinds() == [("linked", job)]


def test_two_engines_at_once_build_a_job_once(make_project):
    project = make_project()
    project.method(
        "m", "import time\noptions = {'x': 1}\ndef synthesis(options):\n    time.sleep(0.3)\n    return options.x\n"
    )
    found: list[list[str]] = [[], []]
    events: list[list[str]] = [[], []]

    def build(which: int) -> None:
        with Project.open(project.path, observer=lambda event: events[which].append(event.kind)) as mine:
            for x in range(3):
                found[which].append(str(mine.build("m", x=x)))

    threads = [threading.Thread(target=build, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found[0] == found[1]
    assert len(set(found[0])) == 3
    assert sum(kinds.count("done") for kinds in events) == 3
    assert sum(kinds.count("linked") for kinds in events) == 3


def test_when_the_other_builder_fails_the_waiter_tries_itself(make_project):
    project = make_project()
    project.method(
        "m",
        "import time\ndef synthesis(job):\n    time.sleep(0.3)\n    return job.number or 1 / 0\n",
    )
    outcomes = []

    def build() -> None:
        with Project.open(project.path) as mine:
            try:
                outcomes.append(mine.build("m").load())
            except JobError as error:
                outcomes.append(str(error.job))

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes, key=str) == [1, "dev-0"]


def test_subjobs_nest_five_levels(project):
    source = """
from accelerator import subjobs
options = {"depth": 0}
def synthesis(options):
    if options.depth:
        return 1 + subjobs.build("m", depth=options.depth - 1).load()
    return 0
"""
    assert project.run(source, depth=5).load() == 5
    with pytest.raises(JobError) as failure:
        project.run(source.replace("return 0", "return 0 + 0"), depth=6)
    assert "5 levels" in failure.value.format_msg()


def test_a_job_cannot_build_itself(project):
    with pytest.raises(JobError) as failure:
        project.run("from accelerator import subjobs\ndef prepare(): subjobs.build('m')")
    assert "would build itself" in failure.value.format_msg()


def test_subjobs_are_forbidden_in_analysis(project):
    with pytest.raises(JobError) as failure:
        project.run("from accelerator import subjobs\ndef analysis(sliceno): subjobs.build('m')")
    assert "AssertionError" in failure.value.format_msg()


def test_the_list_of_subjobs(project):
    project.method("leaf", "options = {'n': 0}\ndef synthesis(options): return options.n")
    job = project.run(
        """
        from accelerator import build, subjobs

        def prepare():
            build("leaf", n=1, name="first")

        def synthesis():
            second = build("leaf", n=2, name="second", caption="shown")
            again = build("leaf", n=1)
            return second, subjobs.jobs["first"], again, [job.method for job in subjobs.jobs]
        """
    )
    second, first, again, names = job.load()
    assert again == first
    assert names == ["first", "second", "leaf"]
    assert job.post.subjobs == {first: True, second: True}
    assert project.project.job(first).parent == job
    assert ("started", first) in project.kinds()


@pytest.mark.parametrize("name", ["force_build", "why_build", "workdir", "concurrency", "record_as"])
def test_words_that_subjobs_do_not_take(project, name):
    with pytest.raises(JobError) as failure:
        project.run(f"from accelerator import build\ndef synthesis(): build('m', {name}=1)")
    assert name in failure.value.format_msg()


def test_keywords_that_nobody_declares(project):
    with pytest.raises(BuildError, match="'y'"):
        project.run(COUNTED, y=1)


def test_index_in_memory_when_the_project_cannot_be_written(project, tmp_path):
    directory = tmp_path / "a file"
    directory.touch()
    index = Index(directory, {}, lambda path: None)
    assert index.with_key("x") == []
    index.close()


def test_jobs_that_want_the_same_subjob_leave_it_the_core(make_project):
    """Whoever waits for a job that another one builds does not hold the core that it needs."""
    project = make_project(cores=1)
    project.method("leaf", "def synthesis(): return 7\n")
    project.method(
        "top",
        """
        from accelerator import subjobs
        options = {"n": 0}
        def synthesis():
            return subjobs.build("leaf").load()
        """,
    )
    pending = [project.project.build_async("top", n=n) for n in range(4)]
    assert [job.load() for job in pending] == [7] * 4
    assert project.kinds().count(("started", "dev-4")) == 1
