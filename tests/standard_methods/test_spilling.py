"""Rows that do not fit in the memory that the configuration gives: sorting and fanning out by way of files."""

import numpy as np
import pyarrow as pa
import pytest

from accelerator.project import Project
from accelerator.standard_methods.fanout import Numbered, ranks_by_number, windows, write_ordered, write_window
from accelerator.standard_methods.reorder import held_batches, in_order

CONFIGURATION = """\
slices = 2
methods = ["dev", "accelerator.standard_methods"]
urd = ""
[workdirs]
{workdir} = "workdir"
[execution]
memory = "{memory}"
temp_directory = "{temporary}"
"""

# A chain with 2 MB of keys and texts in each slice.
WRITE = """
import numpy as np
import pyarrow as pa
from accelerator import DatasetWriter

def synthesis():
    previous = None
    for part, name in enumerate(["0", "1", "default"]):
        columns = {"key": "int32", "text": ("ascii", True), "row": "int64"}
        writer = DatasetWriter(columns, name=name, previous=previous)
        for sliceno in range(2):
            writer.set_slice(sliceno)
            row = np.arange(13_000) + (part * 2 + sliceno) * 13_000
            key = (row * 7919 % 50).astype(np.int32)
            text = [None if k < 3 else f"{k:06d} and more of it for every row" for k in key]
            writer.write_batch({"key": pa.array(key), "text": pa.array(text), "row": pa.array(row)})
        previous = writer.finish()
"""

# What standard methods do, and which temporary files there are while it is written.
WATCH = """
import os
from pathlib import Path
from accelerator.standard_methods import {method} as real
from accelerator.standard_methods.{method} import *
from accelerator.standard_methods.{method} import datasets, options, prepare
jobs = getattr(real, "jobs", ())

class Watched:
    def __init__(self, writer, job):
        self.writer, self.place, self.seen = writer, Path(job.path, ".tmp").resolve(), set()

    def write_batch(self, batch):
        # os.walk does not mind that directories of the other slices go meanwhile.
        for directory, _, names in os.walk(self.place):
            self.seen.update(os.path.join(directory, name) for name in names if name.endswith(".arrow"))
        self.writer.write_batch(batch)

    def close_slice(self, sliceno):
        self.writer.close_slice(sliceno)

{analysis}

def synthesis(analysis_res):
    return sorted(set().union(*analysis_res))
"""
SORT = """
def analysis(sliceno, job, prepare_res):
    watched = Watched(prepare_res[0], job)
    real.analysis(sliceno, job, (watched, *prepare_res[1:]))
    return watched.seen
"""
FANOUT = """
def analysis(sliceno, job, options, prepare_res):
    chain, columns, writers = prepare_res
    watched = {name: Watched(writer, job) for name, writer in writers.items()}
    real.analysis(sliceno, job, options, (chain, columns, watched))
    return set().union(*(each.seen for each in watched.values()))
"""


@pytest.fixture(params=["1M", "8 GiB"])
def memory(request):
    return request.param


@pytest.fixture
def project(tmp_path, memory):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "__init__.py").touch()
    (tmp_path / "dev" / "a_made.py").write_text(WRITE)
    for name, analysis in (("sort", SORT), ("fanout", FANOUT)):
        source = WATCH.replace("{method}", f"a_dataset_{name}").replace("{analysis}", analysis)
        (tmp_path / "dev" / f"a_{name}.py").write_text(source)
    workdir = f"spill{tmp_path.name}"
    configuration = CONFIGURATION.format(workdir=workdir, memory=memory, temporary=temporary)
    (tmp_path / "accelerator.toml").write_text(configuration)
    with Project.open(tmp_path) as project:
        yield project


def rows(source, sliceno=None):
    return list(source.iterate_chain(sliceno, ["text", "key", "row"]))


def check_files(job, memory, tmp_path):
    """There were temporary files, where the configuration wants them, if there was little memory; now there is none."""
    seen = job.load()
    assert bool(seen) == (memory == "1M")
    assert all(path.startswith(f"{tmp_path}/temporary/") for path in seen)
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize("column", ["key", "text"])
def test_sorting_within_slices(project, tmp_path, memory, column):
    source = project.build("made").dataset()
    job = project.build("sort", source=source, sort_columns=column, sort_order="descending")
    check_files(job, memory, tmp_path)
    for sliceno in range(2):
        by = (lambda row: row[1]) if column == "key" else (lambda row: row[0] or "")
        assert rows(job.dataset(), sliceno) == sorted(rows(source, sliceno), key=by, reverse=True)


def test_sorting_across_slices(project, tmp_path, memory):
    source = project.build("made").dataset()
    job = project.build("sort", source=source, sort_columns="text,row", sort_across_slices=True, trigger_column="text")
    check_files(job, memory, tmp_path)
    assert rows(job.dataset()) == sorted(rows(source), key=lambda row: (row[0] or "", row[2]))
    last, first = rows(job.dataset(), 0)[-1], rows(job.dataset(), 1)[0]
    assert last[0] != first[0]


def test_fanout_to_many(project, tmp_path, memory):
    source = project.build("made").dataset()
    job = project.build("fanout", source=source, column="key")
    check_files(job, memory, tmp_path)
    given = [rows(source, sliceno) for sliceno in range(2)]
    assert len(job.datasets) == 50
    for dataset in job.datasets[::7]:
        for sliceno in range(2):
            expected = [(row, text) for text, key, row in given[sliceno] if str(key) == dataset.name]
            assert list(dataset.iterate(sliceno, ["row", "text"])) == expected


class Collector:
    """What a dataset writer would get."""

    def __init__(self):
        self.rows = []
        self.finished = False

    def write_batch(self, batch):
        assert not self.finished
        self.rows += batch.column(0).to_pylist()


def finish(collector):
    collector.finished = True


@pytest.mark.parametrize("memory", [1 << 20, 3000, 100], ids=str)
@pytest.mark.parametrize("way", ["windows", "files"])
@pytest.mark.parametrize("values", [1, 3, 70_000])
def test_rows_go_to_their_writers_in_order(tmp_path, memory, way, values):
    numbers = np.random.default_rng(values).integers(0, values, 500).astype(np.uint32)

    def numbered():
        for start in range(0, 500, 60):
            own = numbers[start : start + 60]
            yield Numbered(pa.record_batch({"x": pa.array(np.arange(start, start + len(own)))}), own)

    writers = [Collector() for _ in range(values)]
    if way == "windows":
        parts = list(windows(numbered(), memory))
        assert len(parts) == {1 << 20: 1, 3000: 8, 100: 9}[memory]
        for part in parts:
            write_window(part, writers, lambda writer: None)
    else:
        held = held_batches(numbered(), 500, memory, lambda each: each.cost)
        assert (held is None) == (memory < 500 * 8)
        counts, ranks = ranks_by_number(numbered(), values)
        pieces = ((each.batch, ranks[each.batch.column(0)[0].as_py() :][: each.num_rows]) for each in numbered())
        write_ordered(in_order(pieces, 500, tmp_path, memory), counts, writers, finish)
        assert all(writer.finished for writer in writers)
    for number, writer in enumerate(writers):
        assert writer.rows == np.flatnonzero(numbers == number).tolist()
