"""Imports project modules from a snapshot: what was digested is what runs, even if a file is saved meanwhile."""

import importlib
import importlib.abc
import importlib.util
import linecache
import sys
import traceback
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path

from accelerator.error import ServerError
from accelerator.method.declaration import Declaration, declare
from accelerator.method.discover import MethodFile
from accelerator.method.source import Snapshot

__all__ = ["ProjectFinder", "install", "load_declaration", "load_module", "uninstall"]

_OWN_DIRECTORY = str(Path(__file__).parents[1])


class SnapshotLoader(SourceFileLoader):
    """Loads one module from its bytes in a snapshot; resources beside it come from disk."""

    def __init__(self, fullname: str, path: str, snapshot: Snapshot) -> None:
        super().__init__(fullname, path)
        self.snapshot = snapshot

    def get_data(self, path: str) -> bytes:
        """Return the snapshot's bytes for the module itself, the disk's for anything else."""
        return self.snapshot.read(path) if path == self.path else super().get_data(path)

    def get_code(self, fullname: str) -> types.CodeType:  # noqa: ARG002  (importlib's signature)
        """Compile the module, never looking at ``__pycache__``."""
        data = self.get_data(self.path)
        # Without a time, linecache never compares the entry with the file: tracebacks show the lines that ran.
        text = importlib.util.decode_source(data)
        linecache.cache[self.path] = (len(text), None, text.splitlines(keepends=True), self.path)
        code: types.CodeType = self.source_to_code(data, self.path)
        return code


class ProjectFinder(importlib.abc.MetaPathFinder):
    """Finds project modules; everything else is left to Python.

    Args:
        snapshot: where names and bytes come from.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  (importlib's signature)
        target: types.ModuleType | None = None,  # noqa: ARG002  (importlib's signature)
    ) -> ModuleSpec | None:
        """Find a module of the project.

        Args:
            fullname: dotted name.
            path: the parent package's; the snapshot knows better.
            target: not used.

        Returns:
            Where to load it from; None if the module is none of the project's.
        """
        file = self.snapshot.find(fullname)
        if file is None:
            return None
        loader = SnapshotLoader(fullname, str(file), self.snapshot)
        directories = [str(file.parent)] if file.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, file, loader=loader, submodule_search_locations=directories
        )


def install(snapshot: Snapshot) -> ProjectFinder:
    """Make this process import project modules from a snapshot, and put the project first on its path.

    Modules that an earlier snapshot's finder loaded are forgotten, so that they are imported anew.

    Args:
        snapshot: where names and bytes come from.

    Returns:
        The finder, for :func:`uninstall`.
    """
    for finder in [finder for finder in sys.meta_path if isinstance(finder, ProjectFinder)]:
        if finder.snapshot is snapshot:
            return finder
        uninstall(finder)
    project = str(snapshot.config.project_directory)
    if project in sys.path:
        sys.path.remove(project)
    sys.path.insert(0, project)
    finder = ProjectFinder(snapshot)
    sys.meta_path.insert(0, finder)
    return finder


def uninstall(finder: ProjectFinder) -> None:
    """Undo :func:`install` and forget the modules that came through the finder.

    Args:
        finder: what install returned.
    """
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)
    for name, module in list(sys.modules.items()):
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if isinstance(loader, SnapshotLoader) and loader.snapshot is finder.snapshot:
            del sys.modules[name]


def load_module(method: MethodFile) -> types.ModuleType:
    """Import a method or build script.

    Args:
        method: which one.

    Returns:
        The module.

    Raises:
        ServerError: the import failed; the text holds the traceback, the user's own frames only.
    """
    try:
        return importlib.import_module(method.module)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ServerError(
            f"Submit failed: method {method.name!r} cannot be imported:\n{_user_traceback(error)}"
        ) from error


def load_declaration(method: MethodFile) -> Declaration:
    """Import a method and read what it declares.

    Args:
        method: which one.

    Returns:
        The declaration.

    Raises:
        ServerError: the import failed, or the module declares something that has no meaning.
    """
    return declare(load_module(method), method)


def _user_traceback(error: BaseException) -> str:
    """Format an exception without the frames of Python's import machinery and of the Accelerator."""
    report = traceback.TracebackException.from_exception(error)
    pending = [report]
    while pending:
        part = pending.pop()
        frames = [
            frame
            for frame in part.stack
            if not frame.filename.startswith(("<frozen importlib", _OWN_DIRECTORY))
            and not frame.filename.endswith("/importlib/__init__.py")
        ]
        part.stack = traceback.StackSummary.from_list(frames)
        pending.extend(filter(None, [part.__cause__, part.__context__]))
    return "".join(report.format()).rstrip("\n")
