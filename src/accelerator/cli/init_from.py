"""``accelerator.toml`` from the ``accelerator.conf`` of the older program, for ``ax init --from``."""

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from accelerator.error import UserError

__all__ = ["convert"]

_MANY = frozenset({"workdirs", "method packages", "interpreters"})
_KEYS = _MANY | {
    "slices", "target workdir", "listen", "board listen", "urd", "result directory", "input directory",
    "project directory",
}  # fmt: skip
_VARIABLE = re.compile(r"(?<!\\)\$\{([^}=]*)(?:=([^}]*))?\}")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_NO_COUNTERPART = {
    "listen": "nothing listens: there is no server to start or to stop",
    "board listen": "nothing listens until the board is started",
}
# Packages of the older program itself that are not here.
_GONE = ("accelerator.test_methods", "accelerator.examples")


@dataclass
class _Old:
    """What the file says: words by key, a list for each value."""

    path: Path
    values: dict[str, list[list[str]]] = field(default_factory=dict)

    def fail(self, message: str) -> UserError:
        return UserError(f"{self.path}: {message}")

    def one(self, key: str) -> str | None:
        """Return the single word of a key; None if it is not there."""
        values = self.values.get(key)
        if not values:
            return None
        if len(values) > 1 or len(values[0]) > 1:
            raise self.fail(f"{key}: takes one value, not {shlex.join(word for value in values for word in value)}")
        return values[0][0]

    def pairs(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield the two words of each value of a key, exact repeats once."""
        for words in dict.fromkeys(tuple(value) for value in self.values.get(key, ())):
            if len(words) != 2:
                raise self.fail(f"{key}: takes a name and a path, not {shlex.join(words)}")
            yield words[0], words[1]


def convert(path: Path, directory: Path, environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """Write an old configuration as ``accelerator.toml``.

    Args:
        path: of ``accelerator.conf``.
        directory: of the new project, absolute.
        environment: the values of ``${VARIABLES}``.

    Returns:
        The text of the new file, and what people should know about what is not in it.

    Raises:
        UserError: the old file cannot be read, or is not valid.
    """
    notes: list[str] = []
    old = _read(path, environment, notes)
    base = Path(os.path.normpath(path.absolute().parent / (old.one("project directory") or ".")))

    def place(text: str) -> str:
        """Return a path relative to the new project if it lies inside, else absolute."""
        absolute = Path(os.path.normpath(base / text))
        return str(absolute.relative_to(directory)) if absolute.is_relative_to(directory) else str(absolute)

    workdirs = {name: place(_free_workdir(name, base / text, notes)) for name, text in _workdirs(old)}
    target = old.one("target workdir") or next(iter(workdirs))
    if target not in workdirs:
        raise old.fail(f"target workdir: {target} is not among the workdirs {', '.join(workdirs)}")
    lines = [
        f"# Made from {path.absolute()}",
        f"slices = {_slices(old)}",
        f"methods = {_toml(_methods(old, directory, base, notes))}",
        f"target_workdir = {_toml(target)}",
        f"result_directory = {_toml(place(old.one('result directory') or '.'))}",
        f"input_directory = {_toml(place(old.one('input directory') or '.'))}",
        f"urd = {_toml(_urd(old, directory, notes))}",
        "",
        "[workdirs]",
        *(f"{_toml(name)} = {_toml(text)}" for name, text in workdirs.items()),
    ]
    interpreters = dict(old.pairs("interpreters"))
    if "DEFAULT" in interpreters:
        raise old.fail("interpreters: DEFAULT is the Python that ax runs with, and cannot be another one; take it out")
    if interpreters:
        lines += ["", "[interpreters]"]
        # Not normalised: the Python of a virtual environment is a link.
        lines += [f"{_toml(name)} = {_toml(str(base / text))}" for name, text in interpreters.items()]
        notes.append('interpreters: a method asks for one with interpreter = "name" in its module, not in methods.conf')
    notes += [f"{key}: {reason}" for key, reason in _NO_COUNTERPART.items() if key in old.values]
    return "".join(f"{line}\n" for line in lines), notes


def _read(path: Path, environment: Mapping[str, str], notes: list[str]) -> _Old:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    old = _Old(path)
    key = ""
    used: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        content = _COMMENT.sub("", line)
        if not content.strip():
            continue
        if not content[0].isspace():
            key, colon, content = content.partition(":")
            key = " ".join(key.split())
            if not colon or key not in _KEYS:
                raise old.fail(f"line {number}: {key!r} is not a key; the keys are {', '.join(sorted(_KEYS))}")
            if key in old.values:
                raise old.fail(f"line {number}: {key} is there twice")
            old.values[key] = []
        elif not key:
            raise old.fail(f"line {number}: continues nothing")
        used.update(found[1] for found in _VARIABLE.finditer(content))
        content = _VARIABLE.sub(lambda found: environment.get(found[1], found[2] or ""), content).replace(r"\${", "${")
        try:
            words = shlex.split(content)
        except ValueError as error:
            raise old.fail(f"line {number}: {error}") from None
        if words:
            old.values[key].append(words)
    old.values = {name: values for name, values in old.values.items() if values}
    if used:
        notes.append(
            f"the present values of {', '.join(sorted(used))} are written in; ${{NAME}} works in the new file, too"
        )
    return old


def _slices(old: _Old) -> int:
    text = old.one("slices")
    if text is None or not (text.isascii() and text.isdigit() and int(text)):
        raise old.fail("slices: is needed, a whole number from 1")
    return int(text)


def _workdirs(old: _Old) -> list[tuple[str, str]]:
    pairs = list(old.pairs("workdirs"))
    if not pairs:
        raise old.fail("workdirs: at least one is needed")
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise old.fail(f"workdirs: {name} is there twice, with different paths")
    return pairs


def _free_workdir(name: str, path: Path, notes: list[str]) -> str:
    """Return where the workdir goes: another place if jobs of the older program are there."""
    jobs = re.compile(rf"{re.escape(name)}-\d+")
    try:
        taken = any(jobs.fullmatch(entry.name) for entry in path.iterdir())
    except OSError:
        taken = False
    if not taken:
        return str(path)
    new = path.with_name(f"{path.name}-new")
    notes.append(f"workdirs: {path} has jobs of the older program, which cannot be used here; new ones go to {new}")
    return str(new)


def _methods(old: _Old, directory: Path, base: Path, notes: list[str]) -> list[str]:
    packages = []
    for words in old.values.get("method packages", ()):
        package, *more = words
        if more not in ([], ["auto-discover"]):
            raise old.fail(f"method packages: {package} has {shlex.join(more)}; only auto-discover is known")
        if package in _GONE:
            notes.append(f"method packages: {package} does not exist here")
            continue
        if not more and package != "accelerator.standard_methods":
            notes.append(f"method packages: every a_*.py of {package} is a method, methods.conf is not read")
        top = package.partition(".")[0]
        if not (directory / top).exists() and (base / top).exists():
            notes.append(f"method packages: {package} is in {base}; copy it to {directory}")
        if package not in packages:
            packages.append(package)
    if not packages:
        raise old.fail("method packages: at least one is needed")
    return packages


def _urd(old: _Old, directory: Path, notes: list[str]) -> str:
    if "urd" not in old.values:
        return ""
    # The older program has a directory of this name.
    name = "urd.sqlite" if (directory / "urd.db").is_dir() else "urd.db"
    notes.append(f"urd: starts empty in {name}; lists of the older program are not taken over")
    return f"sqlite:///{name}"


def _toml(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)
