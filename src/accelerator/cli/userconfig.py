"""The user's own configuration: ``$XDG_CONFIG_HOME/accelerator/config.toml``."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerator import _lazy
from accelerator.cli.nearest import did_you_mean
from accelerator.error import ConfigError

__all__ = ["INIT_DEFAULTS", "UserConfig", "load", "location"]

# The keys of [init] and the type of each.
INIT_DEFAULTS: dict[str, type] = {"slices": int, "name": str, "input": str, "workdir": str, "git": bool}

# Aliases that everybody has, unless they are defined otherwise.
_BUILT_IN = {"cat": "grep -e ''"}


@dataclass(frozen=True)
class UserConfig:
    """What the user configured for all projects."""

    aliases: dict[str, str] = field(default_factory=_BUILT_IN.copy)
    init: dict[str, Any] = field(default_factory=dict)


def location() -> Path:
    """Return where the file is looked for."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "accelerator" / "config.toml"


def load(path: Path) -> UserConfig:
    """Read the file; without one everything has its default.

    Raises:
        ConfigError: the file is broken; the message names line or key.
    """
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return UserConfig()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    try:
        values = _lazy.tomllib.loads(text)
    except _lazy.tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    sections: dict[str, Callable[[Path, dict[str, Any]], None]] = {"alias": _check_aliases, "init": _check_init}
    for name, section in values.items():
        if name not in sections:
            raise ConfigError(f"{path}: unknown section [{name}]{did_you_mean(name, sections)}")
        if not isinstance(section, dict):
            raise ConfigError(f"{path}: {name} must be a table, [{name}]")
        sections[name](path, section)
    return UserConfig({**_BUILT_IN, **values.get("alias", {})}, values.get("init", {}))


def _check_aliases(path: Path, section: dict[str, Any]) -> None:
    for key, value in section.items():
        if not isinstance(value, str):
            raise ConfigError(f"{path}: alias.{key} must be a text, not {value!r}")


def _check_init(path: Path, section: dict[str, Any]) -> None:
    for key, value in section.items():
        if key not in INIT_DEFAULTS:
            raise ConfigError(f"{path}: unknown key init.{key}{did_you_mean(key, INIT_DEFAULTS)}")
        wanted = INIT_DEFAULTS[key]
        if type(value) is not wanted:
            raise ConfigError(f"{path}: init.{key} must be of type {wanted.__name__}, not {value!r}")
