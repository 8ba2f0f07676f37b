"""What build scripts do with the ``urd`` object."""

from textwrap import dedent, indent


def check(project, body, *arguments):
    """Run the body of a ``main(urd)``; it asserts by itself."""
    source = "import pytest\nfrom accelerator.error import *\n" + "def main(urd):\n" + indent(dedent(body), "    ")
    done = project.run_script(source, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_a_session_records_its_jobs(project):
    check(
        project,
        """
        before = urd.build("number", n=9)
        urd.begin("a", "2014-04-01", caption="text")
        assert urd.joblist == [] and urd.joblist_all == [before]
        job = urd.build("number", n=1, name="one")
        answer = urd.finish("a")
        assert answer == {"new": True, "changed": False, "is_ghost": False} and answer.new
        assert urd.joblist == [job]
        found = urd.peek("a", "2014-04-01")
        assert found and found.caption == "text" and found.timestamp == "2014-04-01"
        assert found.joblist["one"] == job and found.joblist["one"].load() == 1
        assert found.build_job == "dev-0" and found.build_job.is_build
        assert (found.user, found.build, found.deps) == ("kim", "a", {})
        assert not urd.peek("a", "<2014-04-01") and urd.peek("a", "<=2014-04") and urd.peek_first("a")
        assert urd.list() == ["kim/a"] and urd.since("a", 0) == ["2014-04-01"] == urd.since("kim/a", 1)
        """,
    )


def test_what_is_fetched_becomes_a_dependency(project):
    check(
        project,
        """
        def put(path, timestamp, n, fetch=None, update=False):
            urd.begin(path, timestamp, update=update)
            if fetch:
                assert getattr(urd, fetch)("a")
            urd.build("number", n=n)
            return urd.finish(path)

        put("a", 1, 1)
        put("b", 1, 2, fetch="latest")
        put("c", 1, 3, fetch="first")
        dep = urd.peek_latest("b").deps["kim/a"]
        assert dep.timestamp == "1" and dep.joblist["number"].load() == 1 and dep.caption == ""
        assert urd.peek_latest("a").as_dep == {"timestamp": "1", "joblist": [("number", dep.joblist[0])], "caption": ""}
        with pytest.raises(UrdConflictError):
            put("a", 1, 4)
        assert put("a", 1, 4, update=True) == {"new": False, "changed": True, "is_ghost": False, "deps": 2}
        assert urd.list() == ["kim/a"]
        assert urd.truncate("a", 0) == {"count": 1, "deps": 0}
        assert urd.truncate("never", 0) == {"count": 0, "deps": 0}
        """,
    )


def test_what_makes_no_sense_is_refused(project):
    check(
        project,
        """
        job = urd.build("number")
        for call in [
            lambda: urd.get("a", 1), lambda: urd.latest("a"), lambda: urd.first("a"), lambda: urd.finish("a"),
            lambda: urd.begin("a/b/c", 1), lambda: urd.begin("", 1), lambda: urd.begin("a", "x"),
            lambda: urd.begin("a", True), lambda: urd.build_chained("number", name="x"),
        ]:
            with pytest.raises(AssertionError):
                call()
        urd.abort()
        urd.begin("a", 1)
        assert not urd.get("nothing", 1) and not urd.get("nothing", 2), "what is not there is no dependency"
        for call in [
            lambda: urd.begin("b", 1), lambda: urd.finish("b"), lambda: urd.finish("a"),
        ]:
            with pytest.raises(AssertionError):
                call()
        urd.build("number")
        assert urd.finish("kim/a", 2).new, "the list is the same, the timestamp of finish counts"
        urd.begin("c", caption="of begin")
        assert urd.latest("a")
        with pytest.raises(AssertionError, match="fetched"):
            urd.get("kim/a", 2)
        urd.build("number")
        assert urd.finish("c", 7, "of finish").new
        assert urd.peek_latest("c").caption == "of finish"
        urd.begin("d")
        urd.build("number")
        with pytest.raises(AssertionError, match="timestamp"):
            urd.finish("d")
        urd.begin("d", 0)
        urd.build("number")
        with pytest.raises(AssertionError, match="timestamp 0"):
            urd.finish("d")
        urd.begin("d", 1)
        urd.build("number")
        urd.abort()
        assert urd.list() == ["kim/a", "kim/c"] and urd.joblist == [job]
        """,
    )


def test_without_an_urd(project):
    project.configure(urd="")
    check(
        project,
        """
        for call in [
            lambda: urd.begin("a", 1), lambda: urd.peek_latest("a"), lambda: urd.list(), lambda: urd.truncate("a", 0),
        ]:
            with pytest.raises(AssertionError, match="no urd is configured"):
                call()
        assert urd.build("number").load() == 0
        """,
    )


def test_chained_builds_continue_the_last_entry(project):
    check(
        project,
        """
        for n in [1, 2, 3]:
            urd.begin("chain", n)
            last = urd.latest("chain")
            job = urd.build_chained("number", n=n, name="link")
            assert job.params.jobs.previous == (last.joblist["link"] if n > 1 else NoJob)
            assert len(job.chain()) == n
            urd.finish("chain")
        urd.begin("chain", 4)
        with pytest.raises(AssertionError, match="fetched"):
            urd.build_chained("number", name="link")
        urd.latest("chain")
        for call in [
            lambda: urd.build_chained("number", name="link", previous=None), lambda: urd.build_chained("number"),
        ]:
            with pytest.raises(AssertionError):
                call()
        """.replace("NoJob", "__import__('accelerator.job').job.NoJob"),
    )


def test_the_horizon_hides_what_is_later(project):
    body = """
    for timestamp in ["2014-03", "2014-04-10", "2014-05"]:
        urd.begin("a", timestamp)
        urd.build("number")
        urd.finish("a")
    """
    check(project, body)
    check(
        project,
        """
        assert urd.horizon == "2014-04"
        assert urd.peek_latest("a").timestamp == "2014-04-10"
        assert urd.peek("a", "latest").timestamp == "2014-04-10" and urd.peek("a", "2014-05")
        urd.begin("b", 1)
        assert urd.latest("a").timestamp == "2014-04-10"
        """,
        "--horizon", "2014-04",
    )  # fmt: skip


def test_parameters_come_as_keywords_dicts_and_pairs(project):
    check(
        project,
        """
        one = urd.build("number", n=1)
        same = urd.build("number", {"n": 1}, jobs=[("previous", None)])
        assert one == same
        assert urd.build("number", {"n": 5, "text": "x"}, n=1, text="") == one, "keywords win"
        assert urd.build("number", n=1, caption="ignored when it exists") == one
        two = urd.build("number", n=2, caption="kept", previous=one)
        assert two.params.caption == "kept" and two.params.jobs.previous == one
        with pytest.raises(BuildError):
            urd.build("number", nothing=1)
        with pytest.raises(BuildError):
            urd.build("nothing")
        with pytest.raises(ServerError, match="^Submit failed"):
            urd.build("number", workdir="nowhere", n=1)
        """,
    )


def test_execution_belongs_to_the_method_that_declares_it(project):
    project.method("own", "options = {'execution': ''}\ndef synthesis():\n    return options.execution")
    check(
        project,
        """
        assert urd.build("own", execution="mine").load() == "mine"
        assert urd.build("number", n=1, execution={"retries": 1}).load() == 1
        with pytest.raises(BuildError, match="execution takes a dict"):
            urd.build("number", execution=3)
        """,
    )


def test_why_build_tells_and_builds_nothing(project):
    check(
        project,
        """
        assert urd.build("number", why_build=True) == {"number": {}}
        one = urd.build("number", n=1)
        two = urd.build("number", n=2)
        assert urd.build("number", n=1, why_build=True) == {"number": {one: {}}}
        assert urd.build("number", n=3, why_build=True) == {"number": {two: {"options": {"n": 2}}}}
        assert urd.joblist == [one, two]
        """,
    )


def test_the_flag_why_build_stops_before_the_first_build(project):
    check(project, 'urd.build("number", n=1)')
    done = check(
        project,
        """
        urd.build("number", n=1)
        try:
            urd.build("number", n=2)
        except Exception:
            assert False, "nothing to catch here"
        assert False, "not reached"
        """,
        "--flags", "why_build",
    )  # fmt: skip

    assert "link  dev-1" in done.stdout
    assert "DONE" not in done.stdout
    said = done.stdout.replace(" ", "").replace("\n", "")
    assert 'Wouldhavebuiltfrom:{"datasets":{},"jobs":{"previous":null},"method":"number"' in said
    assert 'Couldhaveavoidedthebuildwith:{"number":{"dev-1":{"options":{"n":1}}}}' in said
    assert not project.job("dev-3").exists()


def test_why_tells_for_each_job_that_is_built(project):
    body = 'urd.build("number", n=1)'
    check(project, body)
    assert "dev-1" in (done := check(project, body, "--why")).stdout
    assert done.stdout.count("\n") == 2, "a job that exists is no question"
    source = project.directory / "dev" / "a_number.py"
    source.write_text(source.read_text().replace("return options.n", "return options.n + 1"))
    done = check(project, body, "--why")

    assert "synthesis" in done.stdout, "the function that changed"
    assert "+    return options.n + 1" in done.stdout
