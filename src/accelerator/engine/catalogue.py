"""The methods of a project: where they are, what they declare, and what their source is."""

import contextlib
import difflib
import pickle
import sys
from collections.abc import Callable

from accelerator import _lazy
from accelerator.config import Config
from accelerator.engine.index import Index
from accelerator.error import BuildError, ServerError
from accelerator.method import accepted
from accelerator.method.declaration import Declaration
from accelerator.method.discover import MethodFile, find_methods
from accelerator.method.source import MethodSource, Snapshot, method_source, source_digest

Declare = Callable[[MethodFile, MethodSource, bytes], Declaration]

# What a pickled declaration means depends on our classes and on Python.
_STAMP = f"1 {sys.version_info[0]}.{sys.version_info[1]}"


class SourceFacts:
    """What is known of source files, kept in the index.

    Args:
        index: where.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    def get(self, key: str) -> str | None:
        """Return what was kept under a key."""
        value = self._index.cached("source", key, "")
        return None if value is None else value.decode("utf-8", "surrogatepass")

    def put(self, key: str, value: str) -> None:
        """Keep a text under a key."""
        self._index.keep("source", key, "", value.encode("utf-8", "surrogatepass"))


class Catalogue:
    """The methods of a project, all seen in one snapshot.

    Args:
        config: the project.
        index: keeps what was found out.
        declare: imports a method and returns its declaration.
        snapshot: the sources; None to look at them afresh.
    """

    def __init__(self, config: Config, index: Index, declare: Declare, snapshot: Snapshot | None = None) -> None:
        self._config = config
        self._index = index
        self._declare = declare
        self.methods = find_methods(config)
        self.snapshot = snapshot if snapshot is not None else Snapshot(config)
        self.snapshot.cache = SourceFacts(index)
        self._declarations: dict[str, Declaration] = {}
        self._digests: dict[str, str] = {}
        self._archives: dict[str, bytes] = {}
        self._elsewhere: dict[str, str] = {}
        self._told: set[str] = set()
        self._accepted_path = config.project_directory / accepted.FILENAME
        self._acceptances: tuple[accepted.Acceptance, ...] | None = None

    def refresh(self) -> bool:
        """Look at the project again.

        Returns:
            Whether a source that had been looked at, here or by a runner, is another one now.
        """
        self.methods = find_methods(self._config)
        self._acceptances = None
        snapshot = self.snapshot.fresh()
        if snapshot is not self.snapshot:
            self.snapshot = snapshot
            for cache in (self._declarations, self._digests, self._archives):
                cache.clear()
        elif all(method in self.methods and self.source(method).code_digest == digest
                 for method, digest in self._elsewhere.items()):  # fmt: skip
            return False
        self._elsewhere.clear()
        return True

    def note(self, method: str, code_digest: str) -> None:
        """Remember which source of a method a runner has imported for a job that builds subjobs."""
        self._elsewhere[method] = code_digest

    def file(self, method: str) -> MethodFile:
        """Return the file of a method.

        Raises:
            BuildError: if there is no such method.
        """
        found = self.methods.get(method)
        if found is None:
            close = difflib.get_close_matches(method, self.methods, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            packages = ", ".join(self._config.methods)
            raise BuildError(f"there is no method {method!r} (no a_{method}.py in {packages}){hint}")
        return found

    def source(self, method: str) -> MethodSource:
        """Return the source of a method."""
        return method_source(self.snapshot, self.file(method))

    def declaration(self, method: str) -> Declaration:
        """Return what a method declares.

        Raises:
            BuildError: if there is no such method.
            ServerError: if it cannot be imported, or declares nonsense.
        """
        known = self._declarations.get(method)
        if known is None:
            known = self._declarations[method] = self._find_declaration(method)
        return known

    def _find_declaration(self, method: str) -> Declaration:
        file, source = self.file(method), self.source(method)
        # The file's own digest too: of our own methods the code digest is only their version.
        stamp = f"{_STAMP} {source.code_digest} {source.files[0].digest}"
        name = f"{file.module} {file.path}"
        kept = self._index.cached("declaration", name, stamp)
        if kept is not None:
            try:
                declaration: Declaration = pickle.loads(kept)
            except Exception:  # noqa: BLE001, S110 - a cache of another version: asked for again
                pass
            else:
                return declaration
        declaration = self._declare(file, source, _lazy.archive.pack(source, (), self.snapshot))
        self._index.keep("declaration", name, stamp, pickle.dumps(declaration))
        return declaration

    def take_warnings(self) -> list[str]:
        """Return what there is to say about the methods that were asked for, also by jobs; each thing once."""
        for method in self._elsewhere:
            with contextlib.suppress(BuildError, ServerError):
                self.declaration(method)
        found = dict.fromkeys(text for declaration in self._declarations.values() for text in declaration.warnings)
        new = [text for text in found if text not in self._told]
        self._told.update(new)
        return new

    def source_digest(self, method: str) -> str:
        """Return the digest of a method's source with the files that it depends on."""
        known = self._digests.get(method)
        if known is None:
            extra = self.declaration(method).depend_extra
            known = self._digests[method] = source_digest(self.source(method), extra, self.snapshot)
        return known

    def valid_sources(self, method: str) -> frozenset[str]:
        """Return the source digests that count as the method's present one: it, and those accepted as equal to it.

        Raises:
            ConfigError: the file of acceptances is damaged.
        """
        if self._acceptances is None:
            self._acceptances = accepted.load(self._accepted_path)
        digest = self.source_digest(method)
        if not self._acceptances:
            return frozenset((digest,))
        return accepted.equivalent_sources(self._acceptances, method, digest)

    def archive(self, method: str) -> bytes:
        """Return the bytes of ``method.tar.gz``."""
        known = self._archives.get(method)
        if known is None:
            extra = self.declaration(method).depend_extra
            known = self._archives[method] = _lazy.archive.pack(self.source(method), extra, self.snapshot)
        return known
