"""A build request brought into one form: checked, converted, defaults filled in."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.error import BuildError, ServerError
from accelerator.method.declaration import Declaration
from accelerator.method.option_values import (
    MisfitError,
    convert,
    default,
    is_required,
    kind_of,
    plain,
    typing_of,
    unwrap,
)
from accelerator.method.options import OptionFile

__all__ = ["InputOption", "Normalised", "assign_keywords", "fill_defaults", "normalise"]


@dataclass(frozen=True, slots=True)
class InputOption:
    """A file or directory that an option names, whose content is part of the job's identity.

    Attributes:
        option: name of the option.
        filename: as given: absolute, or relative to the input directory.
        directory: whether a directory is named.
        pattern: whether ``* ? [`` in the name may stand for other names.
    """

    option: str
    filename: str
    directory: bool = False
    pattern: bool = False

    def paths(self, input_directory: Path) -> tuple[Path, ...]:
        """Find what is named.

        Args:
            input_directory: where relative names start.

        Returns:
            One path; for a pattern those that match, sorted.

        Raises:
            ServerError: there is no such file or directory, or it cannot be looked at.
        """
        path = input_directory / self.filename
        try:
            return self._existing(path)
        except OSError as error:
            raise ServerError(f"Submit failed: option {self.option!r}: {path}: {error.strerror}") from None

    def _existing(self, path: Path) -> tuple[Path, ...]:
        what = "directory" if self.directory else "file"
        if path.is_dir() if self.directory else path.is_file():
            return (path,)
        if self.pattern and any(character in self.filename for character in "*?["):
            anchor, pattern = Path(path.anchor or "."), str(path.relative_to(path.anchor))
            if found := sorted(match for match in anchor.glob(pattern) if match.is_file()):
                return tuple(found)
            raise ServerError(f"Submit failed: option {self.option!r}: no file matches {path}")
        if path.exists():
            raise ServerError(f"Submit failed: option {self.option!r}: {path} is not a {what}")
        raise ServerError(f"Submit failed: option {self.option!r}: there is no {what} {path}")


@dataclass(frozen=True, slots=True)
class Normalised:
    """The parameters of a job to be built, as they are stored and compared.

    Attributes:
        options: JSON form of every declared option, by name in sorted order.
        typing: ``[path, type]`` for what has to be restored when they are read back.
        datasets: ``jobid``, ``jobid/name``, ``""`` or None for each declared input, or a list of these.
        jobs: likewise.
        input_options: files that options name.
        option_jobs: jobs that options refer to (through JobWithFile), each once.
    """

    options: dict[str, Any]
    typing: list[list[Any]]
    datasets: dict[str, Any]
    jobs: dict[str, Any]
    input_options: tuple[InputOption, ...] = ()
    option_jobs: tuple[str, ...] = ()

    def identity(self) -> dict[str, Any]:
        """Return what the job's key is made of, as far as the options go: ``storage.canonical`` encodes it.

        JSON forms are type-exact (1, 1.0 and True differ), sets are in a fixed order, plain dicts are sorted.
        """
        return {"options": self.options}


def assign_keywords(
    declaration: Declaration, options: Any, datasets: Any, jobs: Any, keywords: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Sort keywords of a build call into options, datasets and jobs by what the method declares.

    Args:
        declaration: of the method.
        options: dict, or pairs.
        datasets: dict, or pairs.
        jobs: dict, or pairs.
        keywords: values whose kind is not known; they override values of the same name.

    Returns:
        New dicts of options, datasets and jobs.

    Raises:
        BuildError: a keyword is declared nowhere, or as more than one kind.
    """
    given = {
        "options": _as_dict(declaration, "options", options),
        "datasets": _as_dict(declaration, "datasets", datasets),
        "jobs": _as_dict(declaration, "jobs", jobs),
    }
    declared = {
        "options": set(declaration.options),
        "datasets": set(_input_names(declaration.datasets)),
        "jobs": set(_input_names(declaration.jobs)),
    }
    for name, value in keywords.items():
        kinds = [kind for kind, names in declared.items() if name in names]
        if len(kinds) > 1:
            raise BuildError(
                f"Keyword {name!r} is declared in {' and '.join(kinds)} of method {declaration.method!r}; "
                f"say which: {kinds[0]}={{{name!r}: …}}"
            )
        if not kinds:
            nearest = _nearest(name, set().union(*declared.values()))
            raise BuildError(f"Method {declaration.method!r} has no option, dataset or job {name!r}{nearest}")
        given[kinds[0]][name] = value
    return given["options"], given["datasets"], given["jobs"]


def normalise(
    declaration: Declaration, options: Mapping[str, Any], datasets: Mapping[str, Any], jobs: Mapping[str, Any]
) -> Normalised:
    """Check and convert the parameters of a build request and fill in what was not given.

    Args:
        declaration: of the method.
        options: option name → value.
        datasets: dataset parameter → dataset, job, name, None or list of these.
        jobs: job parameter → job, name, None or list of these.

    Returns:
        The parameters in the form in which they are stored and compared.

    Raises:
        ServerError: a value does not fit, a name is not declared, or a required option is missing.
        AssertionError: a value is of a type that options cannot have.
    """
    refuse_unknown(declaration, "option", options, declaration.options)
    missing = [name for name in sorted(declaration.options) if name not in options]
    if required := [name for name in missing if is_required(declaration.options[name])]:
        raise ServerError(
            f"Submit failed: method {declaration.method!r}: missing required options: {', '.join(required)}"
        )
    values: dict[str, Any] = {}
    typing: list[list[Any]] = []
    for name, template in sorted(declaration.options.items()):
        values[name] = _option(declaration, name, options[name]) if name in options else default(template)
        typing.extend(typing_of(template, values[name], (name,)))
    files = [
        file for name, template in sorted(declaration.options.items()) for file in _files(name, template, values[name])
    ]
    return Normalised(
        options=values,
        typing=typing,
        datasets=_inputs(declaration, "dataset", declaration.datasets, datasets),
        jobs=_inputs(declaration, "job", declaration.jobs, jobs),
        input_options=tuple(dict.fromkeys(files)),
        option_jobs=tuple(dict.fromkeys(_option_jobs(declaration.options, values))),
    )


def fill_defaults(
    declaration: Declaration, options: Mapping[str, Any], datasets: Mapping[str, Any], jobs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Complete the stored parameters of an older job with the present defaults of what it lacks.

    Under an accepted source this makes an older job comparable with a present request: a new option with a default
    keeps it valid.

    Args:
        declaration: of the method as it is now.
        options: from the job's ``setup.json``, and so the others.
        datasets: stored dataset parameters.
        jobs: stored job parameters.

    Returns:
        New dicts, sorted by name. Required options that the job lacks stay away; what is not declared any more stays.
    """
    new_options = {
        name: default(template) for name, template in declaration.options.items() if not is_required(template)
    }
    return (
        dict(sorted({**new_options, **options}.items())),
        dict(sorted({**_no_inputs(declaration.datasets), **datasets}.items())),
        dict(sorted({**_no_inputs(declaration.jobs), **jobs}.items())),
    )


def _no_inputs(declared: Iterable[str | list[str]]) -> dict[str, Any]:
    return {entry[0]: [] for entry in declared if isinstance(entry, list)} | {
        entry: None for entry in declared if isinstance(entry, str)
    }


def refuse_unknown(declaration: Declaration, what: str, given: Iterable[str], declared: Iterable[str]) -> None:
    """Refuse names that the method does not declare.

    Args:
        declaration: of the method.
        what: ``option``, ``dataset`` or ``job``.
        given: names in the request.
        declared: names in the method.

    Raises:
        ServerError: there are such names.
    """
    names = set(declared)
    for name in given:
        if name not in names:
            nearest = _nearest(name, names)
            raise ServerError(f"Submit failed: method {declaration.method!r} has no {what} {name!r}{nearest}")


def _as_dict(declaration: Declaration, kind: str, given: Any) -> dict[str, Any]:
    try:
        return dict(given or {})
    except (TypeError, ValueError):
        raise BuildError(f"{kind} of method {declaration.method!r} must be a dict or pairs, not {given!r}") from None


def _nearest(name: Any, names: set[str]) -> str:
    """Return the end of a message about an unknown name."""
    close = difflib.get_close_matches(str(name), sorted(names), n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; it has {', '.join(sorted(names))}" if names else ""


def _option(declaration: Declaration, name: str, value: Any) -> Any:
    try:
        plain_value = plain(value)
    except AssertionError as error:
        raise AssertionError(f"option {name!r} of method {declaration.method!r}: {error}") from None
    try:
        return convert(declaration.options[name], plain_value)
    except MisfitError as error:
        raise ServerError(f"Submit failed: method {declaration.method!r}: option {name!r}: {error}") from None


def _files(name: str, template: Any, value: Any) -> Iterator[InputOption]:
    """Find the input files that an option's value names, wherever its template has an OptionFile."""
    template = unwrap(template)
    if value is None:
        return
    if isinstance(template, OptionFile):
        for filename in value if isinstance(value, list) else [value]:
            yield InputOption(name, filename, template.directory, template.multiple)
    elif isinstance(template, dict) and template and isinstance(value, dict):
        for element in value.values():
            yield from _files(name, next(iter(template.values())), element)
    elif isinstance(template, list | tuple | set) and template and isinstance(value, list):
        for element in value:
            yield from _files(name, next(iter(template)), element)


def _option_jobs(templates: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    for name, template in templates.items():
        yield from _jobs_in(template, values[name])


def _jobs_in(template: Any, value: Any) -> Iterator[str]:
    template = unwrap(template)
    if value is None:
        return
    if isinstance(template, dict) and template and isinstance(value, dict):
        for element in value.values():
            yield from _jobs_in(next(iter(template.values())), element)
    elif isinstance(template, list | tuple | set) and template and isinstance(value, list):
        for element in value:
            yield from _jobs_in(next(iter(template)), element)
    elif kind_of(template) == "JobWithFile" and isinstance(value, list):
        yield value[0]


def _input_names(declared: Iterable[str | list[str]]) -> list[str]:
    return [entry[0] if isinstance(entry, list) else entry for entry in declared]


def _inputs(
    declaration: Declaration, what: str, declared: Iterable[str | list[str]], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Check and convert the datasets or jobs of a request."""
    entries = list(declared)
    refuse_unknown(declaration, what, given, _input_names(entries))
    result: dict[str, Any] = {}
    for entry in sorted(entries, key=lambda entry: entry[0] if isinstance(entry, list) else entry):
        name = entry[0] if isinstance(entry, list) else entry
        value = given.get(name)
        try:
            result[name] = _many(what, value) if isinstance(entry, list) else _one(what, value)
        except MisfitError as error:
            raise ServerError(f"Submit failed: method {declaration.method!r}: {what} {name!r}: {error}") from None
    return result


def _one(what: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        kind = "a list; declare it as ['name'] to take several" if isinstance(value, list | tuple) else "none"
        raise MisfitError(f"{value!r} is not a {what} but {kind}" if kind != "none" else f"{value!r} is not a {what}")
    text = str.__str__(value)
    # One dataset, one name: the default dataset of a job is written as the job.
    return text.removesuffix("/default") if what == "dataset" else text


def _many(what: str, value: Any) -> list[str | None]:
    if value is None:
        return []
    if isinstance(value, str):
        return [_one(what, part.strip()) for part in value.split(",")] if value else []
    if not isinstance(value, list | tuple):
        raise MisfitError(f"{value!r} is not a list of {what}s")
    return [_one(what, element) for element in value]
