"""Aliases and the user's configuration."""

import pytest

from accelerator.cli import userconfig
from accelerator.cli.aliases import expand, expansion
from accelerator.error import ConfigError, UserError


@pytest.mark.parametrize(
    ("arguments", "aliases", "expected"),
    [
        (["job", "x"], {}, ["job", "x"]),
        (["cat", "ds"], {"cat": 'grep -e ""'}, ["grep", "-e", "", "ds"]),
        (["a", "1"], {"a": "b x", "b": "c y"}, ["c", "y", "x", "1"]),
        (["ds", "dev-1"], {"ds": "ds -n"}, ["ds", "-n", "dev-1"]),
        (["g", "x"], {"g": "--config C grep"}, ["--config", "C", "grep", "x"]),
        (["--config", "ds", "ds"], {"ds": "ds -n"}, ["--config", "ds", "ds", "-n"]),
        (["--config=C", "a"], {"a": "b"}, ["--config=C", "b"]),
        (["noalias", "ds", "x"], {"ds": "ds -n"}, ["ds", "x"]),
        (["a"], {"a": "noalias ds", "ds": "ds -n"}, ["ds"]),
        ([], {"a": "b"}, []),
        (["--help"], {"a": "b"}, ["--help"]),
    ],
)
def test_expand(arguments, aliases, expected):
    assert expand(arguments, aliases) == expected


def test_variables_are_whole_words(monkeypatch):
    monkeypatch.setenv("WHICH", "dev-1 'two words'")
    monkeypatch.delenv("ABSENT", raising=False)

    assert expansion("a", "job ${WHICH} ${ABSENT} x${WHICH}") == ["job", "dev-1", "two words", "x${WHICH}"]


def test_circles_and_quotes_are_errors():
    with pytest.raises(UserError, match="a -> b -> a go in circles"):
        expand(["a"], {"a": "b", "b": "a"})
    with pytest.raises(UserError, match="Alias 'a': No closing quotation"):
        expand(["a"], {"a": "b 'c"})


def test_no_configuration_has_defaults(tmp_path):
    assert userconfig.load(tmp_path / "config.toml") == userconfig.UserConfig()


def test_configuration_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = userconfig.location()
    path.parent.mkdir()
    path.write_text('[alias]\nll = "job -v"\n[init]\nslices = 7\n')

    assert userconfig.load(path) == userconfig.UserConfig({"cat": "grep -e ''", "ll": "job -v"}, {"slices": 7})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[alias\na = 1\n", "line 1"),
        ("[alias]\na = 1\n", r"alias\.a must be a text"),
        ("[init]\nslice = 1\n", r"unknown key init\.slice \(did you mean 'slices'\?\)"),
        ("[init]\nslices = true\n", r"init\.slices must be of type int"),
        ("[aliases]\n", r"unknown section \[aliases\] \(did you mean 'alias'\?\)"),
        ("alias = 1\n", "must be a table"),
    ],
)
def test_a_broken_configuration_is_one_line(tmp_path, text, message):
    path = tmp_path / "config.toml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=message) as caught:
        userconfig.load(path)

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
