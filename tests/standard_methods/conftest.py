"""Standard methods are tested as users run them: in a project, by the engine."""

import re
from contextlib import contextmanager

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
