"""The job and dataset mini-language of the command line, parsed without looking anything up.

A specification is ``BASE[!][motions][.parameter[motions]]…``, for a dataset with ``/NAME[motions]`` behind it::

    dev-12                      a job                    dev-12/bad        one of its datasets
    dev-LATEST                  the newest of a workdir  csvimport~2       two csvimports earlier
    /data/dev/dev-12            a job by its directory   dev-12.source     what it was given as `source`
    :flights:                   newest job of an urd list    :me/flights/2013:import_flights~

What a text means can depend on two facts from outside, which the caller passes in: the names of the workdirs (they
may contain dots) and whether a path is a job directory (paths may contain anything).
"""

import re
from collections.abc import Callable, Collection
from typing import Literal

import msgspec

from accelerator.error import UserError

__all__ = [
    "Base",
    "DatasetSpec",
    "JobBase",
    "JobSpec",
    "LatestBase",
    "MethodBase",
    "Motion",
    "Parameter",
    "PathBase",
    "SpecError",
    "UrdBase",
    "parse_dataset",
    "parse_job",
]

_MOTION = re.compile(r"([~+^<>])(\d*)")
_TRAILING_LIST_MOTIONS = re.compile(r"((?:[~^]\d*)*)$")
_JOB_WITH_NAME = re.compile(r"[^/]+-\d+!?(?:[~+^<>]\d*)*(?:\.[^/]*)?$")
_WORD = re.compile(r"[^.!~+^<>/]*")
_SECTIONS = ("jobs", "datasets")
# The second dot of `..`, which is no operator.
_UP = re.compile(r"(?:^|/)\.\.$")


class SpecError(UserError):
    """A job or dataset specification that cannot be understood or that names nothing."""


class Motion(msgspec.Struct, frozen=True):
    """A number of steps in one direction; ``~~`` is one motion of two steps."""

    direction: str
    steps: int

    def __str__(self) -> str:
        return f"{self.direction}{'' if self.steps == 1 else self.steps}"


class Parameter(msgspec.Struct, frozen=True):
    """``.name``, ``.jobs.name`` or ``.datasets.name``: a job or dataset that a job was given."""

    name: str
    section: Literal["", "jobs", "datasets"] = ""
    motions: tuple[Motion, ...] = ()

    def __str__(self) -> str:
        return f".{self.section}.{self.name}" if self.section else f".{self.name}"


class JobBase(msgspec.Struct, frozen=True):
    """``dev-12``."""

    jobid: str


class LatestBase(msgspec.Struct, frozen=True):
    """``dev-LATEST``."""

    workdir: str


class MethodBase(msgspec.Struct, frozen=True):
    """The newest job of a method."""

    method: str


class PathBase(msgspec.Struct, frozen=True):
    """A job directory."""

    path: str


class UrdBase(msgspec.Struct, frozen=True):
    """``:list[motions]:[entry]``; the entry is an index or a name, empty for the last job."""

    path: str
    motions: tuple[Motion, ...] = ()
    entry: str = ""


Base = JobBase | LatestBase | MethodBase | PathBase | UrdBase


class JobSpec(msgspec.Struct, frozen=True):
    """A parsed job specification."""

    text: str
    base: Base
    current: bool = False
    motions: tuple[Motion, ...] = ()
    parameters: tuple[Parameter, ...] = ()


class DatasetSpec(msgspec.Struct, frozen=True):
    """A parsed dataset specification; ``name`` is None where none was written."""

    text: str
    job: JobSpec
    name: str | None = None
    motions: tuple[Motion, ...] = ()


def parse_job(text: str, workdirs: Collection[str], is_job: Callable[[str], bool]) -> JobSpec:
    """Parse a job specification.

    Args:
        text: what the user wrote.
        workdirs: names of the known workdirs.
        is_job: tells whether a path is a job directory.

    Raises:
        SpecError: the text is no specification; the message says why.
    """
    base, rest = _split_base(text, workdirs, is_job)
    if rest.startswith("/") and isinstance(base, MethodBase):
        raise SpecError(f"{text!r} is no job directory, and behind a slash comes the name of a dataset")
    if rest.startswith("/"):
        raise SpecError(f"{text!r} is a dataset, a job was asked for: leave out {rest!r}")
    return _parse_rest(text, base, rest)


def parse_dataset(text: str, workdirs: Collection[str], is_job: Callable[[str], bool]) -> DatasetSpec:
    """Parse a dataset specification; arguments and errors are those of :func:`parse_job`."""
    base, rest = _split_base(text, workdirs, is_job)
    head, slash, name = rest.partition("/")
    job = _parse_rest(text[: len(text) - len(slash + name)], base, head)
    if not slash:
        return DatasetSpec(text, job)
    if not name:
        raise SpecError(f"{text!r} ends in a slash: write {text[:-1]!r} for the default dataset")
    found = _TRAILING_LIST_MOTIONS.search(name)
    motions = found.group() if found else ""
    if len(motions) == len(name):
        raise SpecError(f"{text!r} has no dataset name before {motions!r}")
    return DatasetSpec(text, job, name[: len(name) - len(motions)], _motions(motions))


def _split_base(text: str, workdirs: Collection[str], is_job: Callable[[str], bool]) -> tuple[Base, str]:
    if not text:
        raise SpecError("An empty text names no job")
    if text.startswith(":"):
        return _split_urd(text)
    # A plain job id wins over a directory that happens to look like one; the other way round would let a stray
    # directory change what `dev-5/name` means.
    first = text.partition("/")[0]
    by_workdir = _split_known_job(text, workdirs)
    if by_workdir:
        return by_workdir
    if _is_path(text) and not (first and not first.startswith(".") and _JOB_WITH_NAME.match(first)):
        for cut in _cuts(text):
            if is_job(text[:cut]):
                return PathBase(text[:cut]), text[cut:]
        if text.startswith(("/", "./", "../")) or text in {".", ".."}:
            raise SpecError(f"{text!r} is not a job directory: there is no setup.json in it")
    found = _WORD.match(text)
    word = found.group() if found else ""
    if not word:
        raise SpecError(f"{text!r} does not start with a job, a method or a path")
    return _word_base(word), text[len(word) :]


def _is_path(text: str) -> bool:
    return "/" in text or text.startswith(".")


def _split_known_job(text: str, workdirs: Collection[str]) -> tuple[Base, str] | None:
    for name in sorted(workdirs, key=len, reverse=True):
        found = re.match(rf"{re.escape(name)}-(\d+|LATEST)(?=[.!~+^<>/]|$)", text)
        if found:
            base = LatestBase(name) if found[1] == "LATEST" else JobBase(found.group())
            return base, text[found.end() :]
    return None


def _word_base(word: str) -> Base:
    workdir, dash, number = word.rpartition("-")
    if dash and workdir and number == "LATEST":
        return LatestBase(workdir)
    if dash and workdir and number.isascii() and number.isdigit():
        return JobBase(word)
    return MethodBase(word)


def _cuts(text: str) -> list[int]:
    """Where a path may end: at the end, or before an operator or slash. Longest first."""
    return [
        len(text),
        *(at for at in range(len(text) - 1, 0, -1) if text[at] in ".!~+^<>/" and not _UP.search(text, 0, at + 1)),
    ]


def _split_urd(text: str) -> tuple[Base, str]:
    # Timestamps contain colons, so the entry starts after the last one.
    path, colon, behind = text[1:].rpartition(":")
    if not colon or not path:
        raise SpecError(f"{text!r} looks like a partial :urdlist:[entry] specification")
    found = _TRAILING_LIST_MOTIONS.search(path)
    motions = found.group() if found else ""
    path = path[: len(path) - len(motions)]
    if not path:
        raise SpecError(f"{text!r} names no urd list")
    if path.count("/") > 2:
        raise SpecError(f"{text!r}: an urd list is written list, list/timestamp or user/list/timestamp")
    entry = re.match(r"-?[^.!~+^<>/]*", behind)
    word = entry.group() if entry else ""
    return UrdBase(path, _motions(motions), word), behind[len(word) :]


def _parse_rest(text: str, base: Base, rest: str) -> JobSpec:
    current = rest.startswith("!")
    rest = rest[current:]
    motions, rest = _take_motions(rest)
    parameters: list[Parameter] = []
    while rest:
        parameter, rest = _take_parameter(text, rest)
        parameters.append(parameter)
    return JobSpec(text, base, current, motions, tuple(parameters))


def _take_parameter(text: str, rest: str) -> tuple[Parameter, str]:
    if not rest.startswith("."):
        raise SpecError(f"{text!r}: {rest!r} is not understood; expected one of ~ + ^ < > or .parameter")
    section, name, after = "", *_take_word(rest[1:])
    for candidate in _SECTIONS:
        if name == candidate and after.startswith("."):
            section, (name, after) = candidate, _take_word(after[1:])
            break
    if not name:
        raise SpecError(f"{text!r}: a parameter name is missing after the dot in {rest!r}")
    motions, after = _take_motions(after)
    return Parameter(name, section, motions), after  # type: ignore[arg-type]  # one of _SECTIONS or empty


def _take_word(text: str) -> tuple[str, str]:
    found = _WORD.match(text)
    word = found.group() if found else ""
    return word, text[len(word) :]


def _take_motions(text: str) -> tuple[tuple[Motion, ...], str]:
    found = re.match(r"(?:[~+^<>]\d*)*", text)
    motions = found.group() if found else ""
    return _motions(motions), text[len(motions) :]


def _motions(text: str) -> tuple[Motion, ...]:
    motions: list[Motion] = []
    for direction, digits in _MOTION.findall(text):
        steps = int(digits) if digits else 1
        if motions and motions[-1].direction == direction:
            steps += motions.pop().steps
        motions.append(Motion(direction, steps))
    return tuple(motions)
