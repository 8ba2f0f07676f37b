"""What a power cut could do, worked out from the calls of a run."""

import os

from faults import Call


class Disk:
    """What may be lost of the files of a project, by the calls so far: the worst that POSIX allows.

    Contents of a file are safe after an fsync of it, its name after an fsync of its directory.

    Attributes:
        unsafe: files whose contents may be lost.
        names: for each directory the names in it that may be lost, or come back.
        finished: directories of jobs, in the order in which they were finished.
    """

    def __init__(self) -> None:
        self.unsafe: set[str] = set()
        self.names: dict[str, set[str]] = {}
        self.finished: list[str] = []
        self._made: set[str] = set()

    def apply(self, call: Call) -> None:
        """Do what a call does."""
        if not call.succeeded:
            return
        if call.name in {"write", "truncate"} or (call.name == "create" and call.path in self._made):
            self.unsafe.add(call.path)
        if call.name in {"create", "mkdir", "symlink", "unlink", "rmdir"}:
            self._change_name(call.path)
            self._made.add(call.path)
        if call.name in {"unlink", "rmdir"}:
            self._made.discard(call.path)
        if call.name in {"unlink", "rmdir", "fsync"}:
            self.unsafe.discard(call.path)
            self.names.pop(call.path, None)
        elif call.name == "rename":
            self.unsafe = {_moved(path, call.path, call.other) for path in self.unsafe - {call.other}}
            self.names = {_moved(path, call.path, call.other): names for path, names in self.names.items()}
            self._made = {_moved(path, call.path, call.other) for path in self._made}
            self._change_name(call.path)
            self._change_name(call.other)
            directory, name = os.path.split(call.other)
            if name == "post.json":
                self.finished.append(directory)

    def _change_name(self, path: str) -> None:
        parent, name = os.path.split(path)
        self.names.setdefault(parent or ".", set()).add(name)

    def may_lose(self, directory: str) -> list[str]:
        """Say what may be lost of a directory and all in it, itself included."""
        lost = [path for path in self.unsafe if _below(path, directory)]
        for parent, names in self.names.items():
            lost += [f"{parent}/{name}" for name in names if _below(parent, directory)]
        while directory:
            parent, name = os.path.split(directory)
            lost += [directory] if name in self.names.get(parent or ".", ()) else []
            directory = parent
        return lost

    def is_safe(self, path: str) -> bool:
        """Tell whether a file has both contents and name for good."""
        parent, name = os.path.split(path)
        return path not in self.unsafe and name not in self.names.get(parent, ())


def _below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory + "/")


def _moved(path: str, old: str, new: str) -> str:
    return new + path.removeprefix(old) if _below(path, old) else path
