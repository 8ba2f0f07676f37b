"""What differs between two jobs, for ``ax job --diff``."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from accelerator.colour import colour
from accelerator.error import StorageError
from accelerator.job import Job
from accelerator.job.record import Setup
from accelerator.method.archive import ArchivedFile, unpack
from accelerator.method.functions import MODULE_LEVEL, changed_functions
from accelerator.storage.canonical import encode

__all__ = ["compare", "difference_text"]

_PARAMETERS = ("options", "datasets", "jobs")
_ABSENT = "absent"


def compare(before: Job, after: Job) -> dict[str, Any]:
    """Return what differs between two jobs, ready for JSON.

    Args:
        before: one job.
        after: the other.

    Returns:
        ``between``: both jobs with their methods. Then only what differs: in ``method``, ``slices``, ``options``,
        ``datasets``, ``jobs``, ``input files`` and ``environment`` name → ``{"before": value, "after": value}``,
        without the key of the job that lacks it; in ``source`` a list of ``{"file", "function", "kind", "diff"}``.
    """
    old, new = (Setup.load(Path(job.path)) for job in (before, after))
    found: dict[str, Any] = {
        "method": _differences({"method": old.method}, {"method": new.method}),
        "slices": _differences({"slices": old.slices}, {"slices": new.slices}),
    }
    for section in _PARAMETERS:
        was, now = getattr(old, section), getattr(new, section)
        found[section] = _differences(was, now)
        if section != "options":
            found[section] |= _replaced(was, now, old.references, new.references)
    found["input files"] = _differences(_input_files(old), _input_files(new))
    found["source"] = list(_source_differences(before, after))
    found["environment"] = _differences(_environment(old), _environment(new))
    jobs = [{"job": str(job), "method": setup.method} for job, setup in ((before, old), (after, new))]
    return {"between": jobs, **{section: value for section, value in found.items() if value}}


def difference_text(differences: Mapping[str, Any]) -> Iterator[str]:
    """Yield what :func:`compare` returned as lines for people."""
    titles = [f"{about['job']} ({about['method']})" for about in differences["between"]]
    yield colour(" -> ".join(titles), "bold")
    sections = {section: value for section, value in differences.items() if section != "between"}
    if not sections:
        yield "No difference."
    for section, value in sections.items():
        yield f"{section}:"
        if section == "source":
            for change in value:
                yield from _change_text(change)
        else:
            for name, sides in value.items():
                yield f"    {name}: {_shown(sides, 'before')} -> {_shown(sides, 'after')}"


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name in [*old, *(name for name in new if name not in old)]:
        sides = {side: values[name] for side, values in (("before", old), ("after", new)) if name in values}
        # Equality is that of job identity: 1 is neither True nor 1.0, and NaN is itself.
        if len(sides) < 2 or encode(sides["before"]) != encode(sides["after"]):
            found[name] = sides
    return found


def _replaced(
    old: Mapping[str, Any], new: Mapping[str, Any], old_uids: Mapping[str, str], new_uids: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Find the parameters that name the same job id, though another job has it by now."""
    found = {}
    for name in old:
        if name in new and old[name] == new[name] and old[name]:
            value = old[name]
            jobs = [one.partition("/")[0] for one in (value if isinstance(value, list) else [value]) if one]
            if any(old_uids.get(job) != new_uids.get(job) for job in jobs):
                found[name] = {"before": _with_uids(jobs, old_uids), "after": _with_uids(jobs, new_uids)}
    return found


def _with_uids(jobs: Iterable[str], uids: Mapping[str, str]) -> list[str]:
    return [f"{job} (uid {uids.get(job, 'unknown')})" for job in jobs]


def _input_files(setup: Setup) -> dict[str, Any]:
    return {
        f"{file['path']} (option {option})": file.get("digest", file["state"])
        for option, files in setup.input_files.items()
        for file in files
    }


def _environment(setup: Setup) -> dict[str, Any]:
    packages = setup.environment.get("packages", {})
    plain = {name: value for name, value in setup.environment.items() if name != "packages"}
    return plain | {f"package {name}": version for name, version in packages.items()}


def _source_differences(before: Job, after: Job) -> Iterator[dict[str, str]]:
    old, new = _sources(before), _sources(after)
    for name in [*new, *(name for name in old if name not in new)]:
        was, now = old.get(name), new.get(name)
        if was is None or now is None:
            only = after if was is None else before
            yield {"file": name, "function": "", "kind": f"only in {only}", "diff": ""}
        elif was.digest != now.digest:
            changes = changed_functions(was.data, now.data) if now.module else []
            for change in changes:
                function = "" if change.name == MODULE_LEVEL else change.name
                yield {"file": name, "function": function, "kind": change.kind, "diff": change.diff}
            if not changes:
                yield {"file": name, "function": "", "kind": "changed", "diff": ""}


def _sources(job: Job) -> dict[str, ArchivedFile]:
    path = Path(job.filename("method.tar.gz"))
    try:
        return unpack(path.read_bytes())
    except OSError as error:
        raise StorageError(f"the source of {job} cannot be read: {error}") from None


def _change_text(change: Mapping[str, str]) -> Iterator[str]:
    what = f"function {change['function']} in " if change["function"] else ""
    yield f"    {what}{change['file']} ({change['kind']})"
    for line in change["diff"].split("\n") if change["diff"] else ():
        tint = {"+": "green", "-": "red"}.get(line[:1])
        yield f"        {colour(line, tint) if tint else line}".rstrip()


def _shown(sides: Mapping[str, Any], side: str) -> str:
    return json.dumps(sides[side], ensure_ascii=False) if side in sides else _ABSENT
