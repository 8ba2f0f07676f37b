"""Which modules a file imports, and which files of the project they are."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from accelerator.config import Config
from accelerator.error import ConfigError
from accelerator.method.discover import package_directory
from accelerator.method.normal_form import is_docstring

__all__ = ["Import", "Roots", "exported_names", "imports_of", "modules_of"]

_FOREIGN_DIRECTORIES = frozenset({"site-packages", "dist-packages"})
_IMPORTING_CALLS = frozenset({"import_module", "__import__"})


class Import(msgspec.Struct, frozen=True):
    """One import, as written.

    Attributes:
        level: number of leading dots.
        module: what stands after ``from``, or after ``import``.
        names: what stands after ``from … import``; empty for ``import …``.
    """

    level: int
    module: str
    names: tuple[str, ...] = ()


def imports_of(tree: ast.Module) -> tuple[Import, ...]:
    """List every import of a file, wherever it stands: in functions, behind conditions, in calls of import_module.

    Args:
        tree: the parsed file.

    Returns:
        The imports, each once, in the order of the source.
    """
    found: dict[Import, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update((Import(0, alias.name), None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found[Import(node.level, node.module or "", tuple(alias.name for alias in node.names))] = None
        elif isinstance(node, ast.Call) and (called := _imported_by_call(node)):
            found[called] = None
    return tuple(found)


def _imported_by_call(node: ast.Call) -> Import | None:
    name = getattr(node.func, "attr", getattr(node.func, "id", None))
    if name not in _IMPORTING_CALLS or not node.args:
        return None
    first = node.args[0]
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return None
    module = first.value.lstrip(".")
    return Import(len(first.value) - len(module), module)


def exported_names(tree: ast.Module) -> tuple[str, ...]:
    """List the names that a package's ``__all__`` gives literally: ``from package import *`` imports such submodules.

    Args:
        tree: the parsed file.

    Returns:
        The names in the order of the source.
    """
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            concerned = any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not is_docstring(node):
            owner = getattr(node.value.func, "value", None)
            concerned = isinstance(owner, ast.Name) and owner.id == "__all__"
        else:
            continue
        if concerned:
            names.extend(
                part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
    return tuple(names)


def modules_of(module: str, is_package: bool, imported: Import) -> Iterator[str]:
    """Name the modules that an import may load, parents included.

    Args:
        module: dotted name of the importing module.
        is_package: whether that is a package's ``__init__``.
        imported: the import.

    Yields:
        Dotted names, each after its parents. A name after ``from … import`` may turn out to be no module.
    """
    base = imported.module
    if imported.level:
        parts = module.split(".")
        keep = len(parts) - imported.level + is_package
        if keep < 1:
            # Beyond the top: an ImportError when it runs.
            return
        base = ".".join([*parts[:keep], *filter(None, [imported.module])])
    parts = base.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])
    for name in imported.names:
        if name != "*":
            yield f"{base}.{name}"


class Roots:
    """Where project modules lie: the project directory, Python's path below it, and the method packages.

    A name found there is a project module even if something installed has it too: better one rebuild too many.
    Not the project's: the accelerator itself, virtual environments and site-packages inside the directory.

    Args:
        config: the project's configuration.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        project = config.project_directory
        self._foreign: dict[Path, bool] = {project: False}
        below = [Path(entry) for entry in sys.path if entry and Path(entry).is_relative_to(project)]
        self._directories = list(dict.fromkeys([project, *(path for path in below if not self._is_foreign(path))]))
        self._packages: dict[str, Path] = {}
        for package in config.methods:
            try:
                directory = package_directory(package, config)
            except ConfigError:
                # Whoever lists the methods reports it.
                continue
            if not directory.is_relative_to(project) or self._is_foreign(directory):
                self._packages[package] = directory

    def find(self, module: str) -> Path | None:
        """Find the file of a module.

        Args:
            module: dotted name.

        Returns:
            Absolute path of its file (``__init__.py`` for a package); None if it is not a module of the project,
            or a directory without ``__init__.py``.
        """
        top = module.partition(".")[0]
        if top == "accelerator":
            return None
        for package, directory in self._packages.items():
            if module == package:
                return directory / "__init__.py"
            if module.startswith(f"{package}."):
                return _walk([directory], module[len(package) + 1 :].split("."))
        found = _walk(self._directories, module.split("."))
        return None if found is None or self._is_foreign(found.parent) else found

    def _is_foreign(self, directory: Path) -> bool:
        """Say whether a directory below the project belongs to a virtual environment or to installed packages."""
        known = self._foreign.get(directory)
        if known is None:
            known = (
                directory.name in _FOREIGN_DIRECTORIES
                or (directory / "pyvenv.cfg").exists()
                or self._is_foreign(directory.parent)
            )
            self._foreign[directory] = known
        return known


def _walk(directories: list[Path], parts: list[str]) -> Path | None:
    """Follow a dotted name down from some directories by Python's rules, namespace packages included."""
    for position, part in enumerate(parts):
        portions = []
        for directory in directories:
            package = directory / part
            if (package / "__init__.py").is_file():
                break
            file = directory / f"{part}.py"
            if file.is_file():
                return file if position == len(parts) - 1 else None
            if package.is_dir():
                portions.append(package)
        else:
            directories = portions
            continue
        if position == len(parts) - 1:
            return package / "__init__.py"
        directories = [package]
    return None
