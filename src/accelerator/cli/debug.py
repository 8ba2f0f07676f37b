"""``ax debug``."""

import bdb
import re
import sys
import tempfile
import types
from pathlib import Path

import click

from accelerator import subjobs
from accelerator.cli import errors
from accelerator.cli.command import command as ax_command
from accelerator.cli.complete import job_names
from accelerator.cli.debug_run import Builder, Debugging, PhaseFailed, Target, scratch_copy
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.config import Config
from accelerator.engine import inputs
from accelerator.engine.interpreters import Python
from accelerator.error import UserError
from accelerator.job import Job
from accelerator.job.record import Failed, Setup
from accelerator.method.archive import unpack
from accelerator.method.discover import MethodFile, find_methods
from accelerator.method.importer import ProjectFinder, install, load_module, uninstall
from accelerator.method.source import Snapshot

__all__ = ["command"]

_PHASES = ("prepare", "analysis", "synthesis")


@ax_command(
    "debug",
    examples=[
        ("ax debug dev-12", "where dev-12 failed: runs that phase again, then pdb"),
        ("ax debug dev-12 --slice 3", "only slice 3 of analysis"),
        ("ax debug dev-12 --phase synthesis --stop", "stops before its first line"),
        ("ax debug dev-12 --current", "with the method's present source"),
        ("ax debug dev-12 --no-pdb", "only shows whether it still fails"),
    ],
    details=(
        "Runs one phase of a job again, here, with your terminal: breakpoint() works, and an exception starts pdb "
        "where it was raised. The job runs in a temporary directory with the parameters and the source that it had; "
        "nothing it writes is kept. What must come before the phase runs first. By default it is the phase and slice "
        "that failed."
    ),
)
@click.argument("spec", metavar="JOB", shell_complete=job_names)
@click.option("--phase", type=click.Choice(_PHASES), help="Which phase; otherwise the one that failed.")
@click.option("--slice", "sliceno", type=click.IntRange(min=0), metavar="N", help="Which slice of analysis.")
@click.option("--current", is_flag=True, help="Run the present source of the method, not the one that the job had.")
@click.option("--pdb/--no-pdb", default=True, show_default=True, help="Start pdb where an exception was raised.")
@click.option(
    "--stop/--no-stop",
    default=None,
    help="Stop in pdb before the first line of the phase.  [default: stop, unless it failed there]",
)
@pass_workspace
def command(
    workspace: Workspace,
    spec: str,
    *,
    phase: str | None,
    sliceno: int | None,
    current: bool,
    pdb: bool,
    stop: bool | None,
) -> int:
    """Run a phase of a job again, in the debugger."""
    if sliceno is not None and phase not in {None, "analysis"}:
        raise click.UsageError(f"--slice is for analysis, not for {phase}")
    job = workspace.job(spec)
    setup = Setup.load(Path(job.path))
    if setup.is_build:
        raise UserError(f"{job} is a build script: write breakpoint() into it and run it with ax run")
    if sliceno is not None and sliceno >= setup.slices:
        raise UserError(f"{job} has no slice {sliceno}: it has slices 0 to {setup.slices - 1}")
    project = workspace.project
    with tempfile.TemporaryDirectory(prefix="ax-debug-") as scratch:
        module, remove = _method(project.config, job, setup, project.engine.catalogue.snapshot if current else None)
        failed = _failed(job)
        wanted = ("analysis", sliceno) if sliceno is not None else _wanted(job, module, phase, failed)
        target = Target(*wanted, stop=pdb and (wanted != failed if stop is None else stop), post_mortem=pdb)
        changed = inputs.changed(setup.input_files)
        if changed:
            errors.warn(f"the input file {changed} has changed since {job} read it")
        name = "debug"
        while name in project.config.workdirs:
            name += "_"
        try:
            with scratch_copy(job, Path(scratch), name) as copy:
                subjobs.use_builder(Builder(project, job))
                return _run(Debugging(module, copy, project.config.execution.cores), target, job)
        finally:
            uninstall(remove)


def _method(config: Config, job: Job, setup: Setup, current: Snapshot | None) -> tuple[types.ModuleType, ProjectFinder]:
    """Import the method of a job.

    Args:
        config: the project.
        job: the job.
        setup: what it was asked to do.
        current: the present sources; None for those that the job has recorded.

    Returns:
        Its module, and what to uninstall in the end.
    """
    file = find_methods(config).get(setup.method)
    snapshot = current
    if snapshot is None:
        snapshot = Snapshot(config)
        try:
            archived = unpack(Path(job.path, "method.tar.gz").read_bytes()).values()
        except OSError as error:
            raise UserError(f"the source of {job} cannot be read: {error}; --current runs the present one") from None
        # A standard method goes with the installed rest of the library, which is in no archive.
        recorded = [one for one in archived if one.module and not one.module.startswith("accelerator.")]
        for one in recorded:
            snapshot.absorb(one.path, one.data, [one.module])
        if recorded and file is None:
            file = MethodFile(setup.method, setup.package or "", recorded[0].module, Path(recorded[0].path))
    if file is None:
        raise UserError(f"there is no method {setup.method} in this project")
    finder = install(snapshot)
    module = load_module(file)
    python = Python.own().path_for(config, getattr(module, "interpreter", None))
    if python != sys.executable:
        raise UserError(
            f"{setup.method} runs on {python}: start the debugger with `{python} -m accelerator debug {job}`"
        )
    return module, finder


def _failed(job: Job) -> tuple[str, int] | None:
    """Return the phase and slice in which a job failed; None if it has not, or that is not known."""
    try:
        components = list(Failed.load(Path(job.path)).status.items())
    except FileNotFoundError:
        return None
    for component, text in components:
        if component in {"prepare", "synthesis"}:
            return component, 0
        slices = re.match(r"analysis\((\d+)\)", component) or re.match(r"analysis-(\d+) ", text)
        if slices:
            return "analysis", int(slices[1])
    return None


def _wanted(job: Job, module: types.ModuleType, phase: str | None, failed: tuple[str, int] | None) -> tuple[str, int]:
    """Return the phase and slice to run."""
    if phase is not None:
        return (phase, failed[1]) if failed is not None and failed[0] == phase else (phase, 0)
    if failed is not None:
        return failed
    phases = [name for name in _PHASES if callable(getattr(module, name, None))]
    if len(phases) == 1:
        return phases[0], 0
    raise UserError(f"{job} has not failed in any phase: say --phase {' or --phase '.join(phases)}")


def _run(debugging: Debugging, target: Target, job: Job) -> int:
    """Run the phase; return the exit code."""
    try:
        result = debugging.run(target)
    except PhaseFailed:
        return errors.ExitCode.ERROR
    except bdb.BdbQuit:
        return errors.ExitCode.OK
    where = f"analysis({target.sliceno})" if target.phase == "analysis" else target.phase
    text = repr(result)
    text = text if len(text) <= 200 else f"{text[:200]}…"
    print(f"{where} of {job} ended without an error and returned {text}; nothing was kept.", file=sys.stderr)
    return errors.ExitCode.OK
