"""``ax method``."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from accelerator.cli import errors, render
from accelerator.cli.command import command as ax_command
from accelerator.cli.command import json_option
from accelerator.cli.complete import method_names
from accelerator.cli.descriptions import description
from accelerator.cli.nearest import did_you_mean
from accelerator.cli.workspace import Workspace, pass_workspace
from accelerator.error import AcceleratorError, UserError
from accelerator.method.comments import comments
from accelerator.method.declaration import Declaration
from accelerator.method.discover import MethodFile, find_methods

__all__ = ["command"]

# A line with its comment is not longer than this, however wide the terminal.
_WIDEST = 120
_INDENTED: Final[dict[str, Any]] = {"initial_indent": "    ", "subsequent_indent": "        "}


@ax_command(
    "method",
    examples=[
        ("ax method", "all methods, a line each"),
        ("ax method csvimport", "description, datasets, jobs and options of one"),
    ],
    details="A method is an a_NAME.py in a method package. Comments beside its options are its documentation.",
)
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=method_names)
@json_option
@pass_workspace
def command(workspace: Workspace, names: Sequence[str], *, as_json: bool) -> int:
    """Show methods and their parameters."""
    methods = find_methods(workspace.config)
    if not names:
        _list(methods, workspace.config.methods, as_json=as_json)
        return errors.ExitCode.OK
    described: list[dict[str, Any]] = []
    failed = False
    for name in names:
        try:
            about = _describe(workspace, name, methods)
        except AcceleratorError as error:
            errors.warn(str(error))
            failed = True
            continue
        described.append(about)
        if not as_json:
            _show(about)
    if as_json:
        render.print_json(described)
    return errors.ExitCode.ERROR if failed else errors.ExitCode.OK


def _list(methods: Mapping[str, MethodFile], packages: Sequence[str], *, as_json: bool) -> None:
    texts = {name: _description(method) for name, method in methods.items()}
    if as_json:
        render.print_json(
            [
                {"method": name, "package": method.package, "path": method.path, "description": texts[name]}
                for name, method in methods.items()
            ]
        )
        return
    for package in dict.fromkeys(packages):
        members = {name: texts[name] for name, method in methods.items() if method.package == package}
        if members:
            print(f"{package}:")
            render.print_descriptions(members)


def _description(method: MethodFile) -> str:
    try:
        return description(method.path)
    except UserError as error:
        errors.warn(str(error))
        return ""


def _describe(workspace: Workspace, name: str, methods: Mapping[str, MethodFile]) -> dict[str, Any]:
    if name not in methods:
        raise UserError(f"Method {name!r} not found{did_you_mean(name, methods)}")
    method = methods[name]
    declaration: Declaration = workspace.project.engine.declaration(name)
    remarks = comments(method.path.read_bytes())
    return {
        "method": name,
        "package": method.package,
        "path": str(method.path),
        "description": declaration.description or description(method.path),
        "interpreter": declaration.interpreter,
        "datasets": [_input(item, remarks["datasets"]) for item in declaration.datasets],
        "jobs": [_input(item, remarks["jobs"]) for item in declaration.jobs],
        "options": [
            {"name": option, "default": _template(template), "comment": remarks["options"].get(option, [])}
            for option, template in declaration.options.items()
        ],
    }


def _input(declared: str | list[str], remarks: Mapping[str, list[str]]) -> dict[str, Any]:
    name = declared if isinstance(declared, str) else declared[0]
    return {"name": name, "list": not isinstance(declared, str), "comment": remarks.get(name, [])}


def _show(about: Mapping[str, Any]) -> None:
    print(f"{about['package']}.{about['method']}:")
    if about["description"]:
        render.print_lines(f"  {line}".rstrip() for line in about["description"].split("\n"))
        print()
    if about["interpreter"]:
        print(f"  Runs on {about['interpreter']}")
    for kind in ("datasets", "jobs"):
        texts = [f"[{item['name']}]" if item["list"] else item["name"] for item in about[kind]]
        _show_section(kind, texts, [item["comment"] for item in about[kind]])
    names = [item["name"] for item in about["options"]]
    width = max(map(len, names), default=0)
    texts = [f"{item['name']:<{width}} = {item['default']}" for item in about["options"]]
    _show_section("options", texts, [item["comment"] for item in about["options"]])


def _show_section(title: str, texts: Sequence[str], remarks: Sequence[Sequence[str]]) -> None:
    """Print names with their comments beside them, or above where they do not fit."""
    if not texts:
        return
    print(f"  {title}:")
    room = min(render.terminal_width() or _WIDEST, _WIDEST)
    width = max((len(text) for text in texts if len(text) <= 40), default=0)
    for text, lines in zip(texts, remarks, strict=True):
        line = f"    {text:<{width}}  # {lines[0]}" if len(lines) == 1 else ""
        if line and len(line) <= room:
            print(line)
            continue
        render.print_lines(f"    # {part}" for part in lines)
        print("\n".join(textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False, **_INDENTED)))


def _template(template: Any) -> str:
    """Return an option's template as one would write it."""
    if isinstance(template, type):
        return template.__name__
    if isinstance(template, list):
        return f"[{', '.join(map(_template, template))}]"
    if isinstance(template, tuple):
        return f"({', '.join(map(_template, template))}{',' if len(template) == 1 else ''})"
    if isinstance(template, (set, frozenset)):
        return f"{{{', '.join(map(_template, template))}}}" if template else "set()"
    if isinstance(template, Mapping):
        return f"{{{', '.join(f'{key!r}: {_template(value)}' for key, value in template.items())}}}"
    return repr(template)
