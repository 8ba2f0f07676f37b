"""``ax init``."""

import ast
import json
import keyword
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from accelerator import config as configuration
from accelerator.cli import render, userconfig
from accelerator.cli.command import command as ax_command
from accelerator.cli.init_from import convert
from accelerator.cli.nearest import did_you_mean
from accelerator.error import ConfigError, UserError

__all__ = ["NewProject", "command", "create", "examples"]

# Package data, not a package: its files are read as text and copied.
_EXAMPLES = Path(__file__).parent.parent / "examples"
_STARTER = "starter"
_METHODS = "dev"
_LIST = "?"


@dataclass(frozen=True)
class NewProject:
    """What ``ax init`` is asked to make.

    Args:
        directory: the project directory.
        slices: number of slices.
        name: of the method package and the workdir.
        input_directory: where input files are; relative to the project, or absolute.
        workdir: where jobs go; relative to the project, or absolute.
        example: the example to copy.
        git: make a git repository, unless inside one.
        force: go ahead although the directory is not empty.
    """

    directory: Path
    slices: int
    name: str = "dev"
    input_directory: str = "."
    workdir: str = "workdirs/dev"
    example: str = _STARTER
    git: bool = True
    force: bool = False


def examples() -> dict[str, str]:
    """Return the worked examples, each with its description."""
    return {
        path.parent.parent.name: _docstring(path)
        for path in sorted(_EXAMPLES.glob(f"*/{_METHODS}/build.py"))
        if path.parent.parent.name != _STARTER
    }


def create(project: NewProject) -> list[Path]:
    """Make the project.

    Returns:
        The files that existed already and were left alone.

    Raises:
        UserError: the name cannot be used, there is no such example, the directory is not empty or cannot be written,
            or the workdir has another number of slices.
    """
    _check_name(project.name)
    known = examples()
    if project.example != _STARTER and project.example not in known:
        raise UserError(
            f"There is no example {project.example!r}{did_you_mean(project.example, known)}; see ax init --example"
        )
    if not project.force:
        _check_empty(project.directory)
    workdir = project.directory / project.workdir
    _check_slices(workdir, project.slices)
    if not (project.directory / project.input_directory).is_dir() and Path(project.input_directory).is_absolute():
        # Inside the project it is made. Another one holds somebody's files: this is a misspelt one.
        raise UserError(f"--input: there is no directory {project.input_directory}")
    try:
        # First what may lie elsewhere and be refused.
        workdir.mkdir(parents=True, exist_ok=True)
        (workdir / ".slices").write_text(f"{project.slices}\n")
        (project.directory / project.input_directory).mkdir(parents=True, exist_ok=True)
        kept = [path for path, text in _files(project) if not _write_new(path, text)]
        (project.directory / "results").mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"{error.filename or project.directory} cannot be written: {error.strerror}") from None
    if project.git:
        _make_repository(project.directory)
    return kept


@ax_command(
    "init",
    examples=[
        ("ax init", "a project in the current directory"),
        ("ax init --example flights demo", "a worked example in ./demo"),
        ("ax init --slices 8 --input /data big", "8 slices, input files in /data"),
        ("ax init --from old/accelerator.conf", "accelerator.toml here, from an older configuration"),
    ],
    details="Makes accelerator.toml, a method package with an example, a workdir and a git repository in DIR.",
)
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--slices", type=click.IntRange(1, configuration.MOST_SLICES), help="Number of slices; default: the number of CPUs."
)
@click.option("--name", help="Name of the method package and the workdir; default: dev.")
@click.option("--input", "input_directory", metavar="DIR", help="Where input files are; default: the project.")
@click.option("--workdir", metavar="PATH", help="Where jobs go; default: workdirs/NAME in the project.")
@click.option(
    "--example", metavar="NAME", is_flag=False, flag_value=_LIST, help="Copy a worked example; without NAME: list them."
)
@click.option("--git/--no-git", default=None, help="Make a git repository, unless inside one; default: yes.")
@click.option(
    "--force", is_flag=True, help="Go ahead in a directory that is not empty; existing files stay as they are."
)
@click.option(
    "--from",
    "old",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Only write accelerator.toml, from an accelerator.conf; say what has no counterpart.",
)
def command(
    directory: Path,
    *,
    slices: int | None,
    name: str | None,
    input_directory: str | None,
    workdir: str | None,
    example: str | None,
    git: bool | None,
    force: bool,
    old: Path | None,
) -> None:
    """Create a project."""
    if old is not None:
        if any((slices, name, input_directory, workdir, example, force)):
            raise click.UsageError("--from takes everything from the old file: no other options go with it")
        _convert(old, Path(os.path.normpath(Path.cwd() / directory)))
        return
    if example == _LIST:
        render.print_pairs(examples())
        return
    if force and (directory / configuration.FILENAME).exists():
        if any((slices, name, input_directory, workdir)):
            raise UserError(f"{directory / configuration.FILENAME} exists and stays as it is: change it there")
        _create(_as_configured(Path.cwd() / directory, example or _STARTER, git=git is not False), directory)
        return
    defaults = userconfig.load(userconfig.location()).init
    name = name or defaults.get("name", _METHODS)
    root = Path.cwd() / directory
    input_directory = input_directory or defaults.get("input") or str(directory)
    workdir = workdir or defaults.get("workdir") or str(directory / "workdirs" / name)
    project = NewProject(
        directory=root,
        slices=slices or defaults.get("slices") or _cpus(),
        name=name,
        input_directory=_from_project(root, input_directory),
        workdir=_from_project(root, workdir),
        example=example or _STARTER,
        git=defaults.get("git", True) if git is None else git,
        force=force,
    )
    _create(project, directory)


def _create(project: NewProject, directory: Path) -> None:
    for path in create(project):
        click.echo(f"Kept {path} as it was.", err=True)
    _say_what_next(project, directory)


def _as_configured(root: Path, example: str, *, git: bool) -> NewProject:
    """Return the project that an existing configuration describes."""
    known = configuration.load(root / configuration.FILENAME)
    workdir = known.workdirs[known.target_workdir]
    existing = _slices_of(workdir)
    if existing not in {"", str(known.slices)}:
        raise UserError(f"{known.path}: slices = {known.slices}, but the workdir {workdir} has {existing}; change one")
    return NewProject(
        directory=root,
        slices=known.slices,
        name=next((name for name in known.methods if name.isidentifier()), _METHODS),
        input_directory=_from_project(root, str(known.input_directory)),
        workdir=_from_project(root, str(workdir)),
        example=example,
        git=git,
        force=True,
    )


def _convert(old: Path, directory: Path) -> None:
    """Write ``accelerator.toml`` from an old configuration."""
    text, notes = convert(old, directory, os.environ)
    path = directory / configuration.FILENAME
    try:
        written = _write_new(path, text)
    except OSError as error:
        raise UserError(f"{error.filename or path} cannot be written: {error.strerror}") from None
    if not written:
        raise UserError(f"{path} exists already; move it away first")
    print(f"Wrote {path}.")
    for note in notes:
        print(f"    {note}")
    # Not fatal: what is missing can be made now that the file is there.
    try:
        configuration.load(path)
    except ConfigError as error:
        click.echo(f"It needs mending: {error}", err=True)


def _say_what_next(project: NewProject, directory: Path) -> None:
    where = directory if str(directory) != "." else Path.cwd().name
    print(f"Created a project in {where}: {project.slices} slices, methods in {project.name}/,", end=" ")
    print(f"jobs in {project.workdir}/.")
    print("\nTry next:")
    if str(directory) != ".":
        print(f"    cd {shlex.quote(str(directory))}")
    commands = {
        "ax run": f"runs {project.name}/build.py",
        "ax method": "what can be built",
        f"ax workdir {project.name}": "what was built",
    }
    width = max(map(len, commands))
    for typed, meaning in commands.items():
        print(f"    {typed:<{width}}   # {meaning}")


def _cpus() -> int:
    """Return the number of CPUs that this process may use."""
    # Absent on macOS.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _check_name(name: str) -> None:
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
        # The workdir has the same name, and job ids are ASCII.
        raise UserError(f"--name {name!r} cannot be the name of a Python package: ASCII letters, digits and _ only")
    if name == "accelerator" or name in sys.stdlib_module_names:
        raise UserError(f"--name {name!r} is the name of an existing Python package; choose another")


def _check_empty(directory: Path) -> None:
    if directory.is_file():
        raise UserError(f"{directory} is a file")
    if not directory.exists():
        return
    for entry in sorted(directory.iterdir()):
        if not entry.name.startswith(".") and not (entry / "pyvenv.cfg").exists():
            raise UserError(f"{directory} is not empty (it has {entry.name}); --force goes ahead all the same")


def _check_slices(workdir: Path, slices: int) -> None:
    existing = _slices_of(workdir)
    if existing not in {"", str(slices)}:
        raise UserError(f"The workdir {workdir} has {existing} slices: use --slices {existing} or another --workdir")


def _slices_of(workdir: Path) -> str:
    """Return for how many slices a workdir is, empty if there is none."""
    try:
        return (workdir / ".slices").read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _from_project(project: Path, path: str) -> str:
    """Return a path that the user gave, relative to the project if it lies inside and absolute otherwise."""
    absolute = Path(os.path.normpath(Path.cwd() / Path(path).expanduser()))
    root = Path(os.path.normpath(project))
    return str(absolute.relative_to(root)) if absolute.is_relative_to(root) else str(absolute)


def _files(project: NewProject) -> Iterator[tuple[Path, str]]:
    """Every file of the project with its text."""
    values = {
        "slices": str(project.slices),
        "name": project.name,
        "input": json.dumps(project.input_directory, ensure_ascii=False),
        "workdir": json.dumps(project.workdir, ensure_ascii=False),
    }
    toml = (_EXAMPLES / "accelerator.toml").read_text("utf-8")
    toml = toml.replace("[{name},", f'["{project.name}",')
    for key, value in values.items():
        toml = toml.replace(f"{{{key}}}", value)
    yield project.directory / "accelerator.toml", toml
    ignored = (_EXAMPLES / "gitignore").read_text("utf-8").replace("{workdir}", project.workdir)
    if Path(project.workdir).is_absolute():
        ignored = "".join(line for line in ignored.splitlines(keepends=True) if project.workdir not in line)
    yield project.directory / ".gitignore", ignored
    source = _EXAMPLES / project.example / _METHODS
    for path in sorted(source.glob("*.py")):
        yield project.directory / project.name / path.name, path.read_text("utf-8")


def _write_new(path: Path, text: str) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _make_repository(directory: Path) -> None:
    """Make a git repository, if git is there and the directory is not in one already."""
    try:
        inside = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=directory, capture_output=True, check=False)
        if inside.returncode:
            subprocess.run(["git", "init", "--quiet"], cwd=directory, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        click.echo(f"No git repository was made: {error}", err=True)


def _docstring(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
