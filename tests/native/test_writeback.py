"""Having the system write out what a file has in memory."""

import os

import pytest

from accelerator._native import start_writeback


def test_files_stay_what_they_are(tmp_path):
    path = tmp_path / "file"
    with path.open("wb", buffering=0) as file:
        file.write(b"some")
        start_writeback(file.fileno())
        file.write(b"thing")
        start_writeback(file.fileno())

    assert path.read_bytes() == b"something"


def test_what_cannot_be_written_is_nobodys_business():
    reading, writing = os.pipe()
    start_writeback(writing)
    for end in (reading, writing):
        os.close(end)
    start_writeback(writing)
    with pytest.raises(TypeError):
        start_writeback("file")
