"""The frame around commands: help, exit codes, what is imported."""

import errno
import json
import os
import re
import subprocess
import sys
from importlib import import_module

import click
import pytest

from accelerator.cli.commands import COMMANDS
from accelerator.cli.errors import ExitCode, run_guarded
from accelerator.cli.main import ax, main
from accelerator.error import AcceleratorError, JobError

HEAVY = ("pyarrow", "numpy", "duckdb", "sqlalchemy", "polars", "pandas")


@pytest.fixture(autouse=True)
def _no_user_configuration(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def imported_by(*arguments):
    """Names of all modules that a command loads."""
    code = (
        "import sys; from accelerator.cli.main import main; main(sys.argv[1:]);print('\\nLOADED', *sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize(
    "arguments", [["--help"], ["version", "--help"], ["version"], ["alias"], ["init", "--example"]]
)
def test_commands_without_data_import_nothing_heavy(arguments):
    assert not imported_by(*arguments).intersection(HEAVY)


def test_help_imports_neither_commands_nor_rich():
    loaded = imported_by("--help")

    assert not {entry.module for entry in COMMANDS.values()}.intersection(loaded)
    assert not {"rich", "accelerator.config", "accelerator.project", "accelerator.job"}.intersection(loaded)
    assert not {"difflib", "hashlib", "tomllib"}.intersection(loaded)


def test_help_goes_to_stdout_and_lists_every_command(capsys):
    assert main(["--help"]) == 0

    output = capsys.readouterr()
    assert not output.err
    for name, entry in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(entry.summary)}$", output.out, re.MULTILINE)


def test_no_command_prints_help_on_stderr(capsys):
    assert main([]) == ExitCode.USAGE

    output = capsys.readouterr()
    assert not output.out
    assert "Commands:" in output.err


def test_unknown_command_suggests(capsys):
    assert main(["jbo"]) == ExitCode.USAGE

    assert "there is no command 'jbo' (did you mean 'job'?)" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["version", "--jsn"], ["completion", "csh"], ["--nonsense"]])
def test_usage_errors_are_one_line(arguments, capsys):
    assert main(arguments) == ExitCode.USAGE

    output = capsys.readouterr()
    assert not output.out
    assert output.err.count("\n") == 1
    assert output.err.startswith("ax")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(name, capsys):
    command = import_module(COMMANDS[name].module).command

    assert command.name == name
    assert command.help.partition("\n")[0] == COMMANDS[name].summary
    assert main([name, "--help"]) == 0
    output = capsys.readouterr().out
    assert re.search(rf"^Examples:\n  .*\bax {name}\b", output, re.MULTILINE)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_flag_can_be_taken_back(name):
    command = import_module(COMMANDS[name].module).command
    flags = [option for option in command.params if isinstance(option, click.Option) and option.is_bool_flag]
    for flag in flags:
        (long, *_) = [option for option in flag.opts if option.startswith("--")]
        if long.startswith("--no-"):
            continue
        negative = f"--no-{long[2:]}"
        context = click.Context(command)
        for words, expected in (([long, negative], False), ([negative, long], True), ([negative], False)):
            values, _, _ = command.make_parser(context).parse_args(words)
            assert values[flag.name] == expected


def test_the_last_of_a_flag_and_its_negation_counts(capsys):
    assert main(["version", "--json", "--no-json"]) == 0
    assert capsys.readouterr().out.startswith("accelerator ")
    assert main(["version", "--no-json", "--json"]) == 0
    assert capsys.readouterr().out.startswith("{")


def test_without_a_project_that_is_the_reason(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    for words in (["job", "dev-1"], ["ds", "csvimport"], ["grep", "x", "dev-1"]):
        assert main(words) == ExitCode.ERROR
        assert capsys.readouterr().err.endswith(
            f"; there is no accelerator.toml in {tmp_path} or a directory above it\n"
        )


def test_version(capsys):
    assert main(["version", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert {"accelerator", "python", "platform", "pyarrow", "duckdb"} <= set(values)

    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("accelerator ")


def test_aliases_come_from_the_user_configuration(tmp_path, capsys):
    path = tmp_path / "config" / "accelerator" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[alias]\nv = "version --json"\nversion = "version --json"\n')

    for words in (["v"], ["version"]):
        assert main(words) == 0
        assert "accelerator" in json.loads(capsys.readouterr().out)
    assert main(["noalias", "version"]) == 0
    assert capsys.readouterr().out.startswith("accelerator ")
    assert main(["alias"]) == 0
    assert capsys.readouterr().out == "cat = grep -e ''\nv = version --json\nversion = version --json\n"
    assert main(["alias", "v", "other"]) == 0
    assert capsys.readouterr().out == "version --json\nother\n"


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (AcceleratorError("what to mend"), 1, "ax: what to mend\n"),
        (JobError("d-3", "x", {"prepare": "oh"}), 1, "ax: Failed to build d-3 (x)\nd-3 (x):\n  prepare:\n    oh\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/full"), 1, "ax: /full: No space left on device\n"),
        (PermissionError(errno.EACCES, "Permission denied", "/secret"), 1, "ax: /secret: Permission denied\n"),
        (click.ClickException("no good"), 1, "ax: no good\n"),
        (KeyboardInterrupt(), 130, ""),
        (click.Abort(), 130, ""),
    ],
)  # fmt: skip
def test_errors_become_codes_and_messages(error, code, message, capsys):
    assert run_guarded(raising(error)) == code

    assert capsys.readouterr().err == message


@pytest.mark.parametrize("error", [KeyError("x"), FileNotFoundError(errno.ENOENT, "No such file", "/gone")])
def test_our_mistakes_leave_their_traceback_in_a_file(error, tmp_path, capsys):
    assert run_guarded(raising(error)) == ExitCode.BUG

    message = capsys.readouterr().err
    assert "Traceback" not in message
    (crash,) = tmp_path.glob("ax-crash-*.txt")
    assert str(crash) in message
    assert "Traceback" in crash.read_text()


def run(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "accelerator", *arguments], check=False, text=True, **options)


def test_output_closed_early_is_silent():
    read, write = os.pipe()
    os.close(read)
    done = run("--help", stdout=write, stderr=subprocess.PIPE)
    os.close(write)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["version"], ["version", "--json"]])
def test_no_stdout_at_all(arguments):
    done = run(*arguments, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell, capsys):
    assert main(["completion", shell]) == 0

    assert "_AX_COMPLETE" in capsys.readouterr().out


def test_completion_of_commands():
    done = run(
        env={**os.environ, "_AX_COMPLETE": "zsh", "_AX_LINE": "ax ver"},
        capture_output=True,
    )

    assert done.stdout == "plain\tversion\tShow versions.\n"


def test_every_command_belongs_to_the_group():
    assert ax.list_commands(click.Context(ax)) == sorted(COMMANDS)
