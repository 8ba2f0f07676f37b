"""From a parsed specification to the job or dataset it means.

What the resolver must know of the world is the protocol :class:`~accelerator.cli.lookup.Lookup`, so that its rules can
be tested without one. Every mistake is answered with what was understood, what was not found, and the nearest names.
"""

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from accelerator.cli.lookup import Lookup, is_job_directory
from accelerator.cli.nearest import did_you_mean
from accelerator.cli.spec import (
    DatasetSpec,
    JobBase,
    JobSpec,
    LatestBase,
    MethodBase,
    Motion,
    Parameter,
    PathBase,
    SpecError,
    UrdBase,
    parse_dataset,
    parse_job,
)
from accelerator.dataset import Dataset
from accelerator.error import AcceleratorError, NoSuchDatasetError, NoSuchJobError, NoSuchWhateverError, UrdUsageError
from accelerator.job import Job
from accelerator.job.record import Setup

if TYPE_CHECKING:
    from accelerator.urd.entry import Entry

__all__ = ["look_for_dataset", "resolve_dataset", "resolve_entry", "resolve_job"]

# Names of an urd entry that are listed where another one was asked for.
_LISTED = 10


class _NoJobsError(SpecError):
    """No job is known of what should be a method."""

    def __init__(self, spec: JobSpec, method: str) -> None:
        super().__init__(f"{spec.text!r}: there are no jobs of a method {method!r}")
        self.spec = spec
        self.method = method


def resolve_job(text: str, lookup: Lookup) -> Job:
    """Return the job that a specification means.

    Raises:
        SpecError: there is none.
    """
    try:
        return _existing(_job(parse_job(text, lookup.workdirs, is_job_directory), lookup), text)
    except _NoJobsError as error:
        raise _why_no_jobs(error.spec, error.method, lookup) from None


def resolve_dataset(text: str, lookup: Lookup) -> Dataset:
    """Return the dataset that a specification means.

    Raises:
        SpecError: the specification means no job.
        NoSuchDatasetError: the job has no such dataset.
    """
    try:
        return look_for_dataset(text, lookup)
    except _NoJobsError as error:
        raise _why_no_jobs(error.spec, error.method, lookup) from None


def look_for_dataset(text: str, lookup: Lookup) -> Dataset:
    """Return the dataset that a text means, which may well mean none: not much time is spent on saying why.

    Raises:
        SpecError, NoSuchDatasetError: as :func:`resolve_dataset`.
    """
    spec = parse_dataset(text, lookup.workdirs, is_job_directory)
    given = _given_dataset(spec, lookup) if spec.name is None else None
    if given is not None:
        return given
    job = _existing(_job(spec.job, lookup), text)
    if spec.motions:
        # A dataset may have been given a name that looks like motions.
        try:
            exact: Dataset = Dataset(job, text[len(spec.job.text) + 1 :])
        except NoSuchDatasetError:
            pass
        else:
            return exact
    dataset: Dataset = Dataset(job, spec.name or "default")
    for motion in spec.motions:
        dataset = _move_dataset(dataset, motion)
    return dataset


def _job(spec: JobSpec, lookup: Lookup, parameters: Sequence[Parameter] | None = None) -> Job:
    job = _base(spec, lookup)
    job = _move_all(job, spec.motions, spec.current, lookup)
    for parameter in spec.parameters if parameters is None else parameters:
        value, is_dataset = _parameter(job, parameter)
        job = _dataset(value, spec.text).job if is_dataset else Job(value)
        job = _move_all(job, parameter.motions, spec.current, lookup)
    return job


def _dataset(name: str, text: str) -> Dataset:
    """Return the dataset that a job was given."""
    try:
        found: Dataset = Dataset(name)
    except NoSuchWhateverError as error:
        raise SpecError(f"{text!r} means {name!r}: {error}") from None
    return found


def _existing(job: Job, text: str) -> Job:
    if is_job_directory(job.path):
        return job
    try:
        Path(job.path, "setup.json").stat()
    except PermissionError as error:
        raise SpecError(f"{error.filename}: {error.strerror}") from None
    except OSError:
        pass  # there is none
    if text == job:
        raise SpecError(f"there is no job {text!r}")
    raise SpecError(f"{text!r} means {str(job)!r}, but that job does not exist")


def _base(spec: JobSpec, lookup: Lookup) -> Job:
    match spec.base:
        case PathBase(path):
            return _at_path(path, lookup)
        case JobBase(jobid):
            try:
                job = Job(jobid)
            except NoSuchJobError as error:
                raise SpecError(f"{spec.text!r}: {error}") from None
            _check_workdir(job.workdir, spec.text, lookup)
            return job
        case LatestBase(workdir):
            _check_workdir(workdir, spec.text, lookup)
            link = lookup.workdirs[workdir] / f"{workdir}-LATEST"
            try:
                return Job(link.readlink().name)
            except (OSError, NoSuchJobError):
                raise SpecError(f"{spec.text!r}: no job has been built in workdir {workdir!r} yet") from None
        case MethodBase(method):
            return _newest(spec, method, lookup)
        case UrdBase():
            return _job_of_entry(spec.text, _entry(spec.text, spec.base, lookup), spec.base.entry)


def _at_path(path: str, lookup: Lookup) -> Job:
    directory = Path(path).resolve()
    try:
        job = Job(directory.name)
    except NoSuchJobError:
        raise SpecError(f"{path!r} has a setup.json, but {directory.name!r} is not the name of a job") from None
    if lookup.workdirs.get(job.workdir) != directory.parent:
        lookup.use_workdir(job.workdir, directory.parent)
    return job


def _check_workdir(name: str, text: str, lookup: Lookup) -> None:
    if name not in lookup.workdirs:
        known = f" (there is {', '.join(sorted(lookup.workdirs))})" if lookup.workdirs else ""
        hint = did_you_mean(name, lookup.workdirs) or known
        raise SpecError(f"{text!r}: there is no workdir {name!r}{hint}")


def _newest(spec: JobSpec, method: str, lookup: Lookup) -> Job:
    jobs = lookup.jobs_of(method, current=spec.current)
    if jobs:
        return Job(jobs[-1][1])
    raise _NoJobsError(spec, method)


def _why_no_jobs(spec: JobSpec, method: str, lookup: Lookup) -> SpecError:
    known = lookup.methods()
    if method in known:
        kind = "current" if spec.current else "known"
        return SpecError(f"{spec.text!r}: no {kind} jobs with method {method} available")
    within = "" if method == spec.text else f"{spec.text!r}: "
    if method in lookup.workdirs:
        example = f"{method}-12, the newest {method}-LATEST"
        return SpecError(f"{within}{method!r} is a workdir: its jobs are called {example}")
    hint = _known_to_urd(method, lookup) or did_you_mean(method, known)
    return SpecError(f"{within}{method!r} is neither a job nor a method{hint}")


def _known_to_urd(name: str, lookup: Lookup) -> str:
    """Return a hint if a name that is no method's is that of a list, or of a job in the latest run."""
    user = lookup.user()
    try:
        if f"{user}/{name}" in lookup.urd_lists():
            return f" (the urd list is ':{name}:')"
        latest = lookup.urd_entry(f"{user}/__auto__", "latest")
    except AcceleratorError:  # the answer is the same without urd
        return ""
    named = latest is not None and any(item[0] == name for item in latest.joblist)
    return f" (what the latest run calls so is ':__auto__:{name}')" if named else ""


def resolve_entry(text: str, lookup: Lookup) -> "Entry":
    """Return the urd entry that ``:list:``, with or without timestamp, motions and entry, means.

    Raises:
        SpecError: there is none.
    """
    spec = parse_job(text, lookup.workdirs, is_job_directory)
    if not isinstance(spec.base, UrdBase):
        raise SpecError(f"{text!r} names no urd list")
    return _entry(text, spec.base, lookup)


def _entry(text: str, base: UrdBase, lookup: Lookup) -> "Entry":
    path, wanted = _urd_path(base.path, lookup.user())
    try:
        entry = lookup.urd_entry(path, wanted)
    except UrdUsageError as error:
        hint = ". The list of another user is written user/list/latest" if base.path.count("/") == 1 else ""
        raise SpecError(f"{text!r} means {wanted!r} in urd list {path!r}: {error}{hint}") from None
    if entry is None:
        known = lookup.urd_timestamps(path)
        if known:
            raise SpecError(f"{text!r}: urd list {path!r} has no {wanted!r}{did_you_mean(wanted, known)}")
        raise SpecError(f"{text!r}: urd list {path!r} not found{did_you_mean(path, lookup.urd_lists())}")
    for motion in base.motions:
        entry = _move_entry(text, entry, motion, lookup)
    return entry


def _urd_path(path: str, user: str) -> tuple[str, str]:
    """Return list and timestamp of ``list``, ``list/timestamp`` or ``user/list/timestamp``."""
    parts = path.split("/")
    if len(parts) == 1:
        return f"{user}/{parts[0]}", "latest"
    if len(parts) == 2:
        return f"{user}/{parts[0]}", parts[1]
    return f"{parts[0]}/{parts[1]}", parts[2]


def _move_entry(text: str, entry: "Entry", motion: Motion, lookup: Lookup) -> "Entry":
    known = lookup.urd_timestamps(entry.path)
    at = known.index(entry.timestamp) + (motion.steps if motion.direction == "~" else -motion.steps)
    if 0 <= at < len(known):
        found = lookup.urd_entry(entry.path, known[at])
        if found is not None:
            return found
    where = "later" if motion.direction == "~" else "earlier"
    raise SpecError(f"{text!r}: {entry.path}/{entry.timestamp} has no {motion.steps} {where} entries")


def _job_of_entry(text: str, entry: "Entry", name: str) -> Job:
    where = f"{entry.path}/{entry.timestamp}"
    found = None
    try:
        index = int(name or "-1")
    except ValueError:
        found = next((item for item in reversed(entry.joblist) if item[0] == name), None)
    else:
        if -len(entry.joblist) <= index < len(entry.joblist):
            found = entry.joblist[index]
    if found is None:
        names = list(dict.fromkeys(item[0] for item in entry.joblist))
        known = f" ({len(entry.joblist)} jobs: {', '.join(names[:_LISTED])}{', …' if len(names) > _LISTED else ''})"
        raise SpecError(f"{text!r}: {name or '-1'!r} not found in {where}{did_you_mean(name, names) or known}")
    built_as, jobid, uid = found
    job = Job(jobid, built_as)
    if uid and is_job_directory(job.path) and Setup.load(Path(job.path)).uid != uid:
        raise SpecError(f"{text!r}: the job {jobid} recorded in {where} is gone; another one has its name now")
    return job


def _move_all(job: Job, motions: Sequence[Motion], current: bool, lookup: Lookup) -> Job:
    for motion in motions:
        job = _move(job, motion, current, lookup)
    return job


def _move(job: Job, motion: Motion, current: bool, lookup: Lookup) -> Job:
    if motion.direction in "<>":
        number = job.number + (motion.steps if motion.direction == ">" else -motion.steps)
        if number < 0:
            raise SpecError(f"Tried to go {motion.steps} job numbers down from {job}, but the first is 0")
        return Job(f"{job.workdir}-{number}")
    _existing(job, job)
    if motion.direction == "^":
        return _previous(job, motion.steps)
    setup = Setup.load(Path(job.path))
    jobs = list(lookup.jobs_of(setup.method, current=current))
    at = next((place for place, (_, jobid) in enumerate(jobs) if jobid == job), -1)
    if at < 0:  # unfinished, or not current
        at = bisect_left(jobs, (setup.starttime, str(job)))
        jobs.insert(at, (setup.starttime, str(job)))
    wanted = at - motion.steps if motion.direction == "~" else at + motion.steps
    if not 0 <= wanted < len(jobs):
        where, name, available = (
            ("back", "earlier", at) if motion.direction == "~" else ("forward", "later", len(jobs) - 1 - at)
        )
        kind = "current" if current else "known"
        raise SpecError(
            f"Tried to go {motion.steps} jobs {where} from {job}, but only {available} {name} {kind} {setup.method} "
            f"jobs available"
        )
    return Job(jobs[wanted][1])


def _previous(job: Job, steps: int) -> Job:
    start = job
    for step in range(steps):
        _existing(job, job)
        setup = Setup.load(Path(job.path))
        in_jobs, in_datasets = setup.jobs.get("previous"), setup.datasets.get("previous")
        if in_jobs and isinstance(in_jobs, str):
            job = Job(in_jobs)
        elif in_datasets and isinstance(in_datasets, str):
            job = _dataset(in_datasets, f"{start}{'^' * steps}").job
        else:
            raise SpecError(f"Tried to go {steps} back from {start}, but only {step} available (stopped on {job})")
    return job


def _parameter(job: Job, parameter: Parameter) -> tuple[str, bool]:
    """Return the value of a job or dataset parameter, and whether it is a dataset."""
    _existing(job, job)
    setup = Setup.load(Path(job.path))
    sections = {"jobs": setup.jobs, "datasets": setup.datasets}
    name = parameter.name
    found = [section for section in sections if name in sections[section] and parameter.section in {"", section}]
    if not found:
        looked = [parameter.section] if parameter.section else list(sections)
        known = [key for section in looked for key in sections[section]]
        hint = did_you_mean(name, known) or f" (it has {', '.join(sorted(known)) or 'none'})"
        raise SpecError(f"{job} ({setup.method}) has no {' or '.join(looked)} parameter {name!r}{hint}")
    if len(found) == 2:
        raise SpecError(f"{job} has {name!r} among both its jobs and datasets: write .jobs.{name} or .datasets.{name}")
    value = sections[found[0]][name]
    full = f"{job}.{found[0]}.{name}"
    if isinstance(value, list):
        if len(value) != 1:
            raise SpecError(f"{full} is a list of {len(value)}, and only a list of one can be followed")
        value = value[0]
    if not value:
        raise SpecError(f"{full} is None")
    return value, found[0] == "datasets"


def _given_dataset(spec: DatasetSpec, lookup: Lookup) -> Dataset | None:
    """Return the dataset of a specification that ends in a parameter: exactly what the job was given."""
    parameters = spec.job.parameters
    if not parameters or parameters[-1].motions:
        return None
    job = _job(spec.job, lookup, parameters[:-1])
    value, is_dataset = _parameter(job, parameters[-1])
    return _dataset(value, spec.text) if is_dataset else None


def _move_dataset(dataset: Dataset, motion: Motion) -> Dataset:
    start = dataset
    for step in range(motion.steps):
        try:
            following = dataset.previous if motion.direction == "~" else dataset.parent
        except NoSuchWhateverError as error:
            which = "dataset before" if motion.direction == "~" else "parent of"
            raise SpecError(f"The {which} {dataset.quoted} is gone: {error}") from None
        if isinstance(following, tuple):
            names = ", ".join(parent.quoted for parent in following)
            raise SpecError(f"{dataset.quoted} has several parents: {names}")
        if not following:
            raise SpecError(
                f"Tried to go {motion.steps} back from {start.quoted}, but only {step} available "
                f"(stopped on {dataset.quoted})"
            )
        dataset = following
    return dataset
