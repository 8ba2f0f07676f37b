"""TAB in real shells: what is on the command line afterwards, read by the shell itself."""

import shutil
import sys
from pathlib import Path

import pytest
from terminal import Terminal

# Each test starts processes.
pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
NAMES = """\
    def synthesis(job):
        for name in ("odd name", "it's $5", "pl:ain", "sub/one", "sub/two"):
            job.datasetwriter(name=name, columns={"a b": "int64", "c:d": "int64"}).get_split_write()(1, 2)
"""
BUILD = """\
    def main(urd):
        for second in (5, 6):
            urd.begin("list", f"2020-01-02T03:04:0{second}")
            urd.build("names")
            urd.build("names", name="two words")
            urd.finish("list")
"""
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(ax completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'bindkey -e; eval "$(ax completion zsh)"'),
    "fish": (
        ["fish", "--no-config", "-i", "-C", "function fish_prompt; echo 'READY> '; end"],
        "ax completion fish | source",
    ),
}
# A program that writes its arguments into a file: the words of a command line as the shell understands them.
SHOW = """\
    #!/bin/sh
    printf '%s\\n' "$@" > words
    echo wrote
"""
HOME = "\x01"


@pytest.fixture(scope="module")
def project(tmp_path_factory, ax_project_at):
    made = ax_project_at(tmp_path_factory.mktemp("completion") / "prójekt")
    # fish puts the real user into $USER.
    made.extra_environment = {"URD_USER": "tester"}
    made.write("dev/a_names.py", NAMES)
    made.write("dev/build.py", BUILD)
    made.ax("run")
    (made.path / "results" / "a dir").mkdir(parents=True)
    made.write("show", SHOW).chmod(0o755)
    made.write(".config/accelerator/config.toml", "alias = {look = \"grep -e '' -H\"}")
    return made


@pytest.fixture(params=SHELLS)
def shell(request, project):
    """A function that types a line, presses TAB, and returns the words that the shell reads then; and its name."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    command, setup = SHELLS[request.param]
    environment = {**project.environment(), "TERM": "xterm", "LANG": "C.UTF-8", "HOME": str(project.path)}
    environment["PATH"] = f"{project.path}:{BIN}:{environment['PATH']}"
    environment["PS1"] = "READY> "
    terminal = Terminal(command, project.path, environment, columns=300)
    terminal.wait_for("READY> ")
    terminal.send(f"{setup}\r")
    terminal.wait_for("READY> ")

    def typed(line: str) -> list[str]:
        terminal.send(f"{line}\t{HOME}show \r")
        terminal.wait_for("wrote")
        terminal.wait_for("READY> ")
        return (project.path / "words").read_text("utf-8").splitlines()

    yield request.param, typed
    terminal.send("exit\r")
    terminal.finish(None)


# Lines, and the words they have become.
LINES = {
    "ax loo": "ax|look",
    "ax job nam": "ax|job|names",
    "ax ds dev-1/o": "ax|ds|dev-1/odd name",
    'ax ds "dev-1/o': "ax|ds|dev-1/odd name",
    "ax ds dev-1/it": "ax|ds|dev-1/it's $5",
    "ax ds dev-1/pl:a": "ax|ds|dev-1/pl:ain",
    "ax ds :li": "ax|ds|:list",
    "ax ds :list/2020-01-02T03:04:06:tw": "ax|ds|:list/2020-01-02T03:04:06:two words",
    "ax look dev-1/sub/one c:": "ax|look|dev-1/sub/one|c:d",
    "ax run --workdir=d": "ax|run|--workdir=dev",
    "ax job ./results/a": "ax|job|./results/a dir",
}
# bash leaves quoting to us, and divides words at colons.
LINES_FOR_BASH = {
    "ax ds 'dev-1/o": "ax|ds|dev-1/odd name",
    'ax ds "dev-1/it': "ax|ds|dev-1/it's $5",
    "ax ds dev-1/odd\\ n": "ax|ds|dev-1/odd name",
    "ax ds dev-1/su": "ax|ds|dev-1/sub/",
    "ax job ':list:tw": "ax|job|:list:two words",
    "ax ds :list:names/o": "ax|ds|:list:names/odd name",
    "ax urd list/2020-01-02T03:04:0": "ax|urd|list/2020-01-02T03:04:0",
    "X=1 ax hist dev-1/sub/one a": "X=1|ax|hist|dev-1/sub/one|a b",
}


def test_names_are_completed(shell):
    name, words_of = shell
    lines = {**LINES, **LINES_FOR_BASH} if name == "bash" else LINES

    # A slash behind a directory stays in some shells.
    assert {line: "|".join(words_of(line)).rstrip("/") for line in lines} == {
        line: f"{words.rstrip('/')}" for line, words in lines.items()
    }
