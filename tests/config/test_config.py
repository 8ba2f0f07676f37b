import json
import os
import sys
from pathlib import Path

import pytest

from accelerator.config import Config, find, load
from accelerator.error import ConfigError, UserError


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "accelerator.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_defaults(write, tmp_path):
    config = load(write(""))

    assert config.project_directory == tmp_path
    assert config.slices == os.cpu_count()
    assert config.methods == ("dev", "accelerator.standard_methods")
    assert dict(config.workdirs) == {"dev": tmp_path / "workdirs" / "dev"}
    assert config.target_workdir == "dev"
    assert config.result_directory == tmp_path / "results"
    assert config.input_directory == tmp_path
    assert config.urd == f"sqlite:///{tmp_path}/urd.db"
    assert config.input_identity == "content"
    assert config.interpreters == {}
    assert config.execution.executor == "local"
    assert config.execution.cores >= 1
    assert config.execution.memory >= 1 << 28
    assert config.execution.temp_directory == ".tmp"


def test_everything_given(write, tmp_path):
    (tmp_path / "in å").mkdir()
    config = load(
        write(f"""
            slices = 7
            methods = ["one", "two.three"]
            target_workdir = "b"
            result_directory = "/some/where/../else"
            input_directory = "in å"
            urd = "postgresql+psycopg://host/db?x=y"
            input_identity = "stat"
            [workdirs]
            z = "w/z"
            b = "/abs/b"
            [interpreters]
            other = "{sys.executable}"
            [execution]
            executor = "local"
            cores = 3
            memory = "1.5G"
            temp_directory = "/scratch"
        """)
    )

    assert (config.slices, config.methods, config.target_workdir) == (7, ("one", "two.three"), "b")
    assert list(config.workdirs.items()) == [("z", tmp_path / "w/z"), ("b", Path("/abs/b"))]
    assert config.result_directory == Path("/some/else")
    assert config.input_directory == tmp_path / "in å"
    assert (config.urd, config.input_identity) == ("postgresql+psycopg://host/db?x=y", "stat")
    assert config.interpreters == {"other": sys.executable}
    assert (config.execution.cores, config.execution.memory) == (3, 3 << 29)
    assert config.execution.temp_directory == "/scratch"

    # and it travels
    again = Config.from_json(json.loads(json.dumps(config.to_json())))
    assert again == config
    assert list(again.workdirs) == ["z", "b"]


def test_a_config_cannot_be_changed(write):
    config = load(write(""))
    with pytest.raises(AttributeError):
        config.slices = 9
    with pytest.raises(TypeError):
        config.workdirs["x"] = Path()


def test_variables(write, tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_DIR", "from env")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("NOT_SET", raising=False)
    config = load(
        write('result_directory = "${SOME_DIR}/x"\nurd="${NOT_SET:-}"\n[workdirs]\ndev = "${EMPTY:-a}${NOT_SET:-b}"')
    )

    assert config.result_directory == tmp_path / "from env" / "x"
    assert config.workdirs["dev"] == tmp_path / "ab"
    assert config.urd == ""


@pytest.mark.parametrize("url", ["sqlite:///db/u.db", "sqlite+pysqlite:///db/u.db?timeout=3"])
def test_sqlite_paths_are_of_the_project(write, tmp_path, url):
    scheme, _, rest = url.partition(":///")

    assert load(write(f'urd = "{url}"')).urd == f"{scheme}:///{tmp_path}/{rest}"
    assert load(write('urd = "sqlite:////abs/u.db"')).urd == "sqlite:////abs/u.db"


@pytest.mark.parametrize(
    ("text", "key", "mend"),
    [
        ("slics = 3", "slics", "'slices'"),
        ("path = 'x'", "path", "unknown key"),
        ("qqqqqqqqqqq = 3", "qqqqqqqqqqq", "input_directory, input_identity"),
        ("slices = '3'", "slices", "whole number"),
        ("slices = true", "slices", "whole number"),
        ("slices = 99999999999999999999", "slices", "at most 10000"),
        ("slices = 0", "slices", "from 1"),
        ("methods = 'dev'", "methods", '["dev"]'),
        ("methods = ['dev', 3]", "methods", '["dev"]'),
        ("methods = ['a b']", "methods", "'a b'"),
        ("methods = ['dev', 'dev']", "methods", "remove one"),
        ("workdirs = 3", "workdirs", "[workdirs]"),
        ("[workdirs]", "workdirs", "dev ="),
        ("[workdirs]\n'a/b' = 'x'", "workdirs.a/b", "letters"),
        ("[workdirs]\n'.x' = 'x'", "workdirs..x", "letters"),
        ("[workdirs]\na = 'x'\nb = './x'", "workdirs.b", "remove one"),
        ("[workdirs]\na = ''", "workdirs.a", "directory"),
        ("[workdirs]\na = 'accelerator.toml'", "workdirs.a", "not a directory"),
        ("target_workdir = 'x'", "target_workdir", "dev"),
        ("input_directory = 'missing'", "input_directory", "make it"),
        ("input_directory = 3", "input_directory", "string"),
        ('input_directory = "a\\u0000b"', "input_directory", "NUL"),
        ("input_identity = 'size'", "input_identity", "content, stat or name"),
        ("urd = 'urd.db'", "urd", "sqlite:///urd.db"),
        ("urd = 'sqlite://'", "urd", "names no file"),
        ("urd = 'sqlite:///:memory:'", "urd", "names no file"),
        ("[interpreters]\nx = '/no/such/python'", "interpreters.x", "program"),
        ("[execution]\ncore = 3", "execution.core", "'cores'"),
        ("[execution]\ncores = 0", "execution.cores", "from 1"),
        ("[execution]\nmemory = 'much'", "execution.memory", "8G"),
        ("[execution]\nmemory = 5", "execution.memory", "too little"),
        ("[execution]\nmemory = false", "execution.memory", "8G"),
        ("urd = '${NOT_SET_ANYWHERE}'", "urd", "NOT_SET_ANYWHERE"),
        ("urd = '${}'", "urd", "names no"),
        ("execution = 'local'", "execution", "[execution]"),
    ],
)
def test_mistakes_are_one_line_with_file_key_and_mend(write, text, key, mend):
    path = write(text)

    with pytest.raises(ConfigError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: {key}: ")
    assert mend in message
    assert "\n" not in message


@pytest.mark.parametrize("text", ["slices = ", "a = 1\na = 2", "[x", b"slices = 3 # \xff", "slices = 1\x01"])
def test_files_that_are_not_toml(write, text):
    path = write(text)

    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_missing_files(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "accelerator.toml")
    with pytest.raises(UserError, match="ax init"):
        find(tmp_path)


def test_the_nearest_file_counts(write, tmp_path):
    path = write("")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert find(below) == path
    (tmp_path / "a" / "accelerator.toml").touch()
    assert find(below) == tmp_path / "a" / "accelerator.toml"
    (below / "accelerator.toml").mkdir()
    assert find(below) == tmp_path / "a" / "accelerator.toml", "a directory is no configuration"
