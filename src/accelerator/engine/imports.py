"""The runner's modules: imported once, from the bytes that were digested and packed into the job."""

import base64
import gc
import pickle
import types
from pathlib import Path

from accelerator import _lazy
from accelerator.config import Config
from accelerator.engine.environment import environment
from accelerator.engine.protocol import Frame
from accelerator.error import AcceleratorError, ServerError
from accelerator.method.archive import unpack
from accelerator.method.declaration import Declaration
from accelerator.method.discover import MethodFile
from accelerator.method.importer import install, load_declaration, load_module
from accelerator.method.source import Snapshot

_MENTIONS_DATASETS = b"ataset"


class Imports:
    """Project modules of this process.

    Args:
        config: the project.

    Attributes:
        count: grows with each source taken in and each module imported.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self.snapshot = Snapshot(config)
        self._bytes: dict[str, bytes] = {}
        self._sources: set[str] = set()
        self._loaded: set[str] = set()
        self._heavy: tuple[types.ModuleType, ...] = ()
        self.count = 0
        install(self.snapshot)

    def absorb(self, source: str, archive: bytes) -> bool:
        """Take in the sources of a method.

        Args:
            source: their digest: what is known already is not unpacked again.
            archive: the bytes of its ``method.tar.gz``.

        Returns:
            False if another version of one of the files was taken in before; nothing is changed then.
        """
        if source in self._sources:
            return True
        files = [file for file in unpack(archive).values() if file.module]
        if any(self._bytes.get(file.path, file.data) != file.data for file in files):
            return False
        for file in files:
            if file.path not in self._bytes:
                self._bytes[file.path] = file.data
                self.snapshot.absorb(file.path, file.data, [file.module])
        self._sources.add(source)
        self.count += 1
        return True

    def declaration(self, method: MethodFile) -> Declaration:
        """Import a method and return what it declares.

        Raises:
            ServerError: if it cannot be imported, or declares nonsense.
        """
        declaration = load_declaration(method)
        self._settle(method.module)
        return declaration

    def module_for(self, order: Frame) -> types.ModuleType | None:
        """Import the method of a job.

        Args:
            order: the ``run`` frame.

        Returns:
            Its module; None if this process has imported another version of its sources: the job's own process
            must import them anew (:meth:`import_anew`).

        Raises:
            ServerError: if it cannot be imported.
        """
        if order["source"] not in self._sources and not self.absorb(order["source"], _archive(order)):
            return None
        module = load_module(_method(order))
        if self._import_heavy():
            self._loaded.discard(order["module"])
        self._settle(order["module"])
        return module

    def warm_up(self) -> None:
        """Be ready for a job of the sources taken in, ahead of its order: while the session reads its input files."""
        if self._import_heavy():
            self._freeze()

    def _import_heavy(self) -> bool:
        """Import what datasets need, if they seem to be wanted; return whether that was done now."""
        if self._heavy or not any(_MENTIONS_DATASETS in data for data in self._bytes.values()):
            return False
        # 0.2 s, once here instead of in the process of every job.
        self._heavy = (_lazy.writer, _lazy.iterate)
        _lazy.rehearsal.rehearse()
        return True

    def import_anew(self, order: Frame) -> types.ModuleType:
        """Forget all modules of the project and import the method of a job from the job's own sources.

        Raises:
            ServerError: if it cannot be imported.
        """
        self.snapshot = Snapshot(self._config)
        self._bytes, self._sources = {}, set()
        install(self.snapshot)
        self.absorb(order["source"], _archive(order))
        return load_module(_method(order))

    def _settle(self, module: str) -> None:
        if module not in self._loaded:
            self._loaded.add(module)
            self._freeze()

    def _freeze(self) -> None:
        """Keep the collector away from what was imported: looking at it in a fork would copy its pages."""
        self.count += 1
        gc.collect()
        gc.freeze()


def answer_declare(imports: Imports, frame: Frame) -> Frame:
    """Import a method and answer what it declares, or why that is not known.

    Args:
        imports: the modules of this process.
        frame: the ``declare`` frame.
    """
    answer: Frame = {"type": "declared", "id": frame["id"]}
    try:
        method = MethodFile(frame["method"], frame["package"], frame["module"], Path(frame["path"]))
        imports.absorb(frame["source"], base64.b64decode(frame["archive"]))
        declaration = imports.declaration(method)
    except AcceleratorError as error:
        answer["error"] = str(error)
    else:
        answer["declaration"] = base64.b64encode(pickle.dumps(declaration)).decode("ascii")
        answer["environment"] = environment()
    return answer


def _method(order: Frame) -> MethodFile:
    return MethodFile(order["method"], order["package"], order["module"], Path(order["file"]))


def _archive(order: Frame) -> bytes:
    path = Path(order["path"]) / "method.tar.gz"
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServerError(f"{path}: cannot be read: {error.strerror}") from error
