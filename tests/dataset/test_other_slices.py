"""A dataset made with another number of slices shows itself in the reader's."""

import pytest

from accelerator.column import hash_value
from accelerator.dataset import Dataset, DatasetList, DatasetWriter
from accelerator.error import DatasetUsageError
from accelerator.job.context import context

MADE = 6


@pytest.fixture
def made(current_job):
    """Datasets with six slices: rows by slice, hashed, and concatenated with a child on top."""
    current_job(slices=MADE)
    writer = DatasetWriter({"a": "int32"}, name="plain")
    for sliceno in range(MADE):
        writer.set_slice(sliceno)
        for number in range(sliceno):
            writer.write(sliceno * 10 + number)
    plain = writer.finish()
    writer = DatasetWriter({"h": "int32"}, name="hashed", hashlabel="h")
    write = writer.get_split_write()
    for number in range(60):
        write(number)
    hashed = writer.finish()
    joined = DatasetList([plain, plain]).concat("joined")
    writer = DatasetWriter({"b": "int32"}, name="child", parent=joined)
    for sliceno, lines in enumerate(joined.lines):
        writer.set_slice(sliceno)
        for number in range(lines):
            writer.write(sliceno * 100 + number)
    child = writer.finish()
    jobid = current_job.finish()
    return [f"{jobid}/{name}" for name in ("plain", "hashed", "child")], [plain, hashed, child]


def contents(dataset, slices):
    return [list(dataset.iterate(sliceno)) for sliceno in range(slices)]


@pytest.mark.parametrize("slices", [1, 2, 3, 4, 6, 7])
def test_slices_are_regrouped_in_order(current_job, made, slices):
    specs, _ = made
    context.slices = MADE
    before = [contents(Dataset(spec), MADE) for spec in specs]
    current_job(slices=slices)
    for spec, stored in zip(specs, before, strict=True):
        dataset = Dataset(spec)
        want = [[row for rows in stored[sliceno::slices] for row in rows] for sliceno in range(slices)]
        assert dataset.lines == [len(rows) for rows in want]
        assert dataset.shape[1] == sum(map(len, stored))
        assert contents(dataset, slices) == want
        assert list(dataset.iterate(None)) == [row for rows in want for row in rows]
        longest = max(map(len, want))
        assert list(dataset.iterate("roundrobin")) == [
            rows[k] for k in range(longest) for rows in want if k < len(rows)
        ]
        assert list(dataset.iterate(None, slice=slice(3, -3))) == [row for rows in want for row in rows][3:-3]
        assert [tuple(row.values()) for row in dataset.to_arrow(sliceno=0).to_pylist()] == want[0]
        with pytest.raises(IndexError):
            dataset.iterate(slices)


@pytest.mark.parametrize(("slices", "holds"), [(1, True), (2, True), (3, True), (4, False), (6, True), (12, False)])
def test_a_hashlabel_holds_if_it_divides(current_job, made, slices, holds):
    specs, _ = made
    current_job(slices=slices)
    hashed = Dataset(specs[1])
    assert hashed.hashlabel == ("h" if holds else None)
    for sliceno in range(slices):
        rows = list(hashed.iterate(sliceno, "h", hashlabel="h", rehash=True))
        assert sorted(rows) == [number for number in range(60) if hash_value("int32", number) % slices == sliceno]


def test_they_are_only_read(current_job, made):
    specs, _ = made
    current_job(slices=4)
    dataset = Dataset(specs[0])
    with pytest.raises(DatasetUsageError, match="6 slices"):
        DatasetWriter({"x": "int32"}, parent=dataset)
    with pytest.raises(DatasetUsageError, match="6 slices"):
        dataset.link_to_here()
    with pytest.raises(DatasetUsageError, match="6 slices"):
        dataset.merge(specs[1])
    writer = DatasetWriter({"x": "int32"}, previous=dataset)
    writer.get_split_write()
    assert writer.finish().chain() == [dataset, context.job]
