"""Standard methods are tested as users run them: in a project, by the engine."""

import pickle
import re
import tempfile
from contextlib import contextmanager
from functools import partial

import pytest

from accelerator import JobError
from accelerator.testing import TemporaryProject


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with three slices, shared by the tests of a module."""
    with TemporaryProject(3, tmp_path_factory.mktemp("project")) as project:
        yield project


@contextmanager
def failing(message):
    """Expect a job to fail with a message that has this text."""
    with pytest.raises(JobError) as caught:
        yield
    text = caught.value.format_msg()
    assert re.search(re.escape(message), text), text


@pytest.fixture
def fails():
    return failing


_WRITE_SLICES = """
import pickle
from pathlib import Path
from accelerator import DatasetWriter
options = {"filename": ""}

def synthesis(options):
    columns, slices, arguments = pickle.loads(Path(options.filename).read_bytes())
    dw = DatasetWriter(**arguments)
    for name, coltype in columns.items():
        dw.add(name, coltype)
    for sliceno, rows in enumerate(slices):
        dw.set_slice(sliceno)
        for row in rows:
            dw.write_list(row)
"""


def write_slices(project, columns, slices, **arguments):
    """Make a dataset from the rows of each slice; ``arguments`` go to DatasetWriter."""
    project.add(_WRITE_SLICES, "write_slices")
    with tempfile.NamedTemporaryFile(dir=project.directory, delete=False) as file:
        pickle.dump((columns, slices, arguments), file)
    return project.build("write_slices", filename=file.name).dataset()


@pytest.fixture(scope="module")
def write(project):
    """Make a dataset in the shared project: ``write(columns, slices, **arguments of DatasetWriter)``."""
    return partial(write_slices, project)


@pytest.fixture(scope="session")
def write_to():
    """Make a dataset in any project: ``write_to(project, columns, slices, **arguments of DatasetWriter)``."""
    return write_slices
