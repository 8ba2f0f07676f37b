"""Making datasets for tests."""

import pytest

from accelerator.dataset import DatasetWriter
from accelerator.job.context import context


@pytest.fixture
def job(current_job):
    """A running job with three slices."""
    return current_job()


@pytest.fixture
def make():
    """Write a dataset: types by column, and for each slice its rows as tuples in order of the sorted column names."""

    def write(columns, slices, **keywords):
        writer = DatasetWriter(columns, **keywords)
        for sliceno in range(context.slices):
            writer.set_slice(sliceno)
            for row in slices[sliceno] if sliceno < len(slices) else ():
                writer.write_list(row)
        return writer.finish()

    return write
