"""How a method runs: phases, arguments, results, output, files."""

import json
import os
from pathlib import Path

import pytest

from accelerator.error import JobError
from accelerator.job.workdir import Workdir


def test_phases_and_their_arguments(project):
    job = project.run(
        """
        options = {"x": 1}
        datasets = ("source",)
        jobs = ("previous",)
        seen = []

        def prepare(job, slices, params, options, datasets, jobs, sliceno):
            seen.append("prepare")
            assert sliceno == -1 and slices == params.slices == 3
            assert options.x == params.options.x == 5
            assert not datasets.source and not jobs.previous
            assert params.jobid == job
            return lambda: "never pickled"

        def analysis(prepare_res, sliceno, job):
            assert seen == ["prepare"]
            seen.append("lost")
            return sliceno, prepare_res(), job.method

        def synthesis(analysis_res, prepare_res, sliceno):
            assert sliceno == -1
            return seen, prepare_res(), list(analysis_res)
        """,
        x=5,
    )
    seen, prepared, results = job.load()
    assert seen == ["prepare"]
    assert prepared == "never pickled"
    assert results == [(sliceno, "never pickled", "m") for sliceno in range(3)]


@pytest.mark.parametrize("source", ["", "def prepare(): pass", "def analysis(sliceno): pass", "def synthesis(): pass"])
def test_every_phase_is_optional(project, source):
    job = project.run(source)
    assert job.files() == set()
    assert job.post.exectime.keys() == {"prepare", "analysis", "per_slice", "synthesis", "total"}
    assert len(job.post.exectime.per_slice) == (3 if "analysis" in source else 0)


def test_globals_are_those_of_the_job(project):
    job = project.run(
        """
        options = {"x": 1}
        datasets, jobs = (), ()

        def synthesis():
            return options.x, dict(datasets), dict(jobs)
        """,
        x=3,
    )
    assert job.load() == (3, {}, {})


@pytest.mark.parametrize(
    ("phase", "signature"),
    [
        ("prepare", "prepare_res"),
        ("synthesis", "analysis_res"),
        ("synthesis", "x=1"),
        ("analysis", "sliceno, analysis_res"),
    ],
)
def test_unknown_argument_fails_the_phase(project, phase, signature):
    with pytest.raises(JobError) as failure:
        project.run(f"def {phase}({signature}): pass")
    name = signature.split(",")[-1].split("=")[0].strip()
    (component,) = failure.value.status
    assert component.partition("(")[0] == phase  # any slice may be the first to fail
    assert f"argument {name!r}" in failure.value.status[component]


def test_analysis_must_take_sliceno(project):
    with pytest.raises(JobError) as failure:
        project.run("def analysis(): pass")
    assert "sliceno" in failure.value.status.analysis


def test_keyword_only_and_starred_parameters_are_ignored(project):
    job = project.run("def synthesis(*args, slices=7, **kw): return args, slices, kw")
    assert job.load() == ((), 7, {})


def test_decorated_functions_get_their_arguments(project):
    job = project.run(
        """
        import functools

        def decorator(function):
            @functools.wraps(function)
            def wrapper(*args, **kw):
                return "wrapped", function(*args, **kw)
            return wrapper

        @decorator
        def synthesis(slices):
            return slices
        """
    )
    assert job.load() == ("wrapped", 3)


@pytest.mark.parametrize("value", ["0", "False", "''", "[]", "{'a': 1}"])
def test_results_that_are_not_none_are_kept(project, value):
    job = project.run(f"def synthesis(): return {value}")
    assert job.files() == {"result.pickle"}
    assert job.load() == eval(value)


def test_no_result_no_file(project):
    job = project.run("def synthesis(): pass")
    assert job.load(default="none") == "none"


def test_output_of_each_part(project):
    job = project.run(
        """
        import os, subprocess, sys

        def prepare():
            print("from prepare")

        def analysis(sliceno):
            if sliceno != 1:
                print("from slice", sliceno)
                sys.stderr.write("and its stderr\\n")
                subprocess.run(["echo", "and its child"], check=True)

        def synthesis():
            os.write(1, b"no line end")
        """
    )
    parts = job.output("parts")
    assert list(parts) == ["prepare", 0, 2, "synthesis"]
    assert parts["prepare"] == "from prepare\n"
    assert parts[2] == "from slice 2\nand its stderr\nand its child\n"
    assert parts["synthesis"] == "no line end"


def test_no_output_no_directory(project):
    job = project.run("def synthesis(): return 1")
    assert sorted(path.name for path in (project.path / "dev-jobs" / job).iterdir() if path.name[0] != ".") == [
        "method.tar.gz",
        "post.json",
        "result.pickle",
        "setup.json",
    ]


def test_printed_without_a_line_end_before_dying(project):
    with pytest.raises(JobError) as failure:
        project.run("import os\ndef synthesis():\n    print('half a line', end='')\n    os._exit(1)")
    assert failure.value.job.output() == "half a line"


def test_registered_files(project):
    job = project.run(
        """
        def prepare(job):
            job.save(1, "from_prepare", temp=True)

        def analysis(sliceno, job):
            job.save(sliceno, "sliced", sliceno=sliceno)
            with job.open("temporary", "wt", sliceno=sliceno, temp=True) as file:
                file.write("x")

        def synthesis(job):
            assert [job.load("sliced", sliceno=sliceno) for sliceno in range(3)] == [0, 1, 2]
            assert job.load("from_prepare") == 1
            job.json_save({"a": 1})
        """
    )
    assert job.files() == {"sliced.0", "sliced.1", "sliced.2", "result.json"}
    names = {path.name for path in (project.path / "dev-jobs" / job).iterdir()}
    assert not {name for name in names if name.startswith(("temporary", "from_prepare", "Analysis", ".status"))}


def test_automatic_registration_happens_before_the_result_is_saved(project):
    job = project.run(
        """
        from pathlib import Path

        def synthesis():
            Path("a_file").write_text("x")
            return 1
        """
    )
    assert job.files() == {"a_file", "result.pickle"}


def test_background_saves_are_waited_for_in_each_phase(project):
    job = project.run(
        """
        def prepare(job):
            return job.save("p", "p.pickle", background=True)

        def analysis(sliceno, job, prepare_res):
            assert prepare_res.load() == "p"
            return job.save(sliceno, "a", sliceno=sliceno, background=True)

        def synthesis(analysis_res, job):
            loaded = [handle.load() for handle in analysis_res]
            job.save(loaded, "late", background=True)
            return loaded
        """
    )
    assert job.load() == [0, 1, 2]
    assert job.load("late") == [0, 1, 2]
    assert job.files() == {"p.pickle", "a.0", "a.1", "a.2", "late", "result.pickle"}


def test_a_failing_background_save_fails_the_phase(project):
    with pytest.raises(JobError) as failure:
        project.run("def prepare(job): job.save(lambda: 1, background=True)")
    assert list(failure.value.status) == ["prepare"]


def test_datasets_made_in_prepare_and_written_in_slices(project):
    job = project.run(
        """
        def prepare(job):
            job.datasetwriter(name="first", columns={"a": "int64"}).get_split_write()(1)
            return job.datasetwriter(columns={"b": "unicode"})

        def analysis(sliceno, prepare_res):
            prepare_res.write(str(sliceno))

        def synthesis(job):
            assert [ds.name for ds in job.datasets] == ["first"]
            job.datasetwriter(name="last", columns={"c": "int64"}).get_split_write()(1)
        """
    )
    assert [ds.name for ds in job.datasets] == ["first", "default", "last"]
    assert list(job.dataset().iterate(None, "b")) == ["0", "1", "2"]


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_slices_beyond_the_cores_wait_their_turn(make_project, cores):
    project = make_project(slices=5, cores=cores)
    job = project.run(
        """
        import os, time

        def analysis(sliceno):
            mine = f"running.{sliceno}"
            open(mine, "w").close()
            time.sleep(0.02)
            together = sum(os.path.exists(f"running.{n}") for n in range(5))
            os.unlink(mine)
            return together

        def synthesis(analysis_res):
            return list(analysis_res)
        """
    )
    assert max(job.load()) <= cores


def test_concurrency_limits_slices_further(make_project):
    project = make_project(slices=4, cores=4)
    job = project.run(
        """
        import time

        def analysis(sliceno):
            start = time.monotonic()
            time.sleep(0.01)
            return start, time.monotonic()

        def synthesis(analysis_res):
            return list(analysis_res)
        """,
        concurrency=1,
    )
    spans = job.load()
    assert all(spans[n][1] <= spans[n + 1][0] for n in range(3))
    assert job.post.exectime.concurrency == 1


def test_temporary_files_are_kept_on_request(project):
    project.project.engine.keep_temp_files = True
    job = project.run("def synthesis(job): job.save(1, 'temporary', temp=True)")
    assert job.files() == {"temporary"}


def test_the_record_of_a_job(project):
    job = project.run("options = {'x': 1}\ndef synthesis(): pass", x=2, caption="the caption")
    setup = json.loads((project.path / "dev-jobs" / job / "setup.json").read_text())
    assert setup["caption"] == "the caption"
    assert setup["options"] == {"x": 2}
    assert setup["environment"]["python_path"]
    assert setup["environment"]["packages"]
    assert [source["module"] for source in setup["sources"]] == ["dev.a_m", "dev"]
    assert 0 <= setup["seed"] < 1 << 63
    assert (project.path / "dev-jobs" / "dev-LATEST").resolve().name == job


@pytest.mark.parametrize("phase", ["prepare", "synthesis"])
def test_finish_early_with_a_result(project, phase):
    job = project.run(
        f"""
        def {phase}(job):
            job.finish_early("early")
        """
        + ("" if phase == "synthesis" else "\n        def analysis(sliceno): 1/0\n        def synthesis(): 1/0\n")
    )
    assert job.load() == "early"


def test_finish_early_in_prepare_finishes_datasets(project):
    job = project.run(
        """
        def prepare(job):
            job.datasetwriter(columns={"a": "int64"}).get_split_write()(1)
            job.finish_early()

        def synthesis():
            1/0
        """
    )
    assert job.dataset().shape == (1, 1)
    assert job.files() == set()


def test_finish_early_in_all_slices(project):
    job = project.run("def analysis(sliceno, job): job.finish_early()\ndef synthesis(): 1/0")
    assert len(job.post.exectime.per_slice) == 3


def test_finish_early_in_some_slices_fails(project):
    with pytest.raises(JobError) as failure:
        project.run("def analysis(sliceno, job):\n    if sliceno: job.finish_early()")
    assert "not all slices agreed" in failure.value.status.analysis


def test_finish_early_in_analysis_has_no_result(project):
    with pytest.raises(JobError) as failure:
        project.run("def analysis(sliceno, job): job.finish_early(1)")
    assert "cannot have a result" in failure.value.format_msg()


def test_analysis_results_merged(project):
    job = project.run(
        """
        def analysis(sliceno):
            return sliceno, {"a": {sliceno}}, [sliceno]

        def synthesis(analysis_res):
            return list(analysis_res.merge_auto())
        """
    )
    assert job.load() == [3, {"a": {0, 1, 2}}, [0, 1, 2]]


def test_defaultdicts_with_factories_that_cannot_be_pickled(project):
    job = project.run(
        """
        from collections import defaultdict

        def analysis(sliceno):
            outer = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
            outer["x"]["y"][sliceno] += 1
            return outer

        def synthesis(analysis_res):
            merged = analysis_res.merge_auto()
            return [type(level).__name__ for level in (merged, merged["x"], merged["x"]["y"])], merged
        """
    )
    types, merged = job.load()
    assert types == ["dict", "dict", "defaultdict"]
    assert merged == {"x": {"y": {0: 1, 1: 1, 2: 1}}}


def test_what_a_method_leaves_behind_is_ended_with_it(project):
    job = project.run(
        """
        import subprocess

        def synthesis():
            group = subprocess.Popen(["sleep", "1000"]).pid
            daemon = subprocess.Popen(["sleep", "1000"], start_new_session=True).pid
            return group, daemon
        """
    )
    for pid in job.load():
        with pytest.raises(ProcessLookupError):
            __import__("os").kill(pid, 0)


def test_sources_are_imported_as_they_were_digested(project):
    """A method that is saved again between the decision and the run does not change what runs."""
    project.file("dev/helper.py", "value = 1")
    project.method("m", "from dev import helper\ndef synthesis(): return helper.value")
    engine = project.project.engine
    engine.catalogue.declaration("m")
    project.file("dev/helper.py", "value = 2")
    from accelerator.engine.request import BuildCall

    assert engine.build(BuildCall("m")).load() == 1
    assert project.build("m").load() == 2


def test_jobs_one_after_the_other(project):
    """The second and later ones run in processes that were forked ahead, with what was imported meanwhile."""
    project.method("pid", "import os\noptions = {'n': 0}\ndef synthesis():\n    return os.getpid()\n")
    pids = {project.build("pid", n=number).load() for number in range(4)}
    assert len(pids) == 4
    project.method(
        "late",
        """
        from accelerator import subjobs

        def synthesis():
            return subjobs.build("pid", n=5).load()
        """,
    )
    project.build("late").load()
    assert project.build("pid", n=6).load() not in pids


def test_a_job_that_was_built_is_not_running(project):
    """Its process may still be ending, but its locks are free."""
    project.method("quick", "def synthesis():\n    pass\n")
    for _ in range(5):
        job = project.build("quick", force_build=True)
        Workdir(job.workdir, Path(job.path).parent).delete_job(job)


def test_temporary_data_go_where_the_configuration_says(project, tmp_path):
    """And nothing of them stays, whether the job ends well or not."""
    scratch = tmp_path / "scratch"
    configuration = project.path / "accelerator.toml"
    configuration.write_text(configuration.read_text() + f'temp_directory = "{scratch}"\n')
    source = """
        import os
        options = {"fail": False}

        def prepare(job):
            return os.path.realpath(os.path.join(job.path, ".tmp"))

        def analysis(sliceno, prepare_res):
            open(f"{prepare_res}/{sliceno}", "w").close()

        def synthesis(options, prepare_res):
            assert not options.fail
            return prepare_res, {"0", "1"} <= set(os.listdir(prepare_res))
    """
    job = project.run(source)
    place, there = job.load()
    assert there
    assert Path(place).parent == scratch
    with pytest.raises(JobError):
        project.build("m", fail=True)
    assert list(scratch.iterdir()) == []
    assert ".tmp" not in os.listdir(job.path)  # noqa: PTH208 - a link that leads nowhere would count, too
