"""Keywords of the build functions: whatever the method declares is the method's."""

import pytest

from accelerator import BuildError
from accelerator._unset import UNSET
from accelerator.engine.keywords import DEFAULTS, sort_keywords
from accelerator.method.declaration import Declaration
from accelerator.testing import run_method

GREEDY = """
options = {"caption": "", "force_build": True, "workdir": "", "execution": {}, "why_build": 0}
jobs = ("concurrency",)
datasets = (["name"],)
def synthesis(options, jobs, datasets):
    return dict(options), jobs.concurrency, list(datasets.name)
"""
GIVEN = {
    "caption": "c", "force_build": False, "workdir": "w", "execution": {"retries": "x"}, "why_build": 7,
}  # fmt: skip


def declared(**kw):
    return lambda: Declaration("m", "dev", "dev.a_m", "/a_m.py", **kw)


def test_what_the_method_declares_is_its_own():
    own, theirs = sort_keywords(
        declared(options={"caption": ""}, jobs=("workdir",), datasets=(["name"],)),
        {"caption": "c", "workdir": UNSET, "name": None, "force_build": True},
        {"execution": {"retries": 1}, "x": 1},
    )
    assert own == {**DEFAULTS, "force_build": True, "execution": {"retries": 1}}
    assert theirs == {"x": 1, "caption": "c", "name": None}


def test_nobody_asks_for_the_declaration_without_need():
    assert sort_keywords(pytest.fail, {"caption": UNSET}, {"x": 1}) == (dict(DEFAULTS), {"x": 1})


def test_execution_must_be_a_dict():
    with pytest.raises(BuildError, match="execution takes a dict"):
        sort_keywords(declared(), {}, {"execution": 3})


def test_every_door(project):
    project.method("greedy", GREEDY)
    project.method("one", "def synthesis(): return 1")
    project.method(
        "asks",
        f"""
        from accelerator import subjobs
        def synthesis():
            one = subjobs.build("one")
            return subjobs.build("greedy", concurrency=one, name=[], **{GIVEN!r})
        """,
    )
    one = project.build("one")
    expected = GIVEN, one, []
    doors = [
        project.build("greedy", concurrency=one, name=[], **GIVEN),
        project.project.build_async("greedy", concurrency=one, name=[], **GIVEN).job,
        project.project.job(project.build("asks").load()),
    ]
    assert [job.load() for job in doors] == [expected] * 3
    assert [job.method for job in doors] == ["greedy"] * 3
    assert [job.params.caption for job in doors] == [""] * 3


def test_run_method():
    assert run_method("options = {'slices': 0, 'caption': ''}\ndef synthesis(options): return dict(options)",
                      slices=7, caption="x").load() == {"slices": 7, "caption": "x"}  # fmt: skip
    job = run_method("def synthesis(slices): return slices", slices=2, caption="x", name="called")
    assert (job.load(), job.params.caption, job.method) == (2, "x", "called")


def test_a_method_that_does_not_exist_fails_where_it_is_waited_for(project):
    pending = project.project.build_async("nothing", name="x")
    with pytest.raises(BuildError, match="no method 'nothing'"):
        pending.job.load()
