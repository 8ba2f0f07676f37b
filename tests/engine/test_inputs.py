"""Input files: how far digesting them is."""

import pytest

from accelerator import ServerError
from accelerator.config import load
from accelerator.engine import inputs
from accelerator.method.normalise import InputOption
from accelerator.storage.fingerprint import DigestCache

MIB = 1 << 20


@pytest.fixture
def config(tmp_path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "__init__.py").touch()
    (tmp_path / "accelerator.toml").write_text('slices = 1\nmethods = ["dev"]\ninput_directory = "in"\n')
    below = tmp_path / "in" / "directory" / "below"
    below.mkdir(parents=True)
    (tmp_path / "in" / "file").write_bytes(bytes(3 * MIB))
    (below / "more").write_bytes(bytes(MIB))
    return load(tmp_path / "accelerator.toml")


BOTH = [InputOption("one", "file"), InputOption("two", "directory", directory=True)]


def test_bytes_of_all_files_are_told(config, monkeypatch):
    monkeypatch.setattr(inputs, "READING_AFTER", 0)
    monkeypatch.setattr(inputs, "_BETWEEN", 0)
    told = []
    inputs.describe(BOTH, config, DigestCache(), lambda *counts: told.append(counts))
    assert told == [(number * MIB, 4 * MIB) for number in (1, 2, 3, 4, 4)]


def test_the_end_is_told_after_a_failure_too(config, monkeypatch):
    monkeypatch.setattr(inputs, "READING_AFTER", 0)
    told = []
    broken = config.input_directory / "directory" / "broken"
    broken.symlink_to("nowhere")
    with pytest.raises(ServerError, match="cannot read"):
        inputs.describe(BOTH, config, DigestCache(), lambda *counts: told.append(counts))
    assert told[-1][0] == told[-1][1] >= 3 * MIB


def test_what_is_quick_is_not_told(config):
    inputs.describe(BOTH, config, DigestCache(), pytest.fail)
