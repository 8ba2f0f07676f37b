"""Every method with one slice, with some and with many; without any rows; and going on from an earlier job."""

import csv
import json
import re
import zipfile
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accelerator import JobError, Project
from accelerator.column import hash_value
from accelerator.testing import TemporaryProject

COLUMNS = {"k": ("ascii", True), "n": "int64", "t": "bytes"}
NAMES = sorted(COLUMNS)
KEYS = ["a", None, "b", "", "long"]
SOME = pytest.mark.parametrize("world", [3], indirect=True)
MANY = pytest.mark.parametrize("world", [1, 3, pytest.param(100, marks=pytest.mark.slow)], indirect=True)


@dataclass
class World:
    """A project with a chain of three datasets, the second without rows, and a directory for files."""

    project: Any
    slices: int
    chain: list[Any]
    directory: Path

    def build(self, method, **parameters):
        return self.project.build(method, **{name: value for name, value in parameters.items() if value is not None})

    def parts(self, datasets, names=NAMES):
        """Rows of datasets by slice, the datasets one after the other in each."""
        return [[row for ds in datasets for row in ds.iterate(number, names)] for number in range(self.slices)]

    def dealt(self, rows):
        """Rows dealt to the slices in turn."""
        return [rows[number :: self.slices] for number in range(self.slices)]

    def cut(self, rows):
        """Rows in as many parts one after the other, as equal as can be."""
        edges = [len(rows) * number // self.slices for number in range(self.slices + 1)]
        return [rows[start:end] for start, end in pairwise(edges)]


def make_rows(start, slices):
    """Rows of each slice: none to three."""
    return [
        [(KEYS[n * 7 % 5], n * 7919 % 1009, b"%d" % n) for n in range(start, start + (start + number + 1) % 4)]
        for number, start in enumerate(range(start, start + 3 * slices, 3))
    ]


def make_chain(project, slices, write_to):
    datasets = []
    for rows in (make_rows(0, slices), [[]] * slices, make_rows(1000, slices)):
        datasets.append(write_to(project, COLUMNS, rows, previous=datasets[-1] if datasets else None))
    return datasets


@pytest.fixture(scope="module")
def world(request, write_to, tmp_path_factory):
    with TemporaryProject(request.param, tmp_path_factory.mktemp("project")) as project:
        datasets = make_chain(project, request.param, write_to)
        yield World(project, request.param, datasets, tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def reader_of_others(write_to, tmp_path_factory):
    """A project with three slices that reads the workdir of one with seven."""
    with TemporaryProject(7, tmp_path_factory.mktemp("seven")) as project:
        names = [str(dataset) for dataset in make_chain(project, 7, write_to)]
        workdir = project.project.config.target_workdir
        path = project.project.config.workdirs[workdir]
    directory = tmp_path_factory.mktemp("three")
    (directory / "accelerator.toml").write_text(
        f"""slices = 3\nmethods = ["accelerator.standard_methods"]\n[workdirs]\nown = "own"\n{workdir} = "{path}"\n"""
    )
    with Project.open(directory) as project:
        datasets = [project.dataset(name) for name in names]
        yield World(project, 3, datasets, tmp_path_factory.mktemp("files"))


# For each method: how it is built from a dataset, or the rows of one; what it makes, by slice; and what that must be,
# from the datasets that are new since the earlier job.


def joined(parts):
    return list(chain.from_iterable(parts))


def numbers(parts):
    return [[int(row[2]) for row in rows] for rows in parts]


def sorted_by_number(parts):
    return [sorted(rows, key=lambda row: row[1]) for rows in parts]


def hashed(world, datasets):
    """Of each dataset in turn all rows, by the hash of k."""
    parts = [[] for _ in range(world.slices)]
    for dataset in datasets:
        for row in dataset.iterate(None, NAMES):
            parts[hash_value("ascii", row[0]) % world.slices].append(row)
    return parts


def made(world, job, names=NAMES):
    """The rows of the datasets that a job made, oldest first."""
    return world.parts([dataset for dataset in job.dataset().chain() if dataset.job == job], names)


def fanned_out(job):
    return {dataset.name: dataset for dataset in job.datasets}


def unfolded(world, source):
    """The rows of a dataset in turn, each slice with as many as it has."""
    rows = list(source.iterate("roundrobin", NAMES))
    edges = [sum(source.lines[:number]) for number in range(world.slices + 1)]
    return [rows[start:end] for start, end in pairwise(edges)]


def text_file(world, source, suffix, write):
    """Write the rows of a dataset to a file for importing; return its name and the rows."""
    path = world.directory / f"{source.job}{suffix}"
    rows = [(row[0] or "", row[1]) for row in source.iterate("roundrobin", NAMES)]
    write(path, rows)
    return str(path)


def write_csv(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("k", "n"), *rows])


def write_zip(path, rows):
    write_csv(path.with_suffix(".inside"), rows)
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(path.with_suffix(".inside"), "inside.csv")


def write_json(path, rows):
    path.write_text("".join(json.dumps({"k": k, "n": n}) + "\n" for k, n in rows) or '{"k": "", "n": 0}\n')


def write_parquet(path, rows):
    pq.write_table(pa.table({"k": [row[0] for row in rows], "n": pa.array([row[1] for row in rows], pa.int64())}), path)


def plain(source):
    """What files have of a dataset."""
    return [(row[0] or "", row[1]) for row in source.iterate("roundrobin", NAMES)]


METHODS = {
    "dataset_type": (
        lambda w, ds, before: w.build("dataset_type", source=ds, previous=before, column2type={"t": "int32_10"}),
        lambda w, job: [[row[0] for row in part] for part in made(w, job, ["t"])],
        lambda w, new: numbers(w.parts(new)),
    ),
    "dataset_type, rehashing": (
        lambda w, ds, before: w.build(
            "dataset_type", source=ds, previous=before, column2type={"t": "bytes"}, hashlabel="k"
        ),
        made,
        hashed,
    ),
    "dataset_hashpart": (
        lambda w, ds, before: w.build("dataset_hashpart", source=ds, previous=before, hashlabel="k"),
        made,
        hashed,
    ),
    "dataset_sort": (
        lambda w, ds, before: w.build("dataset_sort", source=ds, previous=before, sort_columns="n"),
        made,
        lambda w, new: sorted_by_number(w.parts(new)),
    ),
    "dataset_sort, across slices": (
        lambda w, ds, before: w.build(
            "dataset_sort", source=ds, previous=before, sort_columns="n", sort_across_slices=True
        ),
        lambda w, job: [joined(made(w, job))],
        lambda w, new: sorted_by_number([[row for ds in new for row in ds.iterate(None, NAMES)]]),
    ),
    "dataset_concat": (
        lambda w, ds, before: w.build("dataset_concat", source=ds, previous=before),
        made,
        lambda w, new: w.parts(new),
    ),
    "dataset_concat, compact": (
        lambda w, ds, before: w.build("dataset_concat", source=ds, previous=before, compact=True),
        made,
        lambda w, new: w.parts(new),
    ),
    "dataset_fanout": (
        lambda w, ds, before: w.build("dataset_fanout", source=ds, previous=before, column="k"),
        lambda w, job: {
            name: [[*part] for part in w.parts([dataset], ["n", "t"])]
            for name, dataset in fanned_out(job).items()
            if sum(dataset.lines)
        },
        lambda w, new: {
            str(key): [[row[1:] for row in part if row[0] == key] for part in w.parts(new)]
            for key in {row[0] for part in w.parts(new) for row in part}
        },
    ),
    "dataset_filter_columns": (
        lambda w, ds, before: w.build("dataset_filter_columns", source=ds, previous=before, keep_columns="n,t"),
        lambda w, job: w.parts([job.dataset()], ["n", "t"]),
        lambda w, new: [[row[1:] for row in part] for part in w.parts(new[-1:])],
    ),
    "dataset_merge": (
        lambda w, ds, before: w.build(
            "dataset_merge",
            source=[ds, w.build("dataset_filter_columns", source=ds, keep_columns="n")],
            previous=before,
        ),
        lambda w, job: w.parts([job.dataset()]),
        lambda w, new: w.parts(new[-1:]),
    ),
    "dataset_unroundrobin": (
        lambda w, ds, before: w.build("dataset_unroundrobin", source=ds, previous=before),
        made,
        lambda w, new: unfolded(w, new[-1]),
    ),
    "dataset_sql": (
        lambda w, ds, before: w.build("dataset_sql", source=[ds], previous=before, query="select k, n, t from ds"),
        made,
        lambda w, new: w.dealt(
            sorted(new[-1].iterate(None, NAMES), key=lambda row: (row[0] is None, row[0] or "", row[1:]))
        ),
    ),
    "csvexport": (
        lambda w, ds, before: w.build("csvexport", source=[ds], previous=before, chain_source=True),
        lambda w, job: Path(job.filename("result.csv")).read_text(),
        lambda w, new: "".join(["k,n,t\n", *(f"{k},{n},{t.decode()}\n" for part in w.parts(new) for k, n, t in part)]),
    ),
    "parquet_export": (
        lambda w, ds, before: w.build("parquet_export", source=[ds], previous=before, chain_source=True),
        lambda w, job: [tuple(row.values()) for row in pq.read_table(job.filename("result.parquet")).to_pylist()],
        lambda w, new: joined(w.parts(new)),
    ),
    "dataset_checksum": (
        lambda w, ds, before: w.build("dataset_checksum", source=ds),
        lambda w, job: job.load().sum,
        # The same rows in other slices.
        lambda w, new: w.build("dataset_checksum", source=w.build("dataset_unroundrobin", source=new[-1])).load().sum,
    ),
    "csvimport": (
        lambda w, ds, before: w.build(
            "csvimport", filename=text_file(w, ds, ".csv", write_csv), previous=before, column2type={"n": "int64_10"}
        ),
        lambda w, job: made(w, job, ["k", "n"]),
        lambda w, new: w.dealt([(k.encode(), n) for k, n in plain(new[-1])]),
    ),
    "csvimport_zip": (
        lambda w, ds, before: w.build("csvimport_zip", filename=text_file(w, ds, ".zip", write_zip), previous=before),
        lambda w, job: w.parts([job.dataset()], ["k", "n"]),
        lambda w, new: w.dealt([(k.encode(), b"%d" % n) for k, n in plain(new[-1])]),
    ),
    "jsonl_import": (
        lambda w, ds, before: w.build("jsonl_import", filename=text_file(w, ds, ".json", write_json), previous=before),
        lambda w, job: joined(made(w, job, ["k", "n"])),
        lambda w, new: plain(new[-1]) or [("", 0)],
    ),
    "parquet_import": (
        lambda w, ds, before: w.build(
            "parquet_import", filename=text_file(w, ds, ".parquet", write_parquet), previous=before
        ),
        lambda w, job: made(w, job, ["k", "n"]),
        lambda w, new: w.cut(plain(new[-1])),
    ),
}


@MANY
@pytest.mark.timeout(300)
@pytest.mark.parametrize("method", METHODS)
def test_any_number_of_slices(world, method):
    build, result, expected = METHODS[method]
    source = world.chain[0]

    assert result(world, build(world, source, None)) == expected(world, [source])


@SOME
@pytest.mark.parametrize("method", METHODS)
def test_going_on_from_an_earlier_job(world, method):
    build, result, expected = METHODS[method]
    first = build(world, world.chain[0], None)
    second = build(world, world.chain[2], first)

    assert result(world, second) == expected(world, world.chain[1:])
    for dataset in second.datasets:
        before = next(one for one in dataset.chain() if one.job == second).previous
        # Those of dataset_fanout follow the one of the same name.
        assert before == (first.dataset(dataset.name) if method == "dataset_fanout" else first.dataset())


@SOME
@pytest.mark.parametrize("method", METHODS)
def test_no_rows(world, method):
    build, result, expected = METHODS[method]
    nothing = world.build("dataset_filter_columns", source=world.chain[1], discard_columns="none").dataset()

    assert result(world, build(world, nothing, None)) == expected(world, [nothing])


# Their results refer to the data of the source.
REFERRING = {"dataset_type", "dataset_concat", "dataset_filter_columns", "dataset_merge"}


@pytest.mark.parametrize("method", METHODS)
def test_datasets_made_with_another_number_of_slices(reader_of_others, method):
    world = reader_of_others
    build, result, expected = METHODS[method]

    assert [len(dataset.lines) for dataset in world.chain] == [3, 3, 3]
    if method in REFERRING:
        with pytest.raises(JobError) as caught:
            build(world, world.chain[2], None)
        said = caught.value.format_msg()
        assert "has 7 slices, this job 3, so it can only be read. To copy " in said
        # What it says is to be typed, and then does it.
        what, advised, source = re.search(r"To copy (.+): build\('(\w+)', source='(.+)', compact=True\)", said).groups()
        copied = world.build(advised, source=source, compact=True).dataset()
        original = world.project.dataset(source)
        assert what == ("the whole chain" if original.previous else "it")
        assert len(copied.lines) == 3
        assert sorted(map(repr, copied.iterate(None))) == sorted(map(repr, original.iterate_chain(None)))
        build(world, copied, None)
    else:
        assert result(world, build(world, world.chain[2], None)) == expected(world, world.chain)


@SOME
def test_dataset_checksum_chain(world):
    def total(**parameters):
        return world.build("dataset_checksum_chain", **parameters).load().sum

    sums = [total(source=dataset, chain_length=1) for dataset in world.chain]
    assert sums[0] ^ sums[1] ^ sums[2] == total(source=world.chain[2])
    assert sums[1] ^ sums[2] == total(source=world.chain[2], stop=world.chain[0])


@SOME
def test_dataset_rename_columns(world):
    job = world.build("dataset_rename_columns", source=world.chain[2], rename={"n": "k", "k": "n"})
    assert world.parts([job.dataset()], ["n", "k", "t"]) == world.parts(world.chain[2:])
    assert job.dataset().previous == world.chain[1]
    assert world.build(
        "dataset_rename_columns", source=world.chain[1], rename={"n": None}
    ).dataset().columns.keys() == {
        "k",
        "t",
    }
