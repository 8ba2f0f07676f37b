"""Datasets as strings, how they are named, and what is said when they are not there."""

import copy
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelerator.dataset import Dataset, DatasetColumn, DatasetList, DatasetWriter, NoDataset, job_datasets
from accelerator.dataset.names import argument_names, directory_name, physical_name, quoted
from accelerator.error import (
    DatasetCorruptError,
    DatasetUsageError,
    NoSuchDatasetError,
    NoSuchJobError,
    NoSuchWorkdirError,
)
from accelerator.job import Job, NoJob
from accelerator.job.context import context

HOSTILE = [
    "", ".", "..", "\0", "\n", " ", "\xa0", "LIST", "dataset.txt", "dataset.json", "åäö", "𝄞", "name/with/slash", "/",
    "%", "%2F", "a" * 300, "å" * 200, "con", "-", "'", '"', "\\", "a\tb", "default ", ".hidden", "a.b", "A", "a",
]  # fmt: skip
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(HOSTILE)


# ---- identity


def test_a_dataset_is_its_string(job, make):
    default = make({"a": "int32"}, [])
    named = make({"a": "int32"}, [], name="x")
    assert (default, named) == (f"{job}", f"{job}/x")
    assert Dataset(f"{job}/default") == job
    assert default != f"{job}/default"
    assert sorted([named, default]) == [default, named]
    assert {default: 1}[str(job)] == 1
    assert named[:4] + "!" == "test!"
    for dataset in (default, named):
        again = pickle.loads(pickle.dumps(dataset))
        assert type(again) is str
        assert again == dataset
        assert json.loads(json.dumps([dataset])) == [dataset]
        assert type(copy.deepcopy(dataset)) in {str, Dataset}
    assert (default.name, named.name, default.job, named.job) == ("default", "x", job, job)
    assert isinstance(named.job, Job)
    assert (default.quoted, named.quoted) == (f"{job}/default", f"{job}/x")


def test_columns_of_one_object_are_its_own(job, make):
    dataset = make({"a": "int32"}, [[(1,)]])
    dataset.columns["b"] = dataset.columns.pop("a")
    assert list(Dataset(job).columns) == ["a"]
    assert Dataset(job).columns["a"] == DatasetColumn("int32", min=1, max=1)
    assert isinstance(Dataset(job).columns["a"], tuple)
    assert Dataset(job).lines is not Dataset(job).lines


def test_attributes(job, make):
    dataset = make({"a": ("int32", True), "b": "ascii"}, [[(1, "x"), (None, "y")]], filename="f", caption="c")
    assert dataset.lines == [2, 0, 0]
    assert dataset.shape == (2, 2)
    assert (dataset.filename, dataset.caption, dataset.hashlabel) == ("f", "c", None)
    assert (dataset.previous, dataset.parent) == (None, None)
    assert (dataset.min("a"), dataset.max("a"), dataset.min("b"), dataset.max("nope")) == (1, 1, None, None)
    assert dataset.columns["a"].none_support
    assert Path(job.path, dataset.fs_name, "dataset.json").exists()


# ---- construction


def test_every_form(current_job, make):
    first = current_job()
    default, named = make({"a": "int32"}, []), make({"a": "int32"}, [], name="x/y")
    empty = make({"a": "int32"}, [], name="")
    forms = {
        default: [first, str(first), default, (first, None), (first, ""), [str(first), "default"], (named, None),
                  f"{first}/default"],
        named: [f"{first}/x/y", named, (first, "x/y"), (default, b"x/y"), [f"{first}/zzz", "x/y"]],
        empty: [f"{first}/"],
    }  # fmt: skip
    for want, specs in forms.items():
        for spec in specs:
            got = Dataset(spec)
            assert (got, got.name) == (want, want.name), spec
            assert got is not spec
    assert Dataset(first, "x/y") == Dataset(first, b"x/y") == Dataset(default, "x/y") == named
    assert Dataset(first, "") == empty
    assert Dataset(NoDataset) is NoDataset
    second = current_job.new(datasets={"one": str(named), "many": [str(default), None], "none": None})
    assert Dataset({second: "one"}) == named
    assert Dataset({str(second): "many"}) == [default, ""]
    assert isinstance(Dataset({second: "many"}), DatasetList)
    assert Dataset({second: "none"}) is Dataset({second: "what"}) is Dataset({NoJob: "x"}) is NoDataset
    mine = make({"a": "int32"}, [], name="mine")
    assert Dataset({mine: "one"}) == named


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((None,), DatasetUsageError),
        (("",), DatasetUsageError),
        (((),), DatasetUsageError),
        (((None, "x"),), DatasetUsageError),
        ((NoJob,), DatasetUsageError),
        (("test-0/x", "x"), DatasetUsageError),
        ((("test-0", "x"), "x"), DatasetUsageError),
        ((NoDataset, "x"), DatasetUsageError),
        (({"test-0": "x"}, "y"), DatasetUsageError),
        (({},), DatasetUsageError),
        (({"test-0": "x", "test-1": "x"},), DatasetUsageError),
        (("nodash",), NoSuchJobError),
        (("test-99",), NoSuchJobError),
        (("other-1",), NoSuchWorkdirError),
        (("test-0",), NoSuchDatasetError),
        (("test-0", "nope"), NoSuchDatasetError),
        ((5,), TypeError),
        ((b"test-0",), TypeError),
        ((object(),), TypeError),
    ],
)
def test_what_is_not_a_dataset(job, make, arguments, error):
    make({"a": "int32"}, [], name="x")
    with pytest.raises(error):
        Dataset(*arguments)


def test_a_writer_is_not_a_dataset(job):
    writer = DatasetWriter({"a": "int32"})
    with pytest.raises(TypeError):
        Dataset(writer)
    writer.discard()


def test_hints_at_what_is_there(job, make):
    for number, hint in enumerate(
        ["no datasets", "only test-0/0", "test-0/0, test-0/1", "0.*1.*2", "0.*3", "ax ds -l"]
    ):
        with pytest.raises(NoSuchDatasetError, match=rf"test-0/no.*{hint}"):
            Dataset(job, "no")
        make({"a": "int32"}, [], name=str(number))


def test_a_job_of_the_same_name_is_not_the_same_job(current_job, make):
    """Manifests hold the unique id of the job they mean."""
    current_job()
    dataset = make({"a": "int32"}, [], name="old")
    current_job.new()
    following = make({"a": "int32"}, [], previous=dataset, parent=dataset)
    path = Path(dataset.job.path, "DS/old/dataset.json")
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "uid": "another"}))
    with pytest.raises(NoSuchDatasetError, match="not the job it was"):
        _ = following.previous
    with pytest.raises(NoSuchDatasetError, match="not the job it was"):
        _ = Dataset(following).parent


def test_a_manifest_that_is_damaged_says_so(job, make):
    make({"a": "int32"}, [])
    path = Path(job.path, "DS/default/dataset.json")
    for text in ("{", "[]", path.read_text().replace('"version": 1', '"version": 7')):
        path.write_text(text)
        with pytest.raises(DatasetCorruptError, match=r"DS/default/dataset.json"):
            Dataset(job)


# ---- names


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_names_of_datasets(current_job, found):
    current_job()
    for number, name in enumerate(found):
        writer = DatasetWriter({"a": "int32"}, name=name)
        writer.get_split_write()(number)
        assert writer.finish().name == name
    for number, name in enumerate(found):
        dataset = Dataset(context.job, name)
        assert list(dataset.iterate(0, "a")) == [number]
        assert Dataset(str(dataset)).name == name or name == "default"
        assert "\0" not in dataset.quoted
    jobid = current_job.finish()
    current_job()
    assert [dataset.name for dataset in Job(jobid).datasets] == found
    assert job_datasets(jobid) == [Dataset(jobid, name) for name in found]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_names_of_columns(current_job, found):
    current_job()
    dataset_of = DatasetWriter(dict.fromkeys(found, "int32"))
    dataset_of.get_split_write_dict()({name: number for number, name in enumerate(found)})
    dataset = dataset_of.finish()
    assert sorted(dataset.columns) == sorted(found)
    for number, name in enumerate(found):
        assert list(dataset.iterate(0, name)) == [number]
        assert list(dataset.iterate(0, name, range={name: (number, None)})) == [number]
    assert dataset.to_arrow().column_names == sorted(found)


@given(st.lists(names, min_size=2, max_size=30, unique=True))
def test_escaping_keeps_names_apart(found):
    assert len({physical_name(name) for name in found}) == len(found)
    directories = [directory_name(name) for name in found]
    assert len(set(directories)) == len(found)
    for directory in directories:
        assert 0 < len(directory.encode()) <= 220
        assert "/" not in directory
        assert directory.isprintable()
        assert not directory.startswith(".")


def test_names_that_differ_in_case_only(job, make):
    found = ["name", "Name", "NAME", "ﬁ", "fi"]
    for number, name in enumerate(found):
        make({"A": "int32", "a": "int32"}, [[(number, -number)]], name=name)
    assert [list(Dataset(job, name).iterate(0)) for name in found] == [[(n, -n)] for n in range(5)]
    directories = [path.name.casefold() for path in Path("DS").iterdir()]
    assert len(set(directories)) == 5


@pytest.mark.parametrize(
    ("text", "want"),
    [("a", "a"), ("a b", "'a b'"), ("", "''"), ("a'b", "a'b"), ("a\0", "'a\\x00'"), ("å/ä", "å/ä"), ("a\\", "'a\\\\'")],
)
def test_quoting(text, want):
    assert quoted(text) in {want, repr(text)}
    assert quoted("a") == "a"


@given(
    st.lists(st.text(max_size=5) | st.sampled_from(["class", "class_", "a b", "a_b", "print", "1", ""]), unique=True)
)
def test_argument_names_are_unique_identifiers(found):
    arguments = argument_names(found)
    assert len(set(arguments)) == len(found)
    for name in arguments:
        if name.isidentifier():  # not all that str calls alphanumeric may be in one
            assert eval(f"(lambda **k: list(k))({name}=1)") == [name]


# ---- nothing


def test_no_dataset():
    assert NoDataset == ""
    assert not NoDataset
    assert (NoDataset.columns, NoDataset.shape, NoDataset.name, NoDataset.caption) == ({}, (0, 0), "", "")
    assert NoDataset.job is NoJob
    assert NoDataset.quoted == "<NoDataset>"
    for name in ("filename", "fs_name", "hashlabel", "parent", "previous"):
        assert getattr(NoDataset, name) is None
    assert NoDataset.min("a") is NoDataset.max("a") is None
    assert NoDataset.chain() == NoDataset.chain_within_job() == []
    assert sum(NoDataset.lines) == 0
    assert len(NoDataset.lines) == 1
    assert NoDataset.lines[17] == NoDataset.lines[-5] == 0
    assert NoDataset.lines[3:9] is NoDataset.lines
    for name in ("iterate", "iterate_chain", "iterate_list", "link_to_here", "merge"):
        with pytest.raises(TypeError):
            getattr(NoDataset, name)()
    assert pickle.loads(pickle.dumps(NoDataset)) == ""
    assert type(NoDataset)() == NoDataset
