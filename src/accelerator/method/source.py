"""The source of a method: which files it consists of, and their digest.

A method is its file and every project module that it imports, directly or not. All questions are answered from one
:class:`Snapshot`, so that what is digested, what is packed into the job and what runs are the same bytes.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from accelerator.config import Config
from accelerator.error import ServerError
from accelerator.method.discover import MethodFile
from accelerator.method.imports import Import, Roots, exported_names, imports_of, modules_of
from accelerator.method.normal_form import VERSION, digest_nodes, digest_source, parse

__all__ = [
    "FileFacts",
    "MethodSource",
    "Snapshot",
    "SourceCache",
    "SourceFile",
    "archive_name",
    "method_source",
    "source_digest",
]

# A file written again within the same tick of the file system's clock shows no change in its times.
_CLOCK_DOUBT_NS = 2_000_000_000
_VERSION_LINE = re.compile(rb"^version\s*(?::\s*\w+\s*)?=\s*(\d+)\s*(?:#.*)?$", re.MULTILINE)


class SourceCache(Protocol):
    """Remembers facts of source files between sessions; keys hold the digest of the bytes, so nothing goes stale."""

    def get(self, key: str) -> str | None:
        """Return the text kept under a key, or None."""

    def put(self, key: str, value: str) -> None:
        """Keep a text under a key."""


class FileFacts(msgspec.Struct, frozen=True):
    """What is known of the bytes of one Python file.

    Attributes:
        digest: of its normal form, 64 hexadecimal digits.
        imports: every import in it.
        exports: the names in its ``__all__``.
    """

    digest: str
    imports: tuple[Import, ...] = ()
    exports: tuple[str, ...] = ()


class SourceFile(msgspec.Struct, frozen=True):
    """One file of a method's source.

    Attributes:
        module: dotted name of the module.
        path: absolute path of the file.
        archive_name: its name in ``method.tar.gz``: where it would lie in a directory to import it from.
        digest: of its normal form.
    """

    module: str
    path: str
    archive_name: str
    digest: str


class MethodSource(msgspec.Struct, frozen=True):
    """The whole source of a method.

    Attributes:
        code_digest: changes when, and only when, what the code does may change; 64 hexadecimal digits.
        files: the method's own file first, then what it imports, by module name.
    """

    code_digest: str
    files: tuple[SourceFile, ...]


class _Entry(msgspec.Struct, frozen=True):
    data: bytes
    signature: tuple[int, int, int]
    doubtful: bool


class Snapshot:
    """The bytes of project files as they were when first asked for.

    Args:
        config: the project's configuration.
        cache: remembers digests and imports between sessions; None to compute them.
    """

    def __init__(self, config: Config, cache: SourceCache | None = None) -> None:
        self.config = config
        self.cache = cache
        self.roots = Roots(config)
        self._entries: dict[str, _Entry] = {}
        self._facts: dict[str, FileFacts] = {}
        self._found: dict[str, Path | None] = {}
        self._sources: dict[str, MethodSource] = {}

    def read(self, path: str | Path) -> bytes:
        """Return the bytes of a file as they were when this snapshot first saw it.

        Args:
            path: absolute path.

        Returns:
            The whole file.

        Raises:
            OSError: it cannot be read.
        """
        name = str(path)
        entry = self._entries.get(name)
        if entry is None:
            signature = _signature(name)
            data = Path(name).read_bytes()
            self._entries[name] = entry = _Entry(data, signature, _is_doubtful(signature))
        return entry.data

    def absorb(self, path: str | Path, data: bytes, modules: Iterable[str] = ()) -> None:
        """Take over what another process's snapshot holds for a file.

        Args:
            path: absolute path.
            data: the bytes that stand for the file from now on.
            modules: names under which it is imported.
        """
        self._entries[str(path)] = _Entry(data, (-1, -1, -1), doubtful=True)
        self._facts.pop(str(path), None)
        self._found.update((module, Path(path)) for module in modules)

    def items(self) -> list[tuple[str, bytes, list[str]]]:
        """Return every path seen so far with bytes and module names, for :meth:`absorb` in another process."""
        modules: dict[str, list[str]] = {path: [] for path in self._entries}
        for module, found in self._found.items():
            modules.get(str(found), []).append(module)
        return [(path, entry.data, modules[path]) for path, entry in self._entries.items()]

    def find(self, module: str) -> Path | None:
        """Find the file of a project module; see :meth:`Roots.find`. The answer stays for the snapshot's life.

        Args:
            module: dotted name.
        """
        if module not in self._found:
            self._found[module] = self.roots.find(module)
        return self._found[module]

    def facts(self, path: str | Path) -> FileFacts:
        """Return digest and imports of a Python file.

        Args:
            path: absolute path.

        Raises:
            OSError: it cannot be read.
        """
        name = str(path)
        known = self._facts.get(name)
        if known is None:
            known = self._facts[name] = _facts(self.read(name), self.cache)
        return known

    def fresh(self) -> "Snapshot":
        """Return a snapshot of the present: this one if no file that it has seen changed, came or went.

        Returns:
            ``self``, or a new snapshot that keeps what did not change.
        """
        roots = Roots(self.config)
        moved = any(roots.find(module) != path for module, path in self._found.items())
        kept = {path: entry for path, entry in self._entries.items() if _is_unchanged(path, entry)}
        if not moved and len(kept) == len(self._entries):
            return self
        new = Snapshot(self.config, self.cache)
        new._entries = kept
        new._facts = {path: facts for path, facts in self._facts.items() if path in kept}
        return new

    def source_of(self, method: MethodFile) -> MethodSource:
        """Return the source of a method; see :func:`method_source`."""
        known = self._sources.get(method.module)
        if known is None:
            known = self._sources[method.module] = _method_source(self, method)
        return known


def method_source(snapshot: Snapshot, method: MethodFile) -> MethodSource:
    """Collect the files that a method consists of and digest them.

    The digest depends on names and normal forms, not on where the project lies. A method of the accelerator's own
    packages is its name and the module-level ``version``: a new release that does the same does not rebuild.

    Args:
        snapshot: where bytes come from.
        method: a method or build script.

    Returns:
        Files and code digest.

    Raises:
        ServerError: the method's own file cannot be read.
    """
    return snapshot.source_of(method)


def source_digest(source: MethodSource, depend_extra: tuple[str, ...], snapshot: Snapshot) -> str:
    """Digest the source of a method together with the files that it names in ``depend_extra``.

    Args:
        source: the code.
        depend_extra: absolute paths; a module that is already part of the code adds nothing.
        snapshot: where bytes come from.

    Returns:
        64 hexadecimal digits; the code digest itself if there is nothing to add.

    Raises:
        ServerError: a file cannot be read.
    """
    code = {file.path for file in source.files}
    extra = [path for path in dict.fromkeys(depend_extra) if path not in code]
    if not extra:
        return source.code_digest
    project = snapshot.config.project_directory
    digest = hashlib.sha256(source.code_digest.encode())
    parts = []
    for path in extra:
        try:
            data = snapshot.read(path)
        except OSError as error:
            raise ServerError(f"Submit failed: depend_extra: cannot read {path}: {error.strerror}") from None
        name = Path(path).relative_to(project) if Path(path).is_relative_to(project) else Path(path).name
        parts.append(f"{name}\0{hashlib.sha256(data).hexdigest()}\n")
    for part in sorted(parts):
        digest.update(part.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _method_source(snapshot: Snapshot, method: MethodFile) -> MethodSource:
    try:
        data = snapshot.read(method.path)
    except OSError as error:
        raise ServerError(
            f"Submit failed: method {method.name!r}: cannot read {method.path}: {error.strerror}"
        ) from None
    own_name = archive_name(method.module, method.path)
    if method.module.startswith("accelerator."):
        match = _VERSION_LINE.search(data)
        stated = b"version " + match[1] if match else hashlib.sha256(data).digest()
        code = hashlib.sha256(b"accelerator\0" + method.name.encode() + b"\0" + stated).hexdigest()
        # The file's digest is that of its bytes: what it declares may change while what it does stays the same.
        file = SourceFile(method.module, str(method.path), own_name, hashlib.sha256(data).hexdigest())
        return MethodSource(code, (file,))
    paths = _transitive(snapshot, method)
    files = [
        SourceFile(module, str(path), archive_name(module, path), snapshot.facts(path).digest)
        for module, path in sorted(paths.items(), key=lambda item: (item[0] != method.module, item[0]))
    ]
    digest = hashlib.sha256(b"code\0")
    for line in sorted(f"{_label(file.module, method.package)}\0{file.digest}\n" for file in files):
        digest.update(line.encode())
    return MethodSource(digest.hexdigest(), tuple(files))


def _transitive(snapshot: Snapshot, method: MethodFile) -> dict[str, Path]:
    """Return module name → file of the method and of everything of the project that it imports."""
    paths: dict[str, Path] = {}
    pending: list[tuple[str, Path]] = [(method.module, method.path)]
    parts = method.package.split(".")
    parents = [".".join(parts[: length + 1]) for length in range(len(parts))]
    pending.extend((parent, path) for parent in parents if (path := snapshot.find(parent)))
    while pending:
        module, path = pending.pop()
        if module in paths:
            continue
        paths[module] = path
        names = _imported_modules(snapshot, module, path)
        pending.extend((name, found) for name in names if (found := snapshot.find(name)))
    return paths


def _imported_modules(snapshot: Snapshot, module: str, path: Path) -> list[str]:
    names: list[str] = []
    for imported in snapshot.facts(path).imports:
        loaded = list(modules_of(module, path.name == "__init__.py", imported))
        names.extend(loaded)
        if "*" in imported.names and loaded and (package := snapshot.find(loaded[-1])):
            names.extend(f"{loaded[-1]}.{name}" for name in snapshot.facts(package).exports)
    return names


def _label(module: str, package: str) -> str:
    """Name a module relative to the method's package, so that moving the package as a whole changes nothing."""
    return module[len(package) :] if module == package or module.startswith(f"{package}.") else module


def archive_name(module: str, path: str | Path) -> str:
    """Return the name of a module's file in ``method.tar.gz``.

    Args:
        module: dotted name.
        path: its file.
    """
    name = module.replace(".", "/")
    return f"{name}/__init__.py" if Path(path).name == "__init__.py" else f"{name}.py"


def _facts(data: bytes, cache: SourceCache | None) -> FileFacts:
    key = f"source {VERSION} {hashlib.sha256(data).hexdigest()}"
    if cache is not None and (kept := cache.get(key)):
        digest, imports, exports = json.loads(kept)
        return FileFacts(
            digest, tuple(Import(level, module, tuple(names)) for level, module, names in imports), tuple(exports)
        )
    tree = parse(data)
    if tree is None:
        # Not kept: another Python may be able to parse it.
        return FileFacts(digest_source(data))
    facts = FileFacts(digest_nodes(tree.body), imports_of(tree), exported_names(tree))
    if cache is not None:
        imports = [[imported.level, imported.module, imported.names] for imported in facts.imports]
        cache.put(key, json.dumps([facts.digest, imports, facts.exports]))
    return facts


def _signature(path: str) -> tuple[int, int, int]:
    stat = Path(path).stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _is_doubtful(signature: tuple[int, int, int]) -> bool:
    return time.time_ns() - signature[1] < _CLOCK_DOUBT_NS


def _is_unchanged(path: str, entry: _Entry) -> bool:
    try:
        if _signature(path) == entry.signature and not entry.doubtful:
            return True
        return Path(path).read_bytes() == entry.data
    except OSError:
        return False
