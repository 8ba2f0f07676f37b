"""Why a job would be built: which existing jobs are nearest, and in what they differ."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from accelerator.engine.index import Row
from accelerator.engine.plan import Outdated
from accelerator.engine.request import Request
from accelerator.error import AcceleratorError, StorageError
from accelerator.job import Job
from accelerator.job.record import Setup
from accelerator.method.archive import ArchivedFile, unpack
from accelerator.method.functions import MODULE_LEVEL, changed_functions
from accelerator.method.normalise import fill_defaults
from accelerator.method.source import MethodSource
from accelerator.storage.canonical import encode

# Reading the records of more jobs than this for a sentence to a person would take seconds.
_MOST_JOBS = 500
_LONGEST_DIFF = 40
_SECTIONS = ("options", "datasets", "jobs")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a job differs from a request.

    Args:
        section: ``options``, ``datasets``, ``jobs``, ``input files``, ``source`` or ``state``.
        name: which one.
        text: what is different, for people.
        value: what the job has.
    """

    section: str
    name: str
    text: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A job that comes near to a request.

    Args:
        jobid: the job.
        differences: in what it differs.
        current: whether its source is the present one.
    """

    jobid: str
    differences: tuple[Difference, ...]
    current: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a request needs a new job, or which one answers it.

    Args:
        method: the method.
        exists: the job that answers the request, None if a new one is needed.
        candidates: the nearest jobs, the one with the fewest differences first.
    """

    method: str
    exists: Job | None
    candidates: tuple[Candidate, ...] = ()

    def as_dict(self) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
        """Return ``{method: {job: {section: {name: that job's value}}}}`` for the nearest jobs with the present source.

        Of the jobs with the fewest differing parameters, the newest for each set of differing names. Nothing in it:
        there is no such job. ``{job: {}}``: that job answers the request.
        """
        if self.exists is not None:
            return {self.method: {str(self.exists): {}}}
        current = [c for c in self.candidates if c.current and all(d.section in _SECTIONS for d in c.differences)]
        fewest = min((len(c.differences) for c in current), default=0)
        if not fewest:
            return {}
        found: dict[str, dict[str, dict[str, Any]]] = {}
        seen = set()
        for candidate in current:
            names = tuple((d.section, d.name) for d in candidate.differences)
            if len(names) == fewest and names not in seen:
                seen.add(names)
                sections: dict[str, dict[str, Any]] = {}
                for difference in candidate.differences:
                    sections.setdefault(difference.section, {})[difference.name] = difference.value
                found[candidate.jobid] = sections
        return {self.method: found}

    def text(self) -> str:
        """Return the explanation for people."""
        if self.exists is not None:
            return f"{self.method}: {self.exists} answers this, nothing is built"
        if not self.candidates:
            return f"{self.method} is built because there is no finished job of this method"
        nearest = self.candidates[0]
        lines = [f"{self.method} is built; the nearest job is {nearest.jobid}, which differs in:"]
        for difference in nearest.differences:
            first, *more = difference.text.split("\n")
            lines.append(f"   {first}")
            lines.extend(f"      {line}" for line in more)
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of methods as they are now.

    Args:
        of: returns the source of a method; raises AcceleratorError if there is none.
        read: returns the bytes of a source file.
    """

    of: Callable[[str], MethodSource]
    read: Callable[[str], bytes]


def nearest(
    request: Request,
    rows: Iterable[Row],
    directory: Callable[[str], Path],
    outdated: Callable[[Row], Outdated | None],
    sources: Sources,
) -> tuple[Candidate, ...]:
    """Compare the jobs of a method with a request.

    Args:
        request: what was asked for.
        rows: the finished jobs of the method, the newest first.
        directory: where a job is.
        outdated: why a job with the right key cannot be used.
        sources: the present ones.

    Returns:
        The jobs by number of differences, the newest first among equals; the first one with its source compared.
    """
    found: list[tuple[Candidate, Setup]] = []
    reasons: dict[str, Outdated | None] = {}
    for row in islice(rows, _MOST_JOBS):
        try:
            setup = Setup.load(directory(row.jobid))
        except (OSError, StorageError):
            continue
        reason = outdated(row)
        reasons[row.jobid] = reason
        found.append((_compare(request, setup, row, reason), setup))
    found.sort(key=lambda pair: (not pair[0].current, len(pair[0].differences)))
    if found and not found[0][0].current:
        # Only the source of the nearest one is looked at in detail.
        found.sort(key=lambda pair: len(pair[0].differences))
        candidate, setup = found[0]
        differences = [d for d in candidate.differences if d.section != "source"]
        differences.extend(_source_differences(request.source, setup, directory(candidate.jobid), sources.read))
        found[0] = replace(candidate, differences=tuple(differences)), setup
    elif found and (reason := reasons[found[0][0].jobid]) is not None and reason.source_of is not None:
        candidate, setup = found[0]
        more = _subjob_differences(directory(reason.source_of), sources)
        found[0] = replace(candidate, differences=(*candidate.differences, *more)), setup
    return tuple(candidate for candidate, _ in found)


def _subjob_differences(directory: Path, sources: Sources) -> list[Difference]:
    """Say what has changed in the source of a subjob's method."""
    try:
        setup = Setup.load(directory)
        source = sources.of(setup.method)
    except (OSError, AcceleratorError):
        return []  # it is gone, and that has been said
    return _source_differences(source, setup, directory, sources.read)


def _compare(request: Request, setup: Setup, row: Row, outdated: Outdated | None) -> Candidate:
    normalised = request.normalised
    differences: list[Difference] = []
    filled = fill_defaults(request.declaration, setup.options, setup.datasets, setup.jobs)
    present = (normalised.options, normalised.datasets, normalised.jobs)
    for section, old, new in zip(_SECTIONS, filled, present, strict=True):
        differences.extend(_parameter_differences(section, old, new, setup.references, request.references))
    differences.extend(_input_differences(setup.input_files, request.input_files))
    if setup.slices != request.slices:
        differences.append(Difference("state", "slices", f"slices: {setup.slices}, now {request.slices}"))
    current = row.source_digest == request.source_digest
    if not current:
        differences.append(Difference("source", request.call.method, "the source of the method"))
    if not differences:
        reason = outdated.text if outdated is not None else "nothing: it was asked to be built anew"
        differences.append(Difference("state", row.jobid, reason))
    return Candidate(row.jobid, tuple(differences), current)


def _parameter_differences(
    section: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    old_uids: Mapping[str, str],
    new_uids: Mapping[str, str],
) -> list[Difference]:
    what = section.removesuffix("s")
    found = []
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if name not in new:
            text = f"{what} {name}: it has {_shown(was)}, the method has no such {what} now"
        elif name not in old:
            text = f"{what} {name}: it has none, now {_shown(now)}"
        elif encode(was) != encode(now):
            text = f"{what} {name}: {_shown(was)}, now {_shown(now)}"
        elif section != "options" and any(old_uids.get(job) != new_uids.get(job) for job in _jobs_in(now)):
            text = f"{what} {name}: {_shown(now)} is not the same job any more"
        else:
            continue
        found.append(Difference(section, name, text, was))
    return found


def _jobs_in(value: Any) -> list[str]:
    return [one.partition("/")[0] for one in (value if isinstance(value, list) else [value]) if one]


def _input_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    found = []
    for option in sorted({*old, *new}):
        before = {file["path"]: file for file in old.get(option, [])}
        for file in new.get(option, []):
            was = before.pop(file["path"], None)
            name = file["path"]
            if was is None:
                found.append(
                    Difference("input files", name, f"input file {name} (option {option}): it did not read it")
                )
            elif was.get("digest", was["state"]) != file.get("digest", file["state"]):
                found.append(Difference("input files", name, f"input file {name} (option {option}) has changed"))
        found.extend(
            Difference("input files", name, f"input file {name} (option {option}): it is not asked for now")
            for name in before
        )
    return found


def _source_differences(
    source: MethodSource, setup: Setup, directory: Path, read: Callable[[str], bytes]
) -> list[Difference]:
    old = {source["module"]: source for source in setup.sources}
    new = {file.module: file for file in source.files}
    archived = _archived(directory)
    found = []
    for module in [*new, *(module for module in old if module not in new)]:
        if module not in old:
            found.append(Difference("source", module, f"module {module} ({new[module].path}): it did not import it"))
        elif module not in new:
            found.append(Difference("source", module, f"module {module}: it imported it, now it is not imported"))
        elif old[module]["digest"] != new[module].digest:
            before = archived.get(module)
            path = new[module].path
            if before is None:
                found.append(Difference("source", module, f"{path} has changed"))
            else:
                found.extend(_function_differences(path, before.data, read(path)))
    if not found:
        found.append(Difference("source", setup.method, "a file that depend_extra names has changed"))
    return found


def _function_differences(path: str, before: bytes, after: bytes) -> list[Difference]:
    found = []
    for change in changed_functions(before, after):
        where = "the module level" if change.name == MODULE_LEVEL else f"function {change.name}"
        diff = change.diff.split("\n")
        if len(diff) > _LONGEST_DIFF:
            diff = [*diff[:_LONGEST_DIFF], f"… {len(diff) - _LONGEST_DIFF} more lines"]
        text = "\n".join([f"{where} in {path} ({change.kind})", *filter(None, diff)])
        found.append(Difference("source", f"{path}:{change.name}", text))
    return found or [Difference("source", path, f"{path} has changed")]


def _archived(directory: Path) -> dict[str, ArchivedFile]:
    try:
        files = unpack((directory / "method.tar.gz").read_bytes())
    except (OSError, StorageError):
        return {}
    return {file.module: file for file in files.values() if file.module}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
