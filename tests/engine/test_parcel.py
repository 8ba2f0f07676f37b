"""Methods whose prepare has used a library that does not survive a fork: the runner forks their slices."""

import types

import pytest

from accelerator.engine import parcel
from accelerator.error import JobError


def test_polars_and_duckdb_in_every_phase(project):
    pytest.importorskip("polars")
    job = project.run(
        """
        import re
        import duckdb, numpy, polars, pyarrow

        connection = None

        def work(n):
            con = duckdb.connect()
            with con:
                (first,), = con.execute("select sum(i) from range(?) t(i)", [n]).fetchall()
            second = polars.DataFrame({"a": list(range(n))}).group_by("a").len().select(polars.col("len").sum()).item()
            return int(first), second

        def prepare(job):
            return {
                "table": pyarrow.table({"a": [1, 2]}), "array": numpy.arange(3), "pattern": re.compile("x+"),
                "worked": work(1000), "frame": polars.DataFrame({"a": [1]}), "job": job,
            }

        def analysis(sliceno, prepare_res):
            assert prepare_res["table"]["a"].to_pylist() == [1, 2]
            assert prepare_res["array"].sum() == 3
            assert prepare_res["pattern"].match("xx")
            assert prepare_res["frame"]["a"].to_list() == [1]
            assert prepare_res["job"].path
            return work(1000 + sliceno)

        def synthesis(analysis_res, prepare_res):
            return prepare_res["worked"], list(analysis_res), work(10)
        """
    )
    prepared, slices, last = job.load()
    assert prepared == (499500, 1000)
    assert slices == [(499500, 1000), (500500, 1001), (501501, 1002)]
    assert last == (45, 10)


def test_globals_and_writers_and_saved_files_travel(project):
    job = project.run(
        """
        fork_safe = False
        count, words, untouched, helper = 0, [], {"a": 1}, None

        def prepare(job):
            global count
            count = 5
            words.append("word")
            return job.datasetwriter(columns={"a": "int64"}), job.save(7, "seven")

        def analysis(sliceno, prepare_res, options):
            writer, saved = prepare_res
            assert (count, words, untouched) == (5, ["word"], {"a": 1})
            assert saved.load() == 7
            writer.write(sliceno)
            return saved

        def synthesis(analysis_res, prepare_res):
            return [saved.load() for saved in analysis_res], prepare_res[1].load()
        """
    )
    assert job.load() == ([7, 7, 7], 7)
    assert list(job.dataset().iterate(None, "a")) == [0, 1, 2]
    assert not (project.path / "dev-jobs" / job / ".tmp").exists()


@pytest.mark.parametrize(
    ("prepare", "said"),
    [("return lambda: 1", "what prepare returned"), ("global helper; helper = lambda: 1", "prepare set global helper")],
)
def test_what_cannot_travel_is_named(project, prepare, said):
    with pytest.raises(JobError) as failure:
        project.run(f"fork_safe = False\ndef prepare():\n    {prepare}\ndef analysis(sliceno): pass")
    assert said in failure.value.status.prepare
    assert "fork_safe = True" in failure.value.status.prepare


def test_what_cannot_travel_need_not_if_it_is_declared_safe(project):
    project.run(
        "fork_safe = True\nimport duckdb\ndef prepare(): return lambda: 1\n"
        "def analysis(sliceno, prepare_res): prepare_res()"
    )


@pytest.mark.parametrize(
    ("how", "component", "said"),
    [
        ("1 / 0", "analysis(1)", "ZeroDivisionError"),
        ("os._exit(3)", "analysis", "exitcode 3"),
        ("os.kill(os.getpid(), 9)", "analysis", "exitcode -9"),
        ("os._exit(0)", "analysis", "not all slices"),
    ],
)
def test_failing_slices(project, how, component, said):
    with pytest.raises(JobError) as failure:
        project.run(
            "import os, time\nfork_safe = False\ndef prepare(): pass\n"
            f"def analysis(sliceno):\n    if sliceno == 1: {how}\n    time.sleep(60)\n"
        )
    assert said in failure.value.status[component]


def test_more_slices_than_cores(make_project):
    project = make_project(slices=5, cores=2)
    job = project.run(
        "fork_safe = False\ndef prepare(): return 1\ndef analysis(sliceno, prepare_res): return sliceno + prepare_res\n"
        "def synthesis(analysis_res): return analysis_res.merge_auto()"
    )
    assert job.load() == 15


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("", set()),
        ("number = 2", {"number"}),
        ("new = 1", {"new"}),
        ("words.append(1)", {"words"}),
        ("table['x'] = 2", {"table"}),
        ("group.add(3)", {"group"}),
        ("words = list(words)", {"words"}),
    ],
)
def test_changes_of_globals(change, changed):
    module = types.ModuleType("method")
    exec("number = 1; words = []; table = {'x': 1}; group = {1}", vars(module))
    before = parcel.globals_of(module)
    exec(change, vars(module))
    assert set(parcel._changed(module, before)) == changed
