"""``ax doctor``."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from accelerator import config as configuration
from accelerator.cli import doctor_checks as checks
from accelerator.cli import errors, render
from accelerator.cli.command import State, json_option
from accelerator.cli.command import command as ax_command
from accelerator.cli.doctor_checks import Finding
from accelerator.colour import colour
from accelerator.error import ConfigError
from accelerator.job.context import context

__all__ = ["command"]

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}
_WIDTH = max(map(len, _COLOURS))


@ax_command(
    "doctor",
    examples=[
        ("ax doctor", "what is wrong, and how to mend it"),
        ("ax doctor --verify", "also reads every dataset and compares its checksums"),
    ],
    details="Nothing is changed. The exit code is 1 if there is an error; warnings may wait.",
)
@click.option("--verify", is_flag=True, help="Read all data of all datasets again; that takes as long as it takes.")
@json_option
@click.pass_obj
def command(state: State, *, verify: bool, as_json: bool) -> int:
    """Check the project and its workdirs."""
    # No workspace: that needs a configuration without mistakes.
    path = state.config or configuration.find(Path.cwd())
    found: list[Finding] = []
    for finding in _findings(path, verify=verify):
        found.append(finding)
        if not as_json:
            _show(finding)
    levels = Counter(finding.level for finding in found)
    if as_json:
        render.print_json([asdict(finding) for finding in found])
    elif levels["error"] or levels["warning"]:
        print(f"\n{_number(levels['error'], 'error')}, {_number(levels['warning'], 'warning')}.")
    else:
        print("\nAll is well.")
    return errors.ExitCode.ERROR if levels["error"] else errors.ExitCode.OK


def _findings(path: Path, *, verify: bool) -> Iterator[Finding]:
    try:
        config = configuration.load(path)
    except ConfigError as error:
        yield Finding("error", "configuration", str(error))
        yield from checks.check_versions()
        return
    context.register_workdirs(config.workdirs)
    yield Finding("ok", "configuration", str(config.path))
    for check in (
        checks.check_methods,
        checks.check_workdirs,
        checks.check_locks,
        checks.check_index,
        checks.check_urd,
        checks.check_disk,
    ):
        try:
            yield from check(config)
        except OSError as error:
            # What is wrong in one place is no reason not to look at the others.
            topic = check.__name__.removeprefix("check_")
            yield Finding("error", topic, errors.describe(error), "give yourself access, or mend the disk")
    yield from checks.check_versions()
    if verify:
        yield from checks.check_data(config)


def _show(finding: Finding) -> None:
    label = colour(f"{finding.level:<{_WIDTH}}", _COLOURS[finding.level])
    print(f"{label}  {finding.topic}: {finding.text}", flush=True)
    if finding.mend:
        print(f"{'':<{_WIDTH}}      mend: {finding.mend}", flush=True)


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
