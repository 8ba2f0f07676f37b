"""Which methods and build scripts a project has, found without importing anything of it."""

import importlib.util
import os
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from accelerator.config import Config
from accelerator.error import ConfigError

__all__ = ["MethodFile", "find_methods", "find_scripts", "package_directory"]


class MethodFile(msgspec.Struct, frozen=True):
    """The file of a method or build script.

    Attributes:
        name: ``csvimport`` for the method in ``a_csvimport.py``; ``build_x`` for the script ``build_x.py``.
        package: dotted name of its package.
        module: dotted name of the module.
        path: absolute path of the file.
    """

    name: str
    package: str
    module: str
    path: Path


def package_directory(package: str, config: Config) -> Path:
    """Find the directory of a method package as the project's Python would, without importing it.

    Args:
        package: dotted name.
        config: the project's configuration; its directory is searched first.

    Returns:
        Absolute path of the directory that holds ``__init__.py``.

    Raises:
        ConfigError: there is no such package, or it has no ``__init__.py``.
    """
    top, *rest = package.split(".")
    directories = [config.project_directory / top]
    try:
        # Only the top of the name: for a dotted one Python would import the parents.
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is not None and spec.submodule_search_locations is not None:
        directories.extend(Path(location) for location in spec.submodule_search_locations)
    candidates = [directory.joinpath(*rest) for directory in directories]
    for directory in candidates:
        if (directory / "__init__.py").is_file():
            return directory.absolute()
    for directory in candidates:
        if directory.is_dir():
            raise ConfigError(
                f"{config.path}: methods: {package!r} is a directory without __init__.py; "
                f"create an empty file {directory / '__init__.py'}"
            )
    raise ConfigError(
        f"{config.path}: methods: there is no package {package!r} in {config.project_directory} "
        f"or on Python's path; create it, or take it out of the list"
    )


def find_methods(config: Config) -> dict[str, MethodFile]:
    """List the methods of a project: every ``a_NAME.py`` in its method packages.

    Args:
        config: the project's configuration.

    Returns:
        Method name → file, sorted by name.

    Raises:
        ConfigError: a package does not exist, or two packages have a method of the same name.
    """
    methods: dict[str, MethodFile] = {}
    for found in _modules(config, "a_*.py", drop="a_"):
        if not found.name:
            continue
        if found.name in methods:
            raise ConfigError(
                f"{config.path}: methods: method {found.name!r} exists twice, as "
                f"{methods[found.name].path} and as {found.path}; rename one of them"
            )
        methods[found.name] = found
    return dict(sorted(methods.items()))


def find_scripts(config: Config) -> dict[str, MethodFile]:
    """List the build scripts of a project: every ``build*.py`` in its method packages.

    Args:
        config: the project's configuration.

    Returns:
        Module name (``dev.build_x``) → file, sorted by package and name.

    Raises:
        ConfigError: a package does not exist.
    """
    scripts = sorted(_modules(config, "build*.py", drop=""), key=lambda found: (found.package, found.name))
    return {script.module: script for script in scripts}


def _modules(config: Config, pattern: str, drop: str) -> list[MethodFile]:
    """Return the modules whose file name matches, in the order of ``methods`` and by name."""
    found: list[MethodFile] = []
    for package in dict.fromkeys(config.methods):
        directory = package_directory(package, config)
        with os.scandir(directory) as entries:
            names = [entry.name for entry in entries if fnmatchcase(entry.name, pattern) and entry.is_file()]
        for name in sorted(names):
            stem = name.removesuffix(".py")
            # A stem with a dot cannot be imported; editors leave such files behind.
            if "." not in stem:
                found.append(MethodFile(stem.removeprefix(drop), package, f"{package}.{stem}", directory / name))
    return found
